"""A recommendation in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._recommend import Candidate, Choice, Recommendation


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


def decibel(error: float, reference: float | None) -> float | None:
    """10 log10 of a ratio of errors; None where one of them is 0."""
    return 10 * math.log10(error / reference) if error > 0 and reference is not None and reference > 0 else None


def reason_of(result: Recommendation, choice: Choice) -> str:
    """The recommendation at one bitrate."""
    own = [c for c in result.candidates if c.total_bits == choice.bits]
    if not own:
        return f"For {choice.bits} bits per vector, no quantizer could be fitted."
    if choice.chosen is None or choice.best is None:
        least = min(own, key=lambda c: c.wmops)
        return (
            f"For {choice.bits} bits per vector, no quantizer is within the limits. The fewest operations are "
            f"{number(least.wmops)} WMOPS ({least.label})."
        )
    chosen = result.candidates[choice.chosen]
    below = decibel(chosen.mse, result.variance)
    relative = "" if below is None else f", {below:.2f} dB of the variance"
    sentences = [
        f"For {choice.bits} bits per vector, use {chosen.label}, trained by {trainer_of(chosen)}.",
        f"On {result.held_out_vectors:,} held-out vectors, its mean squared error is {number(chosen.mse)} ± "
        f"{number(chosen.standard_error)} per coordinate{relative}.",
        _standing(result, choice, own),
    ]
    if choice.next is not None:
        sentences.append(f"The next is {_more(result, choice.next, result.candidates[choice.best])}.")
    if choice.forbidden is not None:
        sentences.append(f"Without limits, it would be {_more(result, choice.forbidden, result.candidates[choice.best])}.")
    sentences.append(
        f"It needs {number(chosen.wmops)} WMOPS and {number(chosen.ms_per_vector)} ms per vector on one thread of this "
        f"machine, and {size(chosen.codebook_bytes)} of codebooks."
    )
    if choice.cheaper is not None:
        factor = chosen.wmops / result.candidates[choice.cheaper[0]].wmops
        sentences.append(
            f"If operations matter, use {_more(result, choice.cheaper, chosen)} and {factor:.2g} times fewer operations."
        )
    cut = sum(c.fit_ended == "budget" for c in own)
    if cut:
        sentences.append(f"The budget ended {cut} of {len(own)} fits; a larger one may lower the error.")
    if result.left_out:
        sentences.append(f"Not fitted: {left_out_of(result)}.")
    return " ".join(sentences)


def _standing(result: Recommendation, choice: Choice, own: list[Candidate]) -> str:
    allowed = sum(c.allowed for c in own)
    among = f"{allowed} quantizers" if allowed == len(own) else f"{allowed} of {len(own)} quantizers within the limits"
    if len(choice.equal) <= 1:
        return f"This is the lowest error of {among}."
    return (
        f"It is the cheapest of {len(choice.equal)} quantizers (among {among}) whose error can't be distinguished from the "
        f"lowest."
    )


def _more(result: Recommendation, difference: tuple[int, float, float], than: Candidate) -> str:
    candidate, error, spread = difference
    label = result.candidates[candidate].label
    if than.mse <= 0:
        return f"{label} with an error of {number(result.candidates[candidate].mse)}"
    percent, margin = (100 * abs(value) / than.mse for value in (error, spread))
    return f"{label} with {percent:.2f} ± {margin:.2f} % {'less' if error < 0 else 'more'} error"


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
        lines += ["", reason_of(result, choice), ""]
    return "\n".join(lines).rstrip()
