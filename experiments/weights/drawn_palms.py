"""Recognition ROIs of palms that are drawn: as many palms as one likes, each in as many lights, in milliseconds.

A palm is five maps: its principal and secondary lines, its wrinkles, the relief of its mounds, the texture of its skin
and its mottling. Principal lines run where those of palms run, in five topologies (normal, joined, Sydney, single
transverse, and without a heart line); all else is random. A photo of it lights the relief from a side, darkens the
creases, and cuts the ROI as a detector would that is a little off. Nobody's palm is among them, and strengths vary by
more than they do in photos, so that a network which tells these apart has not learned the drawing.

Real palms have much the same principal lines. So palms are drawn in families of four that have them in common: a
network that looked at nothing else would take each for the others.
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizers.protocol import ROI_SIDE

KIN = 4  # palms of a family
SIDE = 176  # pixels of the maps; the ROI lies in their middle
_DRAWN = 2 * SIDE  # pixels of the square on which lines are drawn
_MARGIN = (SIDE - ROI_SIDE) / 2 / SIDE
_CARELESS = 0.2, 1.0  # errors of a photo, from the best to the worst
_LINES, _WRINKLES, _RELIEF, _TEXTURE, _MOTTLING = range(5)


def draw_palm(number: int) -> np.ndarray:
    """The maps of a palm, float16 (5, 176, 176): lines and wrinkles as depths, the rest with mean 0 and deviation 1.

    Palms 0 to 3 are a family, so are 4 to 7, and so on.
    """
    family = number // KIN
    lines, random = np.random.default_rng((77, family)), np.random.default_rng((78, number))
    relief = _smooth(random, SIDE, 3) + 0.35 * _smooth(random, SIDE, 5) + _thenar(random)
    grain = random.standard_normal((SIDE, SIDE)).astype(np.float32)
    texture = np.zeros_like(grain)
    for sigma in (0.7, 1.5, 3.0, 6.0):
        noise = grain if sigma < 1 else random.standard_normal((SIDE, SIDE)).astype(np.float32)
        texture += sigma**1.7 * cv2.GaussianBlur(noise, (0, 0), sigma)
    mottling = _smooth(random, SIDE, 9) + 0.7 * _smooth(random, SIDE, 18) + 0.3 * _smooth(random, SIDE, 32)
    maps = [_small(_principal(lines)), _small(_fine(random))]
    palm = np.stack([*maps, *(each / each.std() for each in (relief, texture, mottling))])
    # Toolboxes lay ROIs in all four ways; a network that was taught one reads the others worse.
    return np.ascontiguousarray(np.rot90(palm, family % 4, axes=(1, 2)).astype(np.float16))


def photograph(palm: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A recognition ROI of a drawn palm in some light, uint8 (128, 128), taken with more care or less."""
    careless = random.uniform(*_CARELESS)
    return _cut(_lit(palm.astype(np.float32), random, careless), random, careless)


def _principal(random: np.random.Generator) -> np.ndarray:
    """Heart, head and life line, and up to three secondary ones, as depths."""
    canvas = np.zeros((_DRAWN, _DRAWN), np.float32)
    uniform = random.uniform
    strength, gaps = random.lognormal(0, 0.35), random.choice([0.0, 0.05, 0.15])

    def line(first: tuple[float, float], last: tuple[float, float], bend: float, depth: float) -> None:
        _stranded(canvas, random, np.array(first), np.array(last), bend, depth, gaps)

    topology = random.choice(["normal", "joined", "no heart line", "single transverse", "Sydney"], p=_TOPOLOGIES)
    start = uniform(-0.1, 0.08), uniform(0.15, 0.4)  # where head and life line begin, on the thumb's side
    if topology == "single transverse":
        line(start, (uniform(0.95, 1.1), uniform(0.2, 0.5)), uniform(-0.04, 0.06), strength * uniform(0.8, 1.4))
    else:
        if topology != "no heart line":
            first, last = (uniform(0.9, 1.1), uniform(0.2, 0.42)), (uniform(0.2, 0.55), uniform(-0.08, 0.12))
            line(first, last, uniform(0.03, 0.14), strength * uniform(0.6, 1.2))
        reach = (0.95, 1.1) if topology == "Sydney" else (0.55, 1.05)
        line(start, (uniform(*reach), uniform(0.35, 0.75)), -uniform(-0.02, 0.1), strength * uniform(0.6, 1.2))
    apart = (0, 0) if topology == "joined" else (uniform(-0.03, 0.05), uniform(-0.04, 0.06))
    life = start[0] + apart[0], start[1] + apart[1]
    line(life, (uniform(0.2, 0.5), uniform(0.9, 1.15)), -uniform(0.12, 0.28), strength * uniform(0.6, 1.2))
    for _ in range(random.integers(0, 4)):
        first, angle, length = (uniform(0.1, 0.9), uniform(0.1, 1.0)), uniform(0, np.pi), uniform(0.25, 0.6)
        last = first[0] + length * np.cos(angle), first[1] + length * np.sin(angle)
        line(first, last, uniform(-0.08, 0.08), strength * uniform(0.25, 0.7))
    return cv2.GaussianBlur(canvas, (0, 0), uniform(1.2, 2.4))


