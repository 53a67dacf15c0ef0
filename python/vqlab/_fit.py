"""Training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from . import _arguments, _arrays, _native
from ._codebooks import Codebooks
from ._progress import Progress, reporting


@dataclass(frozen=True)
class FitReport:
    """What a fit measured. Errors are mean squared errors per coordinate."""

    method: str
    dim: int
    stages: int
    bits: int
    trainer: str
    seed: int
    #: Vectors that were given, and those of the sample that were used.
    vectors: int
    training_vectors: int
    validation_vectors: int
    #: Mean variance of the coordinates of the training vectors.
    variance: float
    training_mse: float
    #: None without validation vectors. With `refitted`, the error of the codebooks before the final training.
    validation_mse: float | None
    #: Whether the codebooks were trained again on all vectors, training and validation.
    refitted: bool
    #: Iterations of k-means, or updates of NSVQ.
    iterations: int
    seconds: float
    #: "converged" (the validation error no longer fell), "budget" or "updates" (all were done).
    ended: str
    #: (iterations, validation error) during the training.
    curve: list[tuple[int, float]] = field(repr=False)

    @property
    def training_db(self) -> float:
        """The training error relative to the variance, in dB."""
        return _decibel(self.training_mse, self.variance)

    @property
    def validation_db(self) -> float | None:
        """The validation error relative to the variance, in dB."""
        return None if self.validation_mse is None else _decibel(self.validation_mse, self.variance)


def _decibel(error: float, variance: float) -> float:
    return 10 * math.log10(error / variance) if error > 0 and variance > 0 else math.nan


def fit(
    x: ArrayLike,
    method: str = "rvq",
    stages: int = 8,
    bits: int = 8,
    *,
    trainer: str = "kmeans",
    seed: int = 1,
    validation: float = 0.1,
    budget: float | None = None,
    threads: int | None = None,
    progress: Progress = True,
    sample: int = 100_000,
    beam_width: int | None = None,
    training_beam_width: int | None = None,
    updates: int | None = None,
    refit: bool | None = None,
) -> Codebooks:
    """Trains codebooks. The same arguments give the same codebooks, for any number of threads, as does `vqlab fit`.

    Args:
        x: Vectors, n × D. Only those of the sample are read.
        method: "avq", "rvq", "pvq", "opq", "lsq", or the name of a registered method.
        stages: Number of codebooks, M.
        bits: Bits a codebook: K = 2**bits codewords.
        trainer: "kmeans" for all methods; "nsvq" (stochastic optimization) for AVQ, RVQ and PVQ.
        seed: Seed of the random numbers.
        validation: Share of the sample that is kept for validation. 0 trains on all vectors, without early stopping.
        budget: Time limit in seconds. With a budget, the result depends on the speed of the machine.
        threads: Threads (default: all cores).
        progress: True for a progress bar, or a callable (share, text).
        sample: The largest number of vectors to use, chosen at random.
        beam_width: AVQ's beam width (default: 16).
        training_beam_width: AVQ's beam width in training (default: 4).
        updates: Updates of NSVQ or iterations of k-means (default: depends on the data and the method).
        refit: Train again on all vectors of the sample, with the number of iterations that validation found (default: for
            "kmeans").

    >>> import numpy as np, vqlab
    >>> x = np.random.default_rng(1).normal(size=(2000, 16)).astype(np.float32)
    >>> books = vqlab.fit(x, method="rvq", stages=2, bits=4, progress=False)
    >>> books.report.training_vectors, books.report.validation_mse < books.report.variance
    (1800, True)
    >>> codes = books.encode(x)
    >>> codes.shape, codes.dtype
    ((2000, 2), dtype('uint8'))
    >>> bool(np.isclose(((x - books.decode(codes)) ** 2).mean(), books.mse(x)))
    True
    """
    array = _arrays.matrix(x, "x")
    count = len(array)
    seed, sample = _arguments.whole(seed, "seed"), _arguments.whole(sample, "sample", least=1)
    validation = _arguments.real(validation, "validation")
    asked = {
        "method": _arguments.text(method, "method"),
        "stages": _arguments.whole(stages, "stages"),
        "bits": _arguments.whole(bits, "bits", most=2**31),
        "trainer": _arguments.text(trainer, "trainer"),
        "beam_width": _arguments.whole_or_none(beam_width, "beam_width"),
        "training_beam_width": _arguments.whole_or_none(training_beam_width, "training_beam_width"),
        "budget": _arguments.real_or_none(budget, "budget"),
        "updates": _arguments.whole_or_none(updates, "updates"),
        "refit": None if refit is None else bool(refit),
        "seed": seed,
        "sample": sample,
        "validation": validation,
    }
    threads = _arguments.threads(threads)
    if not _arrays.is_direct(array):
        # Only the rows of the sample are converted.
        array = _arrays.floats(array[_native.choose_rows(count, sample, validation, seed)])
    with reporting(progress, f"fit {method.upper()}") as report:
        books, measured = _native.fit(array, count, asked, threads, report)
    return Codebooks(books, FitReport(**measured))
