"""Lines and wrinkles of nobody's palm, drawn where a small painter leaves a palm smoother than it was.

Palms have three long lines, some dozens of secondary ones, and a mesh of thousands of fine wrinkles. A network of a few
million weights paints a handful, where palms seldom have them. Palms without the others look waxen, and resemble one
another for a recognizer whatever is painted on them.
"""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.methods.bands import TINT, between, inside, lacking, strength

VERSION = 5
_BAND = (0.8, 5.0)  # standard deviations, in pixels of the crop, between which structure counts as lines
_AROUND = 8.0  # standard deviation, in pixels of the crop, of the brightness that lines are relative to
_STRONGEST = 0.05  # standard deviation of lines, as a share of the brightness
# Pixels of the crop: over which lines end at the palm's rim, and from that rim within which a hand turns away from the
# light, so that structure is not measured there.
_FADE, _RIM = 3.0, 6.0
_DEEPEST = 0.9  # a line counts for no deeper than this
# Shares of the own palm's structure, on the whole and where none stands out, that lines and fine wrinkles bring it to:
# the rest is the skin's texture, which comes later.
_WHOLE, _USUAL = 0.95, 0.7
_LEAST = 0.3  # share of what is lacking that lines have, whatever the usual structure is
_FAINTEST = 0.02  # standard deviation of depths: where fewer lines run they are not made deeper for it
# Fine wrinkles: how many, how long (median, as a share of the square's side, and spread of its logarithm) and how bent,
# and the spread of their depths' logarithm.
_COUNT, _LENGTH, _LENGTHS, _LONGEST, _BEND, _DEPTHS = 2500, 0.035, 0.5, 0.2, 0.5, 0.5
# They run in two directions, which lie so far apart and turn slowly across the palm: radians, and their spread.
_APART, _TURNS, _SPREAD = 1.3, 0.7, 0.3
_CELLS = 4  # of a side, between which the directions turn
_GRID, _SOFTNESS = 512, 1.4  # side of the square that they are drawn on, and standard deviation of the pencil
_PIECES, _STEPS = 4, 3  # of one depth each, along a wrinkle, which is deepest in its middle; and strokes of a piece
_SHADES = 32  # depths that are told apart


def wrinkled(
    painted: np.ndarray, original: np.ndarray, repainted: np.ndarray, lines: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw lines on a painted palm until they are as strong, on the whole, as those of the palm that was there.

    Of the palm that was there two numbers are used, how strong its lines are on the whole and how strong what lies
    between them is; not where anything runs. A palm that is painted with lines as strong gets none.

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
    inner = inside(repainted, _RIM) == 1
    if not inner.any():
        return painted
    own, found = (strength(crop, repainted, inner, _BAND, _AROUND) for crop in (original / 255, painted))
    own = own.at_most(_STRONGEST)
    lack = lacking(_WHOLE * own.whole, found.whole)
    if not lack:
        return painted
    fine = min(lack, lacking(_USUAL * own.usual, found.usual))
    deep = max(lacking(lack, fine), _LEAST * lack)
    mesh = cv2.resize(drawn(generator), repainted.shape, interpolation=cv2.INTER_AREA)
    relief = np.zeros(repainted.shape, np.float32)
    for depths, wanted in ((mesh, fine), (np.minimum(lines, _DEEPEST), deep)):
        layer = between(depths, None, _BAND)
        relief -= layer * (wanted / max(float(layer[inner].std()), _FAINTEST))
    relief *= inside(repainted, _FADE)
    return np.clip(painted * (1 + relief[..., None] * TINT), 0, 1).astype(np.float32)


def drawn(generator: np.random.Generator) -> np.ndarray:
    """Depths of a mesh of fine wrinkles on a square of skin, float32 (512, 512), 0 where there is none."""
    steps = _PIECES * _STEPS
    middles = generator.uniform(0, _GRID, (_COUNT, 2))
    lengths = np.minimum(_LENGTH * generator.lognormal(0, _LENGTHS, _COUNT), _LONGEST) * _GRID
    turns = generator.normal(0, _BEND, (_COUNT, 1)) * (np.arange(steps) / steps - 0.5)
    wobble = np.cumsum(generator.normal(0, 0.1, (_COUNT, steps)), axis=1)
    wobble -= wobble.mean(axis=1, keepdims=True)
    headings = _directions(middles, generator)[:, None] + turns + 0.5 * wobble
    strides = (lengths / steps)[:, None, None] * np.stack([np.cos(headings), np.sin(headings)], axis=-1)
    paths = np.cumsum(np.concatenate([np.zeros((_COUNT, 1, 2)), strides], axis=1), axis=1)
    paths += (middles - paths[:, steps // 2])[:, None]
    along = np.sin(np.pi * (np.arange(_PIECES) + 0.5) / _PIECES) ** 0.5
    depths = generator.lognormal(0, _DEPTHS, (_COUNT, 1)) * along
    # One call draws all pieces of a depth, the deepest last: they lie above the others.
    shades = np.minimum(np.ceil(_SHADES * depths / np.quantile(depths, 0.99)), _SHADES).astype(int)
    pieces = np.round(8 * np.stack([paths[:, i * _STEPS : (i + 1) * _STEPS + 1] for i in range(_PIECES)], axis=1))
    canvas = np.zeros((_GRID, _GRID), np.float32)
    for shade in range(1, _SHADES + 1):
        cv2.polylines(canvas, list(pieces[shades == shade].astype(np.int32)), False, shade / _SHADES, 1, shift=3)
    return cv2.GaussianBlur(canvas, (0, 0), _SOFTNESS)


def _directions(places: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Which way wrinkles at some places (n, 2) of the square run, in radians (n,)."""
    turns = cv2.resize(generator.normal(0, _TURNS, (_CELLS, _CELLS)), (_GRID, _GRID), interpolation=cv2.INTER_CUBIC)
    columns, rows = places.astype(int).T
    crossing = _APART * generator.integers(0, 2, len(places))
    return np.asarray(
        generator.uniform(0, np.pi) + turns[rows, columns] + crossing + generator.normal(0, _SPREAD, len(places))
    )
