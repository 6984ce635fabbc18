"""Palm geometry by cases that are worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from palmbench.hands.assembly import connected
from palmbench.hands.hand import Hand
from palmbench.hands.palm import completed, fill_polygon, inpaint_mask, palm_polygon
from palmbench.hands.palm_or_back import palm_side
from palmbench.hands.recognition_hand import recognition_hand, recognition_square
from palmbench.hands.recognition_roi import recognition_corners, recognition_roi
from palmbench.hands.roi_squares import Square, bounding_square, hand_crop, palm_crop, roi_square
from palmbench.synth import render
from recognizers.common.errors import SampleError
from recognizers.protocol import HAND_SIDE

PHOTO = (200, 300)


def a_hand(side: str = "left") -> Hand:
    """A hand whose palm polygon fills 100 to 180 across and 60 to 160 down; a left palm has its index finger left."""
    keypoints = np.full((21, 2), 130, np.float32)
    keypoints[[0, 17, 13, 9, 5, 2]] = [(140, 160), (180, 70), (160, 62), (130, 60), (110, 65), (100, 120)]
    valleys = np.array([(120, 60), (170, 60)], np.float32)
    if side == "right":
        keypoints[:, 0], valleys[:, 0] = 280 - keypoints[:, 0], 280 - valleys[:, 0]
    mask = np.zeros(PHOTO, bool)
    mask[50:, :170] = True
    box = np.array([90, 20, 190, 180], np.float32)
    return Hand(0.9, box, side, keypoints, np.zeros((21, 3), np.float32), valleys, mask)


def test_the_palm_polygon_is_keypoints_0_17_13_9_5_2() -> None:
    keypoints = np.arange(42, dtype=np.float64).reshape(21, 2)
    polygon = palm_polygon(keypoints)
    assert polygon.dtype == np.float32
    np.testing.assert_array_equal(polygon[:, 0], [0, 34, 26, 18, 10, 4])


@pytest.mark.parametrize(("width", "filled"), [(4, True), (60, False)], ids=["narrow", "wide"])
def test_a_narrow_hole_by_the_web_of_the_thumb_is_skin_and_a_wide_one_the_background(width: int, filled: bool) -> None:
    photo = render(40, 0)
    hand = photo.as_hand()
    thumb, index = hand.keypoints_2d[[2, 5]]
    x, y = (0.5 * (thumb + index)).round().astype(int)
    mask = np.ones_like(hand.mask)
    mask[y - width : y + width, x - width : x + width] = False
    assert completed(replace(hand, mask=mask))[y, x] == filled


def test_a_filled_polygon_holds_its_corners() -> None:
    square = np.array([(2, 3), (6, 3), (6, 7), (2, 7)], np.float32)
    mask = fill_polygon(square, (10, 12))
    assert (mask.shape, mask.dtype) == ((10, 12), np.bool_)
    assert mask.sum() == 25
    assert mask[3:8, 2:7].all()
    # A dent is filled: the hull counts.
    dented = np.vstack([square, [(4, 6)]])[[0, 4, 1, 2, 3]]
    np.testing.assert_array_equal(fill_polygon(dented, (10, 12)), mask)


def test_a_polygon_may_reach_beyond_the_photo() -> None:
    mask = fill_polygon(np.array([(-5, -5), (3, -5), (3, 3), (-5, 3)], np.float32), (10, 12))
    assert mask.sum() == 16
    assert mask[:4, :4].all()


def test_only_skin_within_the_palm_is_repainted() -> None:
    hand = a_hand()
    mask = inpaint_mask(hand)
    assert mask[100, 140]
    assert not mask[100, 172:].any()  # palm, but not hand
    assert not mask[190, 20]  # hand, but not palm
    assert not mask[:60].any()


def test_a_square_stays_inside_the_photo() -> None:
    corner = np.array([(0, 0), (40, 20)], np.float32)
    assert bounding_square(corner, PHOTO) == Square(0, 0, 40)
    assert bounding_square(corner + np.array([255, 175]), PHOTO) == Square(255, 160, 40)
    # Points beyond the photo do not take it out of it.
    assert bounding_square(corner + np.array([280, 190]), PHOTO) == Square(260, 160, 40)
    assert bounding_square(corner - 30, PHOTO) == Square(0, 0, 40)
    assert bounding_square(corner + 100, PHOTO, margin=1.5) == Square(90, 80, 60)
    # No larger than the photo's smaller side, no smaller than two pixels.
    assert bounding_square(np.array([(0, 0), (299, 199)]), PHOTO) == Square(50, 0, 200)
    assert bounding_square(np.array([(299, 199)]), PHOTO) == Square(298, 198, 2)


def test_skin_that_no_keypoint_lies_on_is_not_the_hands() -> None:
    mask = np.zeros(PHOTO, bool)
    mask[20:60, 20:60] = mask[20:60, 200:240] = True
    hand = mask.copy()
    hand[:, 100:] = False
    assert np.array_equal(connected(mask, np.array([(30.0, 30.0), (50.0, 58.0), (150.0, 30.0), (-9.0, 500.0)])), hand)


def test_a_square_crops_its_pixels() -> None:
    image = np.arange(200 * 300 * 3).reshape(200, 300, 3)
    np.testing.assert_array_equal(Square(7, 11, 5).crop(image), image[11:16, 7:12])


def test_a_square_is_moved_no_farther_than_a_region_asks() -> None:
    region = np.zeros((40, 60), bool)
    region[10:20, 30:45] = True
    assert Square(25, 5, 20).moved_to_hold(region) == Square(25, 5, 20)
    assert Square(0, 15, 20).moved_to_hold(region) == Square(25, 10, 20)
    assert Square(40, 0, 20).moved_to_hold(region) == Square(30, 0, 20)
    assert Square(0, 0, 15).moved_to_hold(region) == Square(30, 5, 15)
    assert Square(30, 10, 14).moved_to_hold(region) is None


def test_the_crops_are_the_box_and_the_palm_with_a_margin() -> None:
    hand = a_hand()
    assert hand_crop(hand, PHOTO) == Square(60, 20, 160)
    # Palm: 100 pixels high about (140, 110), a quarter more.
    assert palm_crop(hand, PHOTO) == Square(78, 48, 125)


@pytest.mark.parametrize(
    ("scale", "square"), [(1.0, Square(90, 60, 100)), (0.5, Square(115, 85, 50)), (0.1, Square(135, 105, 10))]
)
def test_exemplar_squares_shrink_about_the_palms_centre(scale: float, square: Square) -> None:
    assert roi_square(a_hand(), PHOTO, scale) == square


def test_the_side_is_read_from_index_little_finger_and_wrist() -> None:
    upright = {side: a_hand(side).keypoints_2d for side in ("left", "right")}
    for angle in (0, 77, 180, 271):
        turn = cv2.getRotationMatrix2D((140, 100), angle, 1.0)
        for side, keypoints in upright.items():
            assert palm_side(keypoints @ turn[:, :2].T + turn[:, 2]) == side


def test_the_recognition_roi_hangs_below_the_valleys() -> None:
    # Valleys 100 apart: 15 below their line, 120 wide, 120 high.
    left = recognition_corners(np.array([(100, 100), (200, 100)]), "left")
    np.testing.assert_allclose(left, [(90, 115), (210, 115), (210, 235), (90, 235)])
    right = recognition_corners(np.array([(200, 100), (100, 100)]), "right")
    np.testing.assert_allclose(right, [(210, 115), (90, 115), (90, 235), (210, 235)])
    # Fingers to the right: the wrist is on the left.
    turned = recognition_corners(np.array([(300, 50), (300, 150)]), "left")
    np.testing.assert_allclose(turned, [(285, 40), (285, 160), (165, 160), (165, 40)])


def test_the_recognition_roi_is_warped_to_its_corners() -> None:
    columns, rows = np.meshgrid(np.arange(300), np.arange(200))
    ramp = np.repeat((columns // 2 + rows // 2)[..., None], 3, axis=2).astype(np.uint8)
    hand = replace(a_hand(), valleys=np.array([(100, 20), (200, 20)], np.float32))
    roi = recognition_roi(ramp, hand)
    assert (roi.shape, roi.dtype) == ((128, 128), np.uint8)
    # ROI pixel (i, j) is photo pixel (90 + 120 i / 128, 35 + 120 j / 128).
    for i, j in ((0, 0), (127, 0), (0, 127), (64, 32)):
        assert abs(float(roi[j, i]) - (90 + 35 + 120 * (i + j) / 128) / 2) <= 1.5


@pytest.mark.parametrize("apart", [0.0, 3.0, 11.9, np.nan, np.inf])
def test_valleys_that_nearly_meet_hold_no_roi(apart: float) -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    hand = a_hand()
    at = np.array([(40, 40), (40 + 12.0, 40)], np.float32)
    assert recognition_roi(photo, replace(hand, valleys=at)).shape == (128, 128)
    with pytest.raises(ValueError, match=r"the finger valleys lie \S+ pixels apart, and 12 are needed") as caught:
        recognition_roi(photo, replace(hand, valleys=np.array([(40, 40), (40 + apart, 40)], np.float32)))
    assert isinstance(caught.value, SampleError)


def test_a_mirrored_hand_has_the_same_recognition_roi() -> None:
    photo = render(4, 0)
    hand = photo.as_hand()
    width = photo.image.shape[1]
    mirrored = replace(
        hand,
        side="right",
        keypoints_2d=hand.keypoints_2d * (-1, 1) + (width - 1, 0),
        valleys=hand.valleys * (-1, 1) + (width - 1, 0),
        mask=hand.mask[:, ::-1],
    )
    assert palm_side(mirrored.keypoints_2d) == "right"
    here = recognition_roi(photo.image, hand).astype(int)
    there = recognition_roi(photo.image[:, ::-1], mirrored).astype(int)
    # Warping rounds places to 1/32 pixel.
    assert np.abs(here - there).mean() < 0.5
    assert np.abs(here - there).max() <= 4
    assert here.std() > 5


def test_a_roi_beyond_the_photo_is_filled_by_reflection() -> None:
    image = np.full((*PHOTO, 3), 90, np.uint8)
    hand = replace(a_hand(), valleys=np.array([(10, 150), (110, 150)], np.float32))
    assert (recognition_roi(image, hand) == 90).all()


def framed(low: tuple[int, int], high: tuple[int, int], side: str = "right", shape: tuple[int, int] = PHOTO) -> Hand:
    """A hand whose keypoints span a rectangle, its mask the same and its box inside."""
    keypoints = np.tile(np.array([low, high], np.float32), (11, 1))[:21]
    mask = np.zeros(shape, bool)
    mask[low[1] : high[1] + 1, low[0] : high[0] + 1] = True
    box = np.array([low[0] + 5, low[1] + 5, high[0] - 5, high[1] - 5], np.float32)
    return Hand(0.9, box, side, keypoints, np.zeros((21, 3), np.float32), np.zeros((2, 2), np.float32), mask)


def marked(shape: tuple[int, int] = PHOTO) -> np.ndarray:
    """A photo whose red tells the column and whose green tells the row."""
    rows, columns = np.indices(shape)
    return np.stack([columns % 256, rows % 256, np.zeros(shape)], axis=-1).astype(np.uint8)


def test_the_hand_crop_is_the_square_about_the_hand_with_a_margin() -> None:
    # 100 wide and 50 high about (100, 100): 108 pixels a side, from 46.5 on, which rounds to 46.
    crop = recognition_hand(marked(), framed((50, 75), (150, 125)))
    assert recognition_square(framed((50, 75), (150, 125))) == Square(46, 46, 108)
    assert (crop.shape, crop.dtype) == ((HAND_SIDE, HAND_SIDE, 3), np.uint8)
    step = 108 / HAND_SIDE
    expected = 46 + (np.arange(HAND_SIDE) + 0.5) * step - 0.5
    inner = slice(2, -2)
    np.testing.assert_allclose(crop[100, inner, 0], expected[inner], atol=0.75)
    np.testing.assert_allclose(crop[inner, 100, 1], expected[inner], atol=0.75)


def test_a_left_hand_is_cropped_as_its_mirror_image() -> None:
    hands = {side: framed((50, 75), (150, 125), side) for side in ("left", "right")}
    left, right = (recognition_hand(marked(), hands[side]) for side in ("left", "right"))
    np.testing.assert_array_equal(left, right[:, ::-1])
    assert left.flags.c_contiguous


def test_box_and_mask_near_the_keypoints_widen_the_crop_and_a_forearm_does_not() -> None:
    def side_of(hand: Hand) -> float:
        columns = recognition_hand(marked((200, 250)), hand)[100, [20, -21], 0].astype(float)
        return (columns[1] - columns[0]) / (HAND_SIDE - 41) * HAND_SIDE

    base = framed((100, 75), (150, 125), shape=(200, 250))
    assert side_of(base) == pytest.approx(1.08 * 50, abs=1.5)
    boxed = replace(base, box=np.array([90, 80, 160, 120], np.float32))
    assert side_of(boxed) == pytest.approx(1.08 * 70, abs=1.5)
    fingertip = base.mask.copy()
    fingertip[70:80, 95:151] = True  # within 15 % of 50
    assert side_of(replace(base, mask=fingertip)) == pytest.approx(1.08 * 55, abs=1.5)
    forearm = base.mask.copy()
    forearm[100:, 110:140] = True
    assert side_of(replace(base, mask=forearm)) == pytest.approx(1.08 * 58, abs=1.5)


def test_beyond_the_photo_its_edge_is_repeated() -> None:
    photo = marked()
    photo[:, :3] = (200, 10, 90)
    crop = recognition_hand(photo, framed((0, 75), (100, 175)))
    # 4 of 108 pixels lie left of the photo; nothing of what is right of its edge is mirrored into them.
    assert (crop[:, :8] == (200, 10, 90)).all()
    beyond = recognition_hand(photo, framed((-400, 0), (-300, 50)))
    assert (beyond == (200, 10, 90)).all()


def test_shrinking_averages_and_any_size_gives_the_same_side() -> None:
    checks = np.repeat((np.indices((2000, 2000)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    crop = recognition_hand(checks, framed((400, 400), (1600, 1600), shape=(2000, 2000)))
    assert np.abs(crop.astype(int) - 127).max() < 20
    assert recognition_hand(marked(), framed((100, 100), (101, 101))).shape == (HAND_SIDE, HAND_SIDE, 3)
