"""RESULTS.md and the plot of growth."""

from __future__ import annotations

import platform
import statistics
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from measure import Growth, Result

TITLES = {
    "training": (
        "Training steps",
        "Milliseconds a step (search, loss, gradient, Adam) of 64 vectors, against `reference.py` in PyTorch. Our step "
        "takes one thread whatever their number; cells of an experiment run beside each other instead.",
        1e3,
        "ms",
    ),
    "encode": (
        "Encoding",
        "Microseconds a vector, against FAISS with the same codebooks. PQ and RQ give the same codes on both sides. "
        "AVQ's search in any order has no twin in FAISS: RQ's beam takes the codebooks in their order, as our ordered one does "
        "(which then chooses each codeword anew), LSQ is an iterated local search; the mean squared error beside them "
        "says what the time buys.",
        1e6,
        "µs",
    ),
    "search": (
        "Search",
        "Microseconds a query over all stored codes (asymmetric distances by look-up), against FAISS with the same "
        "codes. An AVQ index is scanned as an RVQ one.",
        1e6,
        "µs",
    ),
}


def table(rows: Iterable[list[str]], head: list[str]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def digits(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def verdict(results: list[Result]) -> str:
    if any(result.fault for result in results):
        return "**differs**: " + "; ".join(result.fault for result in results if result.fault)
    required = results[0].comparison.required
    if required is None:
        return ""
    met = all(result.ratio >= required for result in results if result.threads == 1)
    return f"≥ {required:g}: {'yes' if met else '**no**'}"


def share(result: Result, peak: float) -> str:
    """Multiplications and additions a second of our searches for nearest codewords, beside the most that there is."""
    shape = result.comparison.shape
    if result.comparison.section != "encode" or shape.method == "avq":
        return ""
    operations = 2 * shape.stages * shape.size * shape.width
    rate = operations / statistics.median(result.ours) / 1e9
    return f"{rate:.0f} ({100 * rate / peak:.0f} %)"


def section(name: str, results: list[Result], peak: float) -> str:
    title, text, scale, unit = TITLES[name]
    threads = sorted({result.threads for result in results})
    by_name: dict[str, list[Result]] = {}
    for result in results:
        by_name.setdefault(result.comparison.name, []).append(result)
    head = ["case"]
    for count in threads:
        head += [f"ours, {count} thread{'s' if count > 1 else ''}", "theirs", "ratio"]
    rows = []
    for label, found in by_name.items():
        row = [label]
        for result in found:
            ours, theirs = (scale * statistics.median(times) for times in (result.ours, result.theirs))
            row += [digits(ours), digits(theirs), f"{digits(result.ratio)}"]
        roofline = [share(found[0], peak)] if name == "encode" else []
        rows.append([*row, *roofline, verdict(found), found[0].note])
    head += ["GFLOP/s, 1 thread (of the peak)"] if name == "encode" else []
    return f"### {title}\n\n{text}\nMedians, {unit}.\n\n" + table(rows, [*head, "required (1 thread)", "check"])


def prototype(results: list[Result]) -> str:
    """Our fastest repeat against the prototype's, which was a minimum too."""
    rows = []
    for result in results:
        target = result.comparison.prototype
        if target is None or result.threads != 1:
            continue
        ours = 1e3 * min(result.ours)
        fast = "yes" if ours <= target else "**no**"
        rows.append([result.comparison.name, digits(ours), digits(target), digits(target / ours), fast])
    text = (
        "Milliseconds a training step, one thread, the least of all repeats, against the better of the AVX2 and the "
        "AVX-512 kernel of a hand-written prototype on a machine of the same kind."
    )
    return (
        "### The prototype's table\n\n" + text + "\n\n" + table(rows, ["case", "ours", "prototype", "ratio", "as fast"])
    )


def growth(points: list[Growth], picture: str) -> str:
    rows = []
    for what in dict.fromkeys(point.what for point in points):
        here = [point for point in points if point.what == what]
        row = [f"{what} = {min(p.value for p in here)} … {max(p.value for p in here)}"]
        for method in ("pvq", "rvq", "avq"):
            line = [point for point in here if point.method == method]
            if len(line) < 2:
                row.append("–")
                continue
            first, last = line[0], line[-1]
            row.append(f"{digits(last.seconds / first.seconds)} ({digits(last.operations / first.operations)})")
        rows.append(row)
    text = (
        "How the time to encode grows with the weighted operation count, one thread, around N = 1024 vectors, D = 64, "
        "M = 4, K = 128, W = 16, random codebooks. Operations are those of `vqlab complexity`, the corrected model; "
        "for AVQ the look-up model, which is its algorithm. The gray line is 10⁻¹⁰ seconds an operation; numbers in "
        "the plot are the first and last value of what grows. The table has the growth of the time, and of the "
        "operations in brackets, from the first value to the last."
    )
    head = ["what grows", "PVQ: time (operations)", "RVQ", "AVQ"]
    return f"## Growth\n\n{text}\n\n![Time against operations]({picture})\n\n" + table(rows, head)


def draw(points: list[Growth], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "vqlab"
    from matplotlib import pyplot

    styles = {"avq": ("green", "--", "s"), "rvq": ("blue", ":", "o"), "pvq": ("black", "-.", "^")}
    names = list(dict.fromkeys(point.what for point in points))
    figure, axes = pyplot.subplots(1, len(names), figsize=(3.2 * len(names), 3.4), sharey=True, layout="constrained")
    for axis, what in zip(np.atleast_1d(axes), names, strict=True):
        for method, (color, line, marker) in styles.items():
            here = [point for point in points if point.what == what and point.method == method]
            if not here:
                continue
            x, y = [p.operations for p in here], [p.seconds for p in here]
            axis.loglog(x, y, color=color, linestyle=line, marker=marker, markersize=4, label=method.upper())
            for end, align in ((here[0], "right"), (here[-1], "left")):
                axis.annotate(
                    str(end.value),
                    (end.operations, end.seconds),
                    (4 if align == "left" else -4, -9),
                    textcoords="offset points",
                    ha=align,
                    color=color,
                    fontsize=7,
                )
        low, high = axis.get_xlim()
        guide = 1e-10
        proportional = [guide * low, guide * high]
        axis.plot([low, high], proportional, color="0.8", linewidth=1, zorder=0, scalex=False, scaley=False)
        axis.set_title(f"{what} grows")
        axis.set_xlabel("weighted operations")
        axis.margins(x=0.2)
        axis.grid(True, color="0.92")
    first = np.atleast_1d(axes)[0]
    first.set_ylabel("seconds to encode")
    first.legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def write(out: Path, levels: list[tuple[str, str, list[Result], float]], grown: list[Growth]) -> Path:
    """Writes the results of each level (its name, its machine, its results, the peak) and the plot; returns their path."""
    out.mkdir(parents=True, exist_ok=True)
    about = "what is compared and how stands in [README.md](README.md). Ratios are their time over ours."
    parts = ["# Side by side with PyTorch and FAISS", f"Written by `run.py`; {about}"]
    for level, head, results, peak in levels:
        parts += [f"## Level {level}", head]
        for name in TITLES:
            here = [result for result in results if result.comparison.section == name]
            if here:
                parts.append(section(name, here, peak))
            if here and name == "training":
                parts.append(prototype(here))
    if grown:
        draw(grown, out / "growth.svg")
        parts.append(growth(grown, "growth.svg"))
    path = out / "RESULTS.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def machine(descriptions: dict[str, dict[str, Any]], load: float, rust: str, effort: str) -> str:
    ours = descriptions["ours"]
    rows = [
        ["CPU", f"{ours['cpu']}, {ours['threads']} threads"],
        ["peak of one thread", f"{ours['peak']:.0f} GFLOP/s, measured"],
        ["system", f"{platform.system()} {platform.machine()}, load average {load:.1f} before the start"],
        ["vqlab", f"{ours['version']}, {rust}"],
    ]
    for name, label in (("torch", "PyTorch"), ("faiss", "FAISS")):
        if name in descriptions:
            rows.append([label, f"{descriptions[name]['version']}, {descriptions[name]['cpu']}"])
    rows.append(["Python", f"{sys.version.split()[0]}, NumPy {version('numpy')}"])
    rows.append(["repeats", effort])
    return table(rows, ["", ""])
