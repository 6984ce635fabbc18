"""What photos tell of attributes and of processing, on rendered hands whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from palmbench.hands.attribute_signs import bands_across_fingers, pose_in_plane, skin_beside_and_inside
from palmbench.hands.hand import LITTLE, RING, WRIST, Hand
from palmbench.hands.palm import palm_mask
from palmbench.hands.residuals import residual_statistics
from palmbench.hands.skin_tone import CLASS_EDGES, CLASSES, typology_angle
from palmbench.synth import render
from palmbench.synth.render import wears_ring
from recognizers.common.errors import SampleError


@pytest.fixture(scope="module")
def photo() -> tuple[np.ndarray, Hand]:
    shown = render(0, 0)
    return shown.image, shown.as_hand()


def turned(hand: Hand, degrees: float, scale: float) -> Hand:
    turn = cv2.getRotationMatrix2D((300.0, 200.0), degrees, scale)
    points = np.c_[hand.keypoints_2d, np.ones(21)] @ turn.T
    return replace(hand, keypoints_2d=points.astype(np.float32))


def test_a_pose_is_that_of_the_hand_however_it_lies_and_mirrored_of_the_other(photo: tuple[np.ndarray, Hand]) -> None:
    hand = photo[1]
    pose = pose_in_plane(hand)
    assert pose[2 * WRIST : 2 * WRIST + 2].tolist() == [0, 0]
    np.testing.assert_allclose(pose_in_plane(turned(hand, 130, 0.6)), pose, atol=1e-5)
    mirrored = replace(hand, keypoints_2d=hand.keypoints_2d * np.array([-1, 1], np.float32))
    np.testing.assert_allclose(pose_in_plane(mirrored), pose * np.tile([-1, 1], 21), atol=1e-5)


def test_typology_angles_are_those_of_the_formula_and_fall_into_six_classes() -> None:
    # L* 70, b* 20 is at 45 degrees; sRGB of CIELAB (70, 0, 20).
    colour = cv2.cvtColor(np.array([[[70, 0, 20]]], np.float32), cv2.COLOR_LAB2RGB)[0, 0]
    assert typology_angle(colour) == pytest.approx(45, abs=0.5)  # OpenCV interpolates
    assert len(CLASSES) == len(CLASS_EDGES) + 1
    assert CLASSES[int(np.digitize(45, CLASS_EDGES))] == "light"


def test_skin_beside_the_palm_does_not_know_what_is_painted_over_it(photo: tuple[np.ndarray, Hand]) -> None:
    image, hand = photo
    before = skin_beside_and_inside(image, hand, "palm")
    painted = image.copy()
    painted[palm_mask(hand, "palm")] = (20, 60, 200)
    after = skin_beside_and_inside(painted, hand, "palm")
    np.testing.assert_array_equal(before[:7], after[:7])
    assert np.abs(before[7:] - after[7:]).max() > 20


def test_a_band_across_a_finger_stands_out(photo: tuple[np.ndarray, Hand]) -> None:
    image, hand = photo
    start, end = hand.keypoints_2d[RING[0]], hand.keypoints_2d[RING[1]]
    middle, along = (start + end) / 2, (end - start) / np.hypot(*(end - start))
    aside = 40 * np.array([-along[1], along[0]])
    ringed = cv2.line(
        image.copy(), *(tuple(np.rint(middle + s * aside).astype(int).tolist()) for s in (-1, 1)), (60, 60, 70), 7
    )
    assert (bands_across_fingers(ringed, hand)[:3] > bands_across_fingers(image, hand)[:3] + 0.3).all()
    little = hand.keypoints_2d[list(LITTLE[:2])].mean(axis=0)
    elsewhere = cv2.circle(image.copy(), tuple(np.rint(little).astype(int).tolist()), 5, (60, 60, 70), -1)
    np.testing.assert_array_equal(bands_across_fingers(elsewhere, hand), bands_across_fingers(image, hand))


def test_whoever_wears_a_ring_wears_it_on_both_hands_in_every_photo() -> None:
    ringed = [palm for palm in range(200) if wears_ring(palm, "controlled")]
    assert 4 <= len(ringed) <= 30
    assert {palm ^ 1 for palm in ringed} == set(ringed)
    shown = [bands_across_fingers(render(palm, 1).image, render(palm, 1).as_hand()) for palm in (ringed[0], 0)]
    assert shown[0][0] > shown[1][0]


def test_noise_is_that_of_the_palm_alone(photo: tuple[np.ndarray, Hand]) -> None:
    image, hand = photo
    before = residual_statistics(image, hand, "palm", None)
    elsewhere = image.copy()
    elsewhere[~palm_mask(hand, "palm")] = 0
    np.testing.assert_array_equal(residual_statistics(elsewhere, hand, "palm", None), before)
    smooth = cv2.GaussianBlur(image, (0, 0), 2)
    after = residual_statistics(smooth, hand, "palm", None)
    sizes = np.arange(39, 280, 40)  # mean size of each filter's residuals, but the widest's
    assert (after[sizes] < before[sizes] - 0.1).all()
    assert np.isclose((before.reshape(8, 40)[:, :39] ** 2).sum(axis=1), 1).all()


def test_what_was_stored_as_jpeg_has_other_noise(photo: tuple[np.ndarray, Hand]) -> None:
    image, hand = photo
    found = [residual_statistics(image, hand, "palm", quality) for quality in (None, 95, 50)]
    assert np.abs(found[0] - found[1]).max() > 0.01 and np.abs(found[1] - found[2]).max() > 0.05


def test_without_a_palm_there_is_neither_noise_nor_colour(photo: tuple[np.ndarray, Hand]) -> None:
    image, hand = photo
    nowhere = replace(hand, keypoints_2d=np.full((21, 2), -500, np.float32), mask=np.zeros_like(hand.mask))
    with pytest.raises(SampleError, match="pixels inside the palm, and 400 are needed"):
        residual_statistics(image, nowhere, "paper", 95)
    with pytest.raises(SampleError, match="pixels of palm, and 50 are needed"):
        skin_beside_and_inside(image, nowhere, "paper")
