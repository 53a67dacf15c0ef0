"""The recommendation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from conftest import METHODS, correlated

import vqlab


@pytest.fixture(scope="module")
def result() -> vqlab.Recommendation:
    x = correlated(1500, 8)
    return vqlab.recommend(x, bits=[8, 12], queries=correlated(40, 8, seed=5), updates=100, progress=False)


def test_the_choice_is_the_cheapest_of_the_best(result):
    best = result.best
    assert best.chosen and best.total_bits == 8 and best.stages * best.bits == 8
    own = [c for c in result.candidates if c.total_bits == 8]
    assert {c.method for c in own} == set(METHODS)
    lowest = min(own, key=lambda c: c.mse)
    equal = [c for c in own if c.equal_to_best]
    assert lowest in equal and best in equal
    assert best.wmops == min(c.wmops for c in equal)
    assert result.choices[1].bits == 12
    assert result.candidates[result.choices[1].chosen].mse < best.mse


def test_the_front_has_no_candidate_that_another_beats(result):
    for c in result.front:
        others = [o for o in result.candidates if o.total_bits == c.total_bits and o is not c]
        assert not any(o.mse < c.mse and o.wmops < c.wmops for o in others)
    of_rate = [c for c in result.front if c.total_bits == 8]
    assert [c.wmops for c in of_rate] == sorted(c.wmops for c in of_rate)


def test_the_table_is_one_for_pandas(result):
    table = result.table
    assert all(isinstance(column, np.ndarray) and len(column) == len(result.candidates) for column in table.values())
    assert {"recall@1", "recall@10", "recall@100"} <= set(table)
    assert (table["recall@1"] <= table["recall@100"]).all()
    assert np.isnan(table["wmops_published"][table["method"] == "lsq"]).all()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table)
    assert frame.loc[frame.chosen, "label"].iloc[0] == result.best.label


def test_the_words_name_the_choice(result):
    assert result.reason.startswith(f"For 8 bits per vector, use {result.best.label}")
    text = repr(result)
    assert "use this" in text and "For 12 bits per vector" in text and result.best.label in text
    page = result._repr_html_()
    assert page.count("<table>") == 2 and "use this" in page and result.best.label in page
    assert pickle.loads(pickle.dumps(result)).best == result.best


def test_the_plot_shows_every_candidate(result):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    assert "data:image/png;base64," in result._repr_html_()
    for cost in ("wmops", "ms_per_vector", "codebook_bytes"):
        axes = result.plot(cost, bits=12)
        points = sum(len(dots.get_offsets()) for dots in axes.collections) - 1  # and the ring
        assert points == sum(c.total_bits == 12 for c in result.candidates)
        assert axes.get_title() == "12 bits per vector"
        matplotlib.pyplot.close("all")
    with pytest.raises(ValueError, match="unknown cost"):
        result.plot("price")
    with pytest.raises(ValueError, match="bits=9 was not requested"):
        result.plot(bits=9)


def test_the_best_is_fitted_in_full(result):
    x = correlated(1500, 8)
    books = result.best.fit(x, progress=False)
    assert (books.method, books.stages, books.size) == (result.best.method, result.best.stages, 2**result.best.bits)
    assert books.mse(x) < 1.2 * result.best.mse


def test_limits(result):
    x = correlated(1500, 8)
    cheapest = min(c.wmops for c in result.candidates if c.total_bits == 8)
    limited = vqlab.recommend(x, bits=8, max_wmops=cheapest, updates=20, progress=False)
    assert limited.best.wmops == cheapest
    assert all(c.allowed == (c.wmops <= cheapest) for c in limited.candidates)
    nothing = vqlab.recommend(x, bits=8, max_codebook_bytes=1, updates=20, progress=False)
    assert nothing.best is None and "no quantizer is within the limits" in nothing.reason
    assert "over a limit" in repr(nothing) and "no quantizer" in nothing._repr_html_()


def test_types_do_not_matter(result):
    x = correlated(1500, 8)
    again = vqlab.recommend(np.asfortranarray(x.astype(np.float64)), bits=[8, 12], updates=100, threads=1, progress=False)
    np.testing.assert_array_equal(again.table["mse"], result.table["mse"])


def test_progress_has_words():
    calls = []
    vqlab.recommend(correlated(600, 4), bits=4, updates=50, progress=lambda share, text: calls.append((share, text)))
    assert any("MSE" in text for _, text in calls) and calls[-1][0] <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bits": 67}, "66 and 68"),
        ({"bits": []}, "bits is empty"),
        ({"bits": 8, "budget": -1}, "budget=-1"),
        ({"bits": 8, "sample": 5}, "sample has|at least"),
        ({"bits": 8, "threads": 0}, "threads=0"),
        ({"bits": 8, "queries": np.zeros((3, 5))}, "queries: axis 1 has length 5"),
        ({"bits": 8, "queries": np.full((3, 8), np.nan)}, "queries: row 0, column 0 holds NaN"),
    ],
)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vqlab.recommend(correlated(300, 8), progress=False, **arguments)
