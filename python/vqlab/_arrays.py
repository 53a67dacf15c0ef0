"""Checks and conversions of arrays.

float32 arrays in C order pass without a copy. All others are converted in blocks of rows, so that a large or memory-mapped
array is never copied as a whole. An array that does not fit is a ValueError that names the axis or the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
#: uint8, or uint16 for more than 256 codewords a codebook.
Codes = NDArray[np.uint8 | np.uint16]

_BLOCK_VALUES = 1 << 24  # 64 MiB of float32
_ROUNDED = 256  # rows of which the rounding is measured
_MOST_ROUNDING = 1e-4  # the share of the variance that rounding may add


def matrix(x: ArrayLike, name: str, dim: int | None = None) -> NDArray[Any]:
    """x as an array of n × D numbers of any type, without a copy where it is an array."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name}: masked values are not supported; fill them, or leave out their rows")
    array = np.asarray(x)
    _check_dtype(array, name, "fiub", "floats, integers and booleans")
    if array.ndim != 2:
        hint = f"; for a single vector pass {name}[None, :]" if array.ndim == 1 else ""
        raise ValueError(f"{name}: expected 2 axes (n, D), found {array.ndim} of shape {array.shape}{hint}")
    if array.shape[1] == 0:
        raise ValueError(f"{name}: axis 1 has length 0; vectors have at least 1 dimension")
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name}: axis 1 has length {array.shape[1]}, expected vectors of dimension {dim}")
    return array


def is_direct(array: NDArray[Any]) -> bool:
    """Whether the native code can read the array where it is."""
    return bool(array.dtype == np.float32 and array.flags.c_contiguous and array.flags.aligned)


def floats(array: NDArray[Any]) -> Floats:
    """The array as float32 in C order; the same memory where that is possible."""
    if is_direct(array):
        return array
    _check_rounding(array)
    # What float32 can't hold becomes infinite; the native check then names the row.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.require(array, np.float32, ["C", "A"])


def _check_rounding(array: NDArray[Any]) -> None:
    """Rejects numbers whose differences float32 loses: those far from zero beside their spread (as the file reader does)."""
    count = min(len(array), _ROUNDED)
    if np.can_cast(array.dtype, np.float32) or count < 2 or array.size == 0:
        return
    rows = array[np.arange(count) * len(array) // count].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        rounding = ((rows - rows.astype(np.float32)) ** 2).mean()
        variance = rows.var(axis=0).mean()
    # NaN and numbers beyond float32 have errors of their own.
    if not (np.isfinite(rounding) and np.isfinite(variance)) or variance == 0 or rounding <= _MOST_ROUNDING * variance:
        return
    raise ValueError(
        f"float32 rounds these {array.dtype} values by {rounding**0.5:.2g} on average, too much for their spread of "
        f"{variance**0.5:.2g} (standard deviation of a column); subtract a constant first: array - array.mean(axis=0)"
    )


def blocks(array: NDArray[Any]) -> Iterator[tuple[int, Floats]]:
    """(first row, rows) in order: the whole array where it needs no conversion."""
    if is_direct(array) or len(array) == 0:
        yield 0, floats(array)
        return
    rows = max(1, _BLOCK_VALUES // array.shape[1])
    for first in range(0, len(array), rows):
        yield first, floats(array[first : first + rows])


def code_dtype(size: int) -> type[np.uint8] | type[np.uint16]:
    """The type of codes of codebooks of `size` codewords."""
    return np.uint8 if size <= 256 else np.uint16


def code_matrix(codes: ArrayLike, stages: int, size: int) -> NDArray[Any]:
    """Codes as uint8 or uint16 in C order, without a copy where they are that already."""
    array = np.asarray(codes)
    _check_dtype(array, "codes", "iu", "integers")
    if array.ndim != 2:
        raise ValueError(f"codes: expected 2 axes (n, M), found {array.ndim} of shape {array.shape}")
    if array.shape[1] != stages:
        raise ValueError(f"codes: axis 1 has length {array.shape[1]}, the codebooks have {stages} stages")
    dtype = code_dtype(size)
    if array.dtype != dtype and array.size:
        wrong = (array < 0) | (array >= size)
        if wrong.any():
            row, column = (int(at) for at in np.argwhere(wrong)[0])
            raise ValueError(
                f"codes: row {row}, column {column} holds code {array[row, column]}; allowed are 0 to {size - 1}"
            )
    return np.require(array, dtype, ["C", "A"])


def id_matrix(ids: ArrayLike, name: str) -> NDArray[np.int64]:
    """Ids as int64, n × k."""
    array = np.asarray(ids)
    _check_dtype(array, name, "iu", "integers")
    if array.ndim not in (1, 2):
        raise ValueError(f"{name}: expected 1 or 2 axes, found {array.ndim} of shape {array.shape}")
    return np.asarray(array[:, None] if array.ndim == 1 else array, np.int64)


def _check_dtype(array: NDArray[Any], name: str, kinds: str, allowed: str) -> None:
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name}: dtype {array.dtype} is not supported; supported are {allowed}")
