"""Light on skin: a height map with creases, lit from one direction."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from palmbench.synth.skin import Complexion, SkinLayers
from recognizers.common.jit import compiled

# How much of each colour a crease of depth 1 takes away from fair and from dark skin.
_CREASE_FAIR, _CREASE_DARK = np.array([0.10, 0.21, 0.22]), np.array([0.25, 0.31, 0.31])
_FLUSHING = np.array([0.10, -0.80, -0.70])
_AMBIENT, _DIRECT = np.array([0.28, 0.26, 0.25]), np.array([0.56, 0.58, 0.59])
# Flesh sinks towards a crease over this half width, by this depth for a crease of depth 1, in hand lengths.
_VALLEY, _VALLEY_DEPTH = 0.024, 0.03
# How much brighter a side of the hand is that lies nearer to the lamp: logarithm of the light, a hand length.
_NEAR = 2.1
# Hollows see less of the sky: reach in hand lengths, and darkening a hand length of depth.
_SKY, _OCCLUDED = 0.10, 4.0
# Light that has been under the skin comes out red: shadows are warmer than what is lit.
_BLEEDING = np.array([0.28, -0.06, -0.16])
_ROUNDING = 0.055  # hand lengths over which the hand's edge is rounded


def body_height(coverage: np.ndarray, mounds: np.ndarray, unit: float) -> np.ndarray:
    """Height of the hand above the picture's plane without creases, in pixels, float32 (height, width).

    Parameters
    ----------
    coverage : ndarray of shape (height, width), float32
        The hand's outline.
    mounds : ndarray of shape (height, width), float32
        Pads, in pixels.
    unit : float
        Pixels a hand length.
    """
    inside = cv2.distanceTransform((coverage > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    edge = _ROUNDING * unit
    climb = 1 - np.minimum(inside / np.float32(edge), 1)
    height = np.sqrt(np.maximum(1 - climb * climb, 0)) * np.float32(0.8 * edge)
    return cv2.blur(cv2.blur(height + mounds, _box(unit)), _box(unit))


def shade(
    photo: np.ndarray,
    coverage: np.ndarray,
    height: np.ndarray,
    depth: np.ndarray,
    layers: SkinLayers,
    skin: Complexion,
    light: np.ndarray,
    unit: float,
    groove: float,
    warmth: float,
    sheen: float,
) -> None:
    """Paint the lit hand over `photo`, in place.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), float32
        What is behind the hand, 0 to 1.
    coverage, height, depth : ndarray of shape (height, width), float32
        Outline, `body_height`, and depth of the creases.
    layers : SkinLayers
    skin : Complexion
    light : ndarray of shape (3,)
        Direction to the light, of unit length, z towards the camera.
    unit : float
        Pixels a hand length.
    groove : float
        Depth in hand lengths of a crease of depth 1.
    warmth : float
        Redness of flushed skin.
    sheen : float
        Strength of the highlights.
    """
    # A crease is a sharp line at the bottom of a wide furrow.
    furrow = cv2.GaussianBlur(depth, (0, 0), 0.0085 * unit)
    ground = height + np.float32(unit) * (layers.swell - np.float32(_VALLEY_DEPTH) * _wide(depth, _VALLEY * unit))
    sky = (ground - _wide(ground, _SKY * unit)) * np.float32(_OCCLUDED / unit)
    crease = skin.lines * (_CREASE_FAIR + (_CREASE_DARK - _CREASE_FAIR) * skin.melanin)
    half = light + np.array([0.0, 0.0, 1.0])
    _shade(
        photo, coverage, ground, sky, depth, furrow, layers.relief, layers.mottling, layers.flush,
        skin.colour.astype(np.float32), crease.astype(np.float32), _FLUSHING.astype(np.float32),
        _AMBIENT.astype(np.float32), _DIRECT.astype(np.float32), _BLEEDING.astype(np.float32),
        light.astype(np.float32), (half / np.linalg.norm(half)).astype(np.float32),
        np.float32(groove * unit), np.float32(0.00014 * unit), np.float32(warmth),
        np.float32(0.036 * skin.mottled), np.float32(sheen), np.float32(_NEAR / unit),
    )  # fmt: skip


def _wide(field: np.ndarray, sigma: float) -> np.ndarray:
    """`field` through a Gaussian of many pixels, at a quarter of its resolution."""
    small = cv2.resize(field, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 4), field.shape[::-1])


def _box(unit: float) -> tuple[int, int]:
    side = 2 * max(1, round(0.009 * unit)) + 1
    return side, side


@compiled
def _shade(
    photo: np.ndarray,
    coverage: np.ndarray,
    height: np.ndarray,
    sky: np.ndarray,
    depth: np.ndarray,
    furrow: np.ndarray,
    relief: np.ndarray,
    mottling: np.ndarray,
    flush: np.ndarray,
    colour: np.ndarray,
    crease: np.ndarray,
    flushing: np.ndarray,
    ambient: np.ndarray,
    direct: np.ndarray,
    bleeding: np.ndarray,
    light: np.ndarray,
    half: np.ndarray,
    groove: Any,
    grain: Any,
    warmth: Any,
    mottled: Any,
    sheen: Any,
    nearness: Any,
) -> None:
    rows, columns = coverage.shape
    surface = np.empty((3, columns), np.float32)
    one = np.float32(1)
    middle_x, middle_y = np.float32(columns / 2), np.float32(0.62 * rows)
    for r in range(-1, rows + 1):
        # A window of three rows of the surface: body, grain, creases and the furrows about them.
        source, row = min(max(r, 0), rows - 1), (r + 1) % 3
        for c in range(columns):
            surface[row, c] = (
                height[source, c] + grain * relief[source, c] - groove * (depth[source, c] + furrow[source, c])
            )
        if r < 1:
            continue
        y = r - 1
        above, here, below = (y + 0) % 3, (y + 1) % 3, (y + 2) % 3
        for c in range(columns):
            cover = coverage[y, c]
            if cover <= 0:
                continue
            left, right = max(c - 1, 0), min(c + 1, columns - 1)
            slope_x = (surface[here, right] - surface[here, left]) * np.float32(0.5)
            slope_y = (surface[below, c] - surface[above, c]) * np.float32(0.5)
            length = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
            facing = max((light[2] - light[0] * slope_x - light[1] * slope_y) / length, np.float32(0)) / light[2]
            shine = max((half[2] - half[0] * slope_x - half[1] * slope_y) / length, np.float32(0))
            shine *= shine
            shine *= shine
            shine *= shine
            shine = sheen * shine * shine * shine
            groove_here = min(depth[y, c], np.float32(1.6)) + np.float32(0.35) * furrow[y, c]
            redness = flush[y, c] * warmth + mottled * max(mottling[y, c], np.float32(-1))
            # A lamp that stands close lights the near side of the hand more than the far one.
            towards = light[0] * (np.float32(c) - middle_x) + light[1] * (np.float32(y) - middle_y)
            reach = np.float32(0.35) if towards > 0 else np.float32(0.7)
            closeness = reach * np.tanh(nearness * towards / reach)
            near = np.exp(closeness + np.float32(0.22) * np.tanh(sky[y, c] / np.float32(0.22)))
            pores = 1 + np.float32(0.030) * relief[y, c]
            for k in range(3):
                skin = (colour[k] + flushing[k] * redness) * pores
                received = (ambient[k] + direct[k] * facing) * near
                lit = skin * received * (1 + bleeding[k] * (one - received)) * (1 - crease[k] * groove_here) + shine
                photo[y, c, k] += (lit - photo[y, c, k]) * cover
