"""Vector quantization: training, encoding, search and recommendation of AVQ, RVQ, PVQ, OPQ and LSQ.

>>> import numpy as np, vqlab
>>> x = np.random.default_rng(1).normal(size=(1000, 16)).astype(np.float32)
>>> books = vqlab.fit(x, method="pvq", stages=4, bits=4, progress=False)
>>> codes = books.encode(x)                       # (1000, 4) uint8
>>> index = vqlab.Index(books, codes)
>>> distances, ids = index.search(x[:5], k=10)    # float32, int64
>>> _, truth = vqlab.exact_neighbors(x, x[:5])
>>> vqlab.recall(truth, ids, at=10) > 0.5
True

`vqlab.sklearn` has a transformer for scikit-learn, `vqlab.torch` the NSVQ layer for PyTorch; import them by name.
"""

from __future__ import annotations

from ._codebooks import Codebooks
from ._complexity import Complexity, complexity
from ._fit import FitReport, fit
from ._index import Index, exact_neighbors, recall
from ._native import __version__, cpu_level
from ._recommend import Candidate, Choice, Recommendation, recommend
from ._register import register, unregister

__all__ = [
    "Candidate",
    "Choice",
    "Codebooks",
    "Complexity",
    "FitReport",
    "Index",
    "Recommendation",
    "__version__",
    "complexity",
    "cpu_level",
    "exact_neighbors",
    "fit",
    "recall",
    "recommend",
    "register",
    "unregister",
]
