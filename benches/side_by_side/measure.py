"""Times a case on both sides in turn, and checks that both compute the same."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cases import BASE, BATCH, BATCHES, FIT_VECTORS, Arrays, Comparison, Shape
from workers import Worker, Workers

LOSS_TOLERANCE = 1e-4
ERROR_TOLERANCE = 1e-4
#: Vectors whose codes may differ: those with two codewords equally near up to rounding.
TIES = 1e-3
#: Neighbors that may differ: those with equal codes, of which one falls behind the last, or nearly equal distances.
NEIGHBOR_TIES = 1e-2
LEAST_REPEATS = 3
#: Threads of the other side may spin for a while after their work.
PAUSE = 0.01


@dataclass(frozen=True)
class Effort:
    repeats: int
    #: Seconds that one repeat of a fast case takes at least.
    slice: float
    #: Seconds that all repeats of a slow case should not exceed.
    budget: float = 4.0


@dataclass
class Result:
    comparison: Comparison
    threads: int
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    note: str = ""
    #: What differs where both sides should give the same.
    fault: str = ""

    @property
    def ratio(self) -> float:
        return statistics.median(self.theirs) / statistics.median(self.ours)


def interleave(sides: list[Worker], effort: Effort) -> list[list[float]]:
    """Seconds of one run for each side, ours, theirs, ours, theirs, …"""
    counts, round_seconds = [], 0.0
    for side in sides:
        side.run(1)
        once = side.run(1)
        counts.append(max(1, min(2000, math.ceil(effort.slice / once))))
        round_seconds += once * counts[-1]
    repeats = max(min(LEAST_REPEATS, effort.repeats), min(effort.repeats, int(effort.budget / round_seconds)))
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(repeats):
        for side, count, taken in zip(sides, counts, seconds, strict=True):
            time.sleep(PAUSE)
            taken.append(side.run(count))
    return seconds


def compare(comparison: Comparison, workers: Workers, arrays: Arrays, effort: Effort) -> Result:
    other = workers.others[comparison.other]
    result = Result(comparison, workers.threads)
    if comparison.section == "training":
        compare_steps(result, workers.ours, other, arrays)
    elif comparison.section == "search":
        compare_neighbors(result, workers.ours, other, arrays)
    else:
        compare_codes(result, workers.ours, other, arrays)
    ours, theirs = interleave([workers.ours, other], effort)
    result.ours = [seconds / comparison.items for seconds in ours]
    result.theirs = [seconds / comparison.items for seconds in theirs]
    return result


def compare_steps(result: Result, ours: Worker, other: Worker, arrays: Arrays) -> None:
    shape = result.comparison.shape
    command = {
        "kind": "train",
        "shape": asdict(shape),
        "books": arrays.random_books(shape),
        "vectors": arrays.normal(f"batches-{shape.dimension}", BATCHES * BATCH * shape.dimension),
        "batch": BATCH,
        "rate": 1e-3,
    }
    losses = []
    for side in (ours, other):
        side.load(command)
        losses.append(np.array(side.ask(op="run", count=4)["losses"]))
    difference = float(np.max(np.abs(losses[0] / losses[1] - 1)))
    result.note = f"losses differ by {difference:.0e}"
    if not difference <= LOSS_TOLERANCE:
        result.fault = result.note


def compare_codes(result: Result, ours: Worker, other: Worker, arrays: Arrays) -> None:
    comparison, shape = result.comparison, result.comparison.shape
    # The codebooks are made with the same workers, before the cases are loaded.
    command: dict[str, Any] = {
        "kind": "encode",
        "shape": asdict(shape),
        "books": arrays.fitted_books(shape, other, ours),
        "vectors": arrays.correlated("vectors", comparison.items, shape.dimension),
    }
    codes, errors = [], []
    for side, more in ((ours, {}), (other, {"quantizer": comparison.quantizer, "options": comparison.options})):
        side.load(command | more)
        side.run(1)
        path = str(arrays.folder / f"codes-{side.name}.u16")
        side.ask(op="dump", path=path)
        codes.append(np.fromfile(path, "<u2").reshape(-1, shape.stages))
        errors.append(mean_squared_error(command, shape, codes[-1]))
    different = float(np.mean(np.any(codes[0] != codes[1], axis=1)))
    if comparison.same:
        result.note = f"{100 * different:.3g} % of the codes differ"
        if different > TIES or not abs(errors[0] / errors[1] - 1) <= ERROR_TOLERANCE:
            result.fault = f"{result.note}, MSE {errors[0]:.5g} and {errors[1]:.5g}"
    else:
        result.note = f"MSE {errors[0]:.4g}, theirs {errors[1]:.4g}"


def compare_neighbors(result: Result, ours: Worker, other: Worker, arrays: Arrays) -> None:
    comparison, shape = result.comparison, result.comparison.shape
    command: dict[str, Any] = {
        "kind": "search",
        "shape": asdict(shape),
        "books": arrays.fitted_books(shape, other, ours),
        "codes": arrays.codes(shape, other, ours),
        "vectors": arrays.correlated("queries", comparison.items, shape.dimension),
        **comparison.options,
    }
    # An index of another kind makes its own codes of the same vectors.
    more = {"index": comparison.quantizer, "fit": arrays.made[f"fit-{FIT_VECTORS}x{shape.dimension}"]}
    more |= {"base": arrays.correlated("base", BASE, shape.dimension)}
    found = []
    for side in (ours, other):
        side.load(command | (more if side is other and comparison.quantizer else {}))
        side.run(1)
        path = str(arrays.folder / f"ids-{side.name}.u32")
        side.ask(op="dump", path=path)
        found.append(np.fromfile(path, "<u4").reshape(comparison.items, -1))
    if comparison.quantizer:
        nearest = arrays.nearest("base", "queries", (BASE, comparison.items), shape.dimension)
        recalls = [float(np.mean(np.any(ids == nearest[:, None], axis=1))) for ids in found]
        result.note = f"recall@{found[0].shape[1]} {recalls[0]:.3g}, theirs {recalls[1]:.3g}"
        return
    shared = [len(np.intersect1d(a, b)) for a, b in zip(*found, strict=True)]
    different = 1 - float(np.mean(shared)) / found[0].shape[1]
    result.note = f"{100 * different:.3g} % of the neighbors differ"
    if comparison.same and different > NEIGHBOR_TIES:
        result.fault = result.note


def mean_squared_error(command: dict[str, Any], shape: Shape, codes: NDArray[np.uint16]) -> float:
    books = np.fromfile(command["books"], "<f4").reshape(shape.stages, shape.size, shape.width)
    vectors = np.fromfile(command["vectors"], "<f4").reshape(-1, shape.dimension)
    chosen = [book[code] for book, code in zip(books, codes.T, strict=True)]
    decoded = np.concatenate(chosen, axis=1) if shape.method == "pvq" else np.sum(chosen, axis=0)
    return float(np.mean((vectors - decoded) ** 2, dtype=np.float64))


@dataclass(frozen=True)
class Growth:
    what: str
    value: int
    method: str
    #: Weighted operations for all vectors.
    operations: float
    seconds: float


def grow(points: list[tuple[str, int, Shape, int]], ours: Worker, arrays: Arrays, effort: Effort) -> list[Growth]:
    """Encoding times of our side alone."""
    grown = []
    for what, value, shape, vectors in points:
        # AVQ searches by look-up in the Gram matrix, the others by distances.
        model = "lookup" if shape.method == "avq" else "corrected"
        operations = float(ours.ask(op="count", model=model, shape=asdict(shape))["operations"])
        ours.load(
            {
                "kind": "encode",
                "shape": asdict(shape),
                "books": arrays.random_books(shape),
                "vectors": arrays.normal(f"grow-{vectors}x{shape.dimension}", vectors * shape.dimension),
            }
        )
        seconds = statistics.median(interleave([ours], effort)[0])
        grown.append(Growth(what, value, shape.method, operations * vectors, seconds))
    return grown
