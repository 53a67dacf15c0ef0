"""What is compared: the shapes, their arrays and codebooks, and what each must reach."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers import Worker

SEED = 2023
BATCH = 64
BATCHES = 32
FIT_VECTORS = 20_000
BASE = 100_000
QUERIES = 128
#: N, D, M, K, W around which the growth is measured.
MIDDLE = (1024, 64, 4, 128, 16)


@dataclass(frozen=True)
class Shape:
    method: str
    dimension: int
    stages: int
    size: int
    beam: int | None = None
    #: AVQ: the codebooks in their order.
    ordered: bool = False

    @property
    def bits(self) -> int:
        return self.size.bit_length() - 1

    @property
    def width(self) -> int:
        """Coordinates of one codeword."""
        return self.dimension // self.stages if self.method == "pvq" else self.dimension

    def __str__(self) -> str:
        beam = f" W={self.beam}" if self.beam else ""
        beam += " ordered" if self.ordered else ""
        return f"{self.method.upper()}{beam}, D={self.dimension} M={self.stages} b={self.bits}"


@dataclass(frozen=True)
class Comparison:
    """One row of a table."""

    section: str
    shape: Shape
    #: torch or faiss.
    other: str
    #: Ours must be so many times faster; None = only reported.
    required: float | None
    #: Vectors or queries of one call (training: steps), by which times are divided.
    items: int = 1
    #: What FAISS is asked for.
    quantizer: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    #: Both sides must give the same.
    same: bool = True
    label: str = ""
    #: A hand-written prototype's milliseconds a step, the best of AVX2 and AVX-512.
    prototype: float | None = None

    @property
    def name(self) -> str:
        return f"{self.shape}{', ' + self.label if self.label else ''}"


# Method, beam → b → milliseconds; D = 64, M = 4, B = 64, one thread, minimum of several runs.
PROTOTYPE = {
    ("pvq", None): {3: 0.015, 5: 0.028, 7: 0.044, 10: 0.195},
    ("rvq", None): {3: 0.035, 5: 0.053, 7: 0.098, 10: 0.507},
    ("avq", 8): {3: 0.24, 5: 0.41, 7: 1.10, 10: 10.2},
    ("avq", 16): {3: 0.46, 5: 0.79, 7: 2.3, 10: 20.0},
}
PROTOTYPE_LARGE = 23.0

# Method → b → how many times faster than PyTorch a step shall be, at the same shape.
REQUIRED = {
    "pvq": {3: 45.0, 5: 18.0, 7: 6.0, 10: 3.0},
    "rvq": {3: 22.0, 5: 12.0, 7: 5.0, 10: 3.3},
    "avq": {3: 8.0, 5: 8.0, 7: 8.0, 10: 10.0},
}


def training(quick: bool) -> list[Comparison]:
    """Steps of B = 64 against PyTorch."""
    rows = []
    for (method, beam), times in PROTOTYPE.items():
        for bits, prototype in times.items():
            if quick and bits not in (3, 7):
                continue
            shape = Shape(method, 64, 4, 1 << bits, beam)
            required = None if beam == 8 else REQUIRED[method][bits]
            rows.append(Comparison("training", shape, "torch", required, prototype=prototype))
    if not quick:
        rows += [Comparison("training", Shape(method, 128, 8, 256), "torch", None) for method in ("pvq", "rvq")]
        rows.append(Comparison("training", Shape("avq", 128, 8, 256, 16), "torch", None, prototype=PROTOTYPE_LARGE))
    return rows


def encoding(quick: bool) -> list[Comparison]:
    """Encoding against FAISS: at least as fast where the codes are the same; AVQ and FAISS's own searches beside it."""
    shapes = [(64, 4, 32), (128, 8, 256)] if quick else [(64, 4, 32), (64, 4, 1024), (128, 8, 256)]
    scale = 10 if quick else 1
    rows = []
    for dimension, stages, size in shapes:
        product = Shape("pvq", dimension, stages, size)
        residual = Shape("rvq", dimension, stages, size)
        count = 100_000 // scale
        rows.append(Comparison("encode", product, "faiss", 1.0, count, "pq", label="FAISS PQ"))
        beam_of_one = {"max_beam_size": 1}
        rows.append(Comparison("encode", residual, "faiss", 1.0, count, "rq", beam_of_one, label="FAISS RQ beam 1"))
        with_tables = {"max_beam_size": 1, "use_beam_LUT": 1}
        label = "FAISS RQ beam 1, look-up tables"
        rows.append(Comparison("encode", residual, "faiss", 1.0, count, "rq", with_tables, label=label))
    for dimension, stages, size in shapes[:: 1 if quick else 2]:
        additive = Shape("avq", dimension, stages, size, 16)
        few, fewer = 4_000 // scale, 500 // scale
        for shape in (additive, replace(additive, ordered=True)):
            for tables in (0, 1):
                options = {"max_beam_size": 16, "use_beam_LUT": tables}
                label = "FAISS RQ beam 16" + (", look-up tables" if tables else "")
                rows.append(Comparison("encode", shape, "faiss", 1.0, few, "rq", options, same=False, label=label))
        for iterations in (4, 16):
            options = {"encode_ils_iters": iterations}
            label = f"FAISS LSQ, {iterations} iterations"
            rows.append(Comparison("encode", additive, "faiss", None, fewer, "lsq", options, same=False, label=label))
    return rows


