"""The example of docs/detectors.md, taken from the document, works as a package of its own."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import palmbench
from palmbench import synth
from palmbench.config.compose import compose_points
from palmbench.config.listing import listing, option_names
from palmbench.hands import Hand, load_detector
from palmbench.hands.output_checks import CheckedDetector
from palmbench.hands.registry import named
from palmbench.hands.settings import EmbeddedConfig
from recognizers.common.errors import RequestError
from tests.ones_own import Page, install

PAGE = Page("detectors.md")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return PAGE.available(tmp_path, monkeypatch)


def test_the_example_is_installed_swept_and_recorded(package: Path, tmp_path: Path) -> None:
    printed, runs = PAGE.run(package, tmp_path)
    assert len(runs) == 2
    for run in runs.values():
        assert run["metrics"]["rr"]["n"] == 8 and run["metrics"]["rr"]["value"] is not None
    assert "apart 0.01" in printed and "apart 0.05" in printed


def test_it_is_listed_with_its_settings_and_those_of_every_detector(package: Path) -> None:
    assert compose_points(["method=mask"])[0].detector == EmbeddedConfig()
    assert "palm_mirror" not in sys.modules
    lines = listing("detector").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("detector=mirror "))
    assert lines[at].endswith("The embedded detector, believed where it sees the same hand in the mirror.")
    told = {line.split()[0]: line.split(maxsplit=2)[2] for line in lines[at + 1 : at + 5]}
    assert told.keys() == {"hands", "valleys", "valley_weights", "apart"}
    assert told["apart"].split(maxsplit=1) == ["0.05", "mean distance of keypoints, in sides of the hand"]


def test_it_is_checked_like_one_of_ours(package: Path) -> None:
    (point,) = compose_points(["detector=mirror", "detector.apart=0.2"])
    assert point.detector == named("mirror", apart=0.2)
    for setting, words in (("apart=2", "at most 1"), ("hands=0", "from 1 to 100"), ("valleys=pklnet", "needs PKLNet")):
        with pytest.raises(RequestError, match=words):
            compose_points(["detector=mirror", f"detector.{setting}"])
    with pytest.raises(RequestError, match=r"detector\.apart must be"):
        load_detector(named("mirror", apart=2.0))


def test_it_finds_what_the_embedded_one_finds_in_the_mirror_too(package: Path) -> None:
    photo = synth.render(identity=0, sample=0).image
    (hand,) = palmbench.find_hands(photo, detector="mirror")
    (same,) = palmbench.find_hands(photo, detector="embedded")
    np.testing.assert_array_equal(hand.keypoints_2d, same.keypoints_2d)
    strict = load_detector(named("mirror", apart=1e-6))
    assert strict.detect([photo]) == [[]]
    assert palmbench.deidentify(photo, method="mask", detector=named("mirror", hands=10)).shape == photo.shape


def test_what_names_its_hands_holds_settings_and_version(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_detector(named("mirror")).settings()
    assert (before["name"], before["apart"], before["version"]) == ("mirror", 0.05, 1)
    monkeypatch.setattr("palm_mirror.VERSION", 2)
    assert load_detector(named("mirror")).settings() != before


def test_it_is_gone_with_its_package() -> None:
    assert "mirror" not in option_names("detector")
    with pytest.raises(RequestError, match="there is no detector called mirror"):
        compose_points(["detector=mirror"])


def test_a_broken_package_is_told_and_stops_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "[palmbench.detectors]\nbroken = palm_broken:Broken\nembedded = palm_broken:Broken\n"
    monkeypatch.syspath_prepend(str(install(tmp_path, entry, palm_broken="class Broken: pass\n")))
    monkeypatch.delitem(sys.modules, "palm_broken", raising=False)
    assert compose_points(["detector=embedded"])[0].detector == EmbeddedConfig()  # a name of ours is not taken over
    wrong = "it is not a dataclass derived from palmbench.hands.DetectorConfig that has a load"
    assert wrong in listing("detector")
    with pytest.raises(RequestError, match=re.escape(wrong)):
        compose_points(["detector=broken"])


PHOTO = np.zeros((8, 8, 3), np.uint8)
HAND = Hand(
    score=0.9,
    box=np.zeros(4, np.float32),
    side="left",
    keypoints_2d=np.zeros((21, 2), np.float32),
    keypoints_3d=np.zeros((21, 3), np.float32),
    valleys=np.zeros((2, 2), np.float32),
    mask=np.zeros((8, 8), bool),
)


class Answering:
    """A detector of one answer."""

    name = "own"

    def __init__(self, hands: Any = None, settings: Any = None) -> None:
        self._hands, self._settings = hands, settings

    def settings(self) -> Any:
        return self._settings

    def detect(self, images: list[np.ndarray]) -> Any:
        return sys.exit(0) if self._hands is None else self._hands


def test_right_answers_are_given_back() -> None:
    own = CheckedDetector(Answering([[HAND], []], {"version": 3}), "own")
    assert own.detect([PHOTO, PHOTO]) == [[HAND], []]
    assert own.settings() == {"name": "own", "version": 3}


@pytest.mark.parametrize(
    ("hands", "words"),
    [
        ([], "a list of hands for each of 1 photos"),
        ([HAND], "not Hand"),
        ([["a hand"]], "must be palmbench.hands.Hand, not str"),
        ([[replace(HAND, keypoints_2d=HAND.keypoints_2d + np.nan)]], "keypoints_2d must be finite"),
        ([[replace(HAND, valleys=np.zeros((2, 3), np.float32))]], "valleys must be finite floats of shape (2, 2)"),
        ([[replace(HAND, mask=np.zeros((8, 9), bool))]], "mask must be bool, of its photo's height and width"),
        ([[replace(HAND, side="both")]], "side is left or right"),
        ([[replace(HAND, score=7.0)]], "score from 0 to 1"),
        (None, "called sys.exit(0)"),
    ],
)  # fmt: skip
def test_a_wrong_answer_ends_the_run(hands: Any, words: str) -> None:
    with pytest.raises(RequestError, match=rf"detector=own.*{re.escape(words)}"):
        CheckedDetector(Answering(hands), "own").detect([PHOTO])


@pytest.mark.parametrize("settings", [None, {}, {"version": "1"}, {"version": 1, "weights": PHOTO}])
def test_settings_that_can_be_no_part_of_a_key_end_the_run(settings: Any) -> None:
    with pytest.raises(RequestError, match=r"detector=own: its settings\(\)"):
        CheckedDetector(Answering([], settings), "own").settings()
