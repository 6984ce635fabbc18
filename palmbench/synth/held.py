"""Things that a hand holds: a telephone, a cup, a pen, a ball, a cloth, a box, as plain shapes laid over the palm."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.fields import hue
from palmbench.synth.pose import Camera

THINGS = ("telephone", "cup", "pen", "ball", "cloth", "box", "card")
_LAYER = 0.075  # hand lengths from the middle of the palm's thickness to what lies on it


class Held(NamedTuple):
    """A thing in the picture.

    Attributes
    ----------
    coverage : ndarray of shape (height, width), float32
    colour : ndarray of shape (height, width, 3), float32
        Lit, in [0, 1].
    height : ndarray of shape (height, width), float32
        Towards the camera in pixels, as of `solid.Surface`.
    """

    coverage: np.ndarray
    colour: np.ndarray
    height: np.ndarray


def held_thing(kind: str, camera: Camera, light: np.ndarray, size: tuple[int, int], generator: Generator) -> Held:
    """Draw a thing of one of the kinds `THINGS` that lies on the palm; `size` is width and height of the photo."""
    middle = np.array([generator.normal(0.0, 0.07), generator.normal(-0.36, 0.10), -_LAYER])
    turn = generator.uniform(0, 2 * np.pi)
    if kind in ("telephone", "box", "card", "cloth"):
        return _plate(kind, middle, turn, camera, light, size, generator)
    return _round(kind, middle, turn, camera, light, size, generator)


def _plate(
    kind: str,
    middle: np.ndarray,
    turn: float,
    camera: Camera,
    light: np.ndarray,
    size: tuple[int, int],
    generator: Generator,
) -> Held:
    half, thick = {
        "telephone": ((0.19, 0.40), 0.045),
        "card": ((0.145, 0.23), 0.006),
        "box": (tuple(generator.uniform(0.08, 0.26, 2)), generator.uniform(0.05, 0.25)),
        "cloth": (tuple(generator.uniform(0.12, 0.30, 2)), 0.02),
    }[kind]
    half_wide, half_long = np.array(half) * generator.uniform(0.85, 1.1)
    around = np.linspace(0, 2 * np.pi, 64, endpoint=False) + 0.02
    power = {"telephone": 9, "card": 14, "box": 30, "cloth": 5}[kind]
    reach = (np.abs(np.cos(around)) ** power + np.abs(np.sin(around)) ** power) ** (-1 / power)
    if kind == "cloth":
        for wave in (2, 3, 5, 7):
            reach = reach * (1 + generator.normal(0, 0.09) * np.sin(wave * around + generator.uniform(0, 6)))
    x, y = reach * np.cos(around) * half_wide, reach * np.sin(around) * half_long
    if kind == "telephone":
        turn = generator.normal(0, 0.35)
    c, s = np.cos(turn), np.sin(turn)
    flat = np.column_stack([c * x - s * y, s * x + c * y, np.zeros_like(x)]) + middle
    near = flat - (0, 0, thick)
    front, rear = camera.project(near), camera.project(flat)
    body = _filled(
        cv2.convexHull(np.vstack([front, rear]).astype(np.float32))[:, 0] if kind != "cloth" else front, size
    )
    face = _filled(front, size)
    colour = hue(generator, 0.9, 0.06)
    window = _window(np.vstack([front, rear]), size)
    to_face = cv2.getPerspectiveTransform(
        front[[0, 16, 32, 48]].astype(np.float32), np.array([(1, 0), (0, 1), (-1, 0), (0, -1)], np.float32)
    )
    u, v = _coordinates(to_face, window)
    paint = np.empty((*u.shape, 3), np.float32)
    paint[:] = colour
    if kind == "telephone":
        screen = (np.abs(u) < 0.93) & (np.abs(v) < 0.95)
        if generator.random() < 0.6:
            lit = hue(generator, 0.7, 0.02)
            paint[:] = generator.choice([0.04, 0.75])
            paint[screen] = lit
            for _ in range(int(generator.integers(0, 7))):
                top, left = generator.uniform(-0.9, 0.8), generator.uniform(-0.8, 0.5)
                tile = screen & (np.abs(v - top) < generator.uniform(0.03, 0.2)) & (np.abs(u - left) < 0.4)
                paint[tile] = hue(generator, 0.8, 0.1)
        else:  # its back, with the lenses
            for k in range(int(generator.integers(1, 4))):
                lens = (u + 0.6) ** 2 * (half_wide / half_long) ** 2 + (v + 0.82 - 0.16 * k) ** 2 < 0.05**2
                paint[lens] = 0.05
        glare = np.clip(1 - np.abs(u + v - generator.uniform(-1, 1)) / 0.5, 0, 1) * generator.uniform(0, 0.25)
        paint += glare[..., None].astype(np.float32)
    elif kind == "cloth":
        folds = np.sin(u * generator.uniform(3, 9) + 2 * np.sin(v * generator.uniform(1, 4)) + generator.uniform(0, 6))
        paint *= (1 + 0.16 * folds)[..., None].astype(np.float32)
    else:
        for _ in range(int(generator.integers(0, 6))):
            left, top = generator.uniform(-0.9, 0.6, 2)
            patch = (
                (u > left)
                & (u < left + generator.uniform(0.1, 1.2))
                & (v > top)
                & (v < top + generator.uniform(0.04, 0.5))
            )
            paint[patch] = hue(generator, 0.9, 0.05)
    slope = np.clip(1 + generator.uniform(0, 0.25) * (u * light[0] + v * light[1]), 0.6, 1.4)
    paint *= slope[..., None].astype(np.float32)
    side = (colour * generator.uniform(0.45, 0.8)).astype(np.float32)
    paint = side + face[window][..., None] * (np.clip(paint, 0, 1) - side)
    placed = camera.place(near)
    columns = np.column_stack([front, np.ones(len(front))])
    plane = np.linalg.lstsq(columns, -placed[:, 2] * camera.unit, rcond=None)[0]
    rows, along = np.mgrid[window]
    height = plane[0] * along + plane[1] * rows + plane[2]
    return _pasted(body[window], paint, height, window, size)


def _round(
    kind: str,
    middle: np.ndarray,
    turn: float,
    camera: Camera,
    light: np.ndarray,
    size: tuple[int, int],
    generator: Generator,
) -> Held:
    """Balls, and cups and pens as cylinders."""
    radius = {"ball": generator.uniform(0.08, 0.24), "cup": generator.uniform(0.15, 0.23), "pen": 0.024}[kind]
    half = {"ball": 0.0, "cup": generator.uniform(0.22, 0.34), "pen": generator.uniform(0.3, 0.5)}[kind]
    if kind == "cup":
        turn = generator.normal(np.pi / 2, 0.35)
    centre = middle - (0, 0, 0.85 * radius)
    way = np.array([np.sin(turn), np.cos(turn), 0.0])
    ends = camera.project(np.array([centre - half * way, centre + half * way]))
    placed = camera.place(centre[None])[0]
    unit = camera.focal / (placed[2] + camera.distance)
    wide = radius * unit
    window = _window(np.vstack([ends - 1.6 * wide, ends + 1.6 * wide]), size)
    rows, columns = np.mgrid[window].astype(np.float32)
    x, y = columns - np.float32(ends[:, 0].mean()), rows - np.float32(ends[:, 1].mean())
    span = ends[1] - ends[0]
    length = float(np.hypot(*span)) / 2
    along = span / max(2 * length, 1e-6) if length > 1 else np.array([0.0, 1.0])
    v, u = x * along[0] + y * along[1], (x * along[1] - y * along[0]) / wide
    colour = hue(generator, 0.9, 0.08)
    if kind == "ball":
        distance = np.hypot(x, y) / wide
        coverage = np.clip((1 - distance) * wide + 0.5, 0, 1)
        bulge = np.sqrt(np.maximum(1 - distance**2, 0))
        level = np.clip(0.35 + 0.65 * (x * light[0] + y * light[1]) / wide + 0.6 * bulge, 0.12, 1.15)
        shine = np.clip((x * light[0] + y * light[1]) / wide * 0.8 + bulge * light[2], 0, 1) ** 24
        stripe = np.abs(np.sin(3 * x / wide + generator.uniform(0, 6)) * generator.integers(0, 2)) < 0.18
        paint = np.where((stripe & (generator.random() < 0.3))[..., None], hue(generator), colour)
    else:
        # The ends of a cylinder are ellipses.
        bow = 0.25 if kind == "cup" else 0.5
        taper = 1 + (0.10 * v / max(length, 1.0) if kind == "cup" else 0)
        u = u / taper
        bulge = np.sqrt(np.maximum(1 - u**2, 0))
        end = length - np.abs(v) + bow * wide * bulge * np.where(v > 0, 1, 1 if kind == "pen" else -1)
        coverage = np.clip((1 - np.abs(u)) * wide + 0.5, 0, 1) * np.clip(end + 0.5, 0, 1)
        tip = along[1] * light[0] - along[0] * light[1]
        level = np.clip(0.30 + 0.55 * bulge + 0.5 * u * tip, 0.1, 1.15)
        shine = 0.6 * np.clip(bulge * light[2] + u * tip, 0, 1) ** 20
        bands = np.zeros_like(u, bool)
        for _ in range(int(generator.integers(0, 4))):
            bands |= np.abs(v / max(length, 1.0) - generator.uniform(-1, 1)) < generator.uniform(0.03, 0.3)
        paint = np.where(bands[..., None], hue(generator, 0.9), colour)
        if kind == "cup":
            mouth = u**2 + ((v + length) / (bow * wide)) ** 2
            coverage = np.maximum(coverage, np.clip((1 - mouth) * bow * wide + 0.5, 0, 1))
            inside = np.clip((0.86 - mouth) * bow * wide + 0.5, 0, 1)[..., None]
            paint = paint + inside * (generator.uniform(0.15, 0.7) * colour * (1 - 0.4 * u[..., None]) - paint)
    height = -placed[2] * camera.unit + wide * bulge
    lit = paint * level[..., None] + generator.uniform(0, 0.5) * shine[..., None]
    return _pasted(coverage, lit, height, window, size)


def _window(points: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the part of the picture in which all points lie."""
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - 1, 0, np.array(size) - 1)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 2, low + 1, size)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _pasted(
    coverage: np.ndarray, colour: np.ndarray, height: np.ndarray, window: tuple[slice, slice], size: tuple[int, int]
) -> Held:
    shape = size[::-1]
    held = Held(np.zeros(shape, np.float32), np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32))
    held.coverage[window], held.colour[window], held.height[window] = coverage, np.clip(colour, 0, 1), height
    return held


def _filled(polygon: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(size[::-1], np.uint8)
    points = np.clip(np.round(polygon * 16), -(1 << 20), 1 << 20).astype(np.int32)
    cv2.fillPoly(canvas, [points.reshape(-1, 1, 2)], 255, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def _coordinates(transform: np.ndarray, window: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[window].astype(np.float32)
    u, v, w = (transform[k, 0] * columns + transform[k, 1] * rows + transform[k, 2] for k in range(3))
    return u / w, v / w
