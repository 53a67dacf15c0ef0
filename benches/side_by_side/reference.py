"""Training steps of product, residual and additive VQ in PyTorch, as one would write them with autograd.

Each step: search (no gradient), NSVQ output x + ‖x − q‖·r/‖r‖ with r ~ N(0, I), mean squared error, backward, Adam.
Vectorized over the batch and the beam; no hand-written gradients or kernels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def squared_distances(x: Tensor, words: Tensor) -> Tensor:
    """‖x_i − c_j‖² for x (..., D) and words (K, D), → (..., K)."""
    return x.square().sum(-1, keepdim=True) - 2 * x @ words.T + words.square().sum(-1)


def search_product(x: Tensor, books: Tensor) -> Tensor:
    """Each of the M sub-vectors takes its nearest codeword. books: (M, K, D/M) → codes (n, M)."""
    stages, _, width = books.shape
    parts = x.view(-1, stages, width).transpose(0, 1)
    distances = (
        parts.square().sum(-1, keepdim=True)
        - 2 * torch.bmm(parts, books.transpose(1, 2))
        + books.square().sum(-1).unsqueeze(1)
    )
    return distances.argmin(-1).T


def search_residual(x: Tensor, books: Tensor) -> Tensor:
    """Stage after stage, each takes the codeword nearest to the residual. books: (M, K, D) → codes (n, M)."""
    residual = x
    codes = []
    for words in books:
        code = squared_distances(residual, words).argmin(-1)
        residual = residual - words[code]
        codes.append(code)
    return torch.stack(codes, 1)


def search_additive(x: Tensor, books: Tensor, beam: int) -> Tensor:
    """Beam search over the codebooks in any order, every codebook once. books: (M, K, D) → codes (n, M).

    Step 1 keeps the W nearest of all M·K codewords; each later step extends every kept tuple by its W nearest
    codewords from the codebooks that it has not used, and of these W² extensions keeps the W nearest, equal sets of
    codewords once.
    """
    stages, size, dimension = books.shape
    words = books.reshape(stages * size, dimension)
    norms = words.square().sum(-1)
    # Random names of the codewords; a set of them is known by the sum.
    names = torch.randint(1 << 60, (stages * size,), generator=torch.Generator().manual_seed(0))
    n = len(x)
    rows = torch.arange(n).unsqueeze(1)

    first_width = min(beam, stages * size)
    error, pick = (norms - 2 * x @ words.T).topk(first_width, dim=-1, largest=False)
    picks = pick.unsqueeze(-1)
    sets = names[pick]
    used = F.one_hot(pick // size, stages).bool()
    residual = x.unsqueeze(1) - words[pick]
    for step in range(1, stages):
        width = error.shape[1]
        # ‖r − c‖² − ‖r‖² of every tuple's residual r and every codeword c.
        gain = norms - 2 * residual @ words.T
        gain = gain.view(n, width, stages, size).masked_fill(used.unsqueeze(-1), torch.inf).flatten(2)
        gain, pick = gain.topk(min(beam, size * (stages - step)), dim=-1, largest=False)
        extensions = pick.shape[-1]
        candidates = (error.unsqueeze(-1) + gain).flatten(1)
        candidate_sets = (sets.unsqueeze(-1) + names[pick]).flatten(1)
        keep = 1 if step + 1 == stages else beam
        if keep > 1:
            candidates = drop_repeats(candidates, candidate_sets)
        error, chosen = candidates.topk(min(keep, candidates.shape[1]), dim=-1, largest=False)
        parent = chosen // extensions
        pick = pick.flatten(1).gather(1, chosen)
        picks = torch.cat([picks[rows, parent], pick.unsqueeze(-1)], -1)
        sets = candidate_sets.gather(1, chosen)
        used = used[rows, parent] | F.one_hot(pick // size, stages).bool()
        residual = residual[rows, parent] - words[pick]
    best = picks[:, 0].sort(-1).values
    return best - torch.arange(stages) * size


def drop_repeats(errors: Tensor, sets: Tensor) -> Tensor:
    """Sets all but one candidate of each set to an infinite error (orders of one set differ by rounding alone)."""
    ordered, order = sets.sort(-1)
    again = torch.zeros_like(ordered, dtype=torch.bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    return errors.masked_fill(torch.zeros_like(again).scatter(1, order, again), torch.inf)


class Trainer:
    """Codebooks (M, K, width) with Adam."""

    def __init__(self, method: str, books: Tensor, beam: int | None, rate: float, noise: bool = True) -> None:
        self.method = method
        self.beam = beam or 1
        self.noise = noise
        self.books = torch.nn.Parameter(books)
        self.optimizer = torch.optim.Adam([self.books], lr=rate)

    @torch.no_grad()
    def search(self, x: Tensor) -> Tensor:
        if self.method == "pvq":
            return search_product(x, self.books)
        if self.method == "rvq":
            return search_residual(x, self.books)
        return search_additive(x, self.books, self.beam)

    def decode(self, codes: Tensor) -> Tensor:
        stages, size, width = self.books.shape
        numbers = codes + torch.arange(stages) * size
        chosen = F.embedding(numbers, self.books.view(stages * size, width))
        return torch.flatten(chosen, 1) if self.method == "pvq" else torch.sum(chosen, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The NSVQ output; without `noise` the quantized vectors, which have the same loss and gradient here."""
        quantized = self.decode(self.search(x))
        if not self.noise:
            return quantized
        noise = torch.randn_like(x)
        length = (x - quantized).norm(dim=-1, keepdim=True)
        return x + length * noise / noise.norm(dim=-1, keepdim=True)

    def step(self, x: Tensor) -> Tensor:
        """One update; returns the loss before it."""
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.forward(x), x)
        loss.backward()
        self.optimizer.step()
        return loss.detach()
