"""Wrinkles of nobody's palm: drawn at random where a small painter leaves a palm smoother than it was.

Palms have three to five long lines, some dozens of secondary ones and hundreds of fine wrinkles, most of them along a
few directions that change slowly over the palm. A network of a few million weights paints a handful. Palms without the
others look waxen, and resemble one another for a recognizer whatever is painted on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from palmbench.methods.bands import TINT, between, inside, lacking

VERSION = 3
_GRID = 512  # side of the square on which wrinkles are drawn
_PIECES = 6  # of one depth each, along a wrinkle: it is deepest in its middle
_BAND = (0.8, 5.0)  # standard deviations, in pixels of the crop, between which structure counts as lines
_AROUND = 8.0  # standard deviation, in pixels of the crop, of the brightness that lines are relative to
_STRONGEST = 0.05  # standard deviation of lines, as a share of the brightness
_MORE = 1.2  # factor that makes up for the deep lines, which do not count
_FADE = 12.0  # pixels of the crop over which wrinkles end at the palm's rim


@dataclass(frozen=True)
class _Kind:
    """Wrinkles of one kind: how many, how long (shares of the crop's side), how deep, and how they run."""

    count: int
    lengths: tuple[float, float]
    depth: float
    width: int
    softness: float
    bend: float
    spread: float


_KINDS = (
    _Kind(5, (0.45, 0.8), depth=2.2, width=3, softness=2.2, bend=1.2, spread=0.3),
    _Kind(90, (0.12, 0.35), depth=1.1, width=2, softness=2.0, bend=0.6, spread=0.4),
    _Kind(900, (0.04, 0.16), depth=0.5, width=1, softness=1.2, bend=0.5, spread=0.5),
)


def wrinkled(
    painted: np.ndarray, original: np.ndarray, repainted: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw wrinkles on a painted palm until its lines are as strong, on the whole, as those of the palm that was there.

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
    generator : numpy.random.Generator
        Draws the wrinkles.

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
    wrinkles = cv2.resize(drawn(generator), repainted.shape, interpolation=cv2.INTER_AREA)
    relief = -between(wrinkles, np.ones_like(repainted), _BAND)
    relief *= _MORE * lack / max(float(relief[inner].std()), 1e-6) * weights
    return np.clip(painted * (1 + relief[..., None] * TINT), 0, 1).astype(np.float32)


def drawn(generator: np.random.Generator) -> np.ndarray:
    """Depths of wrinkles on a square of skin, float32 (512, 512), 0 where there is none."""
    waves = generator.standard_normal((2, 4, 4)).astype(np.float32)
    across, down = (cv2.resize(wave, (_GRID, _GRID), interpolation=cv2.INTER_CUBIC) for wave in waves)
    directions = np.arctan2(down, across)
    depths = np.zeros_like(directions)
    for kind in _KINDS:
        depths += _drawn(kind, directions, generator)
    return depths


def _drawn(kind: _Kind, directions: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    count, steps = kind.count, max(_PIECES, round(kind.lengths[1] * _GRID / 6))
    middles = generator.uniform(0, _GRID, (count, 2))
    lengths = generator.uniform(*kind.lengths, count) * _GRID
    angles = directions[middles[:, 1].astype(int), middles[:, 0].astype(int)]
    angles = angles + generator.normal(0, kind.spread, count) + np.pi / 2 * (generator.random(count) < 0.25)
    turns = generator.normal(0, kind.bend, (count, 1)) * (np.arange(steps) / steps - 0.5)
    wobble = np.cumsum(generator.normal(0, 0.1, (count, steps)), axis=1)
    wobble -= wobble.mean(axis=1, keepdims=True)
    headings = angles[:, None] + turns + 0.5 * wobble
    strides = (lengths / steps)[:, None, None] * np.stack([np.cos(headings), np.sin(headings)], axis=-1)
    paths = np.cumsum(np.concatenate([np.zeros((count, 1, 2)), strides], axis=1), axis=1)
    paths += (middles - paths[:, steps // 2])[:, None]
    depths = kind.depth * generator.lognormal(0, 0.3, count)
    canvas = np.zeros((_GRID, _GRID), np.float32)
    ends = np.linspace(0, steps, _PIECES + 1).astype(int)
    shares = np.sin(np.pi * (np.arange(_PIECES) + 0.5) / _PIECES) ** 0.5
    for path, depth in zip(np.round(paths * 8).astype(np.int32), depths, strict=True):
        for first, last, share in zip(ends[:-1], ends[1:], shares, strict=True):
            cv2.polylines(canvas, [path[first : last + 1]], False, float(depth * share), kind.width, shift=3)
    return cv2.GaussianBlur(canvas, (0, 0), kind.softness)
