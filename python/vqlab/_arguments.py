"""Checks of arguments that are not arrays. A wrong one is a TypeError or a ValueError that names it."""

from __future__ import annotations

import operator
from typing import Any

#: The largest number of all whole arguments.
_MOST = 2**63 - 1
#: More threads help nowhere, and a system may not be able to start them.
MOST_THREADS = 1024


def whole(value: Any, name: str, *, least: int = 0, most: int = _MOST) -> int:
    """A whole number: an int, or one of NumPy's."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r} is not a whole number") from None
    if not least <= number <= most:
        allowed = f"{least} and more" if most == _MOST and number < least else f"{least} to {most}"
        raise ValueError(f"{name}={number} is not possible; allowed are {allowed}")
    return number


def whole_or_none(value: Any, name: str, *, least: int = 0) -> int | None:
    """A whole number, or None for the default."""
    return None if value is None else whole(value, name, least=least)


def threads(value: Any) -> int | None:
    """A number of threads, or None for all cores."""
    if value is None:
        return None
    number = whole(value, "threads", least=-_MOST)
    if not 1 <= number <= MOST_THREADS:
        raise ValueError(
            f"threads={number} is not possible; allowed are 1 and more (up to {MOST_THREADS}), or None for all cores"
        )
    return number


def real(value: Any, name: str) -> float:
    """A number."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}={value!r} is not a number")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name}={value!r} is not a number") from None


def real_or_none(value: Any, name: str) -> float | None:
    """A number, or None for the default."""
    return None if value is None else real(value, name)


def text(value: Any, name: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r} is not a string")
    return value
