"""What a hand wears: a sleeve over the forearm, a ring on a finger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.anatomy import HandShape
from palmbench.synth.fields import hue
from palmbench.synth.pose import Pose
from recognizers.common.jit import compiled

_TILE = 32
# A finger's half width in hand lengths: the scale of a ring.
_FINGER = 0.047
_METALS = ((0.86, 0.68, 0.36), (0.78, 0.78, 0.80), (0.30, 0.30, 0.32), (0.82, 0.62, 0.52))


@dataclass(frozen=True)
class Layer:
    """Something to be put over a photo.

    Attributes
    ----------
    coverage : ndarray of shape (height, width), float32
        In [0, 1]; above one half nothing of what lies below is seen, less is a shadow or an edge.
    colour : ndarray of shape (height, width, 3), float32
        RGB in [0, 1]; 0 where the coverage is 0.
    """

    coverage: np.ndarray
    colour: np.ndarray

    def put_over(self, photo: np.ndarray) -> None:
        """Put this over `photo`, float32 (height, width, 3), in place."""
        _put_over(photo, self.coverage, self.colour)


def sleeve(pose: Pose, shape: HandShape, height: int, width: int, generator: Generator) -> Layer:
    """Dress the forearm: a sleeve from a hem below the wrist to the picture's edge.

    Parameters
    ----------
    pose : Pose
    shape : HandShape
    height, width : int
        Size of the photo in pixels.
    generator : numpy.random.Generator
        Draws the garment, how far it reaches and its folds.

    Returns
    -------
    Layer
        It lies over the hand; in front of the hem there is a faint shadow on the wrist.
    """
    hem = generator.uniform(0.07, 0.22)
    wide = shape.wrist * generator.uniform(1.15, 1.5)
    slant, bow = generator.normal(0, 0.012), generator.uniform(-0.02, 0.02)
    cuff = generator.uniform(0.06, 0.14) if generator.random() < 0.4 else 0.0
    period, tile = _cloth(generator)
    folds = _folds(generator)
    light = generator.normal(0, 0.18)
    layer = Layer(np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32))
    # Beyond the wrist the arm is taken as flat, so that one plane-to-plane map reaches the picture's edge.
    corners = np.array([(-wide, hem), (wide, hem), (wide, hem + 0.4), (-wide, hem + 0.4)])
    seen = pose.camera.project(corners)
    to_palm = cv2.getPerspectiveTransform(seen.astype(np.float32), corners.astype(np.float32))
    # The map's third coordinate is positive on the side of its horizon on which the arm lies.
    to_palm = to_palm / (to_palm[2] @ np.append(seen[:2].mean(axis=0), 1))
    unit = float(np.hypot(*(seen[1] - seen[0])) / (2 * wide))
    form = np.array([wide, shape.wrist, max(hem, 0.05 + abs(slant) + max(0.0, -bow)), slant, bow, cuff, light, unit])
    _dress(to_palm, form, folds, tile, period, *_window(to_palm, wide, height, width), layer.coverage, layer.colour)
    return layer


def ring(pose: Pose, height: int, width: int, generator: Generator) -> Layer | None:
    """Put a ring on the first phalanx of the index, middle or ring finger.

    Parameters
    ----------
    pose : Pose
    height, width : int
        Size of the photo in pixels.
    generator : numpy.random.Generator
        Chooses the finger and the metal.

    Returns
    -------
    Layer or None
        None if that part of the finger lies outside the picture.
    """
    finger = pose.fingers[int(generator.choice(3, p=(0.15, 0.25, 0.60)))]
    place = generator.uniform(0.19, 0.27) * (len(finger.centre) - 1)
    metal = np.array(_METALS[int(generator.integers(len(_METALS)))]) * generator.uniform(0.85, 1.1)
    thickness, bow = generator.uniform(0.007, 0.015), generator.uniform(-0.14, 0.14)
    glints, sharp = generator.uniform(-0.8, 0.8, 3), generator.uniform(0.06, 0.25, 3)
    low = int(place)
    middle, half = finger.centre[low], float(finger.half_width[low])
    reach = int(np.ceil(1.5 * half)) + 2
    left, top = np.maximum(np.rint(middle).astype(int) - reach, 0)
    right, bottom = np.minimum(np.rint(middle).astype(int) + reach + 1, (width, height))
    if left >= right or top >= bottom:
        return None
    along = finger.centre[low + 1] - finger.centre[low - 1]
    along = along / np.hypot(*along)
    x = (np.arange(left, right) - middle[0])[None]
    y = (np.arange(top, bottom) - middle[1])[:, None]
    across = (y * along[0] - x * along[1]) / half
    # The band goes round the finger, so it bends where the finger turns away.
    down = (x * along[0] + y * along[1]) - bow * half * across**2
    band = max(thickness * half / _FINGER, 0.8)
    inside = np.clip((1.03 - np.abs(across)) * half + 0.5, 0, 1)
    solid = inside * np.clip(band - np.abs(down) + 0.5, 0, 1)
    far = np.maximum(np.abs(down) - band, 0) / (0.35 * half)
    shadow = 0.42 * np.clip((0.98 - np.abs(across)) * half, 0, 1) * np.clip(1 - far, 0, 1) ** 2
    turned = np.sqrt(np.maximum(1 - (across / 1.03) ** 2, 0))
    gleam = (np.exp(-0.5 * ((across[..., None] - glints) / sharp) ** 2)).max(axis=-1)
    rounded = np.clip(1 - 0.5 * np.abs(down / band + 0.25), 0.3, 1)
    level = rounded * (0.28 + 0.42 * turned + 0.75 * gleam)
    shine = np.clip(level[..., None] * metal + 0.22 * (gleam * rounded)[..., None] ** 2, 0, 1)
    coverage = solid + (1 - solid) * shadow
    share = np.divide(solid, coverage, out=np.zeros_like(solid), where=coverage > 0)[..., None]
    layer = Layer(np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32))
    layer.coverage[top:bottom, left:right] = coverage
    layer.colour[top:bottom, left:right] = share * shine + (1 - share) * (coverage[..., None] > 0) * (0.13, 0.06, 0.04)
    return layer


def _cloth(generator: Generator) -> tuple[float, np.ndarray]:
    """A repeat of the cloth: its period in hand lengths, and its colours, float32 (n, n, 3)."""
    first, second = hue(generator, 0.8, 0.05), hue(generator, 0.8, 0.05)
    at = np.arange(_TILE) / _TILE
    rows, columns = at[:, None], at[None]
    kind = generator.random()
    if kind < 0.30:  # a twill
        share = 0.5 + 0.5 * np.cos(2 * np.pi * 4 * (rows + columns))
        return 0.05, _coloured(first, first * 0.86, share)
    if kind < 0.60:  # a knit: columns of V
        lean = np.abs(columns * 2 % 1 - 0.5)
        share = (0.5 + 0.5 * np.cos(2 * np.pi * (rows * 2 + lean))) * (0.3 + 0.7 * np.sin(np.pi * (columns * 2 % 1)))
        return float(generator.uniform(0.035, 0.07)), _coloured(first * 0.70, first, share)
    bands = np.zeros(_TILE)
    for _ in range(3):
        bands = np.maximum(
            bands, (np.abs(at - generator.random()) < generator.uniform(0.03, 0.16)) * generator.random()
        )
    if kind < 0.78:  # stripes around the arm
        return float(generator.uniform(0.08, 0.20)), _coloured(first, second, bands[:, None] + 0 * columns)
    return float(generator.uniform(0.12, 0.28)), _coloured(first, second, 0.5 * (bands[:, None] + bands[None]))


def _coloured(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (first + (second - first) * share[..., None]).astype(np.float32)


def _folds(generator: Generator) -> np.ndarray:
    """Light and shade of the folds, float32 (96, 48): down the arm, across it; mean 0, about unit variance."""
    knots = generator.standard_normal((96, 48), dtype=np.float32)
    rise = cv2.GaussianBlur(knots, (0, 0), sigmaX=7, sigmaY=2.2)
    # Folds run across the arm at an angle.
    shear = np.array([[1, 0, 0], [generator.normal(0, 0.35), 1, 0]], np.float32)
    rise = cv2.warpAffine(rise, shear, (48, 96), borderMode=cv2.BORDER_REFLECT)
    shade = cv2.Sobel(rise, cv2.CV_32F, 0, 1, ksize=3)
    return shade / shade.std() * np.float32(generator.uniform(0.4, 1.2))


def _window(to_palm: np.ndarray, wide: float, height: int, width: int) -> tuple[int, int, int, int]:
    """Rows and columns (first, past the last) of the part of the picture in which the sleeve may lie."""
    rows, columns = np.mgrid[0 : height + 15 : 16, 0 : width + 15 : 16]
    x, y, z = np.tensordot(to_palm, np.stack([columns, rows, np.ones_like(rows)]), axes=1)
    near = (z > 0) & (y > 0) & (np.abs(x) < 1.3 * wide * z + 0.6 * np.maximum(y, 0))
    near = cv2.dilate(near.astype(np.uint8), np.ones((3, 3), np.uint8))
    down, along = np.flatnonzero(near.any(axis=1)) * 16, np.flatnonzero(near.any(axis=0)) * 16
    if len(down) == 0:
        return 0, 0, 0, 0
    return int(down[0]), min(int(down[-1]) + 1, height), int(along[0]), min(int(along[-1]) + 1, width)


@compiled
def _put_over(
    photo: np.ndarray,
    coverage: np.ndarray,
    colour: np.ndarray,
) -> None:
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            share = coverage[row, column]
            if share > 0:
                for k in range(3):
                    photo[row, column, k] += (colour[row, column, k] - photo[row, column, k]) * share


@compiled
def _between(
    table: np.ndarray,
    row: Any,
    column: Any,
) -> Any:
    """Bilinear look-up in a table; places beyond its ends take its end."""
    rows, columns = table.shape
    row = min(max(row, 0.0), rows - 1.001)
    column = min(max(column, 0.0), columns - 1.001)
    r, c = int(row), int(column)
    down, along = row - r, column - c
    above = table[r, c] + (table[r, c + 1] - table[r, c]) * along
    below = table[r + 1, c] + (table[r + 1, c + 1] - table[r + 1, c]) * along
    return above + (below - above) * down


@compiled
def _dress(
    to_palm: np.ndarray,
    form: Any,
    folds: Any,
    tile: np.ndarray,
    period: Any,
    first_row: Any,
    last_row: Any,
    first_column: Any,
    last_column: Any,
    coverage: np.ndarray,
    colour: np.ndarray,
) -> None:
    """Paint the sleeve in one pass over its part of the picture."""
    wide, wrist, hem, slant, bow, cuff, light, unit = form
    size = tile.shape[0]
    # Threads finer than a few pixels melt into the cloth's mean colour.
    crisp = min(max((period * unit - 4.0) / 12.0, 0.0), 1.0)
    mean = np.zeros(3)
    for r in range(size):
        for c in range(size):
            for k in range(3):
                mean[k] += tile[r, c, k] / (size * size)
    for row in range(first_row, last_row):
        for column in range(first_column, last_column):
            z = to_palm[2, 0] * column + to_palm[2, 1] * row + to_palm[2, 2]
            if z <= 0.05:
                continue
            x = (to_palm[0, 0] * column + to_palm[0, 1] * row + to_palm[0, 2]) / z
            y = (to_palm[1, 0] * column + to_palm[1, 1] * row + to_palm[1, 2]) / z
            # An arm widens towards the elbow and no farther.
            spread = wide * (1 + 0.45 * min(max(y - hem, 0.0), 1.2))
            u = x / spread
            if u < -1.12 or u > 1.12:
                continue
            v = y - hem - slant * u - bow * u * u
            if v < -0.03:
                continue
            scale = unit * z
            fold = _between(folds, 3.0 + v * 46.0, (u + 1.0) * 23.5)
            edge = 1.0 + 0.022 * fold * min(max(v * 10.0, 0.0), 1.0)
            aside = (edge - abs(u)) * spread * scale
            cover = min(max(aside + 0.5, 0.0), 1.0) * min(max(v * scale + 0.5, 0.0), 1.0)
            if cover <= 0.0:
                if abs(x) < wrist and v < 0.0:
                    coverage[row, column] = 0.42 * (1.0 + v / 0.03) * min((wrist - abs(x)) * 25.0, 1.0)
                    colour[row, column, 0] = 0.12
                    colour[row, column, 1] = 0.06
                    colour[row, column, 2] = 0.05
                continue
            turned = np.sqrt(max(1.0 - (u / 1.04) ** 2, 0.0))
            shade = (0.50 + 0.52 * turned) * (1.0 + light * u) * (1.0 + 0.13 * min(max(v * 8.0, 0.25), 1.0) * fold)
            if cuff > 0.0:
                shade *= 1.0 - 0.45 * max(1.0 - abs(v - cuff) / 0.007, 0.0)
            # The hem's edge: a seam, and light on the rim.
            shade *= 1.0 + 0.14 * max(1.0 - v / 0.006, 0.0) - 0.20 * max(1.0 - abs(v - 0.016) / 0.004, 0.0)
            across = u * spread / period
            downward = v / period
            across, downward = (across - np.floor(across)) * size, (downward - np.floor(downward)) * size
            c, r = int(across) % size, int(downward) % size
            share_c, share_r = across - np.floor(across), downward - np.floor(downward)
            c_next, r_next = (c + 1) % size, (r + 1) % size
            coverage[row, column] = cover
            for k in range(3):
                above = tile[r, c, k] + (tile[r, c_next, k] - tile[r, c, k]) * share_c
                below = tile[r_next, c, k] + (tile[r_next, c_next, k] - tile[r_next, c, k]) * share_c
                value = mean[k] + crisp * (above + (below - above) * share_r - mean[k])
                colour[row, column, k] = min(max(value * shade, 0.0), 1.0)
