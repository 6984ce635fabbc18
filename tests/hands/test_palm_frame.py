"""Every palm lies alike in the palm frame, and what is laid over a hand is what the frame shows of it."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from palmbench.hands.palm import palm_mask
from palmbench.hands.palm_frame import SQUARE, PalmFrame
from palmbench.synth import render
from palmbench.synth.creases import palm_creases
from palmbench.synth.render import Render
from recognizers.common.errors import SampleError

LEFT, RIGHT = 12, 13
PLACES = np.random.default_rng(0).uniform((-0.25, -0.58), (0.22, 0.02), (200, 2))


@cache
def photo(identity: int, profile: str = "controlled") -> Render:
    return render(identity, 1, profile)


@pytest.mark.parametrize("profile", ["controlled", "mobile", "wild"])
@pytest.mark.parametrize("identity", [LEFT, RIGHT])
def test_the_way_back_is_the_inverse(identity: int, profile: str) -> None:
    frame = PalmFrame.of(photo(identity, profile).as_hand())
    assert np.abs(frame.places(frame.pixels(PLACES)) - PLACES).max() < 1e-6


@pytest.mark.parametrize("identity", [LEFT, RIGHT])
def test_what_was_laid_over_a_hand_is_what_the_frame_shows(identity: int) -> None:
    shown = photo(identity)
    frame = PalmFrame.of(shown.as_hand())
    noise = np.random.default_rng(1).standard_normal((frame.side, frame.side)).astype(np.float32)
    flat = cv2.GaussianBlur(noise, (0, 0), 3.0)
    again = frame.rectified(frame.laid(flat, shown.image.shape[:2]), frame.side)
    seen = frame.rectified(palm_mask(shown.as_hand(), "palm").astype(np.uint8), frame.side) > 0
    assert (again - flat)[seen].std() < 0.05 * flat.std()


@pytest.mark.parametrize("identity", [LEFT, RIGHT])
def test_creases_lie_in_the_frame_where_the_palm_has_them(identity: int) -> None:
    """Left and right: the renderer's palm coordinates are found from keypoints alone, to 2 % of a hand length."""
    shown = photo(identity)
    frame = PalmFrame.of(shown.as_hand())
    grooves, creases = shown.grooves, palm_creases(identity)
    apart = []
    for line in np.unique(grooves.line[np.isin(grooves.line, creases.line)]):
        found = frame.places(grooves.points[grooves.line == line])
        true = creases.points[creases.line == line]
        if len(found) == len(true):
            apart.append(np.hypot(*(found - true).T).mean())
    assert len(apart) > 50
    assert np.median(apart) < 0.02


def test_a_moved_and_larger_hand_lies_in_the_frame_alike() -> None:
    hand = photo(LEFT).as_hand()
    here, there = PalmFrame.of(hand), PalmFrame(2 * hand.keypoints_2d + 50, 2 * hand.valleys + 50)
    assert np.allclose(there.pixels(PLACES), 2 * here.pixels(PLACES) + 50, atol=1e-3)
    assert there.unit == pytest.approx(2 * here.unit)


def test_neighbours_stay_neighbours_however_odd_the_keypoints() -> None:
    left, top, side = SQUARE
    steps = np.linspace(0, side, 40)
    grid = np.stack(np.meshgrid(left + steps, top + steps), axis=-1)
    hand = photo(LEFT).as_hand()
    for seed in range(5):
        odd = hand.keypoints_2d + np.random.default_rng(seed).normal(0, 25, hand.keypoints_2d.shape)
        seen = PalmFrame(odd, hand.valleys).pixels(grid.reshape(-1, 2)).reshape(grid.shape)
        across, down = np.diff(seen[:-1], axis=1), np.diff(seen[:, :-1], axis=0)
        turns = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
        assert (turns > 0).all() or (turns < 0).all()


def test_keypoints_on_a_line_are_no_palm() -> None:
    line = np.linspace((10, 10), (200, 100), 21)
    with pytest.raises(SampleError):
        PalmFrame(line, line[:2])
