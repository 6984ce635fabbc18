"""The training set of the embedded networks: photos of training identities, rendered once and kept as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from experiments.weights.kept_arrays import Shapes, kept_arrays
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.roi_squares import bounding_square
from palmbench.synth import PROFILES, RENDERER_VERSION, TRAINING_IDENTITIES, Render, render

SHRINK = 2
CROP_SIZE = 256
CROP_MARGIN = (1.17, 1.33)
# What the photos of each palm are, in turn: plain ones twice, since the finest lines are seen there.
TURNS = ("controlled", "mobile", "controlled", "wild")
PROFILE_NAMES = tuple(PROFILES)


@dataclass(frozen=True)
class World:
    """Rendered training data, memory-mapped.

    Attributes
    ----------
    photos : ndarray of shape (n, 240, 320, 3), uint8
        Whole photos at half size.
    masks : ndarray of shape (n, 240, 320), uint8
        Hand masks of them, 0 or 1.
    points : ndarray of shape (n, 23, 2), float32
        21 keypoints and 2 valley points, in pixels of the half-size photos.
    depths : ndarray of shape (n, 21), float32
        Depth of each keypoint relative to the wrist, in hand lengths.
    palms : ndarray of shape (n, 256, 256, 3), uint8
        Palm crops of the full-size photos.
    regions : ndarray of shape (n, 256, 256), uint8
        Of each crop: 1 = hand, 2 = palm polygon, 3 = both.
    sides : ndarray of shape (n,), float32
        Side of each crop's square in its photo, pixels.
    profiles : ndarray of shape (n,), uint8
        Capture conditions: place in `PROFILE_NAMES`.
    visible : ndarray of shape (n, 21), bool
        Which keypoints can be seen.
    """

    photos: np.ndarray
    masks: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    palms: np.ndarray
    regions: np.ndarray
    sides: np.ndarray
    profiles: np.ndarray
    visible: np.ndarray


_SHAPES: Shapes = {
    "photos": ((240, 320, 3), np.uint8),
    "masks": ((240, 320), np.uint8),
    "points": ((23, 2), np.float32),
    "depths": ((21,), np.float32),
    "palms": ((CROP_SIZE, CROP_SIZE, 3), np.uint8),
    "regions": ((CROP_SIZE, CROP_SIZE), np.uint8),
    "sides": ((), np.float32),
    "profiles": ((), np.uint8),
    "visible": ((21,), np.bool_),
}


def load_world(folder: Path, identities: int, samples: int, workers: int = 2) -> World:
    """Open the training set in `folder`, rendering it first when it is absent or of another size or renderer."""
    wanted = {
        "renderer": RENDERER_VERSION,
        "turns": list(TURNS),
        "conditions": [asdict(PROFILES[turn]) for turn in TURNS],
        "identities": identities,
        "samples": samples,
    }
    what, count = entries(identities, samples), identities * samples
    return World(**kept_arrays(folder / "world.json", wanted, _SHAPES, entry_of, what, count, workers))


def full_size(identity: int, sample: int) -> Render:
    """A photo of the training set before it was shrunk, with its ground truth; samples take turns at the profiles.

    Raises
    ------
    ValueError
        If the identity is not one of `TRAINING_IDENTITIES`.
    """
    if identity not in TRAINING_IDENTITIES:
        raise ValueError(f"{identity} is not a training identity")
    return render(identity, sample, TURNS[sample % len(TURNS)])


def entries(identities: int, samples: int) -> Iterator[tuple[int, int]]:
    """Identity and sample number of each photo of the training set, in its order."""
    for identity in range(identities):
        for sample in range(samples):
            yield TRAINING_IDENTITIES[identity], sample


def entry_of(wanted: tuple[int, int]) -> dict[str, np.ndarray]:
    """What `World` holds of one photo, by attribute: rendered, shrunk and cropped."""
    cv2.setNumThreads(1)
    identity, sample = wanted
    photo = full_size(identity, sample)
    random = np.random.default_rng(wanted)
    shape = photo.mask.shape
    # A detector's polygon is a little off, and so is the crop that is laid around it.
    polygon = palm_polygon(photo.keypoints_2d) + random.normal(0, 1.0, (6, 2)).astype(np.float32)
    square = bounding_square(polygon, shape, random.uniform(*CROP_MARGIN))
    regions = photo.mask.astype(np.uint8) + 2 * fill_polygon(polygon, shape).astype(np.uint8)
    size = (CROP_SIZE, CROP_SIZE)
    half = (shape[1] // SHRINK, shape[0] // SHRINK)
    points = np.vstack([photo.keypoints_2d, photo.valleys])
    return {
        "photos": cv2.resize(photo.image, half, interpolation=cv2.INTER_AREA),
        "masks": cv2.resize(photo.mask.astype(np.uint8) * 255, half, interpolation=cv2.INTER_AREA) // 128,
        "points": ((points + 0.5) / SHRINK - 0.5).astype(np.float32),
        "depths": photo.keypoints_3d[:, 2],
        "palms": cv2.resize(square.crop(photo.image), size, interpolation=cv2.INTER_LINEAR),
        "regions": cv2.resize(square.crop(regions), size, interpolation=cv2.INTER_NEAREST),
        "sides": np.array(square.side, np.float32),
        "profiles": np.array(PROFILE_NAMES.index(TURNS[sample % len(TURNS)]), np.uint8),
        "visible": photo.visibility,
    }
