"""Odd light over a finished scene: a shadow's hard edge across the hand, coloured lamps, dusk."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from recognizers.common.jit import compiled

# Lamps and screens by whose light hands are seen: candle, sodium, sky, screen, neon.
_LAMPS = np.array([(1.0, 0.62, 0.30), (1.0, 0.72, 0.36), (0.72, 0.86, 1.0), (0.55, 0.70, 1.0), (1.0, 0.60, 0.90)])
_STEP = 4
_DARKEST = 0.14  # least mean brightness of a hand


def odd_light(photo: np.ndarray, mask: np.ndarray, generator: Generator) -> None:
    """Change the light of a scene before the camera takes it, in place.

    One or two of these happen: hard light from a side that something keeps from a part of the scene, so that a
    shadow's edge runs across the hand; light of a lamp's colour; so little light that darks are lost.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), float32
        RGB, display-referred, in [0, 1].
    mask : ndarray of shape (height, width), bool
        The hand: the shadow's edge crosses it, and falls elsewhere upon what is behind.
    generator : numpy.random.Generator
    """
    height, width = mask.shape
    rows, columns = -(-height // _STEP), -(-width // _STEP)
    first = int(generator.choice(3, p=(0.45, 0.35, 0.20)))
    second = int(generator.choice(3)) if generator.random() < 0.35 else first
    kinds = {first, second}
    hand = cv2.resize(mask.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_AREA) > 0
    light = np.ones((2, rows, columns, 3), np.float32)  # behind the hand, and on it
    if 0 in kinds:
        light *= _half_shadow(hand, generator)
    if 1 in kinds:
        light *= _lamp(rows, columns, generator)
    if 2 in kinds:
        light *= np.float32(generator.uniform(0.22, 0.55))
    contrast = generator.uniform(1.0, 1.3)
    small = cv2.resize(photo, (columns, rows), interpolation=cv2.INTER_NEAREST)
    seen = (np.clip(small * light[1], 0, None) ** contrast)[hand]
    # A camera exposes longer where little is seen.
    if seen.size:
        light *= np.float32(np.clip((_DARKEST / max(float(seen.mean()), 1e-3)) ** (1 / contrast), 1.0, 4.0))
    wide = [cv2.resize(part, (columns * _STEP, rows * _STEP))[:height, :width] for part in light]
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    _lit(photo, wide[0], wide[1], share, contrast)


def _half_shadow(hand: np.ndarray, generator: Generator) -> np.ndarray:
    """Light beside a shadow whose edge runs through the hand, float32 (2, rows, columns, 3): behind it and on it."""
    rows, columns = hand.shape
    ys, xs = np.nonzero(hand)
    middle = np.array([columns / 2, rows / 2])
    reach = float(min(rows, columns)) / 2
    if len(xs):
        pick = int(generator.integers(len(xs)))
        middle = 0.5 * middle + 0.5 * np.array([xs[pick], ys[pick]])
        reach = 0.5 * float(np.hypot(np.ptp(xs), np.ptp(ys))) + 1
    heading = generator.uniform(0, 2 * np.pi)
    across = np.array([np.cos(heading), np.sin(heading)], np.float32)
    x = (np.arange(columns, dtype=np.float32) - np.float32(middle[0]))[None]
    y = (np.arange(rows, dtype=np.float32) - np.float32(middle[1]))[:, None]
    away, along = x * across[0] + y * across[1], y * across[0] - x * across[1]
    edge = np.float32(generator.normal(0, 0.12 * reach)) + np.float32(generator.normal(0, 0.12)) * along
    wave, phase = generator.uniform(0.5, 3.0) / reach, generator.uniform(0, 2 * np.pi)
    edge = edge + np.float32(abs(generator.normal(0, 0.08)) * reach) * np.sin(
        np.float32(wave) * along + np.float32(phase)
    )
    # What is behind the hand is farther from what casts the shadow.
    edge = np.stack([edge + np.float32(generator.normal(0, 0.5) * reach), edge + 0 * away])
    soft = np.float32(max(generator.uniform(0.01, 0.12) * reach, 0.7))
    shaded = np.clip((away - edge) / soft + 0.5, 0, 1)
    if generator.random() < 0.3:  # a bar, as of a window or a stick
        bar = np.float32(generator.uniform(0.2, 0.6) * reach)
        shaded = shaded * np.clip((edge + bar - away) / soft + 0.5, 0, 1)
    dark = generator.uniform(0.18, 0.6) * np.array([0.92, 1.0, 1.10]) * generator.normal(1, 0.03, 3)
    bright = generator.uniform(1.0, 1.25)
    return (bright + shaded[..., None] * (dark - bright)).astype(np.float32)


def _lamp(rows: int, columns: int, generator: Generator) -> np.ndarray:
    """A lamp's colour, stronger on one side, float32 (rows, columns, 3)."""
    colour = _LAMPS[int(generator.choice(len(_LAMPS), p=(0.30, 0.25, 0.15, 0.20, 0.10)))]
    strength = generator.uniform(0.4, 1.0)
    heading = generator.uniform(0, 2 * np.pi)
    x, y = np.linspace(-1, 1, columns)[None], np.linspace(-1, 1, rows)[:, None]
    slope = np.exp(generator.uniform(0, 0.7) * (x * np.cos(heading) + y * np.sin(heading)) / 1.4)
    tint = 1 + strength * (colour - 1)
    return (slope[..., None] * tint).astype(np.float32)


@compiled
def _lit(photo: np.ndarray, behind: np.ndarray, before: np.ndarray, share: np.ndarray, contrast: float) -> None:
    for r in range(photo.shape[0]):
        for c in range(photo.shape[1]):
            for k in range(3):
                light = behind[r, c, k] + (before[r, c, k] - behind[r, c, k]) * share[r, c]
                value = max(photo[r, c, k] * light, np.float32(0))
                photo[r, c, k] = min(value ** np.float32(contrast), np.float32(1.3))
