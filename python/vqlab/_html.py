"""A recommendation in a notebook."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from ._words import number, remark, size, trainer_of

if TYPE_CHECKING:
    from ._recommend import Choice, Recommendation

_HEAD = ("quantizer", "choice", "trainer", "MSE", "±", "WMOPS", "ms per vector", "codebooks")


def page(result: Recommendation) -> str:
    """The reason, the plot where matplotlib is installed, and the table, for each bitrate."""
    return "".join(_section(result, choice) for choice in result.choices)


def _section(result: Recommendation, choice: Choice) -> str:
    own = sorted((c for c in result.candidates if c.total_bits == choice.bits), key=lambda c: c.mse)
    rows = []
    for c in own:
        left = [c.label, remark(c), trainer_of(c)]
        right = [number(c.mse), number(c.standard_error), number(c.wmops), number(c.ms_per_vector)]
        cells = "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in left)
        cells += "".join(f"<td style='text-align:right'>{escape(cell)}</td>" for cell in [*right, size(c.codebook_bytes)])
        weight = " style='font-weight:bold'" if c.chosen else ""
        rows.append(f"<tr{weight}>{cells}</tr>")
    head = "".join(
        f"<th style='text-align:{'left' if place < 3 else 'right'}'>{escape(name)}</th>"
        for place, name in enumerate(_HEAD)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return (
        f"<div><p style='max-width:48em'>{escape(choice.reason)}</p>{_picture(result, choice.bits)}"
        f"<details open><summary>{len(own)} quantizers, lowest error first</summary>{table}</details></div>"
    )


def _picture(result: Recommendation, bits: int) -> str:
    """The plot as an image; nothing where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    # Not by pyplot, whose figures the notebook would show once more.
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    result.plot(bits=bits, ax=figure.add_subplot())
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    picture = base64.b64encode(data.getvalue()).decode()
    return f"<img alt='Error over operations at {bits} bits' width='560' src='data:image/png;base64,{picture}'>"
