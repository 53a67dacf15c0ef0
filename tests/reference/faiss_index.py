"""FAISS's IndexPQ over siftsmall with codebooks that tests/baseline.rs makes in the same way: what it must agree with.

    python3 tests/reference/faiss_index.py ../shared/data/sift/siftsmall

2,000 base vectors, 100 queries; codeword k of every stage is that part of base vector 2000 + 31·k. All coordinates are whole
numbers, so that distances are exact and equal ones are equal. Prints the SHA-256 of the codes (uint8, N × M) and of the
distances to the 100 nearest codes (float32, little-endian), and recall@1, 10, 100 against the exact nearest of the 2,000.
"""

import hashlib
import sys
from pathlib import Path

import faiss
import numpy as np


def read_fvecs(path: Path) -> np.ndarray:
    raw = np.fromfile(path, "<f4")
    width = int(raw[:1].view("<i4")[0])
    return np.ascontiguousarray(raw.reshape(-1, width + 1)[:, 1:])


folder = Path(sys.argv[1])
vectors = read_fvecs(folder / "siftsmall_base.fvecs")
queries = read_fvecs(folder / "siftsmall_query.fvecs")
base = vectors[:2000]
words = vectors[2000 + 31 * np.arange(256)]
index = faiss.IndexPQ(128, 8, 8)
faiss.copy_array_to_vector(words.reshape(256, 8, 16).transpose(1, 0, 2).ravel(), index.pq.centroids)
index.is_trained = True
index.add(base)
distances, ids = index.search(queries, 100)
nearest = faiss.knn(queries, base, 1)[1]
codes = index.pq.compute_codes(base)
print("codes", hashlib.sha256(codes.tobytes()).hexdigest())
print("distances", hashlib.sha256(np.sort(distances, 1).astype("<f4").tobytes()).hexdigest())
print("recall", *[float((ids[:, :t] == nearest).any(1).mean()) for t in (1, 10, 100)])
