"""Lines of nobody lie on a palm as a palm's lines do, move with the hand, and say nothing of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from palmbench.hands import Hand
from palmbench.hands.hand import FINGERS
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.roi_squares import Square, hand_crop, palm_crop
from palmbench.methods.palm_lines import palm_lines
from palmbench.synth import render
from recognizers.common.errors import SampleError

SIZE = 256


def in_crop(points: np.ndarray, square: Square) -> np.ndarray:
    return (points - (square.x, square.y)) * SIZE / square.side


def drawn(hand: Hand, square: Square, seed: int = 1, size: int = SIZE) -> np.ndarray:
    return palm_lines(hand, square, size, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def hand() -> Hand:
    return render(40, 0).as_hand()


@pytest.fixture(scope="module")
def square(hand: Hand) -> Square:
    return palm_crop(hand, hand.mask.shape)


def test_lines_lie_within_the_palm(hand: Hand, square: Square) -> None:
    lines = drawn(hand, square)
    palm = fill_polygon(in_crop(palm_polygon(hand.keypoints_2d), square), lines.shape)
    deep = lines > 0.2
    assert deep[palm].mean() > 0.01 and deep[palm].sum() > 0.6 * deep.sum()


def test_every_long_finger_has_a_crease_at_its_base(hand: Hand) -> None:
    square = hand_crop(hand, hand.mask.shape)
    lines = drawn(hand, square)
    for finger in FINGERS[1:]:
        knuckle, joint = in_crop(hand.keypoints_2d[list(finger[:2])], square)
        for share, creased in ((0.38, True), (0.7, False)):
            column, row = np.round(knuckle + share * (joint - knuckle)).astype(int)
            assert (lines[row - 5 : row + 6, column - 3 : column + 4].max() > 0.2) == creased


def test_every_seed_draws_another_palm(hand: Hand, square: Square) -> None:
    np.testing.assert_array_equal(drawn(hand, square, 1), drawn(hand, square, 1))
    palms = [drawn(hand, square, seed).ravel() for seed in range(6)]
    assert np.corrcoef(palms)[np.triu_indices(6, 1)].mean() < 0.25


def test_lines_move_with_the_hand(hand: Hand, square: Square) -> None:
    shift = np.array([6, 10], np.float32)
    moved = replace(hand, keypoints_2d=hand.keypoints_2d + shift, valleys=hand.valleys + shift)
    there = Square(square.x + 6, square.y + 10, square.side)
    np.testing.assert_allclose(drawn(moved, there), drawn(hand, square), atol=1e-3)


def test_a_smaller_crop_shows_the_same_lines(hand: Hand, square: Square) -> None:
    large, small = drawn(hand, square), drawn(hand, square, size=SIZE // 2)
    halves = large.reshape(SIZE // 2, 2, SIZE // 2, 2).mean(axis=(1, 3))
    assert np.corrcoef(halves.ravel(), small.ravel())[0, 1] > 0.9


def test_a_palm_seen_from_its_edge_has_no_place_for_lines(hand: Hand, square: Square) -> None:
    flat = hand.keypoints_2d.copy()
    flat[:, 0] = 100
    with pytest.raises(SampleError, match="lie on a line"):
        drawn(replace(hand, keypoints_2d=flat, valleys=np.full((2, 2), 100, np.float32)), square)
