"""A recommendation in words."""

from __future__ import annotations

import math
import shutil
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._recommend import Candidate, Recommendation


def number(value: float | None) -> str:
    """Four significant digits."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.4g}" if value and not 1e-4 <= abs(value) < 1e6 else f"{value:#.4g}".rstrip(".")


def size(count: int) -> str:
    """Bytes as 16 KiB or 1.5 MiB."""
    if count < 1 << 20:
        return f"{count / 1024:.4g} KiB"
    return f"{count / (1 << 20):.4g} MiB"


def left_out_of(result: Recommendation) -> str:
    """The shapes without a fit by reason."""
    reasons: dict[str, list[str]] = {}
    for label, reason in result.left_out:
        reasons.setdefault(reason.partition("; give")[0], []).append(label)
    return "; ".join(f"{', '.join(labels)} ({reason})" for reason, labels in reasons.items())


def trainer_of(candidate: Candidate) -> str:
    """The trainer's name in sentences and tables."""
    return {"kmeans": "k-means", "nsvq": "NSVQ"}.get(candidate.trainer, candidate.trainer)


def remark(candidate: Candidate) -> str:
    """What the table says beside a candidate."""
    if candidate.chosen:
        return "use this"
    if candidate.equal_to_best:
        return "equal"
    return "" if candidate.allowed else "over a limit"


def text_of(result: Recommendation) -> str:
    """The recommendation for a terminal."""
    lines = []
    for choice in result.choices:
        head = ("quantizer", "choice", "MSE", "±", "WMOPS", "ms", "codebooks")
        own = [c for c in result.candidates if c.total_bits == choice.bits]
        rows = [
            (c.label, remark(c), number(c.mse), number(c.standard_error), number(c.wmops), number(c.ms_per_vector))
            + (size(c.codebook_bytes),)
            for c in sorted(own, key=lambda c: c.mse)
        ]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        for row in [head, *rows]:
            cells = [
                cell.ljust(width) if place < 2 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        # Many terminals break long lines inside of words.
        lines += ["", textwrap.fill(choice.reason, min(120, shutil.get_terminal_size((120, 0)).columns)), ""]
    if result.left_out:
        lines.append(f"Not fitted: {left_out_of(result)}.")
    return "\n".join(lines).rstrip()
