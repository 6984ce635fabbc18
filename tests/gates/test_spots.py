"""Palms that no hand was found for: how many are spotted, and how often a photo is kept back for nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from experiments.hard_photos import Shown, beside, covered
from palmbench.hands.palm import palm_polygon
from palmbench.hands.spotting import Spotter
from palmbench.photos.overlooked import overlooked
from palmbench.photos.window import in_window
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, Render, render
from tests.gates import sizes
from tests.gates.figures import Figure, Keep
from tests.gates.gather import gather

LEAST_SPOTTED = {"controlled": 95.0, "mobile": 95.0, "wild": 75.0}
MOST_NEEDLESS = 3.0
FINGERS_HIDDEN = covered(1.12, 3.0)


@pytest.mark.gate
@pytest.mark.parametrize("profile", PROFILES)
def test_palms_without_fingers_are_spotted_and_little_else(profile: str, keep: Keep) -> None:
    palms = [(place, profile) for place in range(sizes.IDENTITIES)]
    looks = gather(f"look beside hands, {profile}", spotted, palms)
    there, needless = (100 * float(np.mean(each)) for each in zip(*looks, strict=True))
    keep(
        [
            Figure(f"{profile}: palms without fingers spotted", there, "%", LEAST_SPOTTED[profile], None, len(looks)),
            Figure(f"{profile}: photos kept back for nothing", needless, "%", None, MOST_NEEDLESS, len(looks)),
        ]
    )


def spotted(look: tuple[int, str]) -> tuple[bool, bool]:
    """Whether a palm without fingers is spotted beside a hand that is known, and whether anything is without it."""
    place, profile = look
    photo = render(BENCHMARK_IDENTITIES[place], 2, profile)
    both = beside(_shown(photo), FINGERS_HIDDEN(_shown(render(BENCHMARK_IDENTITIES[place + 1], 3, profile))))
    width = both.image.shape[1] - photo.image.shape[1]
    hand = photo.as_hand()
    wide = replace(hand, mask=np.pad(hand.mask, ((0, both.image.shape[0] - len(hand.mask)), (0, width))))
    x, y = both.palms[1].mean(axis=0)
    boxes = overlooked(both.image, [in_window(wide)], _spotter())
    there = any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in boxes)
    return there, bool(overlooked(photo.image, [in_window(hand)], _spotter()))


def _shown(photo: Render) -> Shown:
    return Shown(photo.image, palm_polygon(photo.keypoints_2d)[None].astype(np.float64))


@lru_cache(maxsize=1)
def _spotter() -> Spotter:
    return Spotter()
