"""PyTorch's and FAISS's side of the comparison: `theirs.py torch|faiss`.

One JSON command a line on stdin, one JSON answer a line on stdout, as `ours.rs` describes them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Callable, Protocol

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


KINDS: dict[str, Callable[[dict[str, Any]], Case]] = {"train": TorchTraining, "encode": FaissEncoding}


def main() -> None:
    side = sys.argv[1]
    case: Case | None = None
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any]
        try:
            match command["op"]:
                case "describe":
                    answer = describe(side)
                case "load":
                    case = None
                    case = KINDS[command["kind"]](command)
                    answer = {"ok": True}
                case "run":
                    losses = []
                    start = time.perf_counter()
                    for _ in range(command["count"]):
                        losses.append(case.run())
                    seconds = time.perf_counter() - start
                    answer = {"seconds": seconds, "losses": [loss for loss in losses if loss is not None]}
                case "dump":
                    case.result().tofile(command["path"])
                    answer = {"ok": True}
                case unknown:
                    answer = {"error": f"no such command: {unknown}"}
        except Exception as failure:  # the other end shows it and stops
            answer = {"error": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
