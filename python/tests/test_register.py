"""Methods written in Python."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from conftest import correlated

import vqlab


@pytest.fixture(autouse=True)
def unregistered():
    """Methods stay for the life of the process; other tests must not try them."""
    yield
    for name in vqlab._register.methods()[5:]:
        vqlab.unregister(name)


def lloyd(x, stages, size, *, iterations, seed):
    """Plain k-means of NumPy, stage after stage."""
    rng, left, books = np.random.default_rng(seed), x.astype(np.float64), []
    for _ in range(stages):
        words = left[rng.choice(len(left), size, replace=False)]
        for _ in range(iterations):
            nearest = ((left[:, None] - words) ** 2).sum(-1).argmin(1)
            words = np.stack([left[nearest == k].mean(0) if (nearest == k).any() else words[k] for k in range(size)])
        left = left - words[((left[:, None] - words) ** 2).sum(-1).argmin(1)]
        books.append(words)
    return np.stack(books)


def greedy(codebooks, x):
    left, codes = x.copy(), []
    for words in codebooks:
        codes.append(((left[:, None] - words) ** 2).sum(-1).argmin(1))
        left = left - words[codes[-1]]
    return np.stack(codes, 1)


def operations(dim, stages, size):
    return 2 * stages * size * dim, stages * size * dim, stages, 0


def scaled(codebooks, codes):
    """A decoder that is no sum: twice the sum."""
    return 2 * codebooks[np.arange(len(codebooks)), codes].sum(1)


def test_it_takes_part_in_a_recommendation():
    vqlab.register("py-rvq", train=lloyd, encode=greedy, operations=operations, max_stages=4)
    x = correlated(800, 4)
    result = vqlab.recommend(x, bits=8, updates=50, queries=x[:20], progress=False)
    mine = {c.stages: c for c in result.candidates if c.method == "py-rvq"}
    built_in = {c.stages: c for c in result.candidates if c.method == "rvq"}
    assert set(mine) == {1, 2, 4}
    for stages in (2, 4):
        assert mine[stages].mse < 1.6 * built_in[stages].mse and mine[stages].trainer == "kmeans"
        assert 0 <= mine[stages].recall[0] <= 1
    counted = vqlab.complexity("py-rvq", dim=4, stages=2, codebook_size=16)
    assert (counted.additions, counted.multiplications, counted.moves) == operations(4, 2, 16)[:3]


def test_it_encodes_like_a_built_in_method():
    vqlab.register("py-same", train=lloyd, encode=greedy, operations=operations)
    x = correlated(800, 4)
    books = vqlab.fit(x, "py-same", 2, 3, updates=5, refit=False, progress=False)
    same = vqlab.Codebooks.from_numpy(books.codebooks, method="rvq")
    np.testing.assert_array_equal(books.encode(x), same.encode(x))
    np.testing.assert_allclose(books.decode(books.encode(x)), same.decode(same.encode(x)))
    assert books.mse(x) == pytest.approx(same.mse(x), rel=1e-6)


def test_a_decoder_of_its_own():
    def encode(codebooks, x):
        return greedy(codebooks, x / 2)

    def train(x, *shape, **rest):
        return lloyd(x / 2, *shape, **rest)

    vqlab.register("py-scaled", train=train, encode=encode, decode=scaled, operations=operations, max_stages=2)
    x = correlated(800, 4)
    books = vqlab.fit(x, "py-scaled", 2, 3, updates=5, progress=False)
    decoded = books.decode(books.encode(x))
    np.testing.assert_array_equal(decoded, scaled(books.codebooks, books.encode(x)))
    assert books.mse(x) == pytest.approx(((x - decoded) ** 2).mean(), rel=1e-4)
    assert books.mse(x) < 0.5 * x.var(axis=0).mean()
    with pytest.raises(ValueError, match="decoder of its own"):
        vqlab.Index(books, books.encode(x))
    result = vqlab.recommend(x, bits=4, updates=20, queries=x[:5], progress=False)
    assert all((c.recall is None) == (c.method == "py-scaled") for c in result.candidates)


@pytest.mark.parametrize("broken", ["train", "encode", "operations"])
def test_an_exception_is_that_of_the_function(broken):
    functions = {"train": lloyd, "encode": greedy, "operations": operations}
    x = correlated(400, 4)

    def fails(*arguments, **rest):
        raise LookupError(f"no {broken}")

    vqlab.register("py-fails", **(functions | {broken: fails}))
    with pytest.raises(LookupError, match=f"no {broken}"):
        vqlab.recommend(x, bits=4, updates=20, progress=False)
    if broken != "operations":
        with pytest.raises(LookupError, match=f"no {broken}"):
            vqlab.fit(x, "py-fails", 1, 2, progress=False)
    # The next call is not affected.
    assert vqlab.fit(x, "rvq", 1, 2, progress=False).dim == 4


@pytest.mark.parametrize("row", [5, 99_999])
def test_a_method_that_calls_vqlab_keeps_its_exception(row):
    inner = vqlab.Codebooks.from_numpy(correlated(16, 4)[None], method="rvq")

    def encode(codebooks, x):
        if (x[:, 0] > 900).any():
            raise LookupError("a value above 900")
        return inner.encode(x, threads=1)

    vqlab.register("py-wraps", train=lloyd, encode=encode, operations=operations, max_stages=1)
    books = vqlab.Codebooks.from_numpy(inner.codebooks, method="py-wraps")
    x = np.random.default_rng(0).standard_normal((100_000, 4)).astype(np.float32)
    np.testing.assert_array_equal(books.encode(x), inner.encode(x))
    x[row, 0] = 1000
    with pytest.raises(LookupError, match="above 900"):
        books.encode(x, threads=1)


def test_other_threads_do_not_take_an_exception():
    started, calls = threading.Event(), []

    def encode(codebooks, x):
        calls.append(len(x))
        started.set()
        if len(calls) == 1:
            raise LookupError("the first chunk")
        time.sleep(0.02)
        return np.zeros((len(x), 1), int)

    vqlab.register("py-quits", train=lloyd, encode=encode, operations=operations, max_stages=1)
    mine = vqlab.Codebooks.from_numpy(np.eye(4)[None], method="py-quits")
    other = vqlab.Codebooks.from_numpy(np.eye(4)[None], method="rvq")
    x = np.random.default_rng(0).standard_normal((40_000, 4)).astype(np.float32)
    outcome = []

    def work():
        try:
            outcome.append(mine.encode(x, threads=1).shape)
        except LookupError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    while thread.is_alive():
        other.encode(x[:10])
        time.sleep(0.001)  # the other thread needs the GIL
    thread.join()
    assert outcome == ["the first chunk"]


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("train", lambda x, m, k, **rest: np.zeros((m, k, 3)), "train returned shape"),
        ("train", lambda x, m, k, **rest: np.full((m, k, 4), np.nan), "NaN"),
        ("encode", lambda books, x: np.zeros(len(x), int), "encode returned int64 of shape"),
        ("encode", lambda books, x: np.full((len(x), len(books)), 99), "codes from 99 to 99"),
        ("decode", lambda books, codes: np.zeros((len(codes), 3)), "decode returned shape"),
    ],
)
def test_wrong_results_are_named(name, wrong, message):
    functions = {"train": lloyd, "encode": greedy, "operations": operations}
    label = "py-wrong-decode" if name == "decode" else "py-wrong"
    vqlab.register(label, **(functions | {name: wrong}))
    with pytest.raises(ValueError, match=message):
        vqlab.fit(correlated(400, 4), label, 1, 2, progress=False)


def test_methods_are_chosen_and_unregistered():
    vqlab.register("py-choice", train=lloyd, encode=greedy, operations=operations, max_stages=1)
    x = correlated(400, 4)
    arguments = {"bits": 4, "updates": 20, "progress": False}
    chosen = vqlab.recommend(x, methods=["py-choice", "pvq"], **arguments)
    assert {c.method for c in chosen.candidates} == {"py-choice", "pvq"}
    vqlab.unregister("py-choice")
    assert "py-choice" not in vqlab.recommend(x, **arguments).table["method"]
    with pytest.raises(ValueError, match="not registered"):
        vqlab.unregister("py-choice")
    with pytest.raises(ValueError, match="unknown method"):
        vqlab.recommend(x, methods=["nope"], **arguments)
    with pytest.raises(ValueError, match="methods is empty"):
        vqlab.recommend(x, methods=[], **arguments)


def test_wrong_registrations_are_refused():
    functions = {"train": lloyd, "encode": greedy, "operations": operations}
    for name, message in [("rvq", "exists already"), ("a b", "not a valid method name"), ("", "not a valid")]:
        with pytest.raises(ValueError, match=message):
            vqlab.register(name, **functions)
    with pytest.raises(ValueError, match="nsvq"):
        vqlab.register("py-x", decode=scaled, nsvq=True, **functions)
    vqlab.register("py-product", product=True, **functions)
    with pytest.raises(ValueError, match="registered with another product"):
        vqlab.register("py-product", **functions)
