"""Codebooks as objects of FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ._codebooks import Codebooks


def to_faiss(books: Codebooks) -> Any:
    """See :meth:`vqlab.Codebooks.to_faiss`."""
    faiss: Any
    try:
        import faiss
    except ImportError as error:
        raise ImportError("to_faiss needs FAISS: pip install faiss-cpu") from error
    bits = books.size.bit_length() - 1
    if books.size != 1 << bits:
        raise ValueError(f"FAISS takes codebooks of 2**b codewords; these have {books.size}")
    values = books.codebooks.ravel()
    match books.method:
        case "pvq":
            return _product(faiss, books.dim, books.stages, bits, values)
        case "opq":
            return _rotated(faiss, books, bits, values)
        case "rvq":
            quantizer = faiss.ResidualQuantizer(books.dim, books.stages, bits)
            # Greedy, as our RVQ.
            quantizer.max_beam_size = 1
        case "avq" | "lsq":
            quantizer = faiss.LocalSearchQuantizer(books.dim, books.stages, bits)
            # FAISS perturbs at most as many codes as there are.
            quantizer.nperts = min(quantizer.nperts, books.stages)
        case method:
            raise ValueError(f"FAISS has no quantizer for {method}")
    faiss.copy_array_to_vector(values, quantizer.codebooks)
    quantizer.is_trained = True
    return quantizer


def _product(faiss: Any, dim: int, stages: int, bits: int, values: Any) -> Any:
    quantizer = faiss.ProductQuantizer(dim, stages, bits)
    faiss.copy_array_to_vector(values, quantizer.centroids)
    return quantizer


def _rotated(faiss: Any, books: Codebooks, bits: int, values: Any) -> Any:
    rotation = books.rotation
    matrix = np.eye(books.dim, dtype=np.float32) if rotation is None else rotation
    turn = faiss.OPQMatrix(books.dim, books.stages)
    faiss.copy_array_to_vector(matrix.ravel(), turn.A)
    turn.is_trained = True
    index = faiss.IndexPQ(books.dim, books.stages, bits)
    faiss.copy_array_to_vector(values, index.pq.centroids)
    index.is_trained = True
    whole = faiss.IndexPreTransform(turn, index)
    whole.is_trained = True
    return whole
