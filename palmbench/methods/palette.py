"""Photos in shades of one colour, grey or sepia: what is painted in them takes those shades."""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 2
# Root mean square by which the pixels of a hand may differ from one colour for each brightness, as a share of its
# brightness, or in levels where that is less. It is 0 in grey photos, 0.1 to 0.4 % in sepia ones, to 1.7 % once these
# are JPEGs of quality 75; in photos of skin it is 2.8 % and more, of rendered skin 1.1 % and more.
_MOST, _LEAST = 0.008, 1.0
_LIKE = 4.0  # levels: standard deviation of a mean over pixels that are about as bright
_LEVELS = 256
_ENOUGH = 500_000  # pixels of a hand that are looked at, evenly spread


def shades_of(photo: np.ndarray, hand: np.ndarray) -> np.ndarray | None:
    """The colour of each brightness in a photo that has but one for each.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), uint8
        RGB, as it was.
    hand : ndarray of shape (height, width), bool
        Whose pixels tell the shades.

    Returns
    -------
    ndarray of shape (256, 3), or None
        Relative to that brightness; None where the hand has more colours, or no pixel.
    """
    pixels = photo[hand]
    if not len(pixels):
        return None
    pixels = pixels[:: -(-len(pixels) // _ENOUGH)]
    means = pixels.mean(axis=1, keepdims=True)
    brightness = np.rint(means[:, 0]).astype(int)
    counts = np.bincount(brightness, minlength=_LEVELS)
    sums = np.column_stack([np.bincount(brightness, channel, _LEVELS) for channel in pixels.T])
    near = cv2.GaussianBlur(np.column_stack([sums, counts]), (1, 0), sigmaX=1, sigmaY=_LIKE)
    known = np.flatnonzero(near[:, 3] > 0)
    usual = near[known, :3] / near[known, 3:]
    tones = usual / np.maximum(usual.mean(axis=1, keepdims=True), 1e-6)
    shades = np.column_stack([np.interp(np.arange(_LEVELS), known, channel) for channel in tones.T])
    off = np.sqrt(np.mean((pixels - shades[brightness] * means) ** 2))
    return shades if off <= max(_LEAST, _MOST * float(means.mean())) else None


def in_shades(painted: np.ndarray, shades: np.ndarray) -> np.ndarray:
    """What was painted in shades as of `shades_of`, as bright as before: RGB in [0, 1], float32 (..., 3)."""
    level = painted.mean(axis=-1, dtype=np.float32)
    places = level * (_LEVELS - 1)
    tones = np.stack([np.interp(places, np.arange(_LEVELS), channel) for channel in shades.T], axis=-1)
    return np.clip(level[..., None] * tones, 0, 1).astype(np.float32)
