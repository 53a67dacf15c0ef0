"""PESQ and perceptual SNR of the made-up signals that src/metric/made.rs makes too.

    python tests/reference/speech.py      needs numpy and pesq (2.4.6 and 0.0.4 gave the numbers in the tests)

Prints a row of the tests' tables for each case: samples, what was done, wideband PESQ by the ITU's reference code (the
package pesq is a wrapper of it), and perceptual SNR in dB by NumPy.
"""

import numpy as np
from pesq import PesqError, pesq

RATE = 16000


def noise(seed, n):
    """-32768 to 32767, by 32-bit integers."""
    state, out = seed, []
    for _ in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append((state >> 16) - 32768)
    return np.array(out)


def base(n):
    """Syllables of a gliding voice with two formants, some of them of noise or silent; a little noise throughout."""
    i = np.arange(n)
    t = i / RATE
    syllable = np.floor(4 * t)
    place = 4 * t - syllable
    pitch = 120 + 20 * np.sin(3 * t)
    phase = 2 * np.pi * 120 * t + 2 * np.pi * 20 / 3 * (1 - np.cos(3 * t))
    formants = (300 + 90 * (syllable * 7 % 6), 120), (1000 + 260 * (syllable * 5 % 7), 200), (2900, 350)
    voice = np.zeros(n)
    for h in range(1, 31):
        f = h * pitch
        gain = sum(1 / (1 + ((f - center) / width) ** 2) for center, width in formants)
        voice = voice + gain * np.sin(h * phase)
    hiss = noise(1, n) / 32768
    loudness = np.where((syllable % 11 == 5) | (syllable % 11 == 6), 0, np.sin(np.pi * place) ** 2)
    sound = np.where(syllable % 5 == 3, 600 * hiss, 2500 * voice)
    return rounded(loudness * sound + 6 * hiss)


def rounded(x):
    """To 16 bits; halves go up."""
    return np.clip(np.floor(x + .5), -32768, 32767).astype(np.int64)


def mean_of(x, width):
    """The mean of the value and of those before it, as many as width says."""
    padded = np.concatenate([np.zeros(width - 1, np.int64), x])
    return rounded(sum(padded[k:k + len(x)] for k in range(width)) / width)


def after(x, before, samples):
    return np.concatenate([before, x])[:samples]


def cut(x, at, by):
    """Without the values from `at` on; silence makes up for them at the end."""
    return np.concatenate([x[:at], x[at + by:], np.zeros(by, np.int64)])


def gated(x, frames):
    """Every frame of 320 values is silent whose number is a multiple of `frames` plus 2."""
    return np.where(np.arange(len(x)) // 320 % frames == 2, 0, x)


CASES = {
    "same": lambda x, n: x,
    "noise 10": lambda x, n: rounded(x + noise(2, n) * 10 / 32768),
    "noise 100": lambda x, n: rounded(x + noise(2, n) * 100 / 32768),
    "noise 1000": lambda x, n: rounded(x + noise(2, n) * 1000 / 32768),
    "noise with the signal": lambda x, n: rounded(x + noise(3, n) * x / 262144),
    "steps of 64": lambda x, n: 64 * np.floor(x / 64 + .5).astype(np.int64),
    "steps of 1024": lambda x, n: 1024 * np.floor(x / 1024 + .5).astype(np.int64),
    "clipped": lambda x, n: np.clip(x, -4000, 4000),
    "mean of 4": lambda x, n: mean_of(x, 4),
    "mean of 12": lambda x, n: mean_of(x, 12),
    "half": lambda x, n: rounded(x / 2),
    "delayed by 40": lambda x, n: after(x, np.zeros(40, np.int64), n),
    "delayed by 1600": lambda x, n: after(x, np.zeros(1600, np.int64), n),
    "140 cut": lambda x, n: cut(x, n // 2, 140),
    "240 cut": lambda x, n: cut(x, n // 2, 240),
    "300 cut": lambda x, n: cut(x, n // 2, 300),
    "gaps": lambda x, n: gated(x, 12),
    "many gaps": lambda x, n: gated(x, 4),
    "mean of 4, noise": lambda x, n: rounded(mean_of(x, 4) + noise(4, n) * 50 / 32768),
}
# The reference begins with so many silent samples.
for name, silent in [("noise 100", 1000), ("noise 1000", 1000), ("noise 100", 8000), ("noise 1000", 8000), ("steps of 1024", 8000)]:
    CASES[f"{name} after {silent}"] = CASES[name]


def perceptual_snr(reference, test):
    """As the documentation of perceptual_snr in src/metric/perceptual.rs defines it."""
    n = len(reference)
    count = -(-n // 256) + 1
    window = np.hanning(513)[:512]
    frequencies = np.fft.rfftfreq(512, 1 / RATE)
    top = 2595 * np.log10(1 + 8000 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, 22) / 2595) - 1)
    bands = np.array([np.interp(frequencies, corners[b:b + 3], [0, 1, 0]) for b in range(20)])
    bands /= bands.sum(1, keepdims=True)
    full_scale = (window.sum() / 2) ** 2

    def frames(x):
        padded = np.zeros(256 * (count + 1))
        padded[256:256 + n] = x
        return np.stack([padded[256 * i:256 * i + 512] for i in range(count)])

    x, error = frames(reference), frames(reference - test)
    found = []
    for x, error in zip(x, error):
        if 10 * np.log10(np.mean(x ** 2) + 1e-300) <= -75:
            continue
        power, wrong = abs(np.fft.rfft(window * x)) ** 2, abs(np.fft.rfft(window * error)) ** 2
        levels = 10 * np.log10(np.maximum(bands @ power, full_scale * 1e-10))
        weights = 10 ** (-.37 * np.interp(frequencies, corners[1:-1], levels) / 10)
        noise = (weights * wrong).sum()
        snr = 10 * np.log10((weights * power).sum() / noise) if noise > 0 else 100
        found.append(min(max(snr, -100), 100))
    return np.mean(found)


for n in 64000, 49999:
    for name, make in CASES.items():
        x = base(n)
        if " after " in name:
            x[:int(name.split(" after ")[1])] = 0
        y = make(x, n)
        score = pesq(RATE, x.astype(float), y.astype(float), "wb")
        print(f'({n}, "{name}", {score:.4f}, {perceptual_snr(x / 32768, y / 32768):.9f}),')
