"""Cluttered scenes behind a hand in the wild: shapes, shelves, leaves, streets, people and lamps out of focus."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.fields import falloff, fractal, hue, lit, upsampled

_SKINS = ((0.91, 0.745, 0.655), (0.80, 0.60, 0.48), (0.66, 0.46, 0.36), (0.45, 0.31, 0.24))
_SUBPIXEL = 4


def room(height: int, width: int, generator: Generator) -> np.ndarray:
    """A room far out of focus, float32 (height, width, 3) in [0, 1]."""
    canvas = _canvas(height, width, generator)
    pick = _pick(generator)
    _interior(canvas, generator, pick)
    _things(canvas, generator, int(generator.integers(3, 10)), (0.7, 1.2), 0.5, pick)
    canvas = cv2.GaussianBlur(canvas, (0, 0), generator.uniform(0.015, 0.04) * canvas.shape[0])
    return _developed(canvas, height, width, generator)


def clutter(height: int, width: int, generator: Generator) -> np.ndarray:
    """Anything at all behind a hand, float32 (height, width, 3) in [0, 1]: places with things standing in them."""
    canvas = _canvas(height, width, generator)
    rows = canvas.shape[0]
    pick = _pick(generator)
    focus = generator.uniform(0.4, 1.3)
    scene = generator.random()
    if scene < 0.22:
        _shelf(canvas, generator)
    elif scene < 0.47:
        _leaves(canvas, generator)
    elif scene < 0.67:
        _street(canvas, generator, pick)
    elif scene < 0.90:
        _interior(canvas, generator, pick)
    floor = generator.uniform(0.55, 0.95) if scene < 0.90 else 0.2
    _things(canvas, generator, int(generator.integers(3, 10)), (floor, floor + 0.35), 0.35, pick)
    canvas = cv2.GaussianBlur(canvas, (0, 0), focus * generator.uniform(0.006, 0.016) * rows)
    if generator.random() < 0.4:
        _lights(canvas, generator)
    if generator.random() < 0.35:
        _people(canvas, generator)
    _things(canvas, generator, int(generator.integers(0, 7)), (floor + 0.1, floor + 0.6), 0.45, pick)
    canvas = cv2.GaussianBlur(canvas, (0, 0), focus * generator.uniform(0.003, 0.008) * rows)
    return _developed(canvas, height, width, generator)


def _canvas(height: int, width: int, generator: Generator) -> np.ndarray:
    """A gradient between two colours at half the photo's size, uint8: shapes are drawn on it and blurred."""
    ends = np.stack([hue(generator, 0.5), hue(generator, 0.5)])
    down = np.linspace(-0.5, 0.5, height // 16)[:, None] * generator.uniform(-1, 1)
    along = np.linspace(-0.5, 0.5, width // 16)[None] * generator.uniform(-1, 1)
    share = np.clip(0.5 + down + along, 0, 1)[..., None]
    coarse = (255 * (ends[0] + (ends[1] - ends[0]) * share)).astype(np.uint8)
    return cv2.resize(coarse, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR)


def _pick(generator: Generator) -> Callable[[], tuple[float, ...]]:
    """A scene's few colours in changing light, drawn one at a time as OpenCV takes them."""
    palette = np.array([hue(generator) for _ in range(int(generator.integers(3, 7)))])

    def pick() -> tuple[float, ...]:
        colour = palette[int(generator.integers(len(palette)))] * generator.uniform(0.35, 1.1)
        return _grey_levels(colour + generator.normal(0, 0.03, 3))

    return pick


def _things(
    canvas: np.ndarray,
    generator: Generator,
    count: int,
    ground: tuple[float, float],
    largest: float,
    pick: Callable[[], tuple[float, ...]],
) -> None:
    """Boxes, cylinders, balls and poles that stand on the ground, far ones first; lengths are shares of the height."""
    rows, columns = canvas.shape[:2]
    for bottom in np.sort(generator.uniform(*ground, count)):
        near = 0.6 + 0.6 * (bottom - ground[0]) / (ground[1] - ground[0])
        size = np.exp(generator.uniform(np.log(0.2), 0, 2)) * largest * near * rows
        centre = np.array([generator.uniform(0, columns), bottom * rows - size[1] / 2])
        colour, turn, form = np.array(pick()), generator.normal(0, 0.06), generator.random()
        lean = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        axes = lean * size[:, None] / 2
        under = (centre + np.array([0, 0.5 * size[1]]), size * (0.53, 0.10))
        if form < 0.5:
            box = centre + np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) @ axes
            depth = generator.uniform((-0.5, -0.4), (0.5, -0.05)) * size.min()
            side = box[[1, 2]] if depth[0] > 0 else box[[0, 3]]
            _fill(canvas, np.vstack([side, side[::-1] + depth]), colour * 0.6)
            _fill(canvas, np.vstack([box[:2], box[1::-1] + depth]), colour * 1.3)
            _fill(canvas, box, colour)
        elif form < 0.75:  # a cylinder: strips from dark over bright to dark
            _ellipse(canvas, *under, 0.0, colour * 0.35)
            edges = np.linspace(-1, 1, 7)
            for left, right, tone in zip(edges, edges[1:], (0.6, 1.0, 1.25, 1.1, 0.85, 0.6), strict=False):
                strip = np.array([(left, -1), (right, -1), (right, 1), (left, 1)])
                _fill(canvas, centre + strip @ axes, colour * tone)
            _ellipse(canvas, centre - axes[1], size * (0.5, 0.09), turn, colour * 1.35)
        elif form < 0.9:
            _ellipse(canvas, *under, 0.0, colour * 0.35)
            for shrink, tone in ((1.0, 0.7), (0.85, 0.85), (0.6, 1.0), (0.3, 1.2)):
                _ellipse(canvas, centre - 0.15 * (1 - shrink) * size, size / 2 * shrink, turn, colour * tone)
        else:
            pole = centre + np.array([-2.0, 1.0])[:, None] * axes[1]
            cv2.line(canvas, _pixel(pole[0]), _pixel(pole[1]), _levels(colour), max(1, int(0.1 * size[0])), cv2.LINE_AA)


def _interior(canvas: np.ndarray, generator: Generator, pick: Callable[[], tuple[float, ...]]) -> None:
    """A wall with pictures or cupboards, a skirting board and a floor."""
    rows, columns = canvas.shape[:2]
    floor = int(generator.uniform(0.6, 0.95) * rows)
    canvas[floor:] = _levels(0.75 * np.array(pick()))
    cv2.rectangle(canvas, (0, floor - int(0.03 * rows)), (columns, floor), _grey_levels(hue(generator, 0.3)), -1)
    for _ in range(int(generator.integers(1, 5))):
        low = generator.uniform((-0.1, 0.0), (0.9, 0.45)) * (columns, rows)
        high = low + generator.uniform(0.12, 0.6, 2) * rows
        high[1] = floor if generator.random() < 0.3 else min(high[1], 0.9 * floor)
        frame, rim = np.array(pick()), generator.uniform(0.01, 0.04) * rows
        cv2.rectangle(canvas, _pixel(low + 0.4 * rim), _pixel(high + 0.6 * rim), _levels(frame * 0.35), -1)
        cv2.rectangle(canvas, _pixel(low), _pixel(high), _levels(frame), -1)
        cv2.rectangle(canvas, _pixel(low + rim), _pixel(high - rim), pick(), -1)


def _shelf(canvas: np.ndarray, generator: Generator) -> None:
    """Rows of upright books."""
    rows, columns = canvas.shape[:2]
    pick, boards = _pick(generator), np.array(hue(generator, 0.5)) * 255
    tier = generator.uniform(0.25, 0.5) * rows
    for bottom in np.arange(generator.uniform(0.2, 1.0) * tier, rows + tier, tier):
        x = -generator.uniform(0, 0.04) * rows
        while x < columns:
            thick, tall = generator.uniform(0.018, 0.075) * rows, generator.uniform(0.55, 0.9) * tier
            lean = generator.normal(0, 0.03) * tall
            book = np.array(
                [(x, bottom), (x + thick, bottom), (x + thick + lean, bottom - tall), (x + lean, bottom - tall)]
            )
            colour = np.array(pick())
            _fill(canvas, book, colour)
            if generator.random() < 0.5:  # the label on its back
                low, high = np.sort(generator.uniform(0.15, 0.9, 2)) * (1, 0.95)
                label = book[[0, 1, 1, 0]] + np.array([low, low, high, high])[:, None] * (book[3] - book[0])
                _fill(canvas, label, 0.5 * colour + generator.uniform(0, 120))
            x += thick + generator.uniform(0, 0.006) * rows
        cv2.rectangle(canvas, (0, int(bottom)), (columns, int(bottom + 0.04 * tier)), _levels(boards), -1)


def _leaves(canvas: np.ndarray, generator: Generator) -> None:
    """Foliage: leaves in clusters, dark below and bright on top."""
    rows, columns = canvas.shape[:2]
    green, size = generator.normal(0.27, 0.06), generator.uniform(0.03, 0.07) * rows
    clusters = generator.uniform(0, 1, (12, 2)) * (columns, rows)
    if generator.random() < 0.7:
        canvas[:] = (canvas * np.array([0.16, 0.24, 0.12])).astype(np.uint8)
    for order in np.linspace(0, 1, 240):
        centre = clusters[int(generator.integers(12))] + generator.normal(0, 0.2 * rows, 2)
        tint = (green + generator.normal(0, 0.025)) % 1
        colour = colorsys.hsv_to_rgb(tint, generator.uniform(0.35, 0.8), 0.12 + 0.6 * order * generator.random())
        axes = size * generator.uniform(0.6, 1.6) * np.array([1, generator.uniform(0.25, 0.6)])
        _ellipse(canvas, centre, axes, generator.uniform(0, np.pi), 255 * np.array(colour))


def _street(canvas: np.ndarray, generator: Generator, pick: Callable[[], tuple[float, ...]]) -> None:
    """Sky, a row of houses with windows, and the ground before them."""
    rows, columns = canvas.shape[:2]
    horizon = generator.uniform(0.45, 0.8) * rows
    canvas[: int(horizon)] = _grey_levels(np.array([0.70, 0.80, 0.92]) * generator.uniform(0.5, 1.05))
    canvas[int(horizon) :] = _grey_levels(hue(generator, 0.2, 0.2) * 0.8)
    x = -generator.uniform(0, 0.08) * rows
    while x < columns:
        wide, tall = generator.uniform(0.2, 0.6) * rows, generator.uniform(0.25, 0.9) * horizon
        colour = np.array(pick())
        _fill(
            canvas,
            np.array([(x, horizon), (x + wide, horizon), (x + wide, horizon - tall), (x, horizon - tall)]),
            colour,
        )
        gap = generator.uniform(0.07, 0.12) * rows
        for left in np.arange(x + 0.3 * gap, x + wide - 0.7 * gap, gap):
            for top in np.arange(horizon - tall + 0.3 * gap, horizon - 0.8 * gap, 1.3 * gap):
                glass = np.array(
                    [(left, top), (left + 0.5 * gap, top), (left + 0.5 * gap, top + 0.8 * gap), (left, top + 0.8 * gap)]
                )
                _fill(canvas, glass, colour * generator.uniform(0.3, 0.6))
        x += wide + max(0.0, generator.normal(0, 0.1)) * rows


def _people(canvas: np.ndarray, generator: Generator) -> None:
    """A head with its shoulders, or a bare arm: skin that is no hand."""
    rows, columns = canvas.shape[:2]
    skin = 255 * np.array(_SKINS[int(generator.integers(len(_SKINS)))]) * generator.uniform(0.7, 1.05)
    centre, size = generator.uniform((0.1, 0.1), (0.9, 0.6)) * (columns, rows), generator.uniform(0.08, 0.2) * rows
    if generator.random() < 0.6:
        hair = 255 * np.array([0.22, 0.16, 0.12]) * generator.uniform(0.3, 2.5)
        shirt, below = 255 * hue(generator), centre + np.array([0, 2.6 * size])
        _ellipse(canvas, below, (1.9 * size, 1.5 * size), 0.0, shirt)
        trunk = np.array([(-1.9 * size, 0), (1.9 * size, 0), (2.1 * size, rows), (-2.1 * size, rows)])
        _fill(canvas, below + trunk, shirt)
        _ellipse(canvas, centre + np.array([0, 1.0 * size]), (0.42 * size, 0.6 * size), 0.0, skin * 0.75)
        _ellipse(canvas, centre - np.array([0, 0.18 * size]), (0.84 * size, 1.0 * size), 0.0, hair)
        _ellipse(canvas, centre + np.array([0, 0.1 * size]), (0.70 * size, 0.92 * size), 0.0, skin)
        for side in (-0.28, 0.28):
            _ellipse(
                canvas, centre + np.array([side * size, -0.08 * size]), (0.12 * size, 0.06 * size), 0.0, skin * 0.4
            )
        _ellipse(canvas, centre + np.array([0, 0.55 * size]), (0.22 * size, 0.06 * size), 0.0, skin * (0.75, 0.5, 0.5))
    else:
        # It comes in at one side and leaves below, bent at the elbow.
        start = np.array([generator.choice([-0.1, 1.1]), generator.uniform(0.1, 0.9)]) * (columns, rows)
        end = generator.uniform((0.2, 1.1), (0.8, 1.3)) * (columns, rows)
        for first, last in ((start, centre), (centre, end)):
            along = (last - first) / np.hypot(*(last - first))
            normal = np.array([-along[1], along[0]])
            for across, tone in zip((0.5, 0.4, 0.28, 0.14), (0.72, 0.85, 0.95, 1.02), strict=True):
                rim = across * size * normal
                _fill(canvas, np.vstack([first - rim, last - 0.85 * rim, last + 0.85 * rim, first + rim]), skin * tone)
                _ellipse(canvas, centre, (across * size * 0.9, across * size * 0.9), 0.0, skin * tone)


def _lights(canvas: np.ndarray, generator: Generator) -> None:
    """A window, or lamps out of focus: discs of light that add to what lies behind them."""
    rows, columns = canvas.shape[:2]
    glow = np.zeros_like(canvas)
    colour = 255 * (1 - generator.uniform(0, 0.35) * np.array([0, 0.35, 1.0]))
    if generator.random() < 0.35:
        corner, size = generator.uniform(0, 0.7, 2) * (columns, rows), generator.uniform(0.2, 0.5, 2) * rows
        for pane in range(4):
            low = corner + np.array([pane % 2, pane // 2]) * size * 0.53
            cv2.rectangle(glow, _pixel(low), _pixel(low + size / 2), _levels(colour * 0.9), -1)
    else:
        radius = generator.uniform(0.012, 0.045) * rows
        for _ in range(int(generator.integers(5, 25))):
            centre = generator.uniform(0, 1, 2) * (columns, rows)
            _ellipse(
                glow,
                centre,
                np.full(2, radius * generator.uniform(0.7, 1.2)),
                0.0,
                colour * generator.uniform(0.2, 0.8),
            )
    cv2.add(canvas, glow, dst=canvas)


def _developed(canvas: np.ndarray, height: int, width: int, generator: Generator) -> np.ndarray:
    """The drawn scene at full size, in uneven light."""
    light = falloff(height, width, generator, 0.35, generator.uniform(0, 0.3)) * np.exp(generator.normal(-0.15, 0.18))
    uneven = 1 + 0.035 * np.clip(fractal(generator, 128, 5, 0.8), -2.5, 2.5)
    light *= cv2.resize(uneven, light.shape[::-1]) / 255
    scene = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR)
    return lit(scene, upsampled(light, height, width))


def _levels(colour: np.ndarray) -> tuple[float, ...]:
    return tuple(float(level) for level in np.clip(colour, 0, 255))


def _grey_levels(colour: np.ndarray) -> tuple[float, ...]:
    return _levels(255 * colour)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _fill(canvas: np.ndarray, polygon: np.ndarray, colour: np.ndarray) -> None:
    corners = np.rint(polygon * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(canvas, [corners], _levels(colour), cv2.LINE_AA, _SUBPIXEL)


def _ellipse(
    canvas: np.ndarray,
    centre: np.ndarray,
    half_axes: np.ndarray | tuple[float, float],
    turn: float,
    colour: np.ndarray,
) -> None:
    at, reach = (np.rint(np.asarray(each) * (1 << _SUBPIXEL)).astype(int).tolist() for each in (centre, half_axes))
    cv2.ellipse(canvas, at, reach, float(np.degrees(turn)), 0, 360, _levels(colour), -1, cv2.LINE_AA, _SUBPIXEL)
