"""A transformer for scikit-learn: vectors to codes and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ._arrays import Codes
from ._codebooks import Codebooks
from ._fit import fit

__all__ = ["VectorQuantizer"]


class VectorQuantizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encodes vectors as codes: `transform` gives n × M codes, `inverse_transform` the vectors they stand for.

    The parameters are those of :func:`vqlab.fit`; `random_state` is its seed.

    Attributes:
        codebooks_: The trained :class:`vqlab.Codebooks`.
        n_features_in_: D.

    >>> from sklearn.datasets import load_digits
    >>> from vqlab.sklearn import VectorQuantizer
    >>> x, _ = load_digits(return_X_y=True)
    >>> quantizer = VectorQuantizer(method="pvq", stages=8, bits=4).fit(x)
    >>> codes = quantizer.transform(x)
    >>> codes.shape, codes.dtype
    ((1797, 8), dtype('uint8'))
    >>> quantizer.inverse_transform(codes).shape
    (1797, 64)
    """

    def __init__(
        self,
        method: str = "rvq",
        stages: int = 4,
        bits: int = 4,
        *,
        trainer: str = "kmeans",
        validation: float = 0.1,
        sample: int = 100_000,
        budget: float | None = None,
        beam_width: int | None = None,
        updates: int | None = None,
        n_jobs: int | None = None,
        random_state: int = 1,
    ) -> None:
        self.method = method
        self.stages = stages
        self.bits = bits
        self.trainer = trainer
        self.validation = validation
        self.sample = sample
        self.budget = budget
        self.beam_width = beam_width
        self.updates = updates
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> VectorQuantizer:
        """Trains codebooks on X (n × D)."""
        x = validate_data(self, X, dtype=[np.float32, np.float64], order="C")
        if len(x) < 1 << self.bits:
            raise ValueError(
                f"n_samples={len(x)} is less than the {1 << self.bits} codewords of a codebook; use fewer bits"
            )
        # With few vectors all of them are needed for the codewords.
        spare = len(x) - (1 << self.bits)
        validation = self.validation if round(self.validation * len(x)) <= spare else 0.0
        self.codebooks_: Codebooks = fit(
            x,
            self.method,
            self.stages,
            self.bits,
            trainer=self.trainer,
            seed=self.random_state,
            validation=validation if spare > 0 else 0.0,
            budget=self.budget,
            threads=self._threads(),
            progress=False,
            sample=self.sample,
            beam_width=self.beam_width,
            updates=self.updates,
        )
        self._n_features_out = self.stages
        return self

    def transform(self, X: ArrayLike) -> Codes:
        """Codes of X: n × M."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=[np.float32, np.float64], order="C", reset=False)
        return self.codebooks_.encode(x, threads=self._threads())

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Vectors of codes (n × M): n × D."""
        check_is_fitted(self)
        codes = check_array(X, dtype=None)
        return self.codebooks_.decode(codes.astype(np.int64), threads=self._threads())

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The negative mean squared error per coordinate, for model selection: higher is better."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=[np.float32, np.float64], order="C", reset=False)
        return -self.codebooks_.mse(x, threads=self._threads())

    def _threads(self) -> int | None:
        return None if self.n_jobs is None or self.n_jobs < 1 else self.n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Codes are integers, whatever the type of the vectors.
        tags.transformer_tags.preserves_dtype = []
        return tags
