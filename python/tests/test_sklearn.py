"""The transformer for scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import correlated

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from vqlab.sklearn import VectorQuantizer


@parametrize_with_checks([VectorQuantizer(stages=2, bits=2), VectorQuantizer(method="avq", stages=2, bits=1)])
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_codes_and_back():
    x = correlated(1000, 8)
    quantizer = VectorQuantizer(method="opq", stages=2, bits=4, random_state=3)
    codes = quantizer.fit_transform(x)
    assert codes.shape == (1000, 2) and codes.dtype == np.uint8
    restored = quantizer.inverse_transform(codes)
    assert quantizer.score(x) == pytest.approx(-((x - restored) ** 2).mean(), rel=1e-4)
    np.testing.assert_array_equal(clone(quantizer).fit(x).transform(x), codes)
    assert list(quantizer.get_feature_names_out()) == ["vectorquantizer0", "vectorquantizer1"]


def test_it_is_a_step_of_a_pipeline_and_of_a_search():
    x = correlated(600, 8)
    pipeline = make_pipeline(StandardScaler(), VectorQuantizer(stages=2, bits=3))
    assert pipeline.inverse_transform(pipeline.fit_transform(x)).shape == x.shape
    search = GridSearchCV(VectorQuantizer(stages=2), {"bits": [1, 4]}, cv=2).fit(x)
    assert search.best_params_ == {"bits": 4}


def test_too_few_vectors_are_named():
    with pytest.raises(ValueError, match="n_samples=10 is less than the 16 codewords"):
        VectorQuantizer().fit(correlated(10, 4))
