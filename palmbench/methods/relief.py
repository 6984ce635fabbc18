"""Relief of nobody's palm: folds and pads between the palm's lines and its light, drawn at random and lit from a side.

What is coarser than a twentieth of the crop is the light of the hand that was there (`light`), what is finer than a
fiftieth are lines (`wrinkles`). A network of a few million weights leaves what lies between nearly flat.
"""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.methods.bands import between, facing, inside, lacking, strength

VERSION = 3
_BAND = (5.0, 18.0)  # standard deviations, in pixels of the crop, between which structure is relief
_DRAWN = (9.0, 24.0)  # the same of the heights that are drawn: of noise, the narrower the more there is
_TINT = np.array([0.93, 1.04, 1.04], np.float32)  # skin that turns away from the light is a little redder
_GLARE = 0.3  # of full scale below white: the brighter skin is, the less of its relief a camera shows
_STRONGEST = 0.06  # standard deviation of relief, as a share of the brightness
_FADE = 12.0  # pixels of the crop over which relief ends at the palm's rim


def with_relief(
    lit: np.ndarray, original: np.ndarray, repainted: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Give a painted palm relief, drawn at random, until it is as uneven as the palm that was there.

    Of the palm that was there one number is used, how strong its relief is; not where it rises. A palm that is painted
    as uneven gets none.

    Parameters
    ----------
    lit : ndarray of shape (size, size, 3), float
        The painted crop in the hand's light, in [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    repainted : ndarray of shape (size, size), bool
        What was repainted.
    generator : numpy.random.Generator
        Draws the relief.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; unchanged outside the repainted palm.
    """
    inner = facing(repainted)
    if not inner.any():
        return lit
    own, found = (strength(crop, repainted, inner, _BAND, _BAND[1]) for crop in (original / 255, lit))
    lack = lacking(own.at_most(_STRONGEST).whole, found.whole)
    if not lack:
        return lit
    relief = _lit_from_a_side(repainted.shape, generator)
    drawn = float(between(relief, repainted, _BAND)[inner].std())
    relief *= lack / max(drawn, 1e-6) * inside(repainted, _FADE)
    relief *= np.clip((1 - lit.mean(axis=2, dtype=np.float32)) / _GLARE, 0, 1)
    return np.clip(lit * (1 + relief[..., None] * _TINT), 0, 1).astype(np.float32)


def _lit_from_a_side(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Brightness of bumps and hollows, float32 of a shape: how steeply heights drawn at random rise in one direction.

    Lit so they are seen as relief; heights themselves, dark where they are low, would be seen as stains.
    """
    noise = generator.standard_normal(shape).astype(np.float32)
    # Not on a grid: how steeply a mean rises there shows its cells, as a weave.
    fine, coarse = (cv2.GaussianBlur(noise, (0, 0), sigma) for sigma in _DRAWN)
    down, right = np.gradient(fine - coarse)
    side = generator.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(side) * right + np.sin(side) * down, np.float32)
