"""Training."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import METHODS, correlated

import vqlab


@pytest.mark.parametrize("method", METHODS)
def test_every_method_beats_its_start_and_reports_it(method, x):
    books = vqlab.fit(x, method, stages=2, bits=4, progress=False)
    report = books.report
    assert (report.method, report.dim, report.stages, report.bits) == (method, 8, 2, 4)
    assert (report.vectors, report.training_vectors, report.validation_vectors) == (2000, 1800, 200)
    assert 0 < report.training_mse < report.variance and report.validation_mse < report.variance
    assert report.variance == pytest.approx(x.astype(np.float64).var(axis=0).mean(), rel=0.05)
    assert report.training_db < -5 and report.validation_db < -5
    assert report.ended in ("converged", "updates") and report.iterations > 0 and report.seconds > 0
    # The codebooks are trained on all of x in the end.
    assert books.mse(x) == pytest.approx(report.training_mse, rel=0.01)


def test_nsvq_improves_rvq(x):
    kmeans = vqlab.fit(x, "rvq", 2, 4, refit=False, progress=False).report
    nsvq = vqlab.fit(x, "rvq", 2, 4, trainer="nsvq", updates=500, progress=False).report
    assert nsvq.trainer == "nsvq" and len(nsvq.curve) > 1
    assert nsvq.validation_mse < 1.02 * kmeans.validation_mse


def test_the_result_depends_on_the_seed_alone(x):
    def values(**arguments):
        return vqlab.fit(x, "pvq", 2, 4, progress=False, **arguments).codebooks

    np.testing.assert_array_equal(values(), values(threads=1))
    np.testing.assert_array_equal(values(), vqlab.fit(x.astype(np.float64), "pvq", 2, 4, progress=False).codebooks)
    assert (values() != values(seed=2)).any()


def test_k_means_is_as_good_as_that_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    x = correlated(3000, 8)
    ours = vqlab.fit(x, "rvq", stages=1, bits=5, validation=0, progress=False)
    theirs = cluster.KMeans(32, n_init=3, random_state=1).fit(x)
    assert ours.mse(x) < 1.03 * theirs.inertia_ / x.size


def test_a_budget_ends_the_training():
    x = correlated(20_000, 32)
    books = vqlab.fit(x, "lsq", 4, 6, budget=0.5, progress=False)
    assert books.report.ended == "budget" and books.report.seconds < 10


def test_progress_reaches_a_callable():
    calls = []
    vqlab.fit(correlated(20_000, 32), "rvq", 4, 8, progress=lambda share, text: calls.append(share))
    assert len(calls) > 1 and calls == sorted(calls) and 0 <= calls[0] and calls[-1] <= 1


def test_an_error_of_progress_ends_the_training():
    def fails(share, text):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        vqlab.fit(correlated(20_000, 32), "rvq", 4, 8, progress=fails)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "nope"}, "unknown method"),
        ({"trainer": "nope"}, "unknown trainer"),
        ({"bits": 17}, "17 bits per stage"),
        ({"bits": 0}, "0 bits per stage"),
        ({"stages": 0}, "at least 1"),
        ({"method": "pvq", "stages": 3}, "D = 8 is not divisible by M = 3"),
        ({"method": "lsq", "trainer": "nsvq"}, "NSVQ cannot train LSQ"),
        ({"bits": 12}, "at least 4096 are needed"),
        ({"validation": 1.5}, "validation share"),
        ({"updates": 0}, "0 updates"),
        ({"budget": -1}, "budget=-1"),
        ({"threads": 0}, "threads=0"),
        ({"method": "rvq", "beam_width": 3}, "beam width of 3"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, x):
    with pytest.raises(ValueError, match=message):
        vqlab.fit(x, **({"stages": 2, "bits": 2, "progress": False} | arguments))


def test_numbers_of_another_kind_are_type_errors(x):
    for arguments in ({"stages": -1}, {"bits": "8"}, {"seed": None}):
        with pytest.raises((TypeError, OverflowError, ValueError)):
            vqlab.fit(x, progress=False, **arguments)
