"""Brush for pictures without a hand: rounded, lit shapes with uneven outlines, laid over one another."""

from __future__ import annotations

import colorsys
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.clutter import clutter, room
from palmbench.synth.skin import complexion
from recognizers.common.jit import compiled

_SUBPIXEL = 4
_PEOPLE = 1_200_000  # identities from here on lend their skin; no benchmark reaches them


class Sheet(NamedTuple):
    """A picture in the making.

    Attributes
    ----------
    picture : ndarray of shape (height, width, 3), float32
        Colours, 0 to 1.
    light : ndarray of shape (3,)
        Direction to the light, of unit length, z towards the camera.
    generator : Generator
    """

    picture: np.ndarray
    light: np.ndarray
    generator: Generator

    @property
    def unit(self) -> float:
        """The picture's shorter side in pixels."""
        return float(min(self.picture.shape[:2]))

    @property
    def extent(self) -> np.ndarray:
        """Width and height in pixels."""
        return np.array(self.picture.shape[1::-1], float)

    def place(self, margin: float = 0.0) -> np.ndarray:
        """A random pixel (x, y) that stays the share `margin` of the sides away from the rim."""
        return self.extent * self.generator.uniform(margin, 1 - margin, 2)

    def log_uniform(self, low: float, high: float) -> float:
        """A random size, as likely small as large."""
        return float(np.exp(self.generator.uniform(np.log(low), np.log(high))))


def paint(
    sheet: Sheet,
    outline: np.ndarray,
    colour: np.ndarray,
    rounding: float = 1.0,
    relief: np.ndarray | None = None,
    gloss: float = 0.0,
) -> None:
    """Lay a rounded body over the picture, lit from the sheet's light.

    Parameters
    ----------
    outline : ndarray of shape (n, 2)
        Corners (x, y) in pixels.
    colour : ndarray of shape (3,), or (height, width, 3) of the picture's size
        0 to 1.
    rounding : float
        Share of the body's half thickness over which its edge is rounded; 0 paints it flat.
    relief : ndarray of shape (height, width) of the picture's size, optional
        Brightness of its surface, about 0.
    gloss : float
        Strength of the highlights.
    """
    rows, columns = sheet.picture.shape[:2]
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, (columns, rows))
    if (high - low < 2).any():
        return
    cover = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    fill(cover, outline - low, (255,))
    lay(sheet, cover, low, colour, rounding, relief, gloss)


def lay(
    sheet: Sheet,
    cover: np.ndarray,
    low: np.ndarray,
    colour: np.ndarray,
    rounding: float = 1.0,
    relief: np.ndarray | None = None,
    gloss: float = 0.0,
) -> None:
    """`paint` for a coverage (0 to 255) whose corner lies at pixel `low` of the picture."""
    window = np.s_[low[1] : low[1] + cover.shape[0], low[0] : low[0] + cover.shape[1]]
    many = colour.ndim == 3
    ink = np.ascontiguousarray(colour[window] if many else colour.reshape(1, 1, 3), np.float32)
    rough = np.zeros((1, 1), np.float32) if relief is None else np.ascontiguousarray(relief[window], np.float32)
    height = np.zeros((1, 1), np.float32)
    if rounding > 0:
        inside = cv2.distanceTransform((cover > 127).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        # A body that fills its window has no edge there, and the distance to it no bound.
        edge = max(min(float(inside.max()), 0.4 * sheet.unit) * rounding, 1.0)
        climb = 1 - np.minimum(inside * np.float32(1 / edge), 1)
        height = cv2.blur(np.sqrt(np.maximum(1 - climb * climb, 0)) * np.float32(0.8 * edge), (3, 3))
        if edge > 6:
            side = 2 * int(edge / 6) + 1
            height = cv2.blur(height, (side, side))
    light = sheet.light.astype(np.float32)
    _blend(sheet.picture, low[0], low[1], cover, ink, many, rough, relief is not None, height, light, np.float32(gloss))


@compiled
def _blend(
    picture: np.ndarray,
    left: Any,
    top: Any,
    cover: np.ndarray,
    ink: np.ndarray,
    many: bool,
    rough: np.ndarray,
    uneven: bool,
    height: np.ndarray,
    light: np.ndarray,
    gloss: Any,
) -> None:
    rows, columns = cover.shape
    one, steep = np.float32(1), max(light[2], np.float32(0.5))
    round_ = height.shape[0] == rows and height.shape[1] == columns
    for r in range(rows):
        above, below = max(r - 1, 0), min(r + 1, rows - 1)
        for c in range(columns):
            if cover[r, c] == 0:
                continue
            share = np.float32(cover[r, c]) / np.float32(255)
            tone, shine = one, np.float32(0)
            if round_:
                slope_x = (height[r, min(c + 1, columns - 1)] - height[r, max(c - 1, 0)]) * np.float32(0.5)
                slope_y = (height[below, c] - height[above, c]) * np.float32(0.5)
                length = np.sqrt(one + slope_x * slope_x + slope_y * slope_y)
                facing = max((light[2] - light[0] * slope_x - light[1] * slope_y) / length, np.float32(0))
                tone = np.float32(0.32) + np.float32(0.68) * facing / steep
                bright = facing * facing * facing
                bright *= bright
                bright *= bright
                shine = gloss * bright * bright
            if uneven:
                tone *= one + rough[r, c]
            for k in range(3):
                base = ink[r, c, k] if many else ink[0, 0, k]
                lit = min(max(base * tone + shine, np.float32(0)), np.float32(1.1))
                here = picture[top + r, left + c, k]
                picture[top + r, left + c, k] = here + (lit - here) * share


def fill(cover: np.ndarray, outline: np.ndarray, value: tuple[float, ...]) -> None:
    """Fill a polygon with a soft edge."""
    corners = np.rint(np.clip(outline, -3000, 3000) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(cover, [corners], value, cv2.LINE_AA, _SUBPIXEL)


def cast(sheet: Sheet, outline: np.ndarray, reach: float, strength: float = 0.5) -> None:
    """Darken the ground under a body: its shadow, `reach` pixels away from the light."""
    rows, columns = sheet.picture.shape[:2]
    small = np.zeros((rows // 4 + 1, columns // 4 + 1), np.uint8)
    fill(small, (outline - sheet.light[:2] * reach) / 4, (255,))
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), max(reach / 8, 0.6)), (columns, rows))
    sheet.picture[:] *= (1 - soft * np.float32(strength / 255))[..., None]


def blob(generator: Generator, centre: np.ndarray, axes: np.ndarray, turn: float, wobble: float = 0.05) -> np.ndarray:
    """Outline of an ellipse whose rim is uneven, (64, 2): half axes in pixels, `turn` in radians."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    orders = np.arange(2, 8)[:, None]
    waves = generator.normal(0, wobble, (6, 1)) / orders**0.7
    radius = 1 + (waves * np.cos(orders * angles + generator.uniform(0, 6.3, (6, 1)))).sum(axis=0)
    local = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[:, None] * np.asarray(axes)
    return turned(local, turn) + centre


def tube(path: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Outline of a round-ended tube about a path (n, 2) with a radius at each of its points."""
    steps = np.linspace(0, len(path) - 1, 6 * len(path))
    knots = np.arange(len(path))
    line = np.stack([np.interp(steps, knots, path[:, axis]) for axis in (0, 1)], axis=1)
    half = np.interp(steps, knots, radii)
    along = np.gradient(line, axis=0)
    along /= np.hypot(*along.T)[:, None] + 1e-6
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    cap = np.linspace(0, np.pi, 9)[1:-1, None]
    end = line[-1] + half[-1] * (np.cos(cap) * normal[-1] + np.sin(cap) * along[-1])
    start = line[0] - half[0] * (np.cos(cap) * normal[0] + np.sin(cap) * along[0])
    rim = half[:, None] * normal
    return np.vstack([line + rim, end, (line - rim)[::-1], start])


def curve(generator: Generator, start: np.ndarray, angle: float, length: float, bend: float, knots: int) -> np.ndarray:
    """A winding path of `knots` points from `start`: direction in radians, length in pixels, `bend` in radians."""
    turns = angle + np.cumsum(np.r_[0, generator.normal(0, bend / np.sqrt(knots), knots - 1)])
    turns = turns + np.linspace(0, generator.normal(0, bend), knots)
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=1) * length / (knots - 1)
    steps[0] = 0
    return start + np.cumsum(steps, axis=0)