def searching(quick: bool) -> list[Comparison]:
    """Search over the same codes: at least as fast as FAISS."""
    shapes = [(128, 8, 256)] if quick else [(128, 8, 256), (64, 4, 1024)]
    rows = []
    for dimension, stages, size in shapes:
        for method, norms in (("pvq", ""), ("rvq", "float"), ("rvq", "byte")):
            for neighbors in (1, 100):
                stored = f", norms as {norms}s" if norms else ""
                options = {"norms": norms or "float", "neighbors": neighbors}
                shape = Shape(method, dimension, stages, size)
                label = f"{neighbors} of {BASE // 1000},000{stored}"
                # FAISS rounds byte norms to other levels.
                same = norms != "byte"
                rows.append(Comparison("search", shape, "faiss", 1.0, QUERIES, "", options, same, label))
    # What a user of FAISS would take who wants speed: other codes of the same vectors, so recall stands beside the time.
    for kind, label in (("fastscan", "PQFastScan of 16 × 4 bits"), ("rabitq", "RaBitQ of 128 bits")):
        for neighbors in (1, 100):
            options = {"norms": "float", "neighbors": neighbors}
            label_here = f"{neighbors} of {BASE // 1000},000, FAISS {label}"
            rows.append(
                Comparison(
                    "search", Shape("pvq", 128, 8, 256), "faiss", 1.0, QUERIES, kind, options, False, label_here
                )
            )
    return rows


def growth(quick: bool) -> list[tuple[str, int, Shape, int]]:
    """(what grows, its value, shape, vectors); the middle of all is N = 1024, D = 64, M = 4, K = 128, W = 16."""
    values = {
        "N": [64, 256, 1024, 4096, 16384],
        "K": [8, 32, 128, 512, 2048],
        "M": [1, 2, 4, 8, 16],
        "D": [16, 32, 64, 128, 256, 512],
        "W": [1, 2, 4, 8, 16, 32, 64],
    }
    points = []
    for what, all_values in values.items():
        for value in all_values[1:4] if quick else all_values:
            for method in ("avq",) if what == "W" else ("pvq", "rvq", "avq"):
                n, d, m, k, w = (value if what == name else base for name, base in zip("NDMKW", MIDDLE, strict=True))
                points.append((what, value, Shape(method, d, m, k, w if method == "avq" else None), n))
    return points


class Arrays:
    """Files of vectors and codebooks, made when first asked for; the same for every number of threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.made: dict[str, str] = {}

    def file(self, name: str, values: NDArray[np.float32] | None = None) -> str:
        path = str(self.folder / f"{name}.f32")
        if values is not None:
            values.astype("<f4").tofile(path)
        return path

    def normal(self, name: str, count: int, deviation: float = 1.0) -> str:
        """Independent N(0, deviation²) numbers."""
        if name not in self.made:
            generator = np.random.default_rng([SEED, *name.encode()])
            self.made[name] = self.file(name, deviation * generator.standard_normal(count, np.float32))
        return self.made[name]

    def correlated(self, name: str, n: int, dimension: int) -> str:
        """A mixture of 24 normal sources plus a little of each coordinate's own: what codebooks are good for."""
        key = f"{name}-{n}x{dimension}"
        if key not in self.made:
            mixing = np.random.default_rng([SEED, dimension]).standard_normal((24, dimension), np.float32)
            generator = np.random.default_rng([SEED, *key.encode()])
            sources = generator.standard_normal((n, 24), np.float32)
            own = 0.3 * generator.standard_normal((n, dimension), np.float32)
            self.made[key] = self.file(key, sources @ mixing / np.float32(24**0.5) + own)
        return self.made[key]

    def nearest(self, base: str, queries: str, counts: tuple[int, int], dimension: int) -> NDArray[np.int64]:
        """The number of the vector of the base that is nearest to each query."""
        paths = [self.correlated(name, n, dimension) for name, n in zip((base, queries), counts, strict=True)]
        b, q = (np.fromfile(path, "<f4").reshape(-1, dimension).astype(np.float64) for path in paths)
        return np.argmin(np.square(b).sum(axis=1) - 2 * q @ b.T, axis=1)

    def random_books(self, shape: Shape) -> str:
        count = shape.stages * shape.size * shape.width
        return self.normal(f"books-{shape.method}-{shape.dimension}-{shape.stages}-{shape.size}", count, 0.5)

    def fitted_books(self, shape: Shape, faiss: Worker, ours: Worker) -> str:
        """Codebooks trained by FAISS's PQ or RQ; for AVQ those of RQ, trained on together for some steps."""
        key = f"fitted-{shape.method}-{shape.dimension}-{shape.stages}-{shape.size}"
        if key in self.made:
            return self.made[key]
        vectors = self.correlated("fit", FIT_VECTORS, shape.dimension)
        path = self.file(key)
        if shape.method == "avq":
            residual = Shape("rvq", shape.dimension, shape.stages, shape.size)
            books = self.fitted_books(residual, faiss, ours)
            trained = asdict(shape) | {"beam": 4}
            ours.load(
                {"kind": "train", "shape": trained, "books": books, "vectors": vectors, "batch": 64, "rate": 1e-3}
            )
            ours.run(500)
            ours.ask(op="dump", path=path)
        else:
            kind = "pq" if shape.method == "pvq" else "rq"
            options = {"max_beam_size": 1} if kind == "rq" else {}
            faiss.ask(op="fit", quantizer=kind, shape=asdict(shape), options=options, vectors=vectors, path=path)
        self.made[key] = path
        return path

    def codes(self, shape: Shape, faiss: Worker, ours: Worker) -> str:
        """Our codes of the base to search."""
        key = f"codes-{shape.method}-{shape.dimension}-{shape.stages}-{shape.size}"
        path = str(self.folder / f"{key}.u16")
        if key not in self.made:
            books = self.fitted_books(shape, faiss, ours)
            vectors = self.correlated("base", BASE, shape.dimension)
            ours.load({"kind": "encode", "shape": asdict(shape), "books": books, "vectors": vectors})
            ours.run(1)
            ours.ask(op="dump", path=path)
            self.made[key] = path
        return path
