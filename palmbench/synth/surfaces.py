"""Surfaces below or behind a hand: wood, cloth, walls, stone and tiles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.fields import falloff, fractal, grain, hue, ramp, upsampled, waves

_WOODS = ((0.62, 0.44, 0.28), (0.45, 0.29, 0.18), (0.74, 0.60, 0.43), (0.30, 0.20, 0.14), (0.55, 0.50, 0.46))
_STONES = ((0.55, 0.54, 0.52), (0.72, 0.70, 0.66), (0.42, 0.40, 0.40), (0.60, 0.50, 0.42), (0.33, 0.36, 0.38))


def surface(height: int, width: int, generator: Generator) -> np.ndarray:
    """One surface filling the picture, float32 (height, width, 3) in [0, 1]."""
    painters = (_wood, _wood, _cloth, _cloth, _wall, _stone)
    return painters[int(generator.integers(len(painters)))](height, width, generator)


def _wood(height: int, width: int, generator: Generator) -> np.ndarray:
    size = _plane(height)
    fibres = waves(generator, size, size // 2, 7) + 0.5 * waves(generator, size, size, 24)
    steps = np.cumsum(generator.gamma(3.0, 1 / 3.0, 64)) * generator.uniform(0.020, 0.05)
    at = np.linspace(-0.15, 1.15, 1024)
    ring = np.searchsorted(steps, at + 0.15)
    edges = np.concatenate([[0], steps])
    bands = (((at + 0.15 - edges[ring]) / np.diff(np.append(edges, 9.0))[ring]) ** 2).astype(np.float32)
    bands = cv2.blur(bands.reshape(-1, 1), (1, 5))
    bend = 0.035 * waves(generator, size, 4, 3) + 0.002 * fibres
    place = np.linspace(0, 1, size, dtype=np.float32)[:, None] + bend
    # Planks: each starts elsewhere in the tree.
    planks = int(generator.integers(1, 6))
    edge = np.sort(generator.uniform(0, size, planks)).astype(int)
    which = np.searchsorted(edge, np.arange(size))
    shift, tone = generator.uniform(-0.1, 0.1, planks + 1), generator.normal(0, 0.10, planks + 1)
    place += shift[which].astype(np.float32)[:, None]
    field = cv2.remap(bands, np.zeros_like(place), (place + 0.15) * (1023 / 1.3), cv2.INTER_LINEAR)
    field = 0.35 + 0.30 * field + generator.uniform(0.03, 0.09) * fibres + tone[which].astype(np.float32)[:, None]
    if generator.random() < 0.6:
        field[np.clip(edge, 0, size - 1)] -= 0.45
    base = np.array(_WOODS[int(generator.integers(len(_WOODS)))]) * generator.uniform(0.7, 1.15)
    colours = np.stack([base * 1.12, base * 0.90, base * np.array([0.62, 0.56, 0.52])])[::-1]
    return _laid(field, colours, height, width, generator, turn=generator.choice([0, np.pi / 2]), grained=0.02)


def _cloth(height: int, width: int, generator: Generator) -> np.ndarray:
    size = _plane(height)
    period = generator.uniform(2.5, 3.8) * size / 360
    count = np.arange(size)
    thread = np.cos(2 * np.pi * count / period).astype(np.float32)
    along = generator.normal(0, 0.045, size).astype(np.float32)
    across = generator.normal(0, 0.045, size).astype(np.float32)
    if generator.random() < 0.35:  # plaid
        along += 0.15 * _bands(generator, size)
        across += 0.15 * _bands(generator, size)
    weave = thread[:, None] * thread[None]
    field = 0.5 + 0.10 * weave + along[:, None] + across[None] + 0.05 * waves(generator, size, size // 2, size // 2)
    first, second = hue(generator), hue(generator)
    colours = np.stack([first * 0.55, first, 0.5 * first + 0.5 * second, second])
    folds = waves(generator, 60, 6, 3) * generator.uniform(0, 0.12)
    return _laid(field, colours, height, width, generator, turn=None, grained=0.03, folds=folds)


def _wall(height: int, width: int, generator: Generator) -> np.ndarray:
    size = _plane(height)
    field = 0.5 + 0.08 * fractal(generator, size, 4, 1.0) + 0.03 * waves(generator, size, size // 2, size // 2)
    colour = hue(generator, saturation=0.35, low=0.45)
    return _laid(field, np.stack([colour * 0.8, colour, colour * 1.12]), height, width, generator, grained=0.02)


def _stone(height: int, width: int, generator: Generator) -> np.ndarray:
    size = _plane(height)
    field = 0.5 + generator.uniform(0.10, 0.22) * fractal(generator, size, 4, generator.uniform(0.55, 1.0))
    if generator.random() < 0.6:
        side = int(generator.uniform(0.16, 0.5) * size)
        tones = generator.normal(0, 0.10, (size // side + 2, size // side + 2)).astype(np.float32)
        start = generator.integers(0, side, 2)
        rows, columns = (np.arange(size) + start[0]) // side, (np.arange(size) + start[1]) // side
        field += tones[rows][:, columns]
        joint = max(1, round(0.008 * size))
        grout = np.float32(generator.choice([-0.5, 0.4]))
        field[(np.arange(size) + start[0]) % side < joint] += grout
        field[:, (np.arange(size) + start[1]) % side < joint] += grout
    base = np.array(_STONES[int(generator.integers(len(_STONES)))]) * generator.uniform(0.6, 1.2)
    colours = np.stack([base * (0.45, 0.45, 0.48), base * 0.9, base, base * 1.25])
    return _laid(field, colours, height, width, generator, grained=0.02)


def _plane(height: int) -> int:
    """Side of the square texture of a surface: half the photo's resolution, as it lies out of focus."""
    return round(0.75 * height)


