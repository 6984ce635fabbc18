"""Proportions do not depend on how a hand is held before the camera, colour not on the palm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from palmbench import synth
from palmbench.hands.palm import palm_mask
from palmbench.hands.traits import geometry, skin_colour
from recognizers.common.errors import SampleError


@pytest.fixture(scope="module")
def rendered() -> synth.Render:
    return synth.render(identity=0, sample=0, size=(240, 320))


def test_a_hand_turned_and_enlarged_has_the_same_proportions(rendered: synth.Render) -> None:
    hand = rendered.as_hand()
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])
    moved = replace(hand, keypoints_3d=(3 * hand.keypoints_3d @ turn.T).astype(np.float32))
    np.testing.assert_allclose(geometry(moved), geometry(hand), atol=1e-5)
    longer = hand.keypoints_3d.copy()
    longer[8] += longer[8] - longer[7]  # the index finger's last bone twice as long
    found = geometry(replace(hand, keypoints_3d=longer)) - geometry(hand)
    assert found.max() == pytest.approx(np.log(2) * 20 / 21, abs=1e-4) and found.argmax() == 7


def test_the_palm_has_no_part_in_the_colour_of_the_skin(rendered: synth.Render) -> None:
    image, hand = rendered.image, rendered.as_hand()
    painted = np.where(palm_mask(hand, "palm")[..., None], np.uint8(0), image)
    np.testing.assert_array_equal(skin_colour(painted, hand, "palm"), skin_colour(image, hand, "palm"))
    darker = skin_colour((image * 0.7).astype(np.uint8), hand, "palm")
    assert darker[0] < skin_colour(image, hand, "palm")[0] - 5


def test_without_skin_beside_the_palm_there_is_no_colour(rendered: synth.Render) -> None:
    nothing = replace(rendered.as_hand(), mask=np.zeros_like(rendered.as_hand().mask))
    with pytest.raises(SampleError, match="0 pixels of skin"):
        skin_colour(rendered.image, nothing, "palm")
