"""Data that several tests use."""

from __future__ import annotations

import numpy as np
import pytest

import vqlab

METHODS = ("avq", "rvq", "pvq", "opq", "lsq")


def correlated(count: int, dim: int, seed: int = 1) -> np.ndarray:
    """Vectors with an offset and correlated coordinates."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).normal(size=(dim, dim)) * 0.7 ** np.arange(dim)[:, None]
    return (3 + rng.normal(size=(count, dim)) @ mixing).astype(np.float32)


def random_books(method: str, dim: int = 8, stages: int = 2, size: int = 16, seed: int = 2) -> vqlab.Codebooks:
    rng = np.random.default_rng(seed)
    width = dim // stages if method in ("pvq", "opq") else dim
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0] if method == "opq" else None
    return vqlab.Codebooks.from_numpy(rng.normal(size=(stages, size, width)), method=method, rotation=rotation)


@pytest.fixture(scope="session")
def x() -> np.ndarray:
    return correlated(2000, 8)


@pytest.fixture(params=METHODS)
def books(request: pytest.FixtureRequest) -> vqlab.Codebooks:
    return random_books(request.param)
