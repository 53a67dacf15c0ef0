"""Arguments that are not arrays: a wrong one is an error that names it, and never a panic."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from conftest import METHODS, correlated, random_books

import vqlab

X = correlated(300, 8)
BOOKS = random_books("rvq")
INDEX = vqlab.Index(BOOKS, BOOKS.encode(X))

# Name → a call with a value for that argument.
WHOLE = {
    "stages": lambda v: vqlab.fit(X, "rvq", v, 2, progress=False),
    "bits": lambda v: vqlab.fit(X, "rvq", 1, v, progress=False),
    "seed": lambda v: vqlab.fit(X, "rvq", 1, 2, seed=v, progress=False),
    "sample": lambda v: vqlab.fit(X, "rvq", 1, 2, sample=v, progress=False),
    "updates": lambda v: vqlab.fit(X, "rvq", 1, 2, updates=v, progress=False),
    "threads": lambda v: BOOKS.encode(X, threads=v),
    "beam_width": lambda v: random_books("avq").encode(X, beam_width=v),
    "training_beam_width": lambda v: vqlab.fit(X, "avq", 1, 2, training_beam_width=v, progress=False),
    "k": lambda v: INDEX.search(X[:2], v),
    "at": lambda v: vqlab.recall([[1]], [[1, 2]], at=v),
    "dim": lambda v: vqlab.complexity("rvq", dim=v, stages=1, codebook_size=4),
    "codebook_size": lambda v: vqlab.complexity("rvq", dim=4, stages=1, codebook_size=v),
    "beam": lambda v: vqlab.complexity("avq", dim=4, stages=2, codebook_size=4, beam=v),
    "max_codebook_bytes": lambda v: vqlab.recommend(X, 4, budget=1, max_codebook_bytes=v, progress=False),
}
REAL = {
    "budget": lambda v: vqlab.fit(X, "rvq", 1, 2, budget=v, progress=False),
    "validation": lambda v: vqlab.fit(X, "rvq", 1, 2, validation=v, progress=False),
    "max_wmops": lambda v: vqlab.recommend(X, 4, budget=1, max_wmops=v, progress=False),
}
TEXT = {
    "method": lambda v: vqlab.fit(X, v, 1, 2, progress=False),
    "trainer": lambda v: vqlab.fit(X, "rvq", 1, 2, trainer=v, progress=False),
    "search": lambda v: random_books("avq").encode(X, search=v),
    "norms": lambda v: vqlab.Index(BOOKS, BOOKS.encode(X), norms=v),
    "model": lambda v: vqlab.complexity("rvq", dim=4, stages=1, codebook_size=4, model=v),
    "methods": lambda v: vqlab.recommend(X, 4, methods=[v], budget=1, progress=False),
}


@pytest.mark.parametrize("value", [1.5, "3", np.float32(2), [2], np.array([1, 2])], ids=repr)
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_whole(name, value):
    with pytest.raises(TypeError, match=f"^{name}=.* is not a whole number$"):
        WHOLE[name](value)


@pytest.mark.parametrize("value", [-1, -(10**30), 10**30])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}=-?10*.* is not possible; .*allowed are "):
        WHOLE[name](value)


@pytest.mark.parametrize("value", [np.int64(2), np.uint8(2), np.array(2)], ids=repr)
def test_numpys_whole_numbers_are_taken(value):
    for name in WHOLE:
        if name not in ("max_codebook_bytes", "sample"):
            WHOLE[name](value)


@pytest.mark.parametrize("value", ["3", [1.0], 1j], ids=repr)
@pytest.mark.parametrize("name", REAL)
def test_numbers_are_numbers(name, value):
    with pytest.raises(TypeError, match=f"^{name}=.* is not a number$"):
        REAL[name](value)


@pytest.mark.parametrize("value", [3, b"rvq", ["rvq"]], ids=repr)
@pytest.mark.parametrize("name", TEXT)
def test_names_are_strings(name, value):
    with pytest.raises(TypeError, match=f"^{name}=.* is not a string$"):
        TEXT[name](value)


@pytest.mark.parametrize("value", ["", "xx", "rvq\0", "é" * 1000], ids=lambda v: repr(v)[:10])
@pytest.mark.parametrize("name", TEXT)
def test_unknown_names_are_value_errors(name, value):
    with pytest.raises(ValueError, match="^unknown .*; known: "):
        TEXT[name](value)


def test_more_neighbors_than_memory_holds():
    for k in (2**40, 2**62):
        with pytest.raises(MemoryError, match=f"k={k} for 2 queries needs about .* of memory"):
            INDEX.search(X[:2], k)
        with pytest.raises(MemoryError, match=f"k={k} for 2 queries needs about .* of memory"):
            vqlab.exact_neighbors(X, X[:2], k)


def test_bits_without_a_shape_and_empty_queries():
    with pytest.raises(RuntimeError, match="no shape of these bits for vectors of dimension 8"):
        vqlab.recommend(X, 3, methods=["pvq"], budget=1, progress=False)
    with pytest.raises(TypeError, match="bits='64'"):
        vqlab.recommend(X, "64", progress=False)
    with pytest.raises(TypeError, match=r"write methods=\['rvq'\]"):
        vqlab.recommend(X, 4, methods="rvq", progress=False)
    with pytest.raises(ValueError, match="queries: axis 0 has length 0"):
        vqlab.recommend(X, 4, queries=X[:0], budget=1, progress=False)


def test_codebooks_are_those_of_this_package():
    with pytest.raises(TypeError, match=r"books is ndarray, expected vqlab\.Codebooks"):
        vqlab.Index(BOOKS.codebooks, BOOKS.encode(X))


@pytest.mark.parametrize("method", METHODS)
def test_damaged_files_are_named_and_never_panic(method, tmp_path):
    path = tmp_path / "books.safetensors"
    random_books(method).save(path)
    whole = path.read_bytes()
    for length in sorted({*range(0, 40), *range(40, len(whole), len(whole) // 60), len(whole) - 1}):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"books\.safetensors is not a codebook file: "):
            vqlab.Codebooks.load(path)
    # Any byte of the header may be wrong: the file is refused, or its codebooks work.
    rng, refused = np.random.default_rng(1), 0
    for _ in range(500):
        damaged = bytearray(whole)
        damaged[rng.integers(0, min(len(whole), 400))] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            books = vqlab.Codebooks.load(path)
        except ValueError:
            refused += 1
            continue
        assert books.encode(np.zeros((2, books.dim))).shape == (2, books.stages)
    assert refused > 50


def test_files_that_are_not_there_are_named(tmp_path):
    missing = tmp_path / "none.safetensors"
    with pytest.raises(FileNotFoundError) as error:
        vqlab.Codebooks.load(missing)
    assert error.value.filename == str(missing) and error.value.errno == 2
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        vqlab.Codebooks.load(tmp_path)
    with pytest.raises(OSError, match=str(tmp_path)):
        BOOKS.save(tmp_path)
    BOOKS.save(bytes(tmp_path / "b.safetensors"))
    assert vqlab.Codebooks.load(bytes(tmp_path / "b.safetensors")).size == BOOKS.size
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(pickle.dumps(BOOKS)[:-20])


@pytest.mark.parametrize("method", METHODS)
def test_as_many_vectors_as_codewords_are_enough(method):
    books = vqlab.fit(X[:16], method, 2, 4, validation=0, progress=False)
    assert books.mse(X[:16]) < X[:16].var()
    with pytest.raises(ValueError, match="15 training vectors, at least 16 are needed"):
        vqlab.fit(X[:15], method, 2, 4, validation=0, progress=False)


@pytest.mark.parametrize("method", METHODS)
def test_equal_and_extreme_vectors(method):
    for value in (0.0, 1.0, 1e-30, 1e30):
        books = vqlab.fit(np.full((100, 8), value, np.float32), method, 2, 2, progress=False)
        np.testing.assert_allclose(books.decode(books.encode(np.full((1, 8), value))), value, rtol=1e-5)
