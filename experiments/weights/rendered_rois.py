"""Recognition ROIs of the training set for the compact CCNet: as the pipeline cuts them, changed a little."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from experiments.weights.training import Options
from experiments.weights.world import CROP_MARGIN, CROP_SIZE, SHRINK, World
from palmbench.hands.hand import Hand
from palmbench.hands.palm import palm_polygon
from palmbench.hands.palm_or_back import palm_side
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.roi_squares import bounding_square
from palmbench.synth import TRAINING_IDENTITIES
from recognizers.protocol import ROI_SIDE

ROIS = "rois.npy"
# What a detector's valley points are off by: shift and scale as shares of the ROI, turn in degrees; deviations.
SHIFT, SCALE, TURN = 0.025, 0.035, 2.5


def cut_rois(world: World, options: Options) -> np.ndarray:
    """Recognition ROIs of the training set, uint8 (n, 128, 128), cut once and kept beside the set."""
    kept = options.data / ROIS
    if not _is_newer(kept, options.data / "world.json"):
        cv2.setNumThreads(1)
        entries = ((identity, sample) for identity in range(options.identities) for sample in range(options.samples))
        rois = [cut_roi(world, index, *entry) for index, entry in enumerate(entries)]
        part = kept.with_suffix(".part")
        with open(part, "wb") as stream:
            np.save(stream, np.stack(rois))
        part.replace(kept)
    return np.load(kept, mmap_mode="r")


def cut_roi(world: World, index: int, identity: int, sample: int) -> np.ndarray:
    """Recognition ROI of an entry of the training set from its palm crop and its true valley points.

    Parameters
    ----------
    world : World
    index : int
        Place of the entry.
    identity, sample : int
        The training identity's place among `TRAINING_IDENTITIES`, and the photo's number.
    """
    points = (world.points[index] + 0.5) * SHRINK - 0.5
    shape = tuple(SHRINK * side for side in world.masks[index].shape)
    # The crop's square was drawn by the entry's own generator; drawn again, it says where the crop lies in the photo.
    random = np.random.default_rng((TRAINING_IDENTITIES[identity], sample))
    polygon = palm_polygon(points) + random.normal(0, 1.0, (6, 2)).astype(np.float32)
    square = bounding_square(polygon, shape, random.uniform(*CROP_MARGIN))
    scale = CROP_SIZE / square.side
    inside = ((points - (square.x, square.y) + 0.5) * scale - 0.5).astype(np.float32)
    hand = Hand(
        score=1.0,
        box=np.array([0, 0, CROP_SIZE - 1, CROP_SIZE - 1], np.float32),
        side=palm_side(inside),
        keypoints_2d=inside[:21],
        keypoints_3d=np.zeros((21, 3), np.float32),
        valleys=inside[21:],
        mask=np.asarray(world.regions[index]) % 2 > 0,
    )
    return recognition_roi(world.palms[index], hand)


def augment(roi: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A ROI as another capture or another detector might give it, uint8 (128, 128).

    One of the published four changes (contrast, crop of 80 to 100 %, perspective, turn by up to 10 degrees about the
    middle of an edge), on top of a detector's error, and light: a slope, blur and grain. What a warp
    lays bare is reflected, as where a ROI reaches beyond its photo.
    """
    size = ROI_SIDE
    corners = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float64)
    source, gain = corners.copy(), random.uniform(0.85, 1.15)
    way = random.integers(4)
    if way == 0:
        gain *= random.uniform(0.95, 1.05)
    elif way == 1:
        side = size * np.sqrt(random.uniform(0.8, 1.0))
        source = source * side / size + random.uniform(0, size - side, 2)
    elif way == 2:
        source += random.uniform(0, 0.075 * size, (4, 2)) * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    else:
        pivot = np.array([(size / 2, 0), (0, size / 2)][int(random.integers(2))])
        source = _turned(source, pivot, random.uniform(-10, 10))
    source = _turned(source, np.full(2, size / 2), random.normal(0, TURN)) - size / 2
    source = source * (1 + random.normal(0, SCALE)) + size / 2 + random.normal(0, SHIFT * size, 2)
    transform = cv2.getPerspectiveTransform(source.astype(np.float32), corners.astype(np.float32))
    view = cv2.warpPerspective(roi, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if random.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), random.uniform(0.4, 1.3))
    slope = random.normal(0, 0.1, 2)
    along = np.linspace(-1, 1, size, dtype=np.float32)
    light = gain * (1 + slope[0] * along[:, None] + slope[1] * along[None])
    grain = random.standard_normal((size, size), np.float32) * random.uniform(0, 5)
    return np.clip(view * light + grain, 1, 255).astype(np.uint8)


def _turned(points: np.ndarray, pivot: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return (points - pivot) @ turn + pivot


def _is_newer(made: Path, source: Path) -> bool:
    return made.is_file() and made.stat().st_mtime_ns > source.stat().st_mtime_ns
