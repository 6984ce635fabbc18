"""Usability differences, each against a case worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from palmbench.hands.hand import Hand
from palmbench.quality.usability import DIFFERENCES, KEPT, usability

SHAPE = (200, 400)


@pytest.fixture
def hand() -> Hand:
    keypoints_3d = np.zeros((21, 3), np.float32)
    keypoints_3d[12] = (0, -0.6, 0.8)
    mask = np.zeros(SHAPE, bool)
    mask[50:150, 100:300] = True
    return Hand(
        score=0.9,
        box=np.array([100, 50, 300, 150], np.float32),
        side="left",
        keypoints_2d=np.linspace((120, 60), (280, 140), 21).astype(np.float32),
        keypoints_3d=keypoints_3d,
        valleys=np.array([[160, 80], [240, 80]], np.float32),
        mask=mask,
    )


def test_the_same_hand_found_again_costs_nothing(hand):
    assert usability(hand, hand, SHAPE) == dict.fromkeys(DIFFERENCES, 0.0) | dict.fromkeys(KEPT, 100.0)


def test_a_hand_found_4_pixels_to_the_right_is_half_a_percent_off_in_a_photo_400_wide(hand):
    right = np.array([4, 0], np.float32)
    moved = replace(
        hand, box=hand.box + np.tile(right, 2), keypoints_2d=hand.keypoints_2d + right, valleys=hand.valleys + right
    )
    found = usability(hand, moved, SHAPE)
    # Every x is off by 4 / 400 = 1 %, every y by nothing.
    for metric in ("hand_detection", "keypoints_2d", "roi_localization"):
        assert found[metric] == pytest.approx(0.5, rel=1e-5)
    assert found["keypoints_3d"] == 0
    # The hand's box is 200 wide: 4 / 200 in x.
    assert usability(hand, moved, SHAPE, normaliser="hand")["keypoints_2d"] == pytest.approx(1.0, rel=1e-5)


def test_vertical_errors_are_shares_of_the_height(hand):
    lower = replace(hand, box=hand.box + np.array([0, 4, 0, 4], np.float32))
    assert usability(hand, lower, SHAPE)["hand_detection"] == pytest.approx(1.0)


def test_3d_error_is_relative_to_the_wrist_and_in_hand_lengths(hand):
    # The hand is one unit long; one of 63 coordinates is off by 0.63.
    bent = replace(hand, keypoints_3d=hand.keypoints_3d.copy())
    bent.keypoints_3d[8, 1] += 0.63
    assert usability(hand, bent, SHAPE)["keypoints_3d"] == pytest.approx(1.0, rel=1e-5)
    elsewhere = replace(bent, keypoints_3d=bent.keypoints_3d + 7)
    assert usability(hand, elsewhere, SHAPE)["keypoints_3d"] == pytest.approx(1.0, rel=1e-4)
    doubled = [replace(each, keypoints_3d=2 * each.keypoints_3d) for each in (hand, bent)]
    assert usability(*doubled, SHAPE)["keypoints_3d"] == pytest.approx(1.0, rel=1e-5)


def test_segmentation_counts_pixels_gained_and_lost(hand):
    mask = hand.mask.copy()
    mask[50:90, 100:120] = False
    mask[0:20, 0:10] = True
    other = replace(hand, mask=mask)
    assert usability(hand, other, SHAPE)["hand_segmentation"] == pytest.approx(100 * 1000 / 80000)
    assert usability(hand, other, SHAPE, normaliser="hand")["hand_segmentation"] == pytest.approx(100 * 1000 / 200**2)


def test_pck_counts_keypoints_within_a_twentieth_of_the_hands_box(hand):
    # The larger side of the box is 200: keypoints may be 10 pixels off in any direction.
    keypoints = hand.keypoints_2d.copy()
    keypoints[0] += (6, 7.9)
    keypoints[1] += (6, 8.1)
    keypoints[2] -= (11, 0)
    found = usability(hand, replace(hand, keypoints_2d=keypoints), SHAPE)
    assert found["pck"] == pytest.approx(100 * 19 / 21)


def test_mask_iou_is_intersection_over_union(hand):
    mask = hand.mask.copy()
    mask[50:90, 100:120] = False
    mask[0:20, 0:10] = True
    # 20000 pixels, of which 800 are lost and 200 gained.
    assert usability(hand, replace(hand, mask=mask), SHAPE)["mask_iou"] == pytest.approx(100 * 19200 / 20200)
    bare = replace(hand, mask=np.zeros(SHAPE, bool))
    assert usability(hand, bare, SHAPE)["mask_iou"] == 0
    assert np.isnan(usability(bare, bare, SHAPE)["mask_iou"])


def test_the_scale_ends_at_100(hand):
    flown = replace(hand, keypoints_3d=hand.keypoints_3d + np.linspace(0, 99, 21, dtype=np.float32)[:, None])
    assert usability(hand, flown, SHAPE)["keypoints_3d"] == 100


def test_photos_of_two_sizes_are_refused(hand):
    with pytest.raises(ValueError, match="200 x 300"):
        usability(hand, hand, (200, 300))


def test_a_hand_that_a_method_moved_is_measured_against_where_it_was_moved_to(hand):
    right = np.array([4, 0], np.float32)
    moved = replace(
        hand,
        box=hand.box + np.tile(right, 2),
        keypoints_2d=hand.keypoints_2d + right,
        valleys=hand.valleys + right,
        mask=np.roll(hand.mask, 4, axis=1),
    )
    assert usability(hand, moved, SHAPE)["keypoints_2d"] > 0
    assert usability(hand, moved, SHAPE, moved=moved) == dict.fromkeys(DIFFERENCES, 0.0) | dict.fromkeys(KEPT, 100.0)
    # A hand that is found where it was is as far off as one that was not moved and is found elsewhere.
    found = usability(hand, hand, SHAPE, moved=moved)
    assert found["keypoints_2d"] == pytest.approx(usability(moved, hand, SHAPE)["keypoints_2d"])
