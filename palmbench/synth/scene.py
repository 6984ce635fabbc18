"""What lies behind a hand: capture boxes, surfaces, clutter, and the shadow that the hand casts on it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.clutter import clutter, room
from palmbench.synth.fields import falloff, grain, lit, upsampled
from palmbench.synth.surfaces import surface


def background(kind: str, height: int, width: int, generator: Generator) -> np.ndarray:
    """Paint what lies behind a hand.

    Parameters
    ----------
    kind : {"plain", "surface", "clutter"}
        The dark or light inside of a capture box; a desk, cloth, wall, floor or room behind a hand held before
        a phone; or anything at all.
    height, width : int
        Size in pixels. The same scene at another height looks alike, with finer grain.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        RGB in [0, 1].

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    if kind not in _KINDS:
        raise ValueError(f"unknown background {kind!r}; there is {', '.join(_KINDS)}")
    return _KINDS[kind](height, width, generator)


def cast_shadow(
    background: np.ndarray, coverage: np.ndarray, light: np.ndarray, height_above: float, strength: float
) -> np.ndarray:
    """Darken what lies in the hand's shadow.

    Parameters
    ----------
    background : ndarray of shape (height, width, 3), float32
    coverage : ndarray of shape (height, width), float32
        The hand, in [0, 1].
    light : ndarray of shape (3,)
        Unit vector to the light, x right, y down, z towards the camera.
    height_above : float
        Distance between hand and background, as a share of the picture's height: the shadow falls farther away
        and is softer where it is large.
    strength : float
        Share of the light that the middle of the shadow loses.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
    """
    height, width = coverage.shape
    small = cv2.resize(coverage, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA)
    away = -np.asarray(light[:2]) / max(float(light[2]), 0.25) * height_above * small.shape[0]
    # The shadow of an arm that leaves the picture leaves it too.
    moved = cv2.warpAffine(
        small, np.array([[1, 0, away[0]], [0, 1, away[1]]]), small.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    soft = cv2.GaussianBlur(moved, (0, 0), (0.008 + 0.30 * height_above) * small.shape[0])
    shade = cv2.resize(1 - np.float32(strength) * soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return lit(background, shade)


def _plain(height: int, width: int, generator: Generator) -> np.ndarray:
    level = generator.uniform(0.03, 0.16) if generator.random() < 0.6 else generator.uniform(0.70, 0.92)
    colour = level * (1 + generator.normal(0, 0.025, 3))
    light = falloff(height, width, generator, 0.12, generator.uniform(0.02, 0.14))
    sheet = upsampled(light[..., None] * colour, height, width)
    paper = grain(height, width, generator, generator.uniform(0.004, 0.016))
    return lit(sheet, paper)


def _surface(height: int, width: int, generator: Generator) -> np.ndarray:
    # One in seven is the room itself.
    return (room if generator.random() < 1 / 7 else surface)(height, width, generator)


_KINDS: dict[str, Callable[[int, int, Generator], np.ndarray]] = {
    "plain": _plain,
    "surface": _surface,
    "clutter": clutter,
}
