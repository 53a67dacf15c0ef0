"""The native module; see the Python sources, which alone call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]
_Ids = NDArray[np.int64]
_Report = Callable[[float, str], object] | None

__version__: str
cpu_level: str

class Books:
    def __init__(self, name: str, values: _Floats, rotation: _Floats | None, beam_width: int | None) -> None: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Books: ...
    @staticmethod
    def load(path: str) -> Books: ...
    def to_bytes(self) -> bytes: ...
    def save(self, path: str) -> None: ...
    @property
    def method(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def stages(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def is_product(self) -> bool: ...
    @property
    def beam_width(self) -> int: ...
    @property
    def search(self) -> str | None: ...
    @property
    def trainer(self) -> str: ...
    @property
    def provenance(self) -> str: ...
    @property
    def codebooks(self) -> _Floats: ...
    @property
    def rotation(self) -> _Floats | None: ...
    def encode(
        self,
        x: _Floats,
        out: NDArray[Any],
        place: tuple[int, int],
        beam_width: int | None,
        search: str | None,
        threads: int | None,
        progress: _Report,
    ) -> float: ...
    def better_search(self, x: _Floats, beam_width: int | None) -> str: ...
    def mse(
        self, x: _Floats, first: int, beam_width: int | None, search: str | None, threads: int | None
    ) -> float: ...
    def decode(self, codes: NDArray[Any], out: _Floats, first: int, threads: int | None) -> None: ...

class Index:
    def __init__(self, books: Books, codes: NDArray[Any], norms: str, threads: int | None) -> None: ...
    def __len__(self) -> int: ...
    @property
    def bits_per_vector(self) -> int: ...
    def search(self, queries: _Floats, k: int, threads: int | None) -> tuple[_Floats, _Ids]: ...

def exact_neighbors(base: _Floats, queries: _Floats, k: int, threads: int | None) -> tuple[_Floats, _Ids]: ...
def assign(
    name: str,
    values: _Floats,
    x: _Floats,
    out: _Ids,
    beam_width: int,
    search: str,
    threads: int | None,
) -> None: ...
def replace_unused(
    name: str,
    values: _Floats,
    counts: NDArray[np.uint32],
    batches: int,
    threshold: float,
    seed: str,
) -> tuple[_Floats, int]: ...
def methods() -> list[str]: ...
def count_operations(
    name: str, dim: int, stages: int, size: int, beam: int | None, model: str, double: bool
) -> tuple[list[int], float]: ...
def choose_rows(of: int, sample: int, share: float, seed: int) -> _Ids: ...
def fit(
    x: _Floats, of: int, asked: dict[str, Any], threads: int | None, progress: _Report
) -> tuple[Books, dict[str, Any]]: ...
def choose_sample(of: int, dim: int, asked: dict[str, Any], threads: int | None) -> _Ids: ...
def recommend(
    x: _Floats,
    of: int,
    queries: _Floats | None,
    asked: dict[str, Any],
    threads: int | None,
    progress: _Report,
) -> dict[str, Any]: ...
def register(
    label: str,
    is_product: bool,
    most_stages: int,
    nsvq: bool,
    train: Callable[..., Any],
    encode: Callable[..., Any],
    decode: Callable[..., Any] | None,
    operations: Callable[..., Any],
) -> None: ...
