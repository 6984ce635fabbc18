"""Hand crops for training a whole-hand recognizer: as the pipeline cuts them, changed a little."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.world import CROP_MARGIN, CROP_SIZE, SHRINK, World
from palmbench.hands.palm import palm_polygon
from palmbench.hands.palm_or_back import palm_side
from palmbench.hands.recognition_hand import HAND_MARGIN, HAND_REACH
from palmbench.hands.roi_squares import bounding_square
from palmbench.synth import TRAINING_IDENTITIES
from recognizers.networks.hand_landmarks import landmarks_of
from recognizers.protocol import HAND_SIDE

# What a detector's box is off by, as shares of the crop: deviations of its side and of its place.
SCALE, SHIFT = 0.03, 0.015
# Beyond that half of the hands are turned by up to TURN degrees and the others by TILT (a deviation), and all are
# enlarged or reduced by up to a share: hands are held in more ways than the training set shows.
TURN, TILT, ZOOM = 20.0, 3.0, 0.08
_SIZE = (HAND_SIDE, HAND_SIDE)


class Crop(NamedTuple):
    """A hand crop, uint8 (224, 224, 3), all hands right ones, and its landmarks in pixels, float32 (29, 2)."""

    image: np.ndarray
    landmarks: np.ndarray


def draw_crop(world: World, index: int, identity: int, sample: int, random: np.random.Generator) -> Crop:
    """A random crop of a training photo.

    Parameters
    ----------
    world : World
    index : int
        Place of the entry.
    identity, sample : int
        The training identity's place among `TRAINING_IDENTITIES`, and the photo's number.
    random : Generator
    """
    points = world.points[index].astype(np.float64)
    transform = _placement(points, world.masks[index], random)
    image = cv2.warpAffine(world.photos[index], transform, _SIZE, borderMode=cv2.BORDER_REPLICATE)
    # Photos are kept at half size; the palm is also kept as the pipeline sees it.
    if random.random() < 0.8:
        lay_palm(image, world, index, identity, sample, transform, random)
    placed = points @ transform[:, :2].T + transform[:, 2]
    return Crop(recoloured(image, random), landmarks_of(placed[:21], placed[21:]))


def _placement(points: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """From pixels of the half-size photo to those of the crop: `recognition_hand`'s square, jittered and turned."""
    low, high = points[:21].min(axis=0), points[:21].max(axis=0)
    reach = HAND_REACH * float((high - low).max())
    limits = np.array(mask.shape[::-1])
    first = np.clip(low - reach, 0, limits).astype(int)
    last = np.clip(high + reach + 1, 0, limits).astype(int)
    near = mask[first[1] : last[1], first[0] : last[0]]
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if len(rows):
        low = np.minimum(low, first + np.array([columns[0], rows[0]]))
        high = np.maximum(high, first + np.array([columns[-1], rows[-1]]))
    side = float((high - low).max()) * HAND_MARGIN
    centre = (low + high) / 2 + random.normal(0, SHIFT, 2) * side
    scale = HAND_SIDE / side * np.exp(random.normal(0, SCALE)) * random.uniform(1 - ZOOM, 1 + ZOOM)
    angle = random.uniform(-TURN, TURN) if random.random() < 0.5 else random.normal(0, TILT)
    transform = cv2.getRotationMatrix2D(tuple(centre), angle, scale)
    transform[:, 2] += (HAND_SIDE - 1) / 2 - centre
    if palm_side(points[:21]) == "left":
        transform[0] *= -1
        transform[0, 2] += HAND_SIDE - 1
    return transform


def lay_palm(
    image: np.ndarray,
    world: World,
    index: int,
    identity: int,
    sample: int,
    transform: np.ndarray,
    random: np.random.Generator,
) -> None:
    """Lay the full-size palm crop over the palm, in place."""
    points = (world.points[index] + 0.5) * SHRINK - 0.5
    shape = (SHRINK * world.masks.shape[1], SHRINK * world.masks.shape[2])
    # The crop's square was drawn by the entry's own generator; drawn again, it says where the crop lies in the photo.
    entry = np.random.default_rng((TRAINING_IDENTITIES[identity], sample))
    polygon = palm_polygon(points) + entry.normal(0, 1.0, (6, 2)).astype(np.float32)
    square = bounding_square(polygon, shape, entry.uniform(*CROP_MARGIN))
    palm = np.asarray(world.palms[index])
    enlarged = float(np.hypot(*transform[:, 0])) / SHRINK * square.side / CROP_SIZE
    if enlarged < 0.75 and random.random() < 0.6:
        palm = cv2.resize(palm, (CROP_SIZE // 2, CROP_SIZE // 2), interpolation=cv2.INTER_AREA)
    step = square.side / len(palm)
    # Pixels of the palm crop to those of the half-size photo, pixel centres at integers.
    offset = ((np.array([square.x, square.y]) + 0.5 * step) / SHRINK) - 0.5
    turn = transform[:, :2]
    onto = np.column_stack([turn * (step / SHRINK), turn @ offset + transform[:, 2]])
    cv2.warpAffine(palm, onto, _SIZE, dst=image, borderMode=cv2.BORDER_TRANSPARENT)


def recoloured(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other exposure, white balance, contrast and gamma, some in grey, light from a side, blur and grain."""
    levels = np.linspace(0, 1, 256)[:, None] ** np.exp(random.normal(0, 0.12, (1, 1)))
    gain = random.normal(1, 0.1) * random.normal(1, 0.05, 3)
    levels = 255 * (levels * gain + random.normal(0, 0.03))
    image = cv2.LUT(image, np.clip(levels, 0, 255).astype(np.uint8).reshape(1, 256, 3))
    chance = random.random()
    if chance < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if random.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.0))
    if random.random() < 0.5:
        slope = random.normal(0, 0.1, 2).astype(np.float32)
        along = np.linspace(-1, 1, HAND_SIDE, dtype=np.float32)
        light = 1 + slope[0] * along[:, None] + slope[1] * along[None]
        grain = random.standard_normal(_SIZE, np.float32) * np.float32(random.uniform(0, 5))
        image = np.clip(image * light[..., None] + grain[..., None], 0, 255).astype(np.uint8)
    return image
