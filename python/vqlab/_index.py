"""Nearest-neighbor search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _arrays, _native, _register
from ._codebooks import Codebooks


class Index:
    """Codes, ready for nearest-neighbor search by asymmetric distances (the queries are not quantized).

    The search is exhaustive and exact with regard to these distances; ties go to the lower id. Ids are rows of the codes.

    Args:
        books: The codebooks that encoded the vectors.
        codes: Codes, n × M.
        norms: How AVQ, RVQ and LSQ store the squared norm of each decoded vector: "exact" (32 bits a vector), "byte" (8) or
            "none" (0: ranks by inner product). PVQ and OPQ need none.
        threads: Threads that build the index (default: all cores).

    >>> import numpy as np, vqlab
    >>> books = vqlab.Codebooks.from_numpy(np.array([[[0], [10]], [[0], [1]]]), method="rvq")
    >>> index = vqlab.Index(books, [[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> distances, ids = index.search([[9.0]], k=2)
    >>> distances, ids
    (array([[1., 4.]], dtype=float32), array([[2, 3]]))
    """

    __slots__ = ("_arguments", "_native")

    def __init__(
        self, books: Codebooks, codes: ArrayLike, *, norms: str = "exact", threads: int | None = None
    ) -> None:
        if not isinstance(books, Codebooks):
            raise TypeError(f"books is {type(books).__name__}, expected vqlab.Codebooks")
        if _register.decoder(books.method) is not None:
            raise ValueError(f"{books.method} has a decoder of its own; an index needs codewords that are added")
        array = _arrays.code_matrix(codes, books.stages, books.size)
        norms, threads = _arguments.text(norms, "norms"), _arguments.threads(threads)
        self._native = _native.Index(books._native, array, norms, threads)
        # The codes are kept for pickling; they are those of the caller, not a copy.
        self._arguments = (books, array, norms)

    def search(
        self, queries: ArrayLike, k: int = 10, *, threads: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k nearest of each query: squared distances (float32) and ids (int64), n × k, nearest first.

        An index of fewer than k vectors fills the rest with infinite distances and ids of -1.
        """
        array = _arrays.matrix(queries, "queries", self.books.dim)
        k, threads = _arguments.whole(k, "k", least=1), _arguments.threads(threads)
        return self._native.search(_arrays.floats(array), k, threads)

    @property
    def books(self) -> Codebooks:
        """The codebooks."""
        return self._arguments[0]

    @property
    def norms(self) -> str:
        """How norms are stored."""
        return self._arguments[2]

    @property
    def bits_per_vector(self) -> int:
        """Bits of a code with its norm."""
        return self._native.bits_per_vector

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        return f"Index({self.books!r}, {len(self)} vectors, norms={self.norms!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, self._arguments

    def __copy__(self) -> Index:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Index:
        return self


def _restored(books: Codebooks, codes: NDArray[Any], norms: str) -> Index:
    return Index(books, codes, norms=norms)


def exact_neighbors(
    base: ArrayLike, queries: ArrayLike, k: int = 1, *, threads: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k nearest vectors of `base` (N × D) for each query (n × D), by brute force: the ground truth of recall.

    Returns squared distances (float32) and ids (int64), n × k, nearest first; ties go to the lower id.

    >>> import vqlab
    >>> distances, ids = vqlab.exact_neighbors([[0.0, 0.0], [3.0, 4.0]], [[3.0, 3.0]], k=2)
    >>> distances, ids
    (array([[ 1., 18.]], dtype=float32), array([[1, 0]]))
    """
    rows = _arrays.matrix(base, "base")
    asked = _arrays.matrix(queries, "queries", rows.shape[1])
    k, threads = _arguments.whole(k, "k", least=1), _arguments.threads(threads)
    return _native.exact_neighbors(_arrays.floats(rows), _arrays.floats(asked), k, threads)


def recall(truth: ArrayLike, ids: ArrayLike, *, at: int = 10) -> float:
    """The share of queries whose true nearest neighbor is among the first `at` ids (recall@T).

    Args:
        truth: Ids of the true nearest neighbors, n, or n × k of which the first column counts.
        ids: Ids that a search found, n × k with k of at least `at`.
        at: T.

    >>> import vqlab
    >>> vqlab.recall([4, 4], [[4, 7, 1], [9, 2, 4]], at=2)
    0.5
    """
    nearest = _arrays.id_matrix(truth, "truth")[:, 0]
    found = _arrays.id_matrix(ids, "ids")
    if len(nearest) != len(found):
        raise ValueError(f"axis 0 of truth has length {len(nearest)}, axis 0 of ids {len(found)}; both are the queries")
    if len(nearest) == 0:
        raise ValueError("ids: axis 0 has length 0; recall needs at least 1 query")
    at = _arguments.whole(at, "at", least=-(2**63))
    if not 1 <= at <= found.shape[1]:
        raise ValueError(f"at={at} is not possible; ids has {found.shape[1]} columns, allowed are 1 to {found.shape[1]}")
    # −1 stands for no neighbor, and equals nothing.
    return float(((found[:, :at] == nearest[:, None]) & (nearest[:, None] >= 0)).any(axis=1).mean())
