"""What a camera sees of a solid hand: which part each pixel shows, how high it lies, and where it faces."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from palmbench.synth.pose import Camera
from palmbench.synth.solid import ARM, FINGER, PALM, THUMB, Solid
from recognizers.common.jit import compiled

_NEAREST = 0.6  # hand lengths before the camera
_SKIRT = 5.0  # pixels beyond a ball's rim that its skin may be drawn out to


class Surface(NamedTuple):
    """What the camera sees of a solid, each of shape (height, width).

    Attributes
    ----------
    coverage : float32
        The hand's outline in [0, 1].
    height : float32
        Towards the camera, in pixels; -1e9 outside.
    part : int8
        As in `Solid`; -1 outside.
    along : float32
        As in `Solid`.
    dorsal, aside : float32
        The surface's direction: 1 faces the back of the hand, -1 its palm; and to either side of the bone.
    """

    coverage: np.ndarray
    height: np.ndarray
    part: np.ndarray
    along: np.ndarray
    dorsal: np.ndarray
    aside: np.ndarray


def see(solid: Solid, camera: Camera, size: tuple[int, int]) -> Surface:
    """Look at a solid; `size` is width and height of the photo. The camera's cup and stretch must be 0."""
    # An arm that comes towards the camera may end behind it.
    before = camera.place(solid.centre)[:, 2] > _NEAREST - camera.distance
    solid = Solid(*(column[before] for column in solid))
    placed = camera.place(solid.centre)
    pixels = camera.pixels(placed)
    scale = camera.focal / (placed[:, 2] + camera.distance)
    axis, dorsal = turned(camera, solid.axis), turned(camera, solid.dorsal)
    aside = np.cross(axis, dorsal)
    width, height = size
    radius, far = (solid.radius * scale).astype(np.float32), (placed[:, 2] * camera.unit).astype(np.float32)
    # Which ball is seen is found at half the resolution; where its surface lies is exact.
    half = (-(-height // 2), -(-width // 2))
    nearest, rough = np.full(half, -1, np.int32), np.full(half, np.inf, np.float32)
    skirt = np.float32(0.5 * _SKIRT * camera.unit / 380 + 1)
    _splat(((pixels - 0.5) / 2).astype(np.float32), radius / 2, far / 2, skirt, rough, nearest)
    depth, hit = np.empty((height, width), np.float32), np.zeros((height, width), np.uint8)
    part, along = np.full((height, width), -1, np.int8), np.zeros((height, width), np.float32)
    facing, sideways = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    _describe(
        nearest, pixels, radius, scale, far, solid.part, solid.along, solid.rate, axis, dorsal, aside,
        depth, hit, part, along, facing, sideways,
    )  # fmt: skip
    fillet = 0.007 * camera.unit
    soft = cv2.GaussianBlur(hit, (0, 0), fillet).astype(np.float32)
    coverage = np.clip((soft / 255 - 0.5) * max(1.0, 2.5 * fillet) + 0.5, 0, 1, dtype=np.float32)
    coverage *= part >= 0
    step = np.float32(0.022 * camera.unit)
    smooth = np.empty_like(depth)
    _smooth(depth, step, 1, smooth)
    _smooth(smooth, step, 2, depth)
    _round_off(depth, _broadness(part, along), camera.unit)
    return Surface(coverage, depth, part, along, facing, sideways)


def turned(camera: Camera, vectors: np.ndarray) -> np.ndarray:
    """Directions (n, 3) of palm coordinates in the camera's."""
    return (vectors * (-1 if camera.mirrored else 1, 1, 1)) @ camera.rotation.T


def _broadness(part: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Where the hand is broad: 1 on palm and arm, falling to 0 along the fingers' first bones, float32."""
    broad = ((part >= PALM) & (part <= ARM)).astype(np.float32)
    for which, fade in (
        (part == PALM, np.float32(1.12) - along),
        (part == THUMB, np.float32(0.55) * (np.float32(0.9) - along)),
        ((part >= FINGER) & (part < THUMB), np.float32(0.6) * (np.float32(0.2) - along)),
    ):
        broad[which] = np.clip(5 * fade, 0, 1)[which]
    return broad


def _round_off(height: np.ndarray, broad: np.ndarray, unit: float) -> None:
    """Smooth the hand's broad parts, which are made of many tubes, so that no tube is seen, in place."""
    size, sigma = (-(-broad.shape[1] // 2), -(-broad.shape[0] // 2)), 0.017 * unit / 2
    inside = broad > 0
    both = cv2.merge([inside.astype(np.float32), np.where(inside, height, 0).astype(np.float32)])
    weight, total = cv2.split(cv2.GaussianBlur(cv2.resize(both, size, interpolation=cv2.INTER_AREA), (0, 0), sigma))
    mean = cv2.resize(total / np.maximum(weight, 1e-4), broad.shape[::-1])
    # Folds and the rims of what lies over the palm stay.
    share = np.clip(2 - np.abs(mean - height) / np.float32(0.018 * unit), 0, 1) * broad
    height += np.where(inside, (mean - height) * share, 0).astype(np.float32)


@compiled
def _splat(
    pixels: np.ndarray, radius: np.ndarray, far: np.ndarray, skirt: Any, depth: np.ndarray, index: np.ndarray
) -> None:
    """Nearest ball at each pixel; beyond the rims the nearest rim, behind whatever else is there."""
    rows, columns = depth.shape
    zero = np.float32(0)
    for i in range(len(radius)):
        x, y, size, z = pixels[i, 0], pixels[i, 1], radius[i], far[i]
        reach = size + skirt
        top, bottom = max(int(np.ceil(y - reach)), 0), min(int(np.floor(y + reach)), rows - 1)
        for r in range(top, bottom + 1):
            away = (r - y) * (r - y)
            outer = reach * reach - away
            if outer <= 0:
                continue
            outer = np.sqrt(outer)
            inner = np.sqrt(max(size * size - away, zero))
            first, last = max(int(np.ceil(x - inner)), 0), min(int(np.floor(x + inner)), columns - 1)
            if inner <= 0:
                first, last = 1, 0
            for c in range(first, last + 1):
                value = z - np.sqrt(max(size * size - away - (c - x) * (c - x), zero))
                if value < depth[r, c]:
                    depth[r, c] = value
                    index[r, c] = i
            left, right = max(int(np.ceil(x - outer)), 0), min(int(np.floor(x + outer)), columns - 1)
            if last < first:
                first, last = right + 1, right
            for side in range(2):
                start, stop = (left, min(first, right + 1)) if side == 0 else (max(last + 1, left), right + 1)
                for c in range(start, stop):
                    if depth[r, c] < 1e6:
                        continue
                    value = np.float32(1e7) + 64 * (np.sqrt(away + (c - x) * (c - x)) - size)
                    if value < depth[r, c]:
                        depth[r, c] = value
                        index[r, c] = i


@compiled
def _describe(
    nearest: np.ndarray,
    pixels: np.ndarray,
    radius: np.ndarray,
    scale: np.ndarray,
    far: np.ndarray,
    parts: np.ndarray,
    alongs: np.ndarray,
    rates: np.ndarray,
    axes: np.ndarray,
    dorsals: np.ndarray,
    asides: np.ndarray,
    height: np.ndarray,
    hit: np.ndarray,
    part: np.ndarray,
    along: np.ndarray,
    facing: np.ndarray,
    sideways: np.ndarray,
) -> None:
    """Put down what each pixel shows; beyond a ball's rim its skirt falls away steeply."""
    rows, columns = height.shape
    for r in range(rows):
        for c in range(columns):
            i = nearest[r // 2, c // 2]
            if i < 0:
                height[r, c] = -1e9
                continue
            nx, ny = (c - pixels[i, 0]) / radius[i], (r - pixels[i, 1]) / radius[i]
            length = np.sqrt(nx * nx + ny * ny)
            if length > 1:
                # At the rim of what is nearer, what lies behind it is seen.
                best = np.float32(-1e9)
                for y in range(max(r // 2 - 1, 0), min(r // 2 + 2, nearest.shape[0])):
                    for x in range(max(c // 2 - 1, 0), min(c // 2 + 2, nearest.shape[1])):
                        j = nearest[y, x]
                        if j < 0:
                            continue
                        inside = radius[j] ** 2 - (c - pixels[j, 0]) ** 2 - (r - pixels[j, 1]) ** 2
                        if inside >= 0 and np.sqrt(inside) - far[j] > best:
                            best = np.float32(np.sqrt(inside) - far[j])
                            i = j
                nx, ny = (c - pixels[i, 0]) / radius[i], (r - pixels[i, 1]) / radius[i]
                length = np.sqrt(nx * nx + ny * ny)
            nz = 0.0
            if length > 1:
                nx, ny = nx / length, ny / length
                height[r, c] = -far[i] - 2.0 * (length - 1) * radius[i]
            else:
                nz = -np.sqrt(1 - length * length)
                height[r, c] = -far[i] - nz * radius[i]
                hit[r, c] = 255
            ahead = nx * axes[i, 0] + ny * axes[i, 1] + nz * axes[i, 2]
            part[r, c] = parts[i]
            along[r, c] = alongs[i] + rates[i] * ahead * radius[i] / scale[i]
            facing[r, c] = nx * dorsals[i, 0] + ny * dorsals[i, 1] + nz * dorsals[i, 2]
            sideways[r, c] = nx * asides[i, 0] + ny * asides[i, 1] + nz * asides[i, 2]


@compiled
def _smooth(source: np.ndarray, step: Any, reach: int, out: np.ndarray) -> None:
    """Mean of the neighbours that belong to the same piece of surface: no farther in height than `step` a pixel."""
    rows, columns = source.shape
    for r in range(rows):
        for c in range(columns):
            here = source[r, c]
            if here < -1e8:
                out[r, c] = here
                continue
            total, count = np.float32(0), 0
            for y in range(r - reach, r + reach + 1, reach):
                for x in range(c - reach, c + reach + 1, reach):
                    value = source[min(max(y, 0), rows - 1), min(max(x, 0), columns - 1)]
                    if abs(value - here) < step:
                        total += value - here
                        count += 1
            out[r, c] = here + total / max(count, 1)