_TOPOLOGIES = (0.72, 0.1, 0.08, 0.05, 0.05)


def _stranded(
    canvas: np.ndarray,
    random: np.random.Generator,
    first: np.ndarray,
    last: np.ndarray,
    bend: float,
    depth: float,
    gaps: float,
) -> None:
    """A line of one to three strands between two points of the ROI's unit square; `bend` is to its left."""
    way = last - first
    left = bend * np.array([-way[1], way[0]])
    width = int(random.choice([2, 3, 4]))
    for strand in range(random.integers(1, 4)):
        loose = random.normal(0, 0.02, (4, 2)) + random.normal(0, 0.012, 2)
        corners = np.array([first, first + way / 3 + left, first + 2 * way / 3 + left, last]) + loose
        share = np.linspace(0, 1, 40)[:, None]
        weights = np.hstack([(1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2, share**3])
        path = (_MARGIN + (1 - 2 * _MARGIN) * (weights @ corners)) * _DRAWN
        if strand:
            begin, end = sorted(random.integers(0, 40, 2))
            path = path[begin : max(end, begin + 8)]
        faint = random.uniform(0.3, 0.8) if strand else 1.0
        _stroke(canvas, path, depth * faint, max(1, width - (strand > 0)), gaps, random)


def _stroke(
    canvas: np.ndarray, path: np.ndarray, depth: float, width: int, gaps: float, random: np.random.Generator
) -> None:
    """A line of varying depth and width, with gaps."""
    pieces = len(path) - 1
    profile = np.sin(np.pi * np.clip((np.arange(pieces) + 0.5) / pieces, 0.03, 0.97)) ** 0.6
    profile *= 1 + 0.35 * np.interp(np.arange(pieces), np.linspace(0, pieces - 1, 6), random.normal(size=6))
    fixed, step = np.round(path * 8).astype(np.int32), max(1, pieces // 10)
    for begin in range(0, pieces, step):
        if random.random() < gaps:
            continue
        share = float(profile[min(begin + step // 2, pieces - 1)])
        thick = max(1, round(width * (0.6 + 0.6 * share)))
        cv2.polylines(canvas, [fixed[begin : begin + step + 1]], False, max(0.0, depth * share), thick, shift=3)


def _fine(random: np.random.Generator) -> np.ndarray:
    """Wrinkles along directions that change slowly over the palm, as depths."""
    canvas = np.zeros((_DRAWN, _DRAWN), np.float32)
    cells = random.integers(3, 6, 2)
    directions = np.arctan2(_smooth(random, _DRAWN, cells[0]), _smooth(random, _DRAWN, cells[1]))
    density = random.lognormal(0, 0.5)
    for count, lengths, depth, width, spread in (
        (60, (0.08, 0.3), 0.38, 2, 0.5),
        (420, (0.03, 0.14), 0.24, 1, 0.7),
    ):
        n, steps = max(1, round(count * density)), 10
        middles = random.uniform(0, _DRAWN - 1, (n, 2))
        angles = directions[middles[:, 1].astype(int), middles[:, 0].astype(int)]
        angles = angles + random.normal(0, spread, n) + np.pi / 2 * (random.random(n) < 0.3)
        bends = random.normal(0, 0.6, (n, 1)) * np.linspace(-0.5, 0.5, steps)
        headings = angles[:, None] + bends + np.cumsum(random.normal(0, 0.08, (n, steps)), axis=1)
        strides = random.uniform(*lengths, (n, 1, 1)) * 0.8 * _DRAWN / steps
        paths = np.cumsum(strides * np.stack([np.cos(headings), np.sin(headings)], axis=-1), axis=1)
        paths += (middles - paths[:, steps // 2])[:, None]
        depths = depth * random.lognormal(0, 0.4, n)
        for path, own in zip(np.round(paths * 8).astype(np.int32), depths, strict=True):
            cv2.polylines(canvas, [path], False, float(own), width, shift=3)
    return cv2.GaussianBlur(canvas, (0, 0), 1.2)


def _thenar(random: np.random.Generator) -> np.ndarray:
    """The ball of the thumb."""
    along = np.arange(SIDE) / SIDE
    across, down = random.uniform(0.1, 0.3), random.uniform(0.7, 0.95)
    mound = 2 * np.exp(-((along[None] - across) ** 2 / 0.05 + (along[:, None] - down) ** 2 / 0.08))
    return mound.astype(np.float32)


def _lit(palm: np.ndarray, random: np.random.Generator, careless: float) -> np.ndarray:
    """A photo of a palm's maps, float32 (176, 176), in grey levels."""
    uniform = random.uniform
    depth, fine = uniform(0.16, 0.34) * random.lognormal(0, 0.2), uniform(0.14, 0.36) * random.lognormal(0, 0.3)
    creases = depth * palm[_LINES] + fine * palm[_WRINKLES]
    angle = uniform(0, 2 * np.pi)
    slope, broad = (
        np.cos(angle) * across + np.sin(angle) * down
        for down, across in map(np.gradient, (cv2.GaussianBlur(-creases, (0, 0), 0.8), palm[_RELIEF]))
    )
    shoulders = cv2.GaussianBlur(palm[_LINES], (0, 0), 5) + 0.5 * cv2.GaussianBlur(palm[_WRINKLES], (0, 0), 3)
    photo = 1 - uniform(0.5, 1.1) * creases - uniform(0, 0.8) * depth * shoulders
    photo += careless * (uniform(0, 1.2) * slope + uniform(0.4, 1.8) * broad)
    photo += uniform(0.012, 0.035) * palm[_TEXTURE] + uniform(0.015, 0.065) * palm[_MOTTLING]
    photo += careless * (uniform(0, 0.05) * _smooth(random, SIDE, 4) + uniform(0, 0.012) * _smooth(random, SIDE, 9))
    along = np.linspace(-1, 1, SIDE, dtype=np.float32)
    across, down = np.meshgrid(along, along)
    tilt = random.normal(0, 0.17, 2)
    photo *= 1 + tilt[0] * across + tilt[1] * down - uniform(0, 0.15) * (across**2 + down**2)
    return np.asarray(photo * uniform(60, 190), np.float32)


def _cut(photo: np.ndarray, random: np.random.Generator, careless: float) -> np.ndarray:
    """A ROI from the middle of a photo: off by what a detector is, bent a little, blurred and noisy; uint8."""
    side = ROI_SIDE
    corners = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float64)
    angle = np.deg2rad(random.normal(0, 4 * careless))
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    scale = (1 + random.normal(0, 0.05 * careless)) * (1 + random.normal(0, 0.03 * careless, 2))
    shift = careless * (random.normal(0, 0.035 * side, 2) + random.normal(0, 0.018 * side, (4, 2)))
    seen = (corners - side / 2) @ turn * scale + shift + SIDE / 2
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    columns, rows = np.meshgrid(*[np.arange(side, dtype=np.float64)] * 2)
    places = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ transform.T
    bend = random.uniform(0, 1.6 * careless)
    across, down = (places[..., i] / places[..., 2] + bend * _smooth(random, side, 5) for i in range(2))
    roi = cv2.remap(
        photo, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    if random.random() < 0.6 * careless:
        roi = cv2.GaussianBlur(roi, (0, 0), random.uniform(0.3, 1.4))
    roi = 255 * np.clip(roi / 255, 0, 1) ** random.uniform(0.8, 1.25)
    noise = random.standard_normal((2, side, side)).astype(np.float32)
    roi = roi + noise[0] * random.uniform(0, 2.2 * careless)
    if random.random() < 0.3 * careless:
        roi = roi + cv2.GaussianBlur(noise[1], (0, 0), 0.8) * random.uniform(0, 6)
    return np.clip(roi, 1, 255).astype(np.uint8)


def _smooth(random: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """Smooth noise, float32 (side, side), that varies over a side's `cells`-th part."""
    coarse = random.standard_normal((cells, cells)).astype(np.float32)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def _small(drawn: np.ndarray) -> np.ndarray:
    return cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
