"""Codebooks against NumPy."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from conftest import METHODS, correlated, random_books

import vqlab


def decoded_by_numpy(books: vqlab.Codebooks, codes: np.ndarray) -> np.ndarray:
    words = books.codebooks[np.arange(books.stages), codes].astype(np.float64)
    if books.method == "pvq":
        return words.reshape(len(codes), -1)
    if books.method == "opq":
        return words.reshape(len(codes), -1) @ books.rotation
    return words.sum(axis=1)


def test_decoding_adds_or_concatenates_codewords(books):
    codes = np.random.default_rng(3).integers(0, books.size, (500, books.stages)).astype(np.uint8)
    np.testing.assert_allclose(books.decode(codes), decoded_by_numpy(books, codes), atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_codes_are_those_of_brute_force(method):
    """All tuples of two tiny codebooks, compared in double precision."""
    books = random_books(method, dim=4, stages=2, size=4)
    x = correlated(300, 4) - 3
    tuples = np.stack(np.meshgrid(*[np.arange(4)] * 2, indexing="ij"), -1).reshape(-1, 2)
    errors = ((x[:, None].astype(np.float64) - decoded_by_numpy(books, tuples)) ** 2).sum(-1)
    codes = books.encode(x)
    found = ((x - decoded_by_numpy(books, codes)) ** 2).sum(-1)
    if method == "rvq":
        first = ((x[:, None] - books.codebooks[0]) ** 2).sum(-1).argmin(-1)
        second = ((x[:, None] - books.codebooks[0][first][:, None] - books.codebooks[1]) ** 2).sum(-1).argmin(-1)
        np.testing.assert_array_equal(codes, np.stack([first, second], 1))
    elif method == "lsq":
        # A local search; nearly all optima are found.
        assert (found < errors.min(1) + 1e-4).mean() > 0.95
    else:
        np.testing.assert_allclose(found, errors.min(1), rtol=1e-4, atol=1e-5)


def test_mse_is_that_of_the_decoded_codes(books, x):
    expected = ((x - books.decode(books.encode(x))).astype(np.float64) ** 2).mean()
    assert books.mse(x) == pytest.approx(expected, rel=1e-4)


def test_codes_above_256_codewords_are_uint16():
    books = random_books("rvq", size=512)
    x = correlated(300, 8)
    codes = books.encode(x)
    assert codes.dtype == np.uint16 and codes.max() > 255
    np.testing.assert_allclose(books.decode(codes), decoded_by_numpy(books, codes), atol=1e-5)


def test_the_codebooks_are_a_view_that_nobody_can_write(books):
    values = books.codebooks
    width = 4 if books.method in ("pvq", "opq") else 8
    assert values.shape == (2, 16, width) and values.dtype == np.float32
    assert np.shares_memory(values, books.codebooks)
    with pytest.raises(ValueError):
        values[0] = 1
    with pytest.raises(ValueError):
        values.flags.writeable = True
    kept = values.copy()
    del books
    np.testing.assert_array_equal(values, kept)


def test_pickle_copy_and_file_keep_the_codes(books, x, tmp_path):
    codes = books.encode(x)
    path = tmp_path / "books.safetensors"
    books.save(path)
    others = [pickle.loads(pickle.dumps(books)), copy.copy(books), copy.deepcopy(books), vqlab.Codebooks.load(path)]
    for other in others:
        assert repr(other) == repr(books)
        np.testing.assert_array_equal(other.codebooks, books.codebooks)
        np.testing.assert_array_equal(other.encode(x), codes)


def test_the_file_is_one_of_safetensors(books, tmp_path):
    safetensors = pytest.importorskip("safetensors")
    path = tmp_path / "books.safetensors"
    books.save(path)
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata()["method"] == books.method
        np.testing.assert_array_equal(file.get_tensor("codebooks"), books.codebooks)


def test_a_fitted_search_of_avq_survives(x, tmp_path):
    books = vqlab.fit(x, "avq", 2, 4, progress=False)
    assert books.search in ("beam", "ordered") and books.beam_width == 16
    books.save(tmp_path / "b.safetensors")
    assert vqlab.Codebooks.load(tmp_path / "b.safetensors").search == books.search
    assert pickle.loads(pickle.dumps(books)).report == books.report
    wide, narrow = books.mse(x, beam_width=16), books.mse(x, beam_width=1)
    assert wide <= narrow


def test_files_that_are_none_are_named(tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"nothing of this kind")
    with pytest.raises(ValueError, match="no.safetensors is not a codebook file"):
        vqlab.Codebooks.load(tmp_path / "no.safetensors")
    with pytest.raises(FileNotFoundError):
        vqlab.Codebooks.load(tmp_path / "missing.safetensors")


@pytest.mark.parametrize(
    ("values", "method", "message"),
    [
        (np.zeros((2, 4)), "rvq", "3 axes"),
        (np.zeros((2, 4, 3), complex), "rvq", "complex"),
        (np.zeros((2, 0, 3)), "rvq", "at least 1"),
        (np.zeros((2, 4, 3)), "xvq", "unknown method"),
        (np.full((2, 4, 3), np.nan), "rvq", "codebook 0, codeword 0, column 0"),
        (np.zeros((17, 2, 3)), "avq", "17 stages are more than 16"),
    ],
)
def test_wrong_codebooks_are_refused(values, method, message):
    with pytest.raises(ValueError, match=message):
        vqlab.Codebooks.from_numpy(values, method=method)


def test_options_of_avq_are_refused_elsewhere(x):
    books = random_books("rvq")
    with pytest.raises(ValueError, match="beam_width and search are for AVQ"):
        books.encode(x, beam_width=4)
    avq = random_books("avq")
    with pytest.raises(ValueError, match="allowed for AVQ of this shape are 1 to 32"):
        avq.encode(x, beam_width=33)
    with pytest.raises(ValueError, match="unknown search"):
        avq.encode(x, search="best")
    with pytest.raises(ValueError, match="threads=0"):
        books.encode(x, threads=0)