def _bands(generator: Generator, size: int) -> np.ndarray:
    """Stripes of a plaid across the whole plane, float32 (size,) in [-1, 1]."""
    period = int(generator.uniform(0.07, 0.25) * size)
    at = np.arange(size) % period / period
    pattern = np.zeros(size, np.float32)
    for _ in range(3):
        start, wide = generator.uniform(0, 0.8), generator.uniform(0.04, 0.35)
        pattern[(at >= start) & (at < start + wide)] += np.float32(generator.choice([-0.8, 0.8]))
    return np.clip(pattern, -1, 1)


def _laid(
    field: np.ndarray,
    colours: np.ndarray,
    height: int,
    width: int,
    generator: Generator,
    grained: float,
    turn: float | None = None,
    folds: np.ndarray | None = None,
) -> np.ndarray:
    """Lay a square texture before the camera, turned and a little slanted, and light it.

    `turn` is its usual direction in radians, None for any; `folds` adds to the light.
    """
    angle = generator.uniform(0, 2 * np.pi) if turn is None else turn + generator.normal(0, 0.12)
    size, reach = field.shape[0], generator.uniform(0.62, 0.95)
    corners = np.array([(-width, -height), (width, -height), (width, height), (-width, height)]) / np.hypot(
        width, height
    )
    slant = generator.normal(0, 0.12, 2)
    corners = corners * reach / (1 + corners @ slant)[:, None]
    spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    source = (0.5 + 0.5 * corners @ spin) * size
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    transform = cv2.getPerspectiveTransform(target.astype(np.float32), source.astype(np.float32))
    seen = cv2.warpPerspective(
        field.astype(np.float32),
        transform,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    light = falloff(height, width, generator, 0.26, generator.uniform(0, 0.2)) * np.exp(generator.normal(-0.1, 0.12))
    if folds is not None:
        light *= 1 + cv2.resize(folds, light.shape[::-1])
    lamp = upsampled(light, height, width) * grain(height, width, generator, grained)
    return ramp(seen, lamp, colours.astype(np.float32))
