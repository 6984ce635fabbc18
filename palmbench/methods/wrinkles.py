"""Lines and wrinkles of nobody's palm, drawn where a small painter leaves a palm smoother than it was.

Palms have three long lines, some dozens of secondary ones and hundreds of fine wrinkles. A network of a few million
weights paints a handful, where palms seldom have them. Palms without the others look waxen, and resemble one another
for a recognizer whatever is painted on them.
"""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.methods.bands import TINT, between, inside, lacking

VERSION = 4
_BAND = (0.8, 5.0)  # standard deviations, in pixels of the crop, between which structure counts as lines
_AROUND = 8.0  # standard deviation, in pixels of the crop, of the brightness that lines are relative to
_STRONGEST = 0.05  # standard deviation of lines, as a share of the brightness
_FADE = 12.0  # pixels of the crop over which lines end at the palm's rim
_DEEPEST = 0.8  # a line counts for no deeper than this
# Fine wrinkles, which run anyhow: how many, how deep, and how long as shares of the square's side.
_COUNT, _DEPTH, _LENGTHS = 900, 0.7, (0.04, 0.16)
_BEND, _SOFTNESS = 0.5, 1.2
_GRID = 512  # side of the square that they are drawn on
_PIECES = 6  # of one depth each, along a wrinkle: it is deepest in its middle


def wrinkled(
    painted: np.ndarray, original: np.ndarray, repainted: np.ndarray, lines: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw lines on a painted palm until they are as strong, on the whole, as those of the palm that was there.

    Of the palm that was there one number is used, how strong its lines are; not where they run. A palm that is painted
    with lines as strong gets none.

    Parameters
    ----------
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    repainted : ndarray of shape (size, size), bool
        What was repainted.
    lines : ndarray of shape (size, size), float32
        Depths of the lines that are drawn beside fine wrinkles, such as `palm_lines.palm_lines` gives.
    generator : numpy.random.Generator
        Draws the fine wrinkles.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; unchanged outside the repainted palm.
    """
    weights = inside(repainted, _FADE)
    inner = weights > 0.5
    lack = lacking(painted, original, repainted, inner, _BAND, _AROUND, _STRONGEST)
    if not lack:
        return painted
    fine = cv2.resize(drawn(generator), repainted.shape, interpolation=cv2.INTER_AREA)
    relief = -between(fine + np.minimum(lines, _DEEPEST), np.ones_like(repainted), _BAND)
    relief *= lack / max(float(relief[inner].std()), 1e-6) * weights
    return np.clip(painted * (1 + relief[..., None] * TINT), 0, 1).astype(np.float32)


def drawn(generator: np.random.Generator) -> np.ndarray:
    """Depths of fine wrinkles on a square of skin, float32 (512, 512), 0 where there is none."""
    steps = max(_PIECES, round(_LENGTHS[1] * _GRID / 6))
    middles = generator.uniform(0, _GRID, (_COUNT, 2))
    lengths = generator.uniform(*_LENGTHS, _COUNT) * _GRID
    turns = generator.normal(0, _BEND, (_COUNT, 1)) * (np.arange(steps) / steps - 0.5)
    wobble = np.cumsum(generator.normal(0, 0.1, (_COUNT, steps)), axis=1)
    wobble -= wobble.mean(axis=1, keepdims=True)
    headings = generator.uniform(0, np.pi, (_COUNT, 1)) + turns + 0.5 * wobble
    strides = (lengths / steps)[:, None, None] * np.stack([np.cos(headings), np.sin(headings)], axis=-1)
    paths = np.cumsum(np.concatenate([np.zeros((_COUNT, 1, 2)), strides], axis=1), axis=1)
    paths += (middles - paths[:, steps // 2])[:, None]
    depths = _DEPTH * generator.lognormal(0, 0.3, _COUNT)
    canvas = np.zeros((_GRID, _GRID), np.float32)
    ends = np.linspace(0, steps, _PIECES + 1).astype(int)
    shares = np.sin(np.pi * (np.arange(_PIECES) + 0.5) / _PIECES) ** 0.5
    for path, depth in zip(np.round(paths * 8).astype(np.int32), depths, strict=True):
        for first, last, share in zip(ends[:-1], ends[1:], shares, strict=True):
            cv2.polylines(canvas, [path[first : last + 1]], False, float(depth * share), 1, shift=3)
    return cv2.GaussianBlur(canvas, (0, 0), _SOFTNESS)