def turned(points: np.ndarray, turn: float) -> np.ndarray:
    """Points (n, 2) turned about the origin, `turn` in radians."""
    return points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def box(centre: np.ndarray, half: np.ndarray, turn: float = 0.0) -> np.ndarray:
    """Corners of a rectangle."""
    return turned(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half, turn) + centre


def skin_tone(generator: Generator) -> np.ndarray:
    """Colour of somebody's skin, (3,) in [0, 1]; faces and limbs are somewhat darker than palms."""
    colour = complexion(_PEOPLE + int(generator.integers(0, 4000))).colour
    return np.clip(colour * generator.uniform(0.72, 1.03) + generator.normal(0, 0.02, 3), 0.05, 1)


def any_colour(generator: Generator, vivid: float = 0.6) -> np.ndarray:
    """Any colour, (3,) in [0, 1], mostly muted."""
    saturation = vivid * generator.beta(1.2, 1.2)
    return np.array(colorsys.hsv_to_rgb(generator.random(), saturation, generator.uniform(0.08, 1.0)))


def tint(generator: Generator, colour: np.ndarray, spread: float = 0.06) -> np.ndarray:
    """A colour near another."""
    return np.clip(
        colour * generator.uniform(1 - 2 * spread, 1 + 2 * spread) + generator.normal(0, spread / 2, 3), 0, 1
    )


def noise(sheet: Sheet, cell: float, stretch: float = 1.0, octaves: int = 3) -> np.ndarray:
    """Smooth noise of the picture's size with unit variance, float32; cells in pixels, `stretch` times as wide."""
    rows, columns = sheet.picture.shape[:2]
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        size = max(cell * 0.5**octave, 1.5)
        shape = (int(rows / size) + 2, int(columns / (size * stretch)) + 2)
        grain = sheet.generator.standard_normal(shape, np.float32)
        total += np.float32(0.6**octave) * cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return total * np.float32(1 / max(float(total.std()), 1e-3))


def backdrop(sheet: Sheet) -> None:
    """Fill the picture with a plain, sloping or uneven ground, or with a place out of focus."""
    generator, (columns, rows) = sheet.generator, sheet.extent.astype(int)
    if generator.random() < 0.35:
        sheet.picture[:] = (room, clutter)[int(generator.integers(2))](rows, columns, generator)
        return
    base = any_colour(generator, float(generator.choice([0.15, 0.35, 0.6])))
    corners = np.clip(base + generator.normal(0, generator.uniform(0, 0.18), (2, 2, 1)), 0, 1)
    corners = np.clip(corners + generator.normal(0, 0.02, (2, 2, 3)), 0, 1).astype(np.float32)
    sheet.picture[:] = cv2.resize(corners, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if generator.random() < 0.6:
        uneven = noise(sheet, sheet.log_uniform(4, 120), float(generator.choice([1, 1, 1, 8])))
        sheet.picture[:] *= 1 + np.float32(generator.uniform(0.02, 0.15)) * uneven[..., None]
