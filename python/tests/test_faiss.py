"""Codebooks in FAISS."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import correlated, random_books

import vqlab

faiss = pytest.importorskip("faiss")


def codes_of(quantizer, x, bits):
    packed = quantizer.compute_codes(x)
    stages = quantizer.M
    row = np.unpackbits(packed, axis=1, bitorder="little")[:, : stages * bits]
    return row.reshape(len(x), stages, bits) @ (1 << np.arange(bits))


@pytest.mark.parametrize("method", ["pvq", "rvq"])
def test_the_codes_are_those_of_faiss(method):
    books, x = random_books(method, dim=16, stages=4, size=16), correlated(2000, 16) - 3
    equal = (codes_of(books.to_faiss(), x, 4) == books.encode(x)).all(axis=1)
    # Sums in another order may choose the other one of two equally near codewords.
    assert equal.mean() > 0.999


@pytest.mark.parametrize("method", ["avq", "lsq"])
def test_local_search_of_faiss_decodes_our_codes(method):
    books, x = random_books(method, dim=16, stages=2, size=256), correlated(500, 16) - 3
    quantizer = books.to_faiss()
    codes = books.encode(x)
    np.testing.assert_allclose(quantizer.decode(np.ascontiguousarray(codes)), books.decode(codes), atol=1e-4)
    theirs = quantizer.decode(quantizer.compute_codes(x))
    assert books.mse(x) < 1.05 * ((x - theirs) ** 2).mean()


def test_opq_of_faiss_finds_what_our_index_finds():
    books, x = random_books("opq", dim=16, stages=4, size=256), correlated(2000, 16)
    whole = books.to_faiss()
    whole.add(x)
    distances, ids = whole.search(x[:100], 5)
    ours, found = vqlab.Index(books, books.encode(x)).search(x[:100], 5)
    np.testing.assert_allclose(ours, distances, rtol=1e-3, atol=1e-3)
    assert (ids == found).mean() > 0.98


def test_search_of_codes_and_exact_search_are_those_of_faiss():
    books, x = random_books("pvq", dim=16, stages=4, size=256), correlated(3000, 16)
    codes, queries = books.encode(x), correlated(100, 16, seed=8)
    index = faiss.IndexPQ(16, 4, 8)
    faiss.copy_array_to_vector(books.codebooks.ravel(), index.pq.centroids)
    index.is_trained = True
    index.add_sa_codes(codes)
    distances, ids = index.search(queries, 10)
    ours, found = vqlab.Index(books, codes).search(queries, 10)
    np.testing.assert_allclose(ours, distances, rtol=1e-3, atol=1e-3)
    assert vqlab.recall(ids, found, at=10) > 0.99
    flat = faiss.IndexFlatL2(16)
    flat.add(x)
    distances, ids = flat.search(queries, 10)
    ours, found = vqlab.exact_neighbors(x, queries, 10)
    np.testing.assert_allclose(ours, distances, rtol=1e-3, atol=1e-3)
    assert (ids == found).mean() > 0.99


def test_what_faiss_does_not_have_is_refused():
    with pytest.raises(ValueError, match="codebooks of 2\\*\\*b codewords; these have 3"):
        random_books("rvq", size=3).to_faiss()
