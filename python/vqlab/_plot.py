"""The plot of a recommendation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._recommend import Recommendation

#: As in the figures of the command line.
COLORS = {"avq": "#1b8a2f", "rvq": "#1f4fd8", "pvq": "#000000", "opq": "#713b07", "lsq": "#c0306e"}
OTHER = "#007a87"

COSTS = {
    "wmops": ("operations of encoding one vector (WMOPS)", "on_front_wmops"),
    "ms_per_vector": ("encoding time of one vector (ms)", "on_front_ms"),
    "codebook_bytes": ("codebooks (bytes)", "on_front_bytes"),
}

#: Errors with a larger ratio of largest to smallest are drawn on a logarithmic axis.
LOG_FROM = 2.0


def plot(result: Recommendation, cost: str, bits: int | None, ax: Axes | None) -> Axes:
    """See :meth:`vqlab.Recommendation.plot`."""
    if cost not in COSTS:
        raise ValueError(f"unknown cost {cost!r}; known: {', '.join(COSTS)}")
    rates = [choice.bits for choice in result.choices]
    bits = rates[0] if bits is None else bits
    if bits not in rates:
        raise ValueError(f"bits={bits} was not requested; there are {', '.join(map(str, rates))}")
    if ax is None:
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError("plot needs matplotlib: pip install matplotlib") from error
        _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    own = [c for c in result.candidates if c.total_bits == bits]
    label, on_front = COSTS[cost]
    front = sorted((getattr(c, cost), c.mse) for c in own if getattr(c, on_front))
    ax.plot(*zip(*front, strict=True), color="0.75", linewidth=1.5, zorder=1, label="Pareto front")
    for method in dict.fromkeys(c.method for c in own):
        points = [c for c in own if c.method == method]
        faces = [COLORS.get(method, OTHER) if c.allowed else "none" for c in points]
        ax.scatter(
            [getattr(c, cost) for c in points],
            [c.mse for c in points],
            s=26,
            facecolors=faces,
            edgecolors=COLORS.get(method, OTHER),
            label=method.upper(),
            zorder=2,
        )
    chosen = next((c for c in own if c.chosen), None)
    if chosen is not None:
        place = (getattr(chosen, cost), chosen.mse)
        ax.scatter(*place, s=150, facecolors="none", edgecolors="#d00000", linewidths=1.5, zorder=3)
        # Beside the point, on the side that has more space.
        low, high = (edge(getattr(c, cost) for c in own) for edge in (min, max))
        left = place[0] * place[0] > low * high
        # Nothing with less error is beside the choice but what costs more: below it there is room.
        ax.annotate(
            chosen.label,
            place,
            xytext=(-10 if left else 10, -6),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top",
            color="#d00000",
        )
    errors = [c.mse for c in own]
    ax.margins(y=0.1)
    ax.set_xscale("log")
    if min(errors) > 0 and max(errors) / min(errors) > LOG_FROM:
        ax.set_yscale("log")
    ax.set_xlabel(label)
    ax.set_ylabel("mean squared error per coordinate")
    ax.set_title(f"{bits} bits per vector")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
