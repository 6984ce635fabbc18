"""Where a detector that looks coarsely is asked to look, and what it must show of a hand to be believed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from external_packages import SHARES, SPACE, environment_with

from palmbench.hands.external import ExternalDetector
from palmbench.hands.external.client import Finding

Make = Callable[..., ExternalDetector]
BLUE = (0, 0, 255)
POINTS = (SHARES - SHARES.min(axis=0)) / np.ptp(SHARES, axis=0)  # of a hand in its box


class Coarse:
    """Finds blue boxes that take up a quarter to 80 % of what it is shown, and calls them hands.

    `said` is what it says of a hand, `glitch` tells in which views it sees another one that is not there.
    """

    def __init__(
        self,
        said: tuple[str | None, float] = (None, 0.0),
        space: np.ndarray = SPACE,
        glitch: Callable[[np.ndarray], np.ndarray | None] = lambda view: None,
    ) -> None:
        self.said, self.space, self.glitch, self.asked = said, space, glitch, 0

    def ask(self, view: np.ndarray) -> list[Finding]:
        self.asked += 1
        found = [] if (wrong := self.glitch(view)) is None else [Finding(wrong, self.space, 0.99)]
        blue = (np.abs(view.astype(int) - BLUE) < 60).all(axis=2)
        rows, columns = np.flatnonzero(blue.any(axis=1)), np.flatnonzero(blue.any(axis=0))
        if len(rows):
            low = np.array([columns[0], rows[0]])
            extent = np.array([columns[-1], rows[-1]]) - low + 1
            if 0.25 < extent.max() / max(view.shape[:2]) < 0.8:
                found.append(Finding(low - 0.5 + POINTS * extent, self.space, 0.7, *self.said))
        return found


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(environment_with(tmp_path_factory.mktemp("outside"), "mediapipe"))


@pytest.fixture
def detector(python: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a detector in whose place a coarse one is asked."""

    def make(worker: Coarse, hands: int = 5) -> ExternalDetector:
        monkeypatch.setattr("palmbench.hands.external.detector.Worker", lambda *_: worker)
        return ExternalDetector("mediapipe", python, None, 0.5, hands=hands)

    return make


def photo(left: int, top: int, side: int, height: int = 960, width: int = 1280) -> np.ndarray:
    image = np.full((height, width, 3), 90, np.uint8)
    image[top : top + side, left : left + side] = BLUE
    return image


def placed(left: int, top: int, side: int) -> np.ndarray:
    return np.array([left, top]) - 0.5 + POINTS * side


@pytest.mark.parametrize("hands", [1, 5])
def test_a_hand_that_fills_the_frame_is_found_in_the_padded_photo(detector: Make, hands: int) -> None:
    (hand,) = detector(Coarse(), hands).detect([photo(60, 40, 900, 960, 1000)])[0]
    assert np.abs(hand.keypoints_2d - placed(60, 40, 900)).max() < 4


def test_a_small_hand_is_found_in_a_part_if_several_are_wanted(detector: Make) -> None:
    image = photo(900, 600, 150)
    assert detector(Coarse(), 1).detect([image]) == [[]]
    (hand,) = detector(Coarse(), 5).detect([image])[0]
    assert np.abs(hand.keypoints_2d - placed(900, 600, 150)).max() < 3


def test_a_finding_of_a_part_neither_displaces_a_whole_hand_nor_stands_alone(detector: Make) -> None:
    """However sure of it the detector is: on a finger of the hand, and on nothing."""

    def somewhere(view: np.ndarray) -> np.ndarray | None:
        return POINTS * 60 + 20 if max(view.shape[:2]) < 800 else None

    (hand,) = detector(Coarse(glitch=somewhere)).detect([photo(300, 200, 500)])[0]
    assert np.abs(hand.keypoints_2d - placed(300, 200, 500)).max() < 4
    assert detector(Coarse(glitch=somewhere)).detect([photo(0, 0, 0)]) == [[]]


def test_one_look_is_enough_where_one_hand_is_wanted_and_found(detector: Make) -> None:
    worker = Coarse()
    assert len(detector(worker, 1).detect([photo(300, 200, 500)])[0]) == 1
    assert worker.asked == 1


# Its palm faces the camera if it is of a right hand.
@pytest.mark.parametrize(
    ("said", "view"),
    [((None, 0.0), "palm"), (("right", 0.95), "palm"), (("left", 0.95), "back"), (("left", 0.6), "palm")],
)
def test_which_hand_it_is_tells_its_palm_from_its_back(
    said: tuple[str | None, float], view: str, detector: Make
) -> None:
    (hand,) = detector(Coarse(said)).detect([photo(300, 200, 500)])[0]
    assert hand.side == "right" and hand.view == view


def test_a_fist_is_told_from_its_joints(detector: Make) -> None:
    fist = SPACE.copy()
    bent = np.array([(0, -0.02, -0.02), (0, 0.01, -0.03), (0, 0.03, 0)])  # out from the knuckle, and back to the wrist
    for finger in range(4):
        knuckle = fist[5 + 4 * finger]
        fist[6 + 4 * finger : 9 + 4 * finger] = knuckle + bent
    (hand,) = detector(Coarse(space=fist)).detect([photo(300, 200, 500)])[0]
    assert hand.view == "closed"
