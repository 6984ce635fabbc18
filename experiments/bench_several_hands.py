"""Several hands in one photo: how many of them a detector finds, and what it takes for a hand where there is none.

    python -m experiments.bench_several_hands [detector=mediapipe ...] [--photos 40] [--hands 0 1 2 3 5]

Rendered palms of the three profiles are pasted on one background at many sizes, places and angles. A hand counts as
found when its palm polygon and the true one share more than half of their union: less would leave the palm in sight.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch

from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.config.compose import compose_points
from palmbench.hands import Detector, load_detector
from palmbench.hands.cutting import cut_view
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, TRAINING_IDENTITIES, Render, render
from palmbench.synth.scene import background

SIZES = ((640, 480), (480, 640), (1024, 768), (1600, 1200))  # width, height
BACKGROUNDS = ("plain", "surface", "clutter")
LARGEST, SMALLEST = 0.5, 0.12  # side of a hand's box as a share of the photo's longer side
FOREARM = 0.25  # hand lengths that are pasted behind the wrist
MATCH = 0.5
_TRIES = 200


class Scene(NamedTuple):
    """A photo of several hands: uint8 (height, width, 3) RGB, and the true keypoints of each, (21, 2) pixels."""

    image: np.ndarray
    hands: list[np.ndarray]


class Tally(NamedTuple):
    """What was found in photos of a number of hands: true hands, those found, and detections where there is no hand."""

    photos: int
    hands: int
    found: int
    false: int


def scene(number: int, hands: int, held_out: bool = True) -> Scene:
    """The photo of a number, always the same; `held_out` takes palms that no shipped weights were trained on."""
    random = np.random.default_rng((number, hands, int(held_out)))
    width, height = SIZES[random.integers(len(SIZES))]
    kind = BACKGROUNDS[random.integers(len(BACKGROUNDS))]
    image = np.round(np.clip(background(kind, height, width, random), 0, 1) * 255).astype(np.uint8)
    identities = BENCHMARK_IDENTITIES if held_out else TRAINING_IDENTITIES
    placed: list[np.ndarray] = []
    boxes: list[tuple[np.ndarray, float]] = []
    for _ in range(hands):
        palm = render(identities[int(random.integers(2000))], 0, str(random.choice(list(PROFILES))))
        place = _place(palm, (width, height), hands, boxes, random)
        if place is None:
            break
        image = _pasted(image, palm, place)
        placed.append(palm.keypoints_2d.astype(float) @ place[:, :2].T + place[:, 2])
    return Scene(image, placed)


def tally(detector: Detector, hands: int, photos: range, held_out: bool = True) -> Tally:
    """Look at the photos of some numbers, each of as many hands, and compare."""
    there = found = false = 0
    for number in photos:
        shown = scene(number, hands, held_out)
        seen = [hand.keypoints_2d for hand in detector.detect([shown.image])[0] if hand.view != "unsure"]
        matched = matches(shown, seen)
        there += len(shown.hands)
        found += matched
        false += len(seen) - matched
    return Tally(len(photos), there, found, false)


def matches(shown: Scene, seen: Sequence[np.ndarray]) -> int:
    """Hands of a photo that are among those seen, each finding counted for one hand at most."""
    shape = shown.image.shape[:2]
    left = [fill_polygon(palm_polygon(points), shape) for points in seen]
    count = 0
    for true in shown.hands:
        palm = fill_polygon(palm_polygon(true), shape)
        shares = [float((palm & other).sum() / max(1, (palm | other).sum())) for other in left]
        if shares and max(shares) > MATCH:
            left.pop(int(np.argmax(shares)))
            count += 1
    return count


def line(hands: int, counted: Tally) -> str:
    """One printed row."""
    recall = f"{counted.found} of {counted.hands} found ({counted.found / counted.hands:6.1%})" if counted.hands else ""
    return f"{hands} hands, {counted.photos} photos: {recall:<34} {counted.false} false"


def main(arguments: Sequence[str] | None = None) -> int:
    """Count for each number of hands; the exit status of `palmbench`."""
    options = argparse.ArgumentParser(
        prog="python -m experiments.bench_several_hands",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("overrides", nargs="*", metavar="detector=...", help="as `palmbench` takes them")
    options.add_argument("--photos", type=int, default=40, metavar="N", help="of each number of hands (default 40)")
    options.add_argument("--first", type=int, default=0, metavar="N", help="number of the first photo (default 0)")
    options.add_argument("--hands", type=int, nargs="+", default=[0, 1, 2, 3, 5], metavar="N")
    options.add_argument("--training", action="store_true", help="palms of the training identities, to tune with")
    chosen = options.parse_args(arguments)
    (point,) = compose_points(["detector.hands=10", *chosen.overrides])
    detector = load_detector(point.detector)
    # More threads only wait for each other in a network this small.
    torch.set_num_threads(1)
    photos = range(chosen.first, chosen.first + chosen.photos)
    for hands in chosen.hands:
        print(line(hands, tally(detector, hands, photos, not chosen.training)), flush=True)
    return DONE


def _place(
    palm: Render, size: tuple[int, int], hands: int, boxes: list[tuple[np.ndarray, float]], random: np.random.Generator
) -> np.ndarray | None:
    """Affine transform of a palm to a free place; remembers it in `boxes`."""
    low, high = palm.keypoints_2d.min(axis=0), palm.keypoints_2d.max(axis=0)
    middle, side = (low + high) / 2, float((high - low).max())
    for _ in range(_TRIES):
        share = min(LARGEST, 1.1 / np.sqrt(max(hands, 1))) * (SMALLEST / LARGEST) ** random.random()
        angle = random.uniform(-np.pi, np.pi) if random.random() < 0.3 else random.uniform(-0.6, 0.6)
        wanted = share * max(size)
        reach = 0.56 * wanted
        if 2 * reach >= min(size):
            continue
        centre = np.array([random.uniform(reach, length - reach) for length in size])
        if all(np.hypot(*(centre - other)) > reach + radius for other, radius in boxes):
            boxes.append((centre, reach))
            scale = wanted / side
            turn = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
            return np.column_stack([turn, centre - turn @ middle])
    return None


def _pasted(image: np.ndarray, palm: Render, place: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    rows, columns = np.indices(palm.mask.shape)
    down = palm.keypoints_2d[0] - palm.keypoints_2d[9]
    length = float(np.linalg.norm(np.diff(palm.keypoints_2d[[0, 9, 10, 11, 12]], axis=0), axis=1).sum())
    wrist = palm.keypoints_2d[0]
    behind = ((columns - wrist[0]) * down[0] + (rows - wrist[1]) * down[1]) / np.hypot(*down)
    shown = (palm.mask & (behind < FOREARM * length)) * np.float32(255)
    shown = cv2.GaussianBlur(shown, (0, 0), 1.0).astype(np.uint8)
    alpha = cut_view(shown, place, (width, height), cv2.BORDER_CONSTANT, 0)[..., None] / 255
    hand = cut_view(palm.image, place, (width, height))
    return np.round(hand * alpha + image * (1 - alpha)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(guarded(main))
