"""What hiding a palm leaves of it: how well the skin that `region=paper` and `region=palm` leave tells whose it is.

    python -m experiments.regions [--palms 40] [--photos 4] [--profile controlled]

Rendered palms that no shipped weights were trained on are found by the embedded detector, as `palmbench deid` finds
them, and laid on one another by the renderer's own keypoints, so that no error of alignment helps to hide anything.
MTCC reads a square that holds the whole palm, of which only the palm's skin is shown, as the renderer knows it, and of
that what a region leaves: all else has the skin's mean colour. Printed are the share of the palm's skin that is left,
and its equal error rate: 50 % would be nothing. Some of it is told by the outline of what is left, not by its lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch

import recognizers
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.hands import Hand, load_detector
from palmbench.hands.embedded import EmbeddedSegmenter
from palmbench.hands.hand import INDEX, LITTLE, WRIST
from palmbench.hands.palm import palm_mask
from palmbench.hands.settings import EmbeddedConfig
from palmbench.photos.window import find_hands
from palmbench.scoring import equal_error_rate
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, render
from recognizers.protocol import ROI_SIDE

# Where wrist and the knuckles of index and little finger come to lie, in sides of the square.
_PLACES = np.array([(0.5, 0.9), (0.26, 0.28), (0.74, 0.34)], np.float32)


class Left(NamedTuple):
    """What is left of the palms: share of their skin, and equal error rate of it, both in [0, 1]."""

    skin: float
    eer: float


def canonical(image: np.ndarray, hand: Hand) -> np.ndarray:
    """The palm laid out, uint8 (128, 128), grey, left hands mirrored to right ones."""
    anchors = hand.keypoints_2d[[WRIST, INDEX[0], LITTLE[0]]].astype(np.float32)
    places = _PLACES.copy()
    if hand.side == "right":
        places[:, 0] = 1 - places[:, 0]
    transform = cv2.getAffineTransform(anchors, places * ROI_SIDE)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    laid = cv2.warpAffine(grey, transform, (ROI_SIDE, ROI_SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return laid if hand.side == "left" else np.ascontiguousarray(laid[:, ::-1])


def left(palms: int, photos: int, profile: str) -> dict[str, Left]:
    """What each region leaves of so many palms, of so many photos each; and of the polygon alone."""
    detector, recognizer = load_detector(EmbeddedConfig(hands=2)), recognizers.load("mtcc")
    squares: dict[str, list[np.ndarray]] = {}
    shares: dict[str, list[float]] = {}
    identities = []
    for palm in range(palms):
        for photo in range(photos):
            rendered = render(BENCHMARK_IDENTITIES[palm], photo, profile)
            truth = rendered.as_hand()
            seen = find_hands(rendered.image, detector, EmbeddedSegmenter())
            # What is in doubt may be told of beside the palm.
            (found,) = (each for each in seen if each.hand.view == "palm")
            hidden = {region: np.zeros_like(truth.mask) for region in ("paper", "palm")}
            for region, mask in hidden.items():
                found.window.of(mask)[...] = palm_mask(found.hand, region)  # type: ignore[arg-type]
            skin = palm_mask(truth, "palm")
            for name, shown in {
                "all palm skin": skin,
                "the paper's polygon": skin & hidden["paper"],
                "what region=paper leaves": skin & ~hidden["paper"],
                "what region=palm leaves": skin & ~hidden["palm"],
            }.items():
                painted = np.full_like(rendered.image, rendered.image[skin].mean(axis=0).round().astype(np.uint8))
                painted[shown] = rendered.image[shown]
                squares.setdefault(name, []).append(canonical(painted, truth))
                shares.setdefault(name, []).append(float(shown.sum() / skin.sum()))
            identities.append(palm)
    rows, columns = np.triu_indices(len(identities), 1)
    same = np.array(identities)[rows] == np.array(identities)[columns]
    result = {}
    for name, each in squares.items():
        distances = recognizers.pairwise(recognizer, recognizer.extract(np.stack(each)))
        rate = float(equal_error_rate(distances[same], distances[~same]).rate)
        result[name] = Left(float(np.mean(shares[name])), rate)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each region leaves."""
    options = argparse.ArgumentParser(
        prog="python -m experiments.regions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--palms", type=int, default=40, metavar="N")
    options.add_argument("--photos", type=int, default=4, metavar="N", help="of each palm")
    options.add_argument("--profile", choices=list(PROFILES), default="controlled")
    chosen = options.parse_args(arguments)
    torch.set_num_threads(1)
    print(f"{chosen.palms} palms x {chosen.photos}, {chosen.profile}")
    for name, what in left(chosen.palms, chosen.photos, chosen.profile).items():
        print(f"{name:26} {what.skin:6.1%} of the skin   EER {what.eer:6.1%}")
    return DONE


if __name__ == "__main__":
    sys.exit(guarded(main))
