"""Lines of fingers and wrist: creases across the joints and fine wrinkles between them.

A finger's lines live in the finger's own coordinates, so that they bend and shorten with it: `along` runs from 0 at
its base to 1 at its tip, `across` from -1 to 1 between its edges.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from palmbench.synth.seeds import hand_generator

# Where the joints' creases lie along index to little finger, and along the thumb; how deep they are.
_JOINTS = ((0.125, 0.75), (0.470, 0.85), (0.783, 0.75))
_THUMB_JOINTS = ((0.345, 0.55), (0.670, 0.85))
_WRIST_DROPS = (0.004, 0.022, 0.046)
_THUMB = 4
SLENDERNESS = 0.11  # half width of a finger as a share of its length


class FingerLine(NamedTuple):
    """One line of a finger.

    Attributes
    ----------
    finger : int
        0 to 3 from index to little finger, 4 the thumb.
    along, across, depth : ndarray of shape (n,)
        Places in the finger's coordinates, and depth from 0 to about 1.
    width : float
        Half width in hand lengths.
    """

    finger: int
    along: np.ndarray
    across: np.ndarray
    depth: np.ndarray
    width: float


class WristLine(NamedTuple):
    """One line of the wrist: points (n, 2) in palm coordinates, depth (n,), half width in hand lengths."""

    points: np.ndarray
    depth: np.ndarray
    width: float


@lru_cache(maxsize=256)
def finger_lines(identity: int) -> tuple[FingerLine, ...]:
    """Lines of an identity's fingers."""
    generator = hand_generator(identity).spawn(4)[3]
    lines: list[FingerLine] = []
    for finger in range(5):
        joints = _THUMB_JOINTS if finger == _THUMB else _JOINTS
        for place, depth in joints:
            lines += _joint(finger, place + generator.normal(0, 0.006), depth, generator)
        for _ in range(int(generator.integers(8, 18))):
            lines.append(_wrinkle(finger, generator))
    return tuple(lines)


def drawn_base_lines(generator: np.random.Generator, depth: float) -> list[FingerLine]:
    """Creases at the bases of the four long fingers that a generator draws, of nobody; `along` is 0 at the crease."""
    return [line for finger in range(_THUMB) for line in _joint(finger, 0.0, depth, generator)]


@lru_cache(maxsize=256)
def wrist_lines(identity: int) -> tuple[WristLine, ...]:
    """Lines of an identity's wrist."""
    generator = hand_generator(identity).spawn(5)[4]
    lines = []
    t = np.linspace(-1, 1, 160)
    for drop in _WRIST_DROPS[: int(generator.integers(2, 4))]:
        reach, middle = generator.uniform(0.07, 0.105), generator.normal(0.01, 0.008)
        bow = generator.normal(-0.014, 0.005)
        y = drop + generator.normal(0, 0.003) + bow * t * t + 0.0022 * _wave(generator, t)
        depth = generator.uniform(0.3, 0.7) * _tapered(t) * np.clip(1 + 0.35 * _wave(generator, t), 0.1, 1.5)
        lines.append(WristLine(np.stack([middle + reach * t, y], axis=1), depth, generator.uniform(0.0018, 0.0030)))
    return tuple(lines)


def _joint(finger: int, place: float, depth: float, generator: np.random.Generator) -> list[FingerLine]:
    lines = []
    bow, slant = generator.normal(-0.10, 0.05), generator.normal(0, 0.05)
    for strand in range(int(generator.integers(2, 5))):
        first, last = (-0.93, 0.93) if strand == 0 else np.sort(generator.uniform(-0.95, 0.95, 2))
        if last - first < 0.35:
            continue
        u = np.linspace(first, last, 36)
        aside = 0.0 if strand == 0 else generator.normal(0, 0.016)
        arc = bow * (1 - u * u) + slant * u + 0.022 * _wave(generator, u)
        share = 1.0 if strand == 0 else generator.uniform(0.3, 0.75)
        strength = np.clip(1 + 0.3 * _wave(generator, u), 0.2, 1.5) * _tapered(np.linspace(-1, 1, len(u)))
        lines.append(
            FingerLine(finger, place + aside + SLENDERNESS * arc, u, depth * share * strength, 0.0022 * share**0.5)
        )
    return lines


def _wrinkle(finger: int, generator: np.random.Generator) -> FingerLine:
    place, middle = generator.uniform(0.18, 0.95), generator.uniform(-0.7, 0.7)
    upright = generator.random() < 0.35
    half = generator.uniform(0.1, 0.4)
    t = np.linspace(-half, half, 24)
    slope = generator.normal(0, 0.25)
    across, along = (slope * t, t) if upright else (t, slope * t + generator.normal(0, 0.2) * t * t)
    depth = generator.uniform(0.08, 0.30) * _tapered(t / half)
    width = generator.uniform(0.0009, 0.0015)
    return FingerLine(finger, place + SLENDERNESS * along, np.clip(middle + across, -0.95, 0.95), depth, width)


def _tapered(t: np.ndarray) -> np.ndarray:
    return np.clip((1 - np.abs(t)) * 2.5, 0, 1)


def _wave(generator: np.random.Generator, t: np.ndarray) -> np.ndarray:
    """Three slow waves along a line, of about unit variance."""
    amplitude, phase = generator.normal(0, 0.8, 3), generator.uniform(0, 2 * np.pi, 3)
    return amplitude @ np.sin(np.outer((2.0, 4.3, 7.9), t) + phase[:, None])
