"""Operation counts against the formulas of the paper."""

from __future__ import annotations

import math

import pytest

import vqlab


def test_rvq_and_pvq_count_as_the_formulas_say():
    d, m, k = 64, 4, 256
    rvq = vqlab.complexity("rvq", dim=d, stages=m, codebook_size=k)
    assert rvq.multiplications == m * k * d
    assert rvq.additions == m * (k * (2 * d - 1) + k - 1) + (m - 1) * d + (m - 1) * d
    assert rvq.moves == m * (k - 1 + d) and rvq.branches == 0
    pvq = vqlab.complexity("PVQ", dim=d, stages=m, codebook_size=k)
    assert pvq.multiplications == k * d and pvq.method == "pvq"
    total = rvq.additions + rvq.multiplications + rvq.moves
    assert rvq.wmops == pytest.approx(total / 1e6) and rvq.log10_wmops == pytest.approx(math.log10(total / 1e6))
    assert vqlab.complexity("rvq", dim=d, stages=m, codebook_size=k, precision="double").wmops == 2 * rvq.wmops


def test_models_differ_where_they_should():
    def wmops(model):
        return vqlab.complexity("avq", dim=64, stages=4, codebook_size=256, beam=16, model=model).wmops

    assert wmops("published") == wmops("corrected") > 10 * wmops("lookup")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "nope"}, "unknown method"),
        ({"model": "nope"}, "unknown model"),
        ({"precision": "half"}, "unknown precision"),
        ({"beam": 4}, "has no beam"),
        ({"method": "avq"}, "AVQ needs a beam width"),
        ({"method": "pvq", "stages": 3}, "not divisible"),
        ({"method": "lsq", "model": "published"}, "no published operation count"),
        ({"dim": 0}, "must be between 1"),
    ],
)
def test_impossible_counts_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        vqlab.complexity(**({"method": "rvq", "dim": 64, "stages": 4, "codebook_size": 256} | arguments))
