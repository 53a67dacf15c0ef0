"""Statistics of descriptor sets in the SIFT1M layout, for the table in src/data/descriptors/synthetic/mod.rs.

    python tests/reference/descriptors.py FOLDER...        needs numpy and faiss-cpu

Of each folder: the first 100,000 base vectors, the first 50,000 learn vectors and the first 1,000 queries. `--base N` takes
fewer base vectors, so that a small set can be compared with others of its size (neighbors are nearer in larger bases).
"""

import argparse
import glob
import os

import faiss
import numpy as np


def read(folder, part, limit):
    for ending, kind in [("bvecs", np.uint8), ("fvecs", np.float32)]:
        found = glob.glob(os.path.join(folder, f"*_{part}.{ending}"))
        if found:
            with open(found[0], "rb") as file:
                dimension = int(np.frombuffer(file.read(4), "<i4")[0])
            row = 4 + dimension * np.dtype(kind).itemsize
            rows = min(limit, os.path.getsize(found[0]) // row)
            raw = np.fromfile(found[0], np.uint8, rows * row).reshape(rows, row)[:, 4:]
            return np.ascontiguousarray(raw).view(kind).astype(np.float32)
    raise SystemExit(f"{folder} holds no *_{part}.bvecs or .fvecs")


def statistics(folder, limit):
    base, learn, queries = read(folder, "base", limit), read(folder, "learn", 50_000), read(folder, "query", 1000)
    lines = {"base / learn / queries": f"{len(base)} / {len(learn)} / {len(queries)}"}
    spectrum = np.sort(np.linalg.eigvalsh(np.cov(base.T.astype(np.float64))))[::-1]
    share = np.cumsum(spectrum) / spectrum.sum()
    lines["variance, all coordinates"] = f"{spectrum.sum():.0f}"
    for n in [1, 8, 16, 32, 64]:
        lines[f"share of the first {n}"] = f"{share[n - 1]:.3f}"
    norms = np.linalg.norm(base, axis=1)
    lines["norm"] = f"{norms.mean():.1f} ± {norms.std():.1f}"
    lines["zeros"] = f"{(base == 0).mean():.3f}"
    lines["quantiles .25 .5 .75 .9 .99"] = " ".join(f"{q:.0f}" for q in np.quantile(base, [0.25, 0.5, 0.75, 0.9, 0.99]))
    exact = faiss.IndexFlatL2(base.shape[1])
    exact.add(base)
    squared, truth = exact.search(queries, 100)
    near, hundredth = np.sqrt(squared[:, 0]), np.sqrt(squared[:, 99])
    some = base[np.random.default_rng(1).choice(len(base), min(len(base), 2000), replace=False)]
    mean = np.sqrt(faiss.pairwise_distances(queries, some)).mean()
    lines["nearest / mean distance"] = f"{near.mean():.1f} / {mean:.1f} = {near.mean() / mean:.3f}"
    lines["d1 / d100"] = f"{(near / np.maximum(hundredth, 1e-9)).mean():.3f}"
    for bits in [4, 6, 8]:
        index = faiss.IndexPQ(base.shape[1], 8, bits)
        index.train(learn)
        error = ((base - index.sa_decode(index.sa_encode(base))) ** 2).sum(1).mean()
        lines[f"squared error, PQ 8 × {1 << bits}"] = f"{error:.0f}"
    index.add(base)
    found = index.search(queries, 100)[1]
    hits = [(found[:, :t] == truth[:, :1]).any(1).mean() for t in [1, 10, 100]]
    lines["recall@1/10/100, PQ 8 × 256"] = " / ".join(f"{h:.3f}" for h in hits)
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--base", type=int, default=100_000)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    columns = [statistics(folder, options.base) for folder in options.folders]
    for name in columns[0]:
        print(f"{name:30}", *(f"{column[name]:>26}" for column in columns))


if __name__ == "__main__":
    main()
