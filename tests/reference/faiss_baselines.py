"""FAISS's trained quantizers on the vectors that tests/baseline.rs trains on: mean squared distances and seconds.

    python3 tests/reference/faiss_baselines.py ../shared/data/sift/photosift/photosift_learn.bvecs \
        [--vectors 20000] [--base photosift_base.bvecs] [--only PQ,RQ,OPQ,LSQ] [--bits 8] [--iterations 25]

Prints, per quantizer, the mean of ‖x − q‖² over the training vectors (and over the first 10,000 of --base, where given),
and the seconds of training and of encoding on one thread. Needs numpy and faiss-cpu (benches/side_by_side/requirements.txt).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import faiss
import numpy as np


def read_bvecs(path: Path, count: int) -> np.ndarray:
    raw = np.fromfile(path, np.uint8)
    width = int(raw[:4].view("<i4")[0])
    return raw.reshape(-1, width + 4)[:count, 4:].astype(np.float32)


def product(dimension: int, bits: int, iterations: int) -> faiss.ProductQuantizer:
    quantizer = faiss.ProductQuantizer(dimension, 8, bits)
    quantizer.cp.niter = iterations
    return quantizer


def residual(dimension: int, bits: int, iterations: int) -> faiss.ResidualQuantizer:
    """k-means stage after stage, a beam of 1, no refinement of the codebooks."""
    quantizer = faiss.ResidualQuantizer(dimension, 8, bits)
    quantizer.max_beam_size = 1
    quantizer.train_type = faiss.ResidualQuantizer.Train_default
    quantizer.cp.niter = iterations
    return quantizer


class Rotated:
    """OPQMatrix with its default settings, then a ProductQuantizer of the rotated vectors."""

    def __init__(self, dimension: int, bits: int, iterations: int) -> None:
        self.matrix = faiss.OPQMatrix(dimension, 8)
        self.quantizer = product(dimension, bits, iterations)

    def train(self, x: np.ndarray) -> None:
        self.matrix.train(x)
        self.quantizer.train(self.matrix.apply_py(x))

    def compute_codes(self, x: np.ndarray) -> np.ndarray:
        return self.quantizer.compute_codes(self.matrix.apply_py(x))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self.matrix.reverse_transform(self.quantizer.decode(codes))


QUANTIZERS = {
    "PQ": product,
    "RQ": residual,
    "OPQ": Rotated,
    "LSQ": lambda dimension, bits, iterations: faiss.LocalSearchQuantizer(dimension, 8, bits),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learn", type=Path)
    parser.add_argument("--vectors", type=int, default=20_000)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--iterations", type=int, default=25, help="of each k-means (LSQ has its own)")
    parser.add_argument("--bits", type=int, default=8, help="of each of the 8 stages")
    parser.add_argument("--only", default=",".join(QUANTIZERS))
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    sets = {"training": read_bvecs(arguments.learn, arguments.vectors)}
    if arguments.base:
        sets["base"] = read_bvecs(arguments.base, 10_000)
    x = sets["training"]
    for name in arguments.only.split(","):
        quantizer = QUANTIZERS[name](x.shape[1], arguments.bits, arguments.iterations)
        begin = time.perf_counter()
        quantizer.train(x)
        line = f"{name}: trained in {time.perf_counter() - begin:.1f} s"
        for kind, vectors in sets.items():
            begin = time.perf_counter()
            decoded = quantizer.decode(quantizer.compute_codes(vectors))
            seconds = time.perf_counter() - begin
            error = np.square((vectors - decoded).astype(np.float64)).sum(1).mean()
            line += f"; {kind} {error:.1f} ({1e6 * seconds / len(vectors):.1f} µs a vector)"
        print(line, flush=True)


if __name__ == "__main__":
    main()
