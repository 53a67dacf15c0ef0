"""The recommendation of a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _arrays, _native, _register
from ._codebooks import Codebooks
from ._fit import fit
from ._progress import Progress, reporting

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Candidate:
    """A quantizer that was fitted and measured."""

    #: Such as "AVQ 8 × 8, beam 16": stages × bits per stage.
    label: str
    method: str
    #: Bits of a whole code.
    total_bits: int
    stages: int
    #: Bits a stage.
    bits: int
    beam_width: int
    search: str | None
    trainer: str
    #: Mean squared error per coordinate of the held-out vectors, and its standard error over vectors.
    mse: float
    standard_error: float
    #: Recall at each value of `Recommendation.recall_at`; None without queries.
    recall: list[float] | None
    #: Operations of encoding one vector (WMOPS): all stages counted; as published; with look-ups.
    wmops: float
    wmops_published: float | None
    wmops_lookup: float | None
    #: Milliseconds of encoding one vector on one thread of this machine.
    ms_per_vector: float
    codebook_bytes: int
    fit_seconds: float
    fit_ended: str
    #: Whether it is within the limits.
    allowed: bool
    #: Whether no other candidate of the same bitrate has both a lower error and a lower cost.
    on_front_wmops: bool
    on_front_ms: bool
    on_front_bytes: bool
    #: Whether its error can't be distinguished from the lowest one.
    equal_to_best: bool
    #: Whether it is the recommended one.
    chosen: bool

    def fit(self, x: ArrayLike, **arguments: Any) -> Codebooks:
        """Trains this quantizer in full: :func:`vqlab.fit` with its method, shape, trainer and beam width."""
        own: dict[str, Any] = {"method": self.method, "stages": self.stages, "bits": self.bits, "trainer": self.trainer}
        if self.search is not None:
            own["beam_width"] = self.beam_width
        return fit(x, **(own | arguments))


@dataclass(frozen=True)
class Choice:
    """The choice at one bitrate. Candidates are indices into `Recommendation.candidates`."""

    bits: int
    #: The recommendation in words, as `vqlab recommend` prints it.
    reason: str
    #: None where no candidate is within the limits.
    chosen: int | None
    #: The allowed candidate with the lowest error.
    best: int | None
    #: Candidates whose error can't be distinguished from the lowest one; `chosen` is the cheapest of them.
    equal: list[int]
    #: Standard errors within which two errors count as equal.
    within: float
    #: (candidate, difference of the errors, its standard error): the next one that is not equal; one that is much cheaper
    #: with at most 10 % more error; one that the limits exclude and that is better.
    next: tuple[int, float, float] | None
    cheaper: tuple[int, float, float] | None
    forbidden: tuple[int, float, float] | None
    #: Errors for reference: bounds of rate-distortion theory, and scalar quantization at the same rate.
    gaussian_bound: float | None
    white_bound: float | None
    scalar_mse: float | None
    scalar_mse_principal_axes: float | None


@dataclass(frozen=True, repr=False)
class Recommendation:
    """What :func:`recommend` found. In a notebook it shows itself as a table with a plot."""

    candidates: list[Candidate]
    choices: list[Choice]
    #: Shapes without a fit, with the reason.
    left_out: list[tuple[str, str]]
    dim: int
    #: Vectors that were given, and those of the sample in its three parts.
    vectors: int
    training_vectors: int
    validation_vectors: int
    held_out_vectors: int
    #: Number of queries, and of the vectors among which their neighbors are searched.
    queries: tuple[int, int] | None
    #: Mean variance of the coordinates.
    variance: float
    #: 1 for uncorrelated coordinates of equal variance, near 0 for correlated ones.
    spectral_flatness: float | None
    seconds: float
    recall_at: list[int] = field(default_factory=list)

    @property
    def best(self) -> Candidate | None:
        """The recommended quantizer at the first bitrate: the cheapest of those whose error can't be distinguished from the
        lowest. None where none is within the limits."""
        chosen = self.choices[0].chosen
        return None if chosen is None else self.candidates[chosen]

    @property
    def front(self) -> list[Candidate]:
        """The Pareto front of error and operations of each bitrate, cheapest first."""
        return sorted((c for c in self.candidates if c.on_front_wmops), key=lambda c: (c.total_bits, c.wmops))

    @property
    def table(self) -> dict[str, NDArray[Any]]:
        """All candidates as a dictionary of arrays, for `pandas.DataFrame(result.table)`. Missing numbers are NaN."""
        names = [name for name in Candidate.__dataclass_fields__ if name != "recall"]
        columns = {name: _column([getattr(c, name) for c in self.candidates]) for name in names}
        if self.queries is not None:
            for place, at in enumerate(self.recall_at):
                of = [None if c.recall is None or place >= len(c.recall) else c.recall[place] for c in self.candidates]
                columns[f"recall@{at}"] = _column(of)
        return columns

    @property
    def reason(self) -> str:
        """The recommendation at the first bitrate in words."""
        return self.choices[0].reason

    def plot(self, cost: str = "wmops", *, bits: int | None = None, ax: Axes | None = None) -> Axes:
        """Draws the error over the cost of encoding, with matplotlib.

        Args:
            cost: "wmops", "ms_per_vector" or "codebook_bytes".
            bits: One of the requested bitrates (default: the first).
            ax: Where to draw (default: new axes).
        """
        from ._plot import plot

        return plot(self, cost, bits, ax)

    def __repr__(self) -> str:
        from ._words import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self)


def _column(values: list[Any]) -> NDArray[Any]:
    if any(value is None for value in values) and not any(isinstance(value, str) for value in values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    return np.array(["" if value is None else value for value in values])


def recommend(
    x: ArrayLike,
    bits: int | Sequence[int] = 64,
    *,
    queries: ArrayLike | None = None,
    max_wmops: float | None = None,
    max_ms_per_vector: float | None = None,
    max_codebook_bytes: int | None = None,
    budget: float = 60.0,
    sample: int | None = None,
    updates: int | None = None,
    threads: int | None = None,
    seed: int = 1,
    methods: Sequence[str] | None = None,
    progress: Progress = True,
) -> Recommendation:
    """Recommends a method and shape for vectors at a bitrate.

    It fits AVQ, RVQ, PVQ, OPQ, LSQ and registered methods to a sample, in the shapes that divide the bits, and measures
    them on held-out vectors. Among those within the limits it chooses the one with the lowest error; of several that can't
    be distinguished, the cheapest.

    Args:
        x: Vectors, n × D. Only those of the sample are read.
        bits: Bits of a whole code; several values give a choice each.
        queries: Queries, of which the first 1,000 measure recall.
        max_wmops: Limit for the operations of encoding one vector (WMOPS, all stages counted).
        max_ms_per_vector: Limit for the milliseconds of encoding one vector on one thread.
        max_codebook_bytes: Limit for the bytes of the codebooks.
        budget: Time limit in seconds for everything. A longer one gives better fits.
        sample: The largest number of vectors to use, chosen at random (default: 50,000, and fewer above 128 dimensions, so
            that as many methods can be fitted within the budget).
        updates: This many updates of NSVQ and all iterations of k-means instead of a share of the budget, so that every run
            gives the same errors.
        threads: Threads, one fit each (default: all cores).
        seed: Seed of the sample and the fits.
        methods: The methods to try (default: all).
        progress: True for a progress bar, or a callable (share, text).

    >>> import numpy as np, vqlab
    >>> x = np.random.default_rng(1).normal(size=(1000, 8)).astype(np.float32)
    >>> result = vqlab.recommend(x, bits=8, budget=5, progress=False)
    >>> result.best.total_bits
    8
    >>> books = result.best.fit(x, progress=False)
    >>> books.encode(x).shape == (1000, result.best.stages)
    True
    """
    array = _arrays.matrix(x, "x")
    if isinstance(bits, (str, bytes)):
        raise TypeError(f"bits={bits!r} is not a whole number")
    rates = [bits] if np.ndim(bits) == 0 else list(bits)  # type: ignore[arg-type]
    if not rates:
        raise ValueError("bits is empty; give at least 1 bitrate")
    asked = {
        "bits": list(dict.fromkeys(_arguments.whole(rate, "bits", most=2**31) for rate in rates)),
        "max_wmops": _arguments.real_or_none(max_wmops, "max_wmops"),
        "max_ms_per_vector": _arguments.real_or_none(max_ms_per_vector, "max_ms_per_vector"),
        "max_codebook_bytes": _arguments.whole_or_none(max_codebook_bytes, "max_codebook_bytes"),
        "sample": _sample(array.shape[1]) if sample is None else _arguments.whole(sample, "sample", least=1),
        "budget": _arguments.real(budget, "budget"),
        "updates": _arguments.whole_or_none(updates, "updates"),
        "seed": _arguments.whole(seed, "seed"),
        "methods": _register.methods() if methods is None else _names(methods),
    }
    threads = _arguments.threads(threads)
    if not asked["methods"]:
        raise ValueError("methods is empty; give at least 1 method, or None for all")
    count = len(array)
    rows = _native.choose_sample(count, array.shape[1], asked, threads)
    if not _arrays.is_direct(array):
        # Only the rows of the sample are converted.
        array = _arrays.floats(array[rows])
    wanted = None
    if queries is not None:
        wanted = _arrays.floats(_arrays.matrix(queries, "queries", array.shape[1])[:1000])
        if len(wanted) == 0:
            raise ValueError("queries: axis 0 has length 0; recall needs at least 1 query")
    with reporting(progress, "recommend") as report:
        found = _native.recommend(array, count, wanted, asked, threads, report)
    candidates = [Candidate(**_with_own_decoder(candidate)) for candidate in found.pop("candidates")]
    choices = [Choice(**choice) for choice in found.pop("choices")]
    return Recommendation(candidates, choices, **found)


def _names(methods: Sequence[str]) -> list[str]:
    if isinstance(methods, str):
        raise TypeError(f"methods={methods!r} is not a list; write methods=[{methods!r}]")
    return [_arguments.text(method, "methods") for method in methods]


def _sample(dim: int) -> int:
    """As many numbers as 50,000 vectors of 128 dimensions; enough vectors for a tenth to tell errors apart."""
    return max(5_000, min(50_000, 50_000 * 128 // dim))


def _with_own_decoder(candidate: dict[str, Any]) -> dict[str, Any]:
    """Recall is that of an index, which a method with a decoder of its own does not have."""
    if _register.decoder(candidate["method"]) is not None:
        candidate["recall"] = None
    return candidate
