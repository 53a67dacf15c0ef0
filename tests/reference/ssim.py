"""SSIM by scikit-image of the made-up pictures that the tests of src/metric/image.rs make too.

    python tests/reference/ssim.py        needs numpy and scikit-image (0.26 gave the numbers in the tests)

Prints a row of the test's table for each pair of pictures: width, height, what was done, MSE, SSIM with the Gaussian window,
SSIM with the uniform window, the same on gray values.
"""

import numpy as np
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity


def noise(seed, i):
    """0 to 255, by 32-bit integers."""
    mask = 0xFFFFFFFF
    h = (i * 2654435761 + seed * 40503) & mask
    h ^= h >> 15
    h = h * 2246822519 & mask
    h ^= h >> 13
    return h >> 24


def base(width, height):
    """A wrapping ramp with noise."""
    value = lambda y, x, c: (5 * x + 3 * y + 40 * c + noise(1, 3 * (y * width + x) + c) // 4) % 256
    return np.array([[[value(y, x, c) for c in range(3)] for x in range(width)] for y in range(height)], np.uint8)


def noisy(picture):
    values = [min(255, max(0, int(v) + noise(2, i) % 41 - 20)) for i, v in enumerate(picture.reshape(-1))]
    return np.array(values, np.uint8).reshape(picture.shape)


def blurred(picture):
    padded = np.pad(picture.astype(int), ((1, 1), (1, 1), (0, 0)), "edge")
    height, width, _ = picture.shape
    return (sum(padded[j:j + height, i:i + width] for i in range(3) for j in range(3)) // 9).astype(np.uint8)


def flattened(picture):
    return ((2 * picture.astype(int) + 128) // 3).astype(np.uint8)


def row(name, a, b):
    gaussian = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2)
    uniform = structural_similarity(a / 255 - .5, b / 255 - .5, data_range=2, channel_axis=2)
    gray = structural_similarity(rgb2gray(a) - .5, rgb2gray(b) - .5, data_range=2)
    mse = np.mean((a.astype(float) - b) ** 2)
    print(f'({a.shape[1]}, {a.shape[0]}, "{name}", {mse:.10f}, [{gaussian:.10f}, {uniform:.10f}, {gray:.10f}]),')


for width, height in (32, 32), (11, 11), (45, 17):
    picture = base(width, height)
    gray = lambda value: np.full_like(picture, value)
    row("noisy", picture, noisy(picture))
    row("blurred", picture, blurred(picture))
    row("flattened", picture, flattened(picture))
    row("gray", picture, gray(100))
    row("two grays", gray(100), gray(108))
    row("black and white", gray(0), gray(255))
    row("same", picture, picture)
