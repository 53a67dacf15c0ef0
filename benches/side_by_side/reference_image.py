"""The joint training step of the image autoencoder and RVQ in PyTorch, as one would write it with autograd.

`reference_image.py [--threads 1] [--batch 16] [--steps 200]` prints the median and the least time of a step. Network,
shapes and optimizer are those of `cargo bench --bench image_step`: 8 × 8 blocks of 48 numbers, width 64, two residual
blocks a side, 64 coordinates, RVQ of 4 × 7 bits, NSVQ, Adam.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from reference import search_residual
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK_VALUES = 48
GRID = 8
VARIANCE = 0.06


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width // 2, 3, padding=1)
        self.second = nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


def side(inputs: int, outputs: int, last_kernel: int, width: int, blocks: int) -> nn.Sequential:
    residuals = [Residual(width) for _ in range(blocks)]
    last = nn.Conv2d(width, outputs, last_kernel, padding=last_kernel // 2)
    return nn.Sequential(nn.Conv2d(inputs, width, 3, padding=1), *residuals, nn.ReLU(), last)


class ImageTrainer:
    """Encoder, decoder and codebooks (M, K, D) with Adam."""

    def __init__(self, width: int, blocks: int, dimension: int, books: Tensor, rate: float, layout: torch.memory_format) -> None:
        self.layout = layout
        encoder = side(BLOCK_VALUES, dimension, 1, width, blocks)
        decoder = side(dimension, BLOCK_VALUES, 3, width, blocks)
        self.network = nn.ModuleDict({"encoder": encoder, "decoder": decoder}).to(memory_format=layout)
        self.books = nn.Parameter(books)
        self.optimizer = torch.optim.Adam([*self.network.parameters(), self.books], lr=rate)

    def quantize(self, x: Tensor) -> Tensor:
        """NSVQ: x + ‖x − q‖ · r/‖r‖."""
        with torch.no_grad():
            codes = search_residual(x, self.books)
        stages, size, width = self.books.shape
        numbers = codes + torch.arange(stages) * size
        quantized = F.embedding(numbers, self.books.view(stages * size, width)).sum(1)
        noise = torch.randn_like(x)
        length = (x - quantized).norm(dim=-1, keepdim=True)
        return x + length * noise / noise.norm(dim=-1, keepdim=True)

    def step(self, images: Tensor) -> Tensor:
        """One update on n × 48 × 8 × 8; returns the loss before it."""
        self.optimizer.zero_grad()
        latents = self.network["encoder"](images).permute(0, 2, 3, 1)
        quantized = self.quantize(latents.reshape(-1, latents.shape[-1])).view(latents.shape)
        decoded = self.network["decoder"](quantized.permute(0, 3, 1, 2))
        loss = F.mse_loss(decoded, images) / VARIANCE
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--channels-first", action="store_true", help="PyTorch's own order instead of channels last")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    layout = torch.contiguous_format if arguments.channels_first else torch.channels_last
    trainer = ImageTrainer(64, 2, 64, 0.5 * torch.randn(4, 128, 64), 1e-3, layout)
    images = (0.2 * torch.randn(arguments.batch, BLOCK_VALUES, GRID, GRID)).to(memory_format=layout)
    seconds = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        loss = float(trainer.step(images))
        seconds.append(time.perf_counter() - start)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"PyTorch {torch.__version__}, {capability}, {arguments.threads} thread(s): ", end="")
    print(f"median {1e3 * statistics.median(seconds):.2f} ms, least {1e3 * min(seconds):.2f} ms, loss {loss:.4f}")


if __name__ == "__main__":
    main()
