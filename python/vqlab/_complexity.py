"""Operation counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import _arguments, _native


@dataclass(frozen=True)
class Complexity:
    """Operations for encoding one vector, and their weighted sum (ITU-T G.191)."""

    method: str
    dim: int
    stages: int
    codebook_size: int
    beam: int | None
    model: str
    precision: str
    additions: int
    multiplications: int
    moves: int
    branches: int
    #: Weighted million operations.
    wmops: float

    @property
    def log10_wmops(self) -> float:
        """log10 of the WMOPS, as the paper's figures plot it."""
        return math.log10(self.wmops)


def complexity(
    method: str,
    *,
    dim: int,
    stages: int,
    codebook_size: int,
    beam: int | None = None,
    model: str = "corrected",
    precision: str = "single",
) -> Complexity:
    """Counts the operations of encoding one vector.

    Args:
        method: "avq", "rvq", "pvq", "opq", "lsq", or the name of a registered method.
        dim: Dimension of the vectors, D.
        stages: Number of codebooks, M.
        codebook_size: Codewords a codebook, K.
        beam: AVQ's beam width; None for the other methods.
        model: "published" (as in the paper), "corrected" (all stages counted) or "lookup" (with look-ups in the Gram
            matrix of the codewords).
        precision: "single" or "double", which sets the weights.

    >>> import vqlab
    >>> avq = vqlab.complexity("avq", dim=64, stages=4, codebook_size=1024, beam=16, model="lookup")
    >>> rvq = vqlab.complexity("rvq", dim=64, stages=4, codebook_size=1024)
    >>> print(f"AVQ {avq.wmops:.2f} WMOPS, RVQ {rvq.wmops:.2f} WMOPS")
    AVQ 0.83 WMOPS, RVQ 0.79 WMOPS
    """
    if precision not in ("single", "double"):
        raise ValueError(f"unknown precision {precision!r}; known: single, double")
    method, model = _arguments.text(method, "method"), _arguments.text(model, "model")
    dim, stages = _arguments.whole(dim, "dim"), _arguments.whole(stages, "stages")
    codebook_size, beam = _arguments.whole(codebook_size, "codebook_size"), _arguments.whole_or_none(beam, "beam")
    counts, wmops = _native.count_operations(method, dim, stages, codebook_size, beam, model, precision == "double")
    additions, multiplications, moves, branches = counts
    return Complexity(
        method=method.lower(),
        dim=dim,
        stages=stages,
        codebook_size=codebook_size,
        beam=beam,
        model=model,
        precision=precision,
        additions=additions,
        multiplications=multiplications,
        moves=moves,
        branches=branches,
        wmops=wmops,
    )
