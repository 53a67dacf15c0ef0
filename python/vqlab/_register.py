"""Methods written in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _native

_NAMES = ("additions", "multiplications", "moves", "branches")


def register(
    name: str,
    *,
    train: Callable[..., Any],
    encode: Callable[[NDArray[np.float32], NDArray[np.float32]], Any],
    decode: Callable[[NDArray[np.float32], NDArray[np.int64]], Any] | None = None,
    operations: Callable[[int, int, int], Sequence[int] | Mapping[str, int]],
    product: bool = False,
    max_stages: int = 16,
    nsvq: bool = False,
) -> None:
    """Registers a method of your own, which :func:`vqlab.recommend` then tries beside the built-in ones.

    The name also works in :func:`vqlab.fit` and :func:`vqlab.complexity`. Registering a name again replaces its functions.
    An exception in one of them ends the call that needed it, with that exception. :func:`vqlab.unregister` takes the
    method out of recommendations.

    Args:
        name: Letters, digits and hyphens, with a letter first.
        train: ``train(x, stages, size, *, iterations, seed)`` returns codebooks, M × K × D (for products M × K × D/M).
            It gets the vectors as they are, unless `nsvq` is set: then they are centered and scaled.
        encode: ``encode(codebooks, x)`` returns codes, n × M integers below K.
        decode: ``decode(codebooks, codes)`` returns vectors, n × D. None: the codewords are added, for products
            concatenated. With a decoder of its own, a method has no index, and so no recall in a recommendation.
        operations: ``operations(dim, stages, size)`` returns additions, multiplications, moves and branches of encoding
            one vector, as a sequence or a mapping.
        product: Whether codewords are parts of the vector.
        max_stages: The largest number of stages; 1 for a plain VQ.
        nsvq: Whether NSVQ continues the training in a recommendation. Not with a decoder of its own.

    >>> import numpy as np, vqlab
    >>> def train(x, stages, size, *, iterations, seed):
    ...     return np.random.default_rng(seed).choice(x, size, replace=False)[None]
    >>> def encode(codebooks, x):
    ...     words = codebooks[0]
    ...     return (0.5 * (words**2).sum(1) - x @ words.T).argmin(1)[:, None]
    >>> def operations(dim, stages, size):
    ...     return {"additions": size * dim, "multiplications": size * dim, "moves": size, "branches": 0}
    >>> vqlab.register("random-rows", train=train, encode=encode, operations=operations, max_stages=1)
    >>> x = np.random.default_rng(1).normal(size=(500, 4))
    >>> result = vqlab.recommend(x, bits=4, budget=5, progress=False)
    >>> "random-rows" in result.table["method"]
    True
    >>> vqlab.unregister("random-rows")
    """
    if nsvq and decode is not None:
        raise ValueError("nsvq: NSVQ assumes that codewords are added or concatenated; leave out decode, or nsvq")

    def trained(x: Any, stages: int, size: int, iterations: int, seed: int) -> NDArray[np.float32]:
        books = np.require(train(x, stages, size, iterations=iterations, seed=seed), np.float32, ["C", "A"])
        width = x.shape[1] // stages if product else x.shape[1]
        if books.shape != (stages, size, width):
            raise ValueError(f"{name}: train returned shape {books.shape}, expected {(stages, size, width)}")
        if not np.isfinite(books).all():
            raise ValueError(f"{name}: train returned codebooks with NaN or infinity")
        return books

    def encoded(codebooks: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.int64]:
        codes = np.asarray(encode(codebooks, x))
        stages, size = codebooks.shape[:2]
        if codes.dtype.kind not in "iu" or codes.shape != (len(x), stages):
            found = f"{codes.dtype} of shape {codes.shape}"
            raise ValueError(f"{name}: encode returned {found}, expected integers of shape {(len(x), stages)}")
        if codes.size and not (0 <= codes.min() and codes.max() < size):
            raise ValueError(f"{name}: encode returned codes from {codes.min()} to {codes.max()}, K is {size}")
        return np.require(codes, np.int64, ["C", "A"])

    def decoded(codebooks: NDArray[np.float32], codes: NDArray[np.int64]) -> NDArray[np.float32]:
        assert decode is not None
        vectors = np.require(decode(codebooks, codes), np.float32, ["C", "A"])
        dim = codebooks.shape[2] * (codebooks.shape[0] if product else 1)
        if vectors.shape != (len(codes), dim):
            raise ValueError(f"{name}: decode returned shape {vectors.shape}, expected {(len(codes), dim)}")
        return vectors

    def counted(dim: int, stages: int, size: int) -> list[int]:
        counts = operations(dim, stages, size)
        if isinstance(counts, Mapping):
            if set(counts) - set(_NAMES):
                raise ValueError(f"{name}: operations returned {sorted(counts)}, known are {list(_NAMES)}")
            counts = [counts.get(kind, 0) for kind in _NAMES]
        numbers = [int(count) for count in counts]
        if len(numbers) != 4 or min(numbers) < 0:
            raise ValueError(f"{name}: operations returned {counts}, expected four counts from 0 on")
        return numbers

    _native.register(name, product, max_stages, nsvq, trained, encoded, decoded if decode else None, counted)
    _decoders[name.lower()] = decoded if decode else None
    _active[name.lower()] = None


def unregister(name: str) -> None:
    """Removes a method of :func:`register` from those that :func:`vqlab.recommend` tries.

    >>> import vqlab
    >>> vqlab.register("mine", train=len, encode=len, operations=len)
    >>> vqlab.unregister("mine")
    """
    if name.lower() not in _active:
        raise ValueError(f"the method {name} is not registered")
    del _active[name.lower()]


#: Registered methods that recommendations try, in the order of their registration.
_active: dict[str, None] = {}

#: Decoders of registered methods by name.
_decoders: dict[str, Callable[..., NDArray[np.float32]] | None] = {}


def methods() -> list[str]:
    """The methods that recommendations try."""
    return [name for name in _native.methods() if name in _active or name not in _decoders]


def decoder(method: str) -> Callable[..., NDArray[np.float32]] | None:
    """The decoder of a registered method that has one of its own."""
    return _decoders.get(method)
