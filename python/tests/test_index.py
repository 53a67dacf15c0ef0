"""Search against brute force."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from conftest import correlated, random_books
from hypothesis import given, settings
from hypothesis import strategies as st

import vqlab


def brute_force(base, queries, k):
    distances = ((queries[:, None].astype(np.float64) - base[None]) ** 2).sum(-1)
    ids = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, ids, 1), ids


def test_the_index_finds_the_nearest_decoded_vectors(books, x):
    codes = books.encode(x)
    index = vqlab.Index(books, codes)
    assert len(index) == len(x) and index.bits_per_vector == 8 + (32 if books.method not in ("pvq", "opq") else 0)
    queries = correlated(50, 8, seed=9)
    distances, ids = index.search(queries, k=10)
    assert (distances.dtype, ids.dtype, ids.shape) == (np.float32, np.int64, (50, 10))
    expected, _ = brute_force(books.decode(codes), queries, 10)
    np.testing.assert_allclose(distances, expected, rtol=1e-3, atol=1e-3)
    decoded = books.decode(codes)[ids]
    np.testing.assert_allclose(((queries[:, None] - decoded) ** 2).sum(-1), expected, rtol=1e-3, atol=1e-3)


@settings(deadline=None, max_examples=50)
@given(count=st.integers(0, 300), asked=st.integers(0, 5), dim=st.integers(1, 20), k=st.integers(1, 12), seed=st.integers(0, 99))
def test_exact_neighbors_are_those_of_numpy(count, asked, dim, k, seed):
    # Whole numbers: equal distances are equal, and the lower id comes first.
    rng = np.random.default_rng(seed)
    base, queries = rng.integers(-3, 4, (count, dim)), rng.integers(-3, 4, (asked, dim))
    distances, ids = vqlab.exact_neighbors(base, queries, k)
    assert ids.shape == distances.shape == (asked, k)
    there = min(k, count)
    expected, places = brute_force(base, queries, k)
    np.testing.assert_array_equal(ids[:, :there], places)
    np.testing.assert_array_equal(distances[:, :there], expected)
    assert (ids[:, there:] == -1).all() and np.isinf(distances[:, there:]).all()


def test_norms(x):
    books = random_books("rvq")
    codes = books.encode(x)
    _, exact = vqlab.Index(books, codes).search(x[:50], 10)
    _, coarse = vqlab.Index(books, codes, norms="byte").search(x[:50], 10)
    assert vqlab.recall(exact, coarse, at=10) > 0.9
    by_product = vqlab.Index(books, codes, norms="none")
    assert by_product.bits_per_vector == 8
    with pytest.raises(ValueError, match="unknown norms"):
        vqlab.Index(books, codes, norms="all")


def test_pickle_and_copy(x):
    books = random_books("pvq")
    index = vqlab.Index(books, books.encode(x))
    for other in (pickle.loads(pickle.dumps(index)), copy.copy(index), copy.deepcopy(index)):
        assert repr(other) == repr(index) == "Index(Codebooks(method='pvq', dim=8, stages=2, size=16), 2000 vectors, norms='exact')"
        for found, expected in zip(other.search(x[:9]), index.search(x[:9]), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_faults_of_queries_are_named(x):
    books = random_books("rvq")
    index = vqlab.Index(books, books.encode(x))
    queries = x[:20].copy()
    queries[13, 2] = np.nan
    with pytest.raises(ValueError, match="queries: row 13, column 2 holds NaN"):
        index.search(queries)
    with pytest.raises(ValueError, match="queries: axis 1 has length 4"):
        index.search(x[:, :4])
    with pytest.raises(ValueError, match="k=0"):
        index.search(x, 0)
    with pytest.raises(ValueError, match="row 1, column 0 holds code 16"):
        vqlab.Index(books, np.array([[1, 2], [16, 0]]))
    with pytest.raises(ValueError, match="row 1, column 0.* code 16|vector 1, stage 0: code 16"):
        vqlab.Index(books, np.array([[1, 2], [16, 0]], np.uint8))


def test_recall_counts_queries():
    assert vqlab.recall([4, 4], [[4, 7, 1], [9, 2, 4]], at=1) == 0.5
    assert vqlab.recall([[4, 0], [4, 0]], [[4, 7, 1], [9, 2, 4]], at=3) == 1.0
    # −1 is no neighbor.
    assert vqlab.recall([-1, 3], [[-1], [3]], at=1) == 0.5
    for truth, ids, at, message in [
        ([1, 2], [[1]], 1, "axis 0"),
        ([1], [[1]], 2, "at=2"),
        ([1], [[1]], 0, "at=0"),
        (np.zeros(0, int), np.zeros((0, 3), int), 1, "at least 1 query"),
        ([1.5], [[1]], 1, "dtype float64"),
    ]:
        with pytest.raises(ValueError, match=message):
            vqlab.recall(truth, ids, at=at)
