"""Bank of oriented Gabor filters, and the filtering of small images."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from recognizers.common.jit import compiled

VERSION = 1
# Codes have a bit for every fourth pixel and row: 32 x 32 of a ROI of 128 x 128.
STEP = 4
RADIUS = 8


def gabor_bank(omega: float, kappa: float, sign: int = 1, orientations: int = 6, radius: int = RADIUS) -> np.ndarray:
    """Real, zero-mean Gabor kernels used by the competitive-code family of palmprint recognizers.

    With x the row and y the column offset, x' = x cos t + y sin t and y' = -x sin t + y cos t,

        G(x, y) = sign * omega / (sqrt(2 pi) kappa) * exp(-omega^2 (4 x'^2 + y'^2) / (8 kappa^2))
                  * (cos(omega x') - exp(-kappa^2 / 2)),

    less the mean of the kernel, so that a flat image gives no response.

    Parameters
    ----------
    omega : float
        Radial frequency, radians per pixel.
    kappa : float
        Ratio that ties the envelope's width to the wavelength.
    sign : {1, -1}
        Polarity: with -1 a dark line gives a positive response.
    orientations : int
        Number of angles t = k pi / orientations.
    radius : int
        Half width in pixels; kernels have side 2 * radius + 1.

    Returns
    -------
    (orientations, 2 * radius + 1, 2 * radius + 1) float64
        Kernels, each symmetric about its centre: convolution and correlation agree.
    """
    offsets = np.arange(-radius, radius + 1, dtype=np.float64)
    x, y = np.meshgrid(offsets, offsets, indexing="ij")
    bank = np.empty((orientations, 2 * radius + 1, 2 * radius + 1))
    for k in range(orientations):
        theta = k * math.pi / orientations
        across = x * math.cos(theta) + y * math.sin(theta)
        along = y * math.cos(theta) - x * math.sin(theta)
        envelope = np.exp(-(omega**2) * (4 * across**2 + along**2) / (8 * kappa**2))
        carrier = np.cos(omega * across) - math.exp(-(kappa**2) / 2)
        kernel = sign * omega / (math.sqrt(2 * math.pi) * kappa) * envelope * carrier
        bank[k] = kernel - kernel.mean()
    return bank


class Quarters(NamedTuple):
    """A bank of `gabor_bank` by its symmetries: orientation n - k is orientation k seen in a mirror.

    Both are a kernel that is even along rows and columns, plus or less one that is odd along both; a quarter of
    each says it all.

    Attributes
    ----------
    even : (n / 2 + 1, radius + 1, radius + 1) float64
        Of orientations 0 to n / 2; the first row and column are the middle ones.
    odd : (n / 2 - 1, radius + 1, radius + 1) float64
        Of orientations 1 to n / 2 - 1; the first row and column are 0.
    """

    even: np.ndarray
    odd: np.ndarray


def quarters(bank: np.ndarray) -> Quarters:
    """Quarters of a bank (n, side, side); n is even."""
    half, middle = len(bank) // 2, bank.shape[1] // 2
    mirrored = bank[-np.arange(half + 1)]
    even, odd = (bank[: half + 1] + mirrored) / 2, (bank[: half + 1] - mirrored) / 2
    return Quarters(even[:, middle:, middle:].copy(), odd[1:half, middle:, middle:].copy())


@compiled
def filter_image(
    padded: np.ndarray,
    even: np.ndarray,
    odd: np.ndarray,
    out: np.ndarray,
) -> None:
    """Filter an image with a whole bank, in a third of the time of filtering with each kernel.

    Products are added in a fixed order, whatever the processor, so that codes do not depend on the machine.

    Parameters
    ----------
    padded : (height + 16, width + 16) float64
        The image with its border of zeros.
    even, odd : (n / 2 + 1, 9, 9), (n / 2 - 1, 9, 9) float64
        `Quarters` of a bank of radius 8.
    out : (n, height, width) float64
        Receives the responses.
    """
    n, height, width = out.shape
    rows, folds = np.empty(padded.shape[1]), np.empty((RADIUS, width))
    evens, odds = np.empty((len(even), width)), np.empty((len(odd), width))
    for y in range(height):
        evens[:] = 0.0
        odds[:] = 0.0
        for r in range(RADIUS + 1):
            below, above = padded[y + RADIUS + r], padded[y + RADIUS - r]
            for x in range(len(rows)):
                rows[x] = below[x] + above[x] if r else below[x]
            _fold(rows, 1.0, folds)
            for k in range(len(even)):
                _add_taps(even[k, r], rows[RADIUS : RADIUS + width], folds, evens[k])
            for x in range(len(rows)):
                rows[x] = below[x] - above[x]
            _fold(rows, -1.0, folds)
            for k in range(len(odd)):
                _add_taps(odd[k, r], rows[RADIUS : RADIUS + width], folds, odds[k])
        out[0, y] = evens[0]
        out[n // 2, y] = evens[n // 2]
        for k in range(1, n // 2):
            for x in range(width):
                out[k, y, x] = evens[k, x] + odds[k - 1, x]
                out[n - k, y, x] = evens[k, x] - odds[k - 1, x]


@compiled
def _fold(
    rows: np.ndarray,
    sign: Any,
    folds: np.ndarray,
) -> None:
    for c in range(RADIUS):
        right, left, fold = rows[RADIUS + 1 + c :], rows[RADIUS - 1 - c :], folds[c]
        for x in range(len(fold)):
            fold[x] = right[x] + sign * left[x]


@compiled
def _add_taps(
    taps: np.ndarray,
    middle: np.ndarray,
    folds: np.ndarray,
    row: np.ndarray,
) -> None:
    # All nine taps at once: the running sums are read and written once.
    t0, t1, t2, t3, t4 = taps[0], taps[1], taps[2], taps[3], taps[4]
    t5, t6, t7, t8 = taps[5], taps[6], taps[7], taps[8]
    f1, f2, f3, f4 = folds[0], folds[1], folds[2], folds[3]
    f5, f6, f7, f8 = folds[4], folds[5], folds[6], folds[7]
    for x in range(len(row)):
        near = (t1 * f1[x] + t2 * f2[x]) + (t3 * f3[x] + t4 * f4[x])
        far = (t5 * f5[x] + t6 * f6[x]) + (t7 * f7[x] + t8 * f8[x])
        row[x] += t0 * middle[x] + near + far


@compiled
def filter_samples(
    padded: np.ndarray,
    kernel: np.ndarray,
    out: np.ndarray,
) -> None:
    """Filter an image at every fourth pixel of every fourth row, from the first.

    Products are added in a fixed order, as in `filter_image`.

    Parameters
    ----------
    padded : (4 * height + side - 1, 4 * width + side - 1) float64
        The image with its border of zeros.
    kernel : (side, side) float64
        Filter, laid over the image unturned (correlation).
    out : (height, width) float64
        Receives the response.
    """
    side = kernel.shape[0]
    width = out.shape[1]
    # Every fourth column side by side, so that neighbours in `out` read neighbours in memory.
    columns = np.zeros((4, len(padded), (padded.shape[1] + 3) // 4))
    for phase in range(4):
        every = padded[:, phase::4]
        columns[phase, :, : every.shape[1]] = every
    for y in range(out.shape[0]):
        row = out[y]
        row[:] = 0.0
        for r in range(side):
            source, taps = columns[:, STEP * y + r], kernel[r]
            for c in range(0, side - 3, 4):
                k0, k1, k2, k3 = taps[c], taps[c + 1], taps[c + 2], taps[c + 3]
                s0, s1 = source[0, c // 4 : c // 4 + width], source[1, c // 4 : c // 4 + width]
                s2, s3 = source[2, c // 4 : c // 4 + width], source[3, c // 4 : c // 4 + width]
                for x in range(width):
                    row[x] += (k0 * s0[x] + k1 * s1[x]) + (k2 * s2[x] + k3 * s3[x])
            for c in range(side - side % 4, side):
                tap, rest = taps[c], source[c % 4, c // 4 : c // 4 + width]
                for x in range(width):
                    row[x] += tap * rest[x]
