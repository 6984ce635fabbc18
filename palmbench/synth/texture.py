"""Textures of a hand's skin in palm coordinates: fine relief, mottling, and the swelling of the flesh.

They belong to the identity: every photo of a palm shows the same ones, moved with the hand.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from palmbench.synth.seeds import hand_generator

# The square of palm coordinates that a texture covers: left, top, side in hand lengths.
SQUARE = (-0.6, -1.1, 1.2)
_COARSE, _FINE, _SWELL = 800, 1600, 240
_FINE_LINES = 3500
_SWOLLEN = (0.09, 0.11, 0.12, 0.19)  # about the slope of the flesh, from folds to pads


@lru_cache(maxsize=24)
def relief(identity: int, fine: bool) -> np.ndarray:
    """Fine relief of a hand's skin in palm coordinates, float32 (n, n), about unit variance: grain, lines, pores."""
    generator = hand_generator(identity).spawn(2)[1]
    surface = 0.8 * _octaves(generator, 3, 0.9) - 0.8 * _fine_lines(generator)
    # Here the skin is smooth, there it is worn and wrinkled.
    worn = cv2.resize(generator.standard_normal((7, 7), np.float32), surface.shape, interpolation=cv2.INTER_CUBIC)
    surface *= np.exp(np.float32(0.30) * worn)
    if not fine:
        return surface
    enlarged = cv2.resize(surface, (_FINE, _FINE), interpolation=cv2.INTER_CUBIC)
    pores = generator.standard_normal((_FINE, _FINE), dtype=np.float32)
    return np.add(enlarged, 0.7 * _band(pores, 0.8, 1.6))


@lru_cache(maxsize=32)
def mottling(identity: int) -> np.ndarray:
    """Red and pale patches of a hand's skin in palm coordinates, float32 (n, n), unit variance."""
    generator = hand_generator(identity).spawn(3)[2]
    return _octaves(generator, 7, 1.5)


@lru_cache(maxsize=48)
def swell(identity: int) -> np.ndarray:
    """Swellings and hollows of a palm's flesh in palm coordinates, float32 (n, n), height in hand lengths."""
    generator = hand_generator(identity).spawn(6)[5]
    white = generator.standard_normal((4, _SWELL, _SWELL), dtype=np.float32)
    # From the width of a fold up to that of half a palm; slopes, not heights, are what the light shows.
    parts = [
        slope * reach * _band(layer, reach, 2 * reach)
        for layer, reach, slope in zip(white, (2.5, 5.0, 10.0, 18.0), _SWOLLEN, strict=True)
    ]
    # Fingers and wrist have less flesh to fold.
    left, top, side = SQUARE
    x, y = left + np.arange(_SWELL) * side / _SWELL, top + np.arange(_SWELL) * side / _SWELL
    palm = np.exp(-((np.abs(y + 0.30) / 0.26) ** 4))[:, None] * np.exp(-((np.abs(x) / 0.24) ** 4))
    return np.sum(parts, axis=0, dtype=np.float32) * (0.25 + 0.75 * palm).astype(np.float32) * np.float32(side / _SWELL)


def _octaves(generator: np.random.Generator, octaves: int, gain: float) -> np.ndarray:
    """Noise of so many octaves from two texture pixels up, each `gain` times the finer one, of unit variance."""
    side = _COARSE >> (octaves - 1)
    field = generator.standard_normal((side, side), dtype=np.float32) * np.float32(gain ** (octaves - 1))
    for octave in reversed(range(octaves - 1)):
        side = _COARSE >> octave
        white = generator.standard_normal((side, side), dtype=np.float32)
        enlarged = cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC)
        field = np.add(enlarged, np.float32(gain**octave) * _band(white, 0.7, 1.6))
    return field / field.std()


def _fine_lines(generator: np.random.Generator) -> np.ndarray:
    """Lines too fine to be told apart, by the thousand and in all directions, float32 (n, n), of unit variance."""
    canvas = np.zeros((_COARSE, _COARSE), np.uint8)
    middle = generator.uniform(0, _COARSE, (_FINE_LINES, 2))
    # The skin's flow turns slowly over the palm; half of the lines do not follow it.
    flow = cv2.resize(generator.normal(0, 1.3, (5, 5)), (_COARSE, _COARSE), interpolation=cv2.INTER_CUBIC)
    angle = flow[middle[:, 1].astype(int), middle[:, 0].astype(int)] + generator.normal(0, 0.25, _FINE_LINES)
    stray = generator.random(_FINE_LINES) < 0.5
    angle[stray] = generator.uniform(0, np.pi, int(stray.sum()))
    arm = np.exp(generator.normal(np.log(11), 0.5, _FINE_LINES))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    bow = generator.normal(0, 0.12, _FINE_LINES)[:, None] * arm[:, ::-1] * (-1, 1)
    points = np.stack([middle - arm, middle + bow, middle + arm], axis=1)
    depths = generator.integers(50, 256, _FINE_LINES).tolist()
    for line, depth in zip(np.rint(points * 16).astype(np.int32), depths, strict=True):
        cv2.polylines(canvas, [line], False, depth, 1, cv2.LINE_AA, 4)
    lines = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), 0.7)
    return (lines - lines.mean()) / lines.std()


def _band(white: np.ndarray, low: float, high: float) -> np.ndarray:
    """Noise between two scales (standard deviations in texture pixels), of unit variance."""
    band = cv2.GaussianBlur(white, (0, 0), low) - cv2.GaussianBlur(white, (0, 0), high)
    return band / band.std()
