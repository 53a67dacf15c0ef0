"""NSVQ for PyTorch: a vector quantizer inside a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import _native
from ._codebooks import Codebooks

__all__ = ["NSVQ"]

_PRODUCTS = ("pvq",)


class _Substitute(torch.autograd.Function):
    """x + ‖x − q‖ · r/‖r‖, with the gradients in closed form.

    With u = r/‖r‖, e = x − q, and g the gradient of the output: s = (g·u)/‖e‖ gives g + s·e for x and −s·e for q. Where
    e = 0, s = 0.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, quantized: Tensor, noise: Tensor) -> Tensor:
        error = x - quantized
        length = torch.linalg.vector_norm(error, dim=-1, keepdim=True)
        direction = torch.nn.functional.normalize(noise, dim=-1, eps=torch.finfo(noise.dtype).tiny)
        ctx.save_for_backward(error, length, direction)
        output: Tensor = x + length * direction
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (gradient,) = gradients
        error, length, direction = ctx.saved_tensors
        along = (gradient * direction).sum(dim=-1, keepdim=True)
        pull = torch.where(length > 0, along / length, 0) * error
        return gradient + pull, -pull, None


class NSVQ(nn.Module):
    """A vector quantizer that trains with the network around it, by noise substitution (Vali and Bäckström, 2022).

    In training, the output is x + ‖x − q‖ · r/‖r‖ with normal r: it has a gradient to the chosen codewords through the
    length of the error, and to x. In evaluation it is the quantized vector q. The search for the codewords is that of
    vqlab, without a gradient; CPU tensors are read without a copy.

    Args:
        method: "avq", "rvq" or "pvq".
        dim: Dimension of the vectors, D.
        stages: Number of codebooks, M.
        bits: Bits a codebook: K = 2**bits codewords.
        beam: AVQ's beam width.
        threads: Threads of the search (default: all cores).

    Attributes:
        codebooks: The parameter, M × K × D (PVQ: M × K × D/M), initialized from Uniform(-1/K, 1/K).

    A small VQ-VAE:

    >>> import torch
    >>> from vqlab.torch import NSVQ
    >>> _ = torch.manual_seed(1)
    >>> x = torch.randn(512, 8) @ torch.randn(8, 16)
    >>> encoder, decoder = torch.nn.Linear(16, 4), torch.nn.Linear(4, 16)
    >>> quantizer = NSVQ(method="rvq", dim=4, stages=2, bits=4)
    >>> model = torch.nn.Sequential(encoder, quantizer, decoder)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    >>> for step in range(200):
    ...     loss = (model(x) - x).square().mean()
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     if step in (25, 50, 75):
    ...         _ = quantizer.replace_unused()
    >>> loss = (model.eval()(x) - x).square().mean()   # quantized vectors
    >>> bool(loss < 0.6 * x.var())
    True
    >>> quantizer.codes(encoder(x)).shape
    torch.Size([512, 2])
    """

    counts: Tensor
    selections: Tensor
    batches: Tensor
    vectors: Tensor
    replacements: Tensor

    def __init__(
        self,
        method: str = "rvq",
        *,
        dim: int,
        stages: int = 4,
        bits: int = 8,
        beam: int = 16,
        threads: int | None = None,
    ) -> None:
        super().__init__()
        if method not in ("avq", "rvq", "pvq"):
            raise ValueError(f"NSVQ trains avq, rvq and pvq, not {method!r}")
        if not 1 <= bits <= 16:
            raise ValueError(f"bits={bits} is not possible; allowed are 1 to 16")
        self.method, self.dim, self.stages, self.bits, self.threads = method, dim, stages, bits, threads
        if method in _PRODUCTS and dim % stages:
            raise ValueError(f"dim={dim} is not divisible by stages={stages}")
        width = dim // stages if method in _PRODUCTS else dim
        self.codebooks = nn.Parameter(torch.empty(stages, self.size, width))
        self.beam = min(beam, stages * self.size) if method == "avq" else 1
        # The native code checks the shape and the beam.
        _native.Books(method, np.zeros(self.codebooks.shape, np.float32), None, self.beam)
        codewords = stages * self.size
        # Batches in which a codeword was chosen, how often it was, and the totals since the last reset.
        self.register_buffer("counts", torch.zeros(codewords, dtype=torch.int64), persistent=False)
        self.register_buffer("selections", torch.zeros(codewords, dtype=torch.int64), persistent=False)
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64), persistent=False)
        self.register_buffer("vectors", torch.zeros((), dtype=torch.int64), persistent=False)
        self.register_buffer("replacements", torch.zeros((), dtype=torch.int64))
        self.reset_parameters()

    @property
    def size(self) -> int:
        """K."""
        return 1 << self.bits

    def reset_parameters(self) -> None:
        """Draws the codebooks from Uniform(-1/K, 1/K), as in the paper."""
        nn.init.uniform_(self.codebooks, -1 / self.size, 1 / self.size)

    def forward(self, x: Tensor) -> Tensor:
        """Substituted vectors in training, quantized ones in evaluation; the shape of x, (…, D)."""
        self._check(x)
        flat = x.reshape(-1, self.dim)
        chosen = self._assign(flat)
        quantized = self._reconstruct(chosen).to(flat.dtype)
        if not self.training:
            return quantized.reshape(x.shape)
        self._count(chosen)
        result: Tensor = _Substitute.apply(flat, quantized, torch.randn_like(flat))
        return result.reshape(x.shape)

    def codes(self, x: Tensor) -> Tensor:
        """Codes of vectors (…, D): (…, M), int64."""
        self._check(x)
        chosen = self._assign(x.reshape(-1, self.dim))
        offsets = torch.arange(self.stages, device=chosen.device) * self.size
        return (chosen - offsets).reshape(*x.shape[:-1], self.stages)

    def decode(self, codes: Tensor) -> Tensor:
        """Vectors of codes (…, M): (…, D), as a function of the codebooks."""
        offsets = torch.arange(self.stages, device=codes.device) * self.size
        return self._reconstruct((codes + offsets).reshape(-1, self.stages)).reshape(*codes.shape[:-1], self.dim)

    @property
    def perplexity(self) -> Tensor:
        """Of each stage, 2 to the entropy of its codewords in training since the last replacement: 1 to K. NaN before
        the first batch."""
        if not self.vectors:
            return torch.full((self.stages,), math.nan)
        shares = self.selections.reshape(self.stages, self.size).double() / self.vectors
        return torch.exp(torch.special.entr(shares).sum(dim=1))

    @torch.no_grad()
    def replace_unused(self, threshold: float = 0.01) -> int:
        """Replaces codewords that fewer than this share of the batches since the last call chose, by copies of used ones,
        and counts anew. Returns the number of replaced codewords.

        Call it now and then in the first part of a training. The moments of the optimizer do not change.
        """
        if not self.batches:
            return 0
        values = self.codebooks.detach().cpu().float().contiguous().numpy()
        counts = self.counts.cpu().numpy().astype(np.uint32)
        seed = f"torch/{torch.initial_seed()}/{int(self.replacements)}"
        new, replaced = _native.replace_unused(self.method, values, counts, int(self.batches), threshold, seed)
        self.codebooks.copy_(torch.from_numpy(new).reshape(self.codebooks.shape))
        self.replacements += 1
        for buffer in (self.counts, self.selections, self.batches, self.vectors):
            buffer.zero_()
        return replaced

    def to_codebooks(self) -> Codebooks:
        """The codebooks for encoding, search and files, as they are now."""
        values = self.codebooks.detach().cpu().float().numpy()
        return Codebooks.from_numpy(values, method=self.method, beam_width=self.beam if self.method == "avq" else None)

    def _check(self, x: Tensor) -> None:
        if not x.is_floating_point():
            raise ValueError(f"x: dtype {x.dtype} is not supported; supported are floats")
        if x.ndim == 0 or x.shape[-1] != self.dim:
            raise ValueError(f"x: axis -1 of shape {tuple(x.shape)} must have length {self.dim}")

    def _assign(self, x: Tensor) -> Tensor:
        """Indices m·K + k of the chosen codewords, n × M."""
        chosen = np.empty((len(x), self.stages), np.int64)
        if len(x):
            vectors, books = (t.detach().cpu().float().contiguous().numpy() for t in (x, self.codebooks))
            _native.assign(self.method, books, vectors, chosen, self.beam, "beam", self.threads)
        return torch.from_numpy(chosen).to(x.device)

    def _reconstruct(self, chosen: Tensor) -> Tensor:
        words = self.codebooks.flatten(0, 1)[chosen]
        return words.flatten(1) if self.method in _PRODUCTS else words.sum(dim=1)

    @torch.no_grad()
    def _count(self, chosen: Tensor) -> None:
        selections = torch.bincount(chosen.flatten(), minlength=len(self.counts))
        self.selections += selections
        self.counts += selections > 0
        self.vectors += len(chosen)
        self.batches += 1

    def extra_repr(self) -> str:
        beam = f", beam={self.beam}" if self.method == "avq" else ""
        return f"method={self.method!r}, dim={self.dim}, stages={self.stages}, bits={self.bits}{beam}"
