"""Codebooks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _arrays, _native, _register
from ._progress import Progress, reporting

if TYPE_CHECKING:
    from ._fit import FitReport


class Codebooks:
    """M codebooks of K codewords: what encodes vectors, and decodes codes.

    They come from :func:`vqlab.fit`, :meth:`load` or :meth:`from_numpy`, and never change. Several threads may use one
    object at once. Pickling and copying work.

    >>> import numpy as np, vqlab
    >>> books = vqlab.Codebooks.from_numpy(np.array([[[0, 0], [4, 4]], [[0, 0], [0, 1]]]), method="rvq")
    >>> books
    Codebooks(method='rvq', dim=2, stages=2, size=2)
    >>> codes = books.encode([[4.0, 5.2], [0.1, -0.1]])
    >>> codes
    array([[1, 1],
           [0, 0]], dtype=uint8)
    >>> books.decode(codes)
    array([[4., 5.],
           [0., 0.]], dtype=float32)
    """

    __slots__ = ("_native", "_report")

    def __init__(self, native: _native.Books, report: FitReport | None = None) -> None:
        self._native = native
        self._report = report

    @classmethod
    def from_numpy(
        cls,
        codebooks: ArrayLike,
        *,
        method: str,
        rotation: ArrayLike | None = None,
        beam_width: int | None = None,
    ) -> Codebooks:
        """Codebooks of another program.

        Args:
            codebooks: M × K × D numbers, for PVQ and OPQ M × K × D/M.
            method: "avq", "rvq", "pvq", "opq" or "lsq".
            rotation: OPQ's rotation, D × D (y = rotation @ x); None for the identity.
            beam_width: AVQ's beam width (default: 16).
        """
        values = np.asarray(codebooks)
        if values.ndim != 3 or values.dtype.kind not in "fiu":
            found = f"{values.dtype} of shape {values.shape}"
            raise ValueError(f"codebooks: expected numbers with 3 axes (M, K, D; products D/M), found {found}")
        method = _arguments.text(method, "method")
        beam_width = _arguments.whole_or_none(beam_width, "beam_width")
        turn = None if rotation is None else _arrays.floats(_arrays.matrix(rotation, "rotation"))
        return cls(_native.Books(method, _arrays.floats(values), turn, beam_width))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Codebooks:
        """Reads a codebook file (safetensors), such as `vqlab fit` writes."""
        return cls(_native.Books.load(os.fsdecode(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a codebook file (safetensors) for this package, the command `vqlab` and FAISS. An existing file is
        replaced.

        >>> import numpy as np, tempfile, vqlab
        >>> books = vqlab.Codebooks.from_numpy(np.eye(4).reshape(1, 4, 4), method="rvq")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     books.save(f"{folder}/books.safetensors")
        ...     again = vqlab.Codebooks.load(f"{folder}/books.safetensors")
        >>> (again.codebooks == books.codebooks).all()
        np.True_
        """
        self._native.save(os.fsdecode(path))

    @property
    def method(self) -> str:
        """"avq", "rvq", "pvq", "opq", "lsq", or the name of a registered method."""
        return self._native.method

    @property
    def dim(self) -> int:
        """D, the dimension of the vectors."""
        return self._native.dim

    @property
    def stages(self) -> int:
        """M, the number of codebooks."""
        return self._native.stages

    @property
    def size(self) -> int:
        """K, the number of codewords a codebook."""
        return self._native.size

    @property
    def beam_width(self) -> int:
        """AVQ's beam width; 1 for other methods."""
        return self._native.beam_width

    @property
    def search(self) -> str | None:
        """AVQ's search, "beam" or "ordered", where a fit chose it."""
        return self._native.search

    @property
    def codebooks(self) -> NDArray[np.float32]:
        """The codewords, M × K × D (PVQ and OPQ: M × K × D/M): read-only, without a copy."""
        return self._native.codebooks

    @property
    def rotation(self) -> NDArray[np.float32] | None:
        """OPQ's rotation, D × D; None where there is none."""
        return self._native.rotation

    @property
    def report(self) -> FitReport | None:
        """What the fit measured; None for codebooks that were not fitted in this process."""
        return self._report

    def encode(
        self,
        x: ArrayLike,
        *,
        beam_width: int | None = None,
        search: str | None = None,
        threads: int | None = None,
        progress: Progress = False,
    ) -> _arrays.Codes:
        """Codes of vectors: n × M, uint8 for up to 256 codewords a codebook, else uint16.

        float32 in C order is read without a copy; other types and orders are converted in blocks of 64 MiB.

        Args:
            x: Vectors, n × D.
            beam_width: AVQ's beam width (default: that of the fit).
            search: AVQ's search, "beam" or "ordered" (default: that of the fit; where there is none, the better one on
                the first 1,024 vectors).
            threads: Threads (default: all cores). The codes are the same for any number.
            progress: True for a progress bar, or a callable (share, text).

        Raises:
            ValueError: Wrong shape or type; NaN or infinity, with its row.
        """
        array = _arrays.matrix(x, "x", self.dim)
        beam_width, search, threads = _search(beam_width, search, threads)
        codes: _arrays.Codes = np.empty((len(array), self.stages), _arrays.code_dtype(self.size))
        with reporting(progress, "encode") as report:
            for first, rows in _arrays.blocks(array):
                place = (first, len(array))
                out = codes[first : first + len(rows)]
                self._native.encode(rows, out, place, beam_width, search, threads, report)
                if first + len(rows) < len(array):
                    # One search for all blocks: the choice belongs to the first vectors.
                    search = search or self._chosen_search(rows, beam_width)
        return codes

    def _chosen_search(self, rows: _arrays.Floats, beam_width: int | None) -> str | None:
        if self.method != "avq" or self.search is not None:
            return None
        return self._native.better_search(rows[:1024], beam_width)

    def decode(self, codes: ArrayLike, *, threads: int | None = None) -> NDArray[np.float32]:
        """Vectors of codes (n × M): n × D, float32.

        Raises:
            ValueError: Wrong shape or type; a code of K or more, with its row.
        """
        array = _arrays.code_matrix(codes, self.stages, self.size)
        threads = _arguments.threads(threads)
        own = _register.decoder(self.method)
        if own is not None:
            return own(self.codebooks, array.astype(np.int64))
        vectors = np.empty((len(array), self.dim), np.float32)
        self._native.decode(array, vectors, 0, threads)
        return vectors

    def mse(
        self,
        x: ArrayLike,
        *,
        beam_width: int | None = None,
        search: str | None = None,
        threads: int | None = None,
    ) -> float:
        """Mean squared error per coordinate of vectors (n × D), as `((x - decode(encode(x))) ** 2).mean()`."""
        array = _arrays.matrix(x, "x", self.dim)
        beam_width, search, threads = _search(beam_width, search, threads)
        if len(array) == 0:
            raise ValueError("x: axis 0 has length 0; an error needs at least 1 vector")
        total = 0.0
        for first, rows in _arrays.blocks(array):
            total += len(rows) * self._native.mse(rows, first, beam_width, search, threads)
            if first + len(rows) < len(array):
                search = search or self._chosen_search(rows, beam_width)
        return total / len(array)

    def to_faiss(self) -> Any:
        """The quantizer as an object of FAISS, which must be installed.

        PVQ becomes a ProductQuantizer, RVQ a ResidualQuantizer (greedy, as here), AVQ and LSQ a LocalSearchQuantizer, OPQ
        an IndexPreTransform without vectors. K must be a power of two.
        """
        from ._faiss import to_faiss

        return to_faiss(self)

    def __repr__(self) -> str:
        return f"Codebooks(method={self.method!r}, dim={self.dim}, stages={self.stages}, size={self.size})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._native.to_bytes(), self._report)

    def __copy__(self) -> Codebooks:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Codebooks:
        return self


def _search(beam_width: int | None, search: str | None, threads: int | None) -> tuple[Any, Any, Any]:
    search = None if search is None else _arguments.text(search, "search")
    return _arguments.whole_or_none(beam_width, "beam_width"), search, _arguments.threads(threads)


def _restored(data: bytes, report: FitReport | None) -> Codebooks:
    return Codebooks(_native.Books.from_bytes(data), report)
