"""Bank of oriented Gabor filters, and the filtering of small images with it."""

from __future__ import annotations

import math

import numpy as np

from palmbench.jit import compiled


def gabor_bank(omega: float, kappa: float, sign: int = 1, orientations: int = 6, radius: int = 8) -> np.ndarray:
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


@compiled
def filter_rows(padded, kernel, step, out):
    """Filter an image, keeping every `step`-th row of the response.

    Products are added in a fixed order, whatever the processor, so that codes do not depend on the machine.

    Parameters
    ----------
    padded : (height + side - 1, width + side - 1) float64
        The image with its border of zeros.
    kernel : (side, side) float64
        Filter, symmetric about its centre; `side` is a multiple of four plus one.
    step : int
        Row step.
    out : (ceil(height / step), width) float64
        Receives the response.
    """
    side = kernel.shape[0]
    width = out.shape[1]
    for y in range(out.shape[0]):
        row = out[y]
        row[:] = 0.0
        for r in range(side):
            source = padded[y * step + r]
            # Four taps at once: the running sums are read and written a quarter as often.
            for c in range(0, side - 1, 4):
                k0, k1, k2, k3 = kernel[r, c], kernel[r, c + 1], kernel[r, c + 2], kernel[r, c + 3]
                s0, s1 = source[c : c + width], source[c + 1 : c + 1 + width]
                s2, s3 = source[c + 2 : c + 2 + width], source[c + 3 : c + 3 + width]
                for x in range(width):
                    row[x] += (k0 * s0[x] + k1 * s1[x]) + (k2 * s2[x] + k3 * s3[x])
            last, rest = kernel[r, side - 1], source[side - 1 : side - 1 + width]
            for x in range(width):
                row[x] += last * rest[x]
