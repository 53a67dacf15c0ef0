"""Codes of FAISS with codebooks of vqlab, by the snippet of docs/faiss.md, which is run from there.

    python3 tests/reference/faiss_codes.py BOOKS.safetensors VECTORS.npy CODES.npy

Prints the share of vectors whose codes equal those of CODES.npy, and, of the others, the largest relative difference of the
squared errors. Ends with status 77 where faiss or numpy is not installed.
"""

import re
import sys
from pathlib import Path

try:
    import faiss  # noqa: F401
    import numpy as np
except ImportError as error:
    print(error)
    sys.exit(77)

page = (Path(__file__).parents[2] / "docs" / "faiss.md").read_text()
exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])

books, vectors, ours = sys.argv[1], np.load(sys.argv[2]), np.load(sys.argv[3]).astype(int)
quantizer = load(books)  # noqa: F821
theirs = codes(quantizer, vectors)  # noqa: F821
equal = (theirs == ours).all(1)
words = read(books)[1]["codebooks"].astype(float)  # noqa: F821


def errors(codes):
    chosen = [words[m, codes[:, m]] for m in range(len(words))]
    decoded = np.sum(chosen, 0) if words.shape[2] == vectors.shape[1] else np.concatenate(chosen, 1)
    return ((vectors - decoded) ** 2).sum(1)


gap = np.abs(errors(theirs) - errors(ours)) / errors(ours)
print(equal.mean(), gap[~equal].max(initial=0.0))
