"""Light on a solid hand: shading, folds, and the shadows that its parts cast on each other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from palmbench.synth.back import Coat
from palmbench.synth.seen import Surface
from recognizers.common.jit import compiled

_AMBIENT, _DIRECT = np.array([0.30, 0.28, 0.27]), np.array([0.56, 0.58, 0.59])
# Light that has been under the skin comes out red: shadows are warmer than what is lit.
_BLEEDING = np.array([0.26, -0.05, -0.14])
_NEAR = 1.0  # how much brighter is what lies nearer to the lamp: logarithm of the light, a hand length
_OCCLUDED = 4.5
_STEPS = 14


def light_solid(
    photo: np.ndarray, surface: Surface, coat: Coat, light: np.ndarray, unit: float, sheen: float, living: bool
) -> None:
    """Paint the lit hand over `photo`, float32 (height, width, 3), in place.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), float32
    surface, coat : Surface, Coat
    light : ndarray of shape (3,)
        Direction to the light, of unit length, z towards the camera.
    unit : float
        Pixels a hand length.
    sheen : float
        Multiplies the highlights.
    living : bool
        Whether light shines through, as it does in skin.
    """
    inside = surface.height > -1e8
    if not inside.any():
        return
    sky = _sky(surface.height, inside, unit)
    shadow = _shadow(surface.height, inside, light, unit)
    half = light + np.array([0.0, 0.0, 1.0])
    bleeding = _BLEEDING * (1.0 if living else 0.0)
    _light(
        photo, surface.coverage, surface.height + coat.rise, sky, shadow, coat.albedo, coat.gloss,
        _AMBIENT.astype(np.float32), _DIRECT.astype(np.float32), bleeding.astype(np.float32),
        light.astype(np.float32), (half / np.linalg.norm(half)).astype(np.float32),
        np.float32(0.022 * unit), np.float32(sheen), np.float32(_NEAR / unit),
    )  # fmt: skip


def _quarter(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)


def _sky(height: np.ndarray, inside: np.ndarray, unit: float) -> np.ndarray:
    """How much less (below 0) or more of the sky each place sees than a flat one: logarithm of the light."""
    weight = _quarter(inside.astype(np.float32))
    ground = np.where(inside, height, 0).astype(np.float32)
    small = _quarter(ground)
    total = np.zeros_like(ground)
    for reach, strength in ((0.022, 0.7), (0.07, 0.6)):
        sigma = reach * unit / 4
        mean = cv2.GaussianBlur(small, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
        over = ground - cv2.resize(mean, height.shape[::-1])
        total += np.clip(over * np.float32(_OCCLUDED / unit), -0.6, 0.2) * np.float32(strength)
    return total


def _shadow(height: np.ndarray, inside: np.ndarray, light: np.ndarray, unit: float) -> np.ndarray:
    """Share of the lamp that nearer parts of the hand take away, float32 in [0, 1]."""
    small = cv2.resize(np.where(inside, height, -1e4).astype(np.float32), None, fx=0.25, fy=0.25, interpolation=0)
    taken = np.zeros_like(small)
    aside = float(np.hypot(*light[:2]))
    if aside < 0.05:
        return np.zeros_like(height)
    way, climb = light[:2] / aside, float(light[2]) / aside
    for step in np.linspace(0.02, 0.34, _STEPS) * unit:
        move = np.array([[1, 0, -way[0] * step / 4], [0, 1, -way[1] * step / 4]])
        there = cv2.warpAffine(small, move, small.shape[::-1], borderMode=cv2.BORDER_CONSTANT, borderValue=-1e4)
        over = there - small - np.float32(climb * step)
        np.maximum(taken, np.clip(over / np.float32(0.03 * unit), 0, 1), out=taken)
    return cv2.resize(cv2.GaussianBlur(taken, (0, 0), 0.7), height.shape[::-1])


@compiled
def _slope(height: np.ndarray, r: int, c: int, dr: int, dc: int, step: Any) -> Any:
    """Slope along one direction, from those neighbours that belong to the same piece of surface."""
    here = height[r, c]
    rows, columns = height.shape
    total, count = np.float32(0), 0
    if r + dr < rows and c + dc < columns:
        ahead = height[r + dr, c + dc] - here
        if abs(ahead) < 3 * step:
            total += ahead
            count += 1
    if r - dr >= 0 and c - dc >= 0:
        behind = here - height[r - dr, c - dc]
        if abs(behind) < 3 * step:
            total += behind
            count += 1
    return total / np.float32(max(count, 1))


@compiled
def _light(
    photo: np.ndarray,
    coverage: np.ndarray,
    height: np.ndarray,
    sky: np.ndarray,
    shadow: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    ambient: np.ndarray,
    direct: np.ndarray,
    bleeding: np.ndarray,
    light: np.ndarray,
    half: np.ndarray,
    step: Any,
    sheen: Any,
    nearness: Any,
) -> None:
    rows, columns = coverage.shape
    one = np.float32(1)
    middle_x, middle_y = np.float32(columns / 2), np.float32(rows / 2)
    for r in range(rows):
        for c in range(columns):
            cover = coverage[r, c]
            if cover <= 0:
                continue
            slope_x, slope_y = _slope(height, r, c, 0, 1, step), _slope(height, r, c, 1, 0, step)
            length = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
            facing = max((light[2] - light[0] * slope_x - light[1] * slope_y) / length, np.float32(0)) / light[2]
            facing *= one - np.float32(0.85) * shadow[r, c]
            shine = max((half[2] - half[0] * slope_x - half[1] * slope_y) / length, np.float32(0))
            shine *= shine
            shine *= shine
            shine *= shine
            shine = sheen * gloss[r, c] * shine * shine * shine * (one - shadow[r, c])
            towards = light[0] * (np.float32(c) - middle_x) + light[1] * (np.float32(r) - middle_y)
            closeness = min(max(nearness * towards, np.float32(-0.35)), np.float32(0.20))
            near = np.exp(closeness + min(max(sky[r, c], np.float32(-0.75)), np.float32(0.22)))
            for k in range(3):
                received = (ambient[k] + direct[k] * min(facing, np.float32(1.5))) * near
                lit = albedo[r, c, k] * received * max(one + bleeding[k] * (one - received), np.float32(0.5)) + shine
                photo[r, c, k] += (lit - photo[r, c, k]) * cover
