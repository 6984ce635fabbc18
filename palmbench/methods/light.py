"""Light and colour of a painted palm: those of the hand that was there."""

from __future__ import annotations

import math

import cv2
import numpy as np

from palmbench.methods.bands import facing, inside

VERSION = 4
# Standard deviation, as a share of the crop's side, above which structure is light and colour: a twentieth is a
# fifteenth of a palm, and of waves as long as those that palm codes look for less than a thousandth is left. What it
# gives away is measured by `experiments/kept_light.py`.
LIGHT = 0.05
_CREASE = 0.07  # of the crop's side: width of the median that takes creases away
_SHADOW = 0.45  # relative spread of light at which half of an edge is a shadow's
_BRIGHTEST = 4.0  # factor by which a painted palm is lit
_DARK = 0.02  # of full scale: what is darker has no colour to speak of
_CELLS = 4.0  # in a standard deviation, of the grid on which light is averaged: what is so smooth needs no finer one
_CLOTH = 16.0  # distance in a*b* from the hand's colour beyond which a pixel is not skin
_LINES = 5.0  # standard deviation, in pixels of the crop, of a mean in which lines do not count
_FADE = 12.0  # pixels of the crop over which a change of the whole palm's colour ends
_DIM = 0.06  # of full scale: ratios of what is darker would be of noise
_GAIN = (0.85, 1.18)  # factors by which a whole palm may be darkened and brightened


def follow_light(painted: np.ndarray, original: np.ndarray, hand: np.ndarray, finest: float = LIGHT) -> np.ndarray:
    """Give a painted crop the light and the colours of the hand that was there.

    Light, shadow and the flush of skin are coarse; palmprints are fine. So of both crops what is coarser than a
    twentieth of their side is taken, within the hand, and the painted one is multiplied by their ratio: its lines keep
    their contrast in light and in shadow. Sleeves that a mask takes for skin lend no colour.

    Parameters
    ----------
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    hand : ndarray of shape (size, size), bool
        The hand and what was repainted.
    finest : float
        Standard deviation, as a share of the crop's side, above which structure is light.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; unchanged where no skin is near.
    """
    photo = original.astype(np.float32) / 255
    skin = _skin(original, hand)
    wanted, near = _coarse(photo, skin, finest)
    wanted = _with_edges_of_shadows(wanted, original, skin, finest)
    found, _ = _coarse(painted.astype(np.float32), skin, finest)
    factor = np.clip((wanted + _DARK) / (found + _DARK), 1 / _BRIGHTEST, _BRIGHTEST)
    lit = np.where(near[..., None], painted * factor, painted)
    return np.clip(lit, 0, 1).astype(np.float32)


def in_usual_colour(painted: np.ndarray, original: np.ndarray, repainted: np.ndarray) -> np.ndarray:
    """Give a painted palm, on the whole, the usual colour of the palm that was there: three numbers.

    A palm that follows the light has its mean: where that counts deep creases or a highlight, its skin is off by them.

    Parameters
    ----------
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    repainted : ndarray of shape (size, size), bool
        What was repainted.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; unchanged outside the repainted palm, and where that is nowhere wide.
    """
    inner = facing(repainted)
    if not inner.any():
        return painted
    crops = (original / np.float32(255), painted.astype(np.float32))
    was, now = (cv2.GaussianBlur(each, (0, 0), _LINES)[inner] for each in crops)
    gain = np.clip(np.median((was + _DIM) / (now + _DIM), axis=0), *_GAIN)
    changed = np.clip(painted * (1 + inside(repainted, _FADE)[..., None] * (gain - 1)), 0, 1)
    return np.where(repainted[..., None], changed, painted).astype(np.float32)


def _with_edges_of_shadows(coarse: np.ndarray, original: np.ndarray, weights: np.ndarray, finest: float) -> np.ndarray:
    """Coarse light that falls as steeply as the photo's where a shadow ends, by a guided filter (He et al., 2013).

    The guide is the photo after a median that is wider than creases; it counts where it varies by far more than relief
    and lines make it, so of the palm itself next to nothing passes.
    """
    width = round(_CREASE * len(original)) | 1
    guide = cv2.medianBlur(original, width).astype(np.float32) / 255
    mean, _ = _coarse(guide, weights, finest)
    square, _ = _coarse(guide**2, weights, finest)
    spread = np.maximum(square - mean**2, 0).mean(axis=2) / (mean**2).mean(axis=2).clip(_DARK**2)
    share = (spread / (spread + _SHADOW**2))[..., None]
    kept, _ = _coarse(share, weights, finest)
    rest, _ = _coarse((1 - share) * mean, weights, finest)
    return coarse + kept * guide + rest - mean


def _skin(original: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """Weights of a hand's pixels, float32: 0 at its outline and where the colour is not the hand's."""
    inside = cv2.erode(hand.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not inside.any():
        return inside.astype(np.float32)
    photo = original.astype(np.float32) / 255
    # As if all were equally bright: skin in shadow is skin.
    even = photo * (0.5 / (cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) + _DARK))[..., None]
    colours = cv2.cvtColor(np.minimum(even, 1), cv2.COLOR_RGB2LAB)[..., 1:]
    away = np.linalg.norm(colours - np.median(colours[inside], axis=0), axis=2)
    return (inside & (away < max(_CLOTH, 2 * float(np.median(away[inside]))))).astype(np.float32)


def _coarse(crop: np.ndarray, weights: np.ndarray, finest: float) -> tuple[np.ndarray, np.ndarray]:
    """A crop's light and colour, and where there is any: weighted means, over wider parts where weights are few."""
    side = len(crop)
    cells = min(side, math.ceil(_CELLS / finest))
    lit = _resized(np.dstack([crop * weights[..., None], weights]), cells, cv2.INTER_AREA)
    total = np.zeros_like(lit)
    for width, trust in ((1, 1.0), (4, 0.02)):
        total += trust * cv2.GaussianBlur(lit, (0, 0), finest * width * cells)
    total = _resized(total, side, cv2.INTER_CUBIC)
    share = total[..., -1]
    return total[..., :-1] / np.maximum(share, 1e-6)[..., None], share > 1e-3


def _resized(layers: np.ndarray, side: int, how: int) -> np.ndarray:
    return layers if side == len(layers) else cv2.resize(layers, (side, side), interpolation=how)
