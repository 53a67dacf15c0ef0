"""PyTorch's and FAISS's side of the comparison: `theirs.py torch|faiss`.

One JSON command a line on stdin, one JSON answer a line on stdout, as `ours.rs` describes them.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Case(Protocol):
    def run(self) -> float | None: ...

    def result(self) -> NDArray[Any]: ...


def read(path: str, columns: int) -> Floats:
    return np.fromfile(path, "<f4").reshape(-1, columns)


class TorchTraining:
    """Training steps on batches taken in turn."""

    def __init__(self, command: dict[str, Any]) -> None:
        import torch

        from reference import Trainer

        torch.set_num_threads(command["threads"])
        shape = command["shape"]
        width = shape["dimension"] // (shape["stages"] if shape["method"] == "pvq" else 1)
        books = read(command["books"], width).reshape(shape["stages"], shape["size"], width)
        vectors = torch.from_numpy(read(command["vectors"], shape["dimension"]))
        self.batches = vectors.split(command["batch"])
        self.done = 0
        noise = command.get("noise", True)
        self.trainer = Trainer(shape["method"], torch.from_numpy(books), shape["beam"], command["rate"], noise)

    def run(self) -> float:
        batch = self.batches[self.done % len(self.batches)]
        self.done += 1
        return float(self.trainer.step(batch))

    def result(self) -> Floats:
        return self.trainer.books.detach().numpy()


class FaissEncoding:
    """compute_codes of ProductQuantizer (pq), ResidualQuantizer (rq) or LocalSearchQuantizer (lsq)."""

    def __init__(self, command: dict[str, Any]) -> None:
        import faiss

        faiss.omp_set_num_threads(command["threads"])
        self.shape = command["shape"]
        self.quantizer = quantizer(faiss, command["quantizer"], self.shape, command.get("options", {}))
        books = np.fromfile(command["books"], "<f4")
        give_codebooks(faiss, self.quantizer, books)
        self.vectors = read(command["vectors"], self.shape["dimension"])
        self.codes: NDArray[np.uint8] = np.empty(0, np.uint8)

    def run(self) -> None:
        self.codes = self.quantizer.compute_codes(self.vectors)

    def result(self) -> NDArray[np.uint16]:
        return unpack(self.codes, self.shape)


class FaissSearch:
    """IndexPQ, or IndexResidualQuantizer with stored norms, over given codes."""

    def __init__(self, command: dict[str, Any]) -> None:
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(command["threads"])
        shape = command["shape"]
        self.queries = read(command["vectors"], shape["dimension"])
        self.neighbors = command["neighbors"]
        self.ids: NDArray[np.int64] = np.empty(0, np.int64)
        self.index: Any
        if command.get("index"):
            self.index = trained(faiss, command["index"], command)
            return
        bits = int(shape["size"]).bit_length() - 1
        books = np.fromfile(command["books"], "<f4")
        codes = np.fromfile(command["codes"], "<u2").reshape(-1, shape["stages"]).astype(np.int32)
        if shape["method"] == "pvq":
            self.index = faiss.IndexPQ(shape["dimension"], shape["stages"], bits)
            give_codebooks(faiss, self.index.pq, books)
            packed = faiss.pack_bitstrings(codes, bits)
        else:
            kind = {"float": faiss.AdditiveQuantizer.ST_norm_float, "byte": faiss.AdditiveQuantizer.ST_norm_qint8}
            stored = kind[command["norms"]]
            size = (shape["dimension"], shape["stages"], bits)
            self.index = faiss.IndexResidualQuantizer(*size, faiss.METRIC_L2, stored)
            give_codebooks(faiss, self.index.rq, books)
            packed = pack_with_norms(faiss, self.index.rq, codes, shape, books)
        self.index.is_trained = True
        self.index.add_sa_codes(packed)

    def run(self) -> None:
        _, self.ids = self.index.search(self.queries, self.neighbors)

    def result(self) -> NDArray[np.uint32]:
        return self.ids.astype(np.uint32)


def trained(faiss: Any, kind: str, command: dict[str, Any]) -> Any:
    """An index of another kind, trained by FAISS, with the vectors that our codes were made of."""
    dimension = command["shape"]["dimension"]
    made = faiss.IndexPQFastScan(dimension, 16, 4) if kind == "fastscan" else faiss.IndexRaBitQ(dimension)
    made.train(read(command["fit"], dimension))
    made.add(read(command["base"], dimension))
    return made


def pack_with_norms(
    faiss: Any, made: Any, codes: NDArray[np.int32], shape: dict[str, Any], books: Floats
) -> NDArray[np.uint8]:
    """Codes with the squared lengths of their vectors, as the index stores them."""
    words = books.reshape(shape["stages"], shape["size"], shape["dimension"])
    norms = np.empty(len(codes), np.float32)
    for start in range(0, len(codes), 4096):
        part = codes[start : start + 4096].T
        decoded = np.sum([book[code] for book, code in zip(words, part, strict=True)], axis=0)
        norms[start : start + 4096] = np.square(decoded).sum(axis=1)
    made.train_norm(len(codes), faiss.swig_ptr(norms))
    packed = np.empty((len(codes), made.code_size), np.uint8)
    made.pack_codes(len(codes), faiss.swig_ptr(codes), faiss.swig_ptr(packed), -1, faiss.swig_ptr(norms))
    return packed


def quantizer(faiss: Any, kind: str, shape: dict[str, Any], options: dict[str, Any]) -> Any:
    made = {"pq": faiss.ProductQuantizer, "rq": faiss.ResidualQuantizer, "lsq": faiss.LocalSearchQuantizer}[kind](
        shape["dimension"], shape["stages"], int(shape["size"]).bit_length() - 1
    )
    for name, value in options.items():
        setattr(made, name, value)
    return made


def give_codebooks(faiss: Any, made: Any, books: Floats) -> None:
    """Sets the codebooks of an untrained quantizer."""
    if isinstance(made, faiss.ProductQuantizer):
        faiss.copy_array_to_vector(books, made.centroids)
        return
    faiss.copy_array_to_vector(books, made.codebooks)
    made.is_trained = True
    if isinstance(made, faiss.ResidualQuantizer):
        made.compute_codebook_tables()


def unpack(codes: NDArray[np.uint8], shape: dict[str, Any]) -> NDArray[np.uint16]:
    import faiss

    bits = int(shape["size"]).bit_length() - 1
    return faiss.unpack_bitstrings(codes, shape["stages"], bits).astype(np.uint16)


def describe(side: str) -> dict[str, Any]:
    if side == "torch":
        import torch

        return {"version": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability()}
    import faiss

    return {"version": faiss.__version__, "cpu": faiss.get_compile_options().strip()}


KINDS: dict[str, Callable[[dict[str, Any]], Case]] = {
    "train": TorchTraining,
    "encode": FaissEncoding,
    "search": FaissSearch,
}


def fit(command: dict[str, Any]) -> None:
    """Trains a quantizer of FAISS and writes its codebooks."""
    import faiss

    made = quantizer(faiss, command["quantizer"], command["shape"], command.get("options", {}))
    made.cp.min_points_per_centroid = 5
    made.cp.niter = 10
    made.train(read(command["vectors"], command["shape"]["dimension"]))
    books = made.centroids if command["quantizer"] == "pq" else made.codebooks
    faiss.vector_to_array(books).tofile(command["path"])


class Side:
    """Answers commands; holds the case that is timed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.case: Case | None = None

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["op"] == "describe":
            return describe(self.name)
        if command["op"] == "fit":
            fit(command)
            return {"ok": True}
        if command["op"] == "load":
            self.case = None
            self.case = KINDS[command["kind"]](command)
            return {"ok": True}
        if self.case is None:
            raise ValueError("load a case first")
        if command["op"] == "run":
            start = time.perf_counter()
            losses = [self.case.run() for _ in range(command["count"])]
            return {"seconds": time.perf_counter() - start, "losses": losses}
        if command["op"] == "dump":
            self.case.result().tofile(command["path"])
            return {"ok": True}
        raise ValueError(f"no such command: {command['op']}")


def main() -> None:
    side = Side(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = side.answer(json.loads(line))
        except Exception as failure:  # the other end shows it and stops
            answer = {"error": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
