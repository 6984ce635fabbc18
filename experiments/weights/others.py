"""What is learned beside drawn palms: backs, fists, covered palms, gloves, solid palms, and pictures without a hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from experiments.weights.kept_arrays import Shapes, kept_arrays
from experiments.weights.world import SHRINK
from palmbench.hands.network import VIEWS
from palmbench.synth import RENDERER_VERSION, TRAINING_IDENTITIES
from palmbench.synth.empty_scenes import empty_scene
from palmbench.synth.other_hands import TRUTH, render_other
from palmbench.synth.profiles import PROFILES

_HEIGHT, _WIDTH = 240, 320
# Kinds take turns. Palms are among them so that how a hand is drawn does not tell what it shows; their fingers may
# touch, and they wear sleeves, rings and watches.
TURNS = ("back", "fist", "pressed", "closed", "open", "holding", "glove", "pressed")
# A glove is no palm; but a network that learns so takes palms of deep folds for gloves, which leaves them in the clear.
UNTOLD = 255


@dataclass(frozen=True)
class Others:
    """What is learned beside drawn palms, memory-mapped.

    Attributes
    ----------
    photos : ndarray of shape (n, 240, 320, 3), uint8
        Photos of hands at half size.
    masks, palms : ndarray of shape (n, 240, 320), uint8
        1 on the hand, and on the skin of its palm that can be seen.
    points : ndarray of shape (n, 23, 2), float32
        21 keypoints and 2 valley points, in pixels of the half-size photos.
    depths : ndarray of shape (n, 21), float32
        Depth of each keypoint relative to the wrist, in hand lengths.
    views : ndarray of shape (n,), uint8
        What the hand shows: its place in `VIEWS`, or `UNTOLD`.
    empties : ndarray of shape (m, 240, 320, 3), uint8
        Pictures without a hand.
    """

    photos: np.ndarray
    masks: np.ndarray
    palms: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    views: np.ndarray
    empties: np.ndarray


_HANDS: Shapes = {
    "photos": ((_HEIGHT, _WIDTH, 3), np.uint8),
    "masks": ((_HEIGHT, _WIDTH), np.uint8),
    "palms": ((_HEIGHT, _WIDTH), np.uint8),
    "points": ((23, 2), np.float32),
    "depths": ((21,), np.float32),
    "views": ((), np.uint8),
}
_EMPTY: Shapes = {"empties": ((_HEIGHT, _WIDTH, 3), np.uint8)}


def load_others(folder: Path, hands: int, empties: int, workers: int = 2, turns: Sequence[str] = TURNS) -> Others:
    """Open the pictures in `folder`, making them first when they are absent or others than asked for."""
    kept: dict[str, np.ndarray] = {}
    wanted = (("hands", hands, _HANDS, partial(hand_entry, turns)), ("empties", empties, _EMPTY, empty_entry))
    for what, count, shapes, entry in wanted:
        version = {"renderer": RENDERER_VERSION, "truth": TRUTH, "count": count, "turns": list(turns)}
        kept |= kept_arrays(folder / f"{what}.json", version, shapes, entry, range(count), count, workers)
    return Others(**kept)


def hand_entry(turns: Sequence[str], number: int) -> Mapping[str, Any]:
    """What `Others` holds of one photo of a hand, by attribute; kinds and profiles take turns, palms differ."""
    cv2.setNumThreads(1)
    profiles = list(PROFILES)
    identity = TRAINING_IDENTITIES[(7 * number) % len(TRAINING_IDENTITIES)]
    profile = profiles[number // len(turns) % len(profiles)]
    photo = render_other(turns[number % len(turns)], identity, number, profile)
    half = (_WIDTH, _HEIGHT)
    points = np.vstack([photo.keypoints_2d, photo.valleys])
    mask, palm = (
        cv2.resize(each.astype(np.uint8) * 255, half, interpolation=cv2.INTER_AREA) // 128
        for each in (photo.mask, photo.palm)
    )
    return {
        "photos": cv2.resize(photo.image, half, interpolation=cv2.INTER_AREA),
        "masks": mask,
        "palms": palm,
        "points": ((points + 0.5) / SHRINK - 0.5).astype(np.float32),
        "depths": photo.keypoints_3d[:, 2],
        "views": UNTOLD if photo.kind == "glove" else VIEWS.index(photo.view),
    }


def empty_entry(number: int) -> Mapping[str, Any]:
    """A picture without a hand; the first 10,000 are kept for tests."""
    cv2.setNumThreads(1)
    return {"empties": empty_scene(10_000 + number, (_WIDTH, _HEIGHT))}
