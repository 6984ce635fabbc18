"""Gestures are told by the angles of joints, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.quality.gesture import gesture
from palmbench.synth.anatomy import hand_shape
from palmbench.synth.gestures import fist, open_hand


def straight() -> np.ndarray:
    """Five straight fingers, upwards and side by side."""
    points = np.zeros((21, 3))
    for finger in range(5):
        points[1 + 4 * finger : 5 + 4 * finger, 1] = -np.arange(1, 5)
        points[1 + 4 * finger : 5 + 4 * finger, 0] = 0.1 * (finger - 2)
    return points


def bent(points: np.ndarray, finger: int, degrees: float) -> np.ndarray:
    """The same with the two last bones of a finger turned towards the viewer at its middle joint."""
    points = points.copy()
    joint = points[2 + 4 * finger]
    angle = np.radians(degrees)
    for place in (1, 2):
        points[2 + 4 * finger + place] = joint + place * np.array([0, -np.cos(angle), -np.sin(angle)])
    return points


def test_straight_fingers_are_not_bent():
    assert gesture(straight()) == (False,) * 5


@pytest.mark.parametrize("finger", range(5))
def test_a_finger_is_bent_beyond_its_angle_whatever_the_others_do(finger):
    for degrees, expected in ((50, False), (110, True)):
        found = gesture(bent(straight(), finger, degrees))
        assert found[finger] is expected and sum(found) == expected


def test_lengths_of_bones_and_the_unit_change_nothing():
    points = bent(straight(), 2, 120)
    longer = points.copy()
    longer[12] = points[11] + 1.4 * (points[12] - points[11])
    assert gesture(points) == gesture(7 * longer)


def test_fists_are_bent_and_open_hands_are_not():
    for seed in range(20):
        generator = np.random.default_rng(seed)
        assert gesture(fist(hand_shape(seed), generator).joints)[1:] == (True,) * 4
        assert gesture(open_hand(hand_shape(seed), generator).joints)[1:] == (False,) * 4
