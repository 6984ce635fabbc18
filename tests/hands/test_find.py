"""`palmbench.find_hands`, as a program uses it."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import palmbench
from palmbench.base.images import write_png
from palmbench.hands import find
from palmbench.hands.settings import EmbeddedConfig
from palmbench.synth import render
from recognizers.common.errors import RequestError, SampleError


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(render(identity=0, sample=0).image)


def test_the_example_in_its_documentation_is_true() -> None:
    assert doctest.testmod(find) == (0, 5)


def test_a_file_gives_the_hands_of_its_pixels(photo: np.ndarray, tmp_path: Path) -> None:
    write_png(tmp_path / "hand.png", photo)
    for path in (tmp_path / "hand.png", str(tmp_path / "hand.png")):
        (hand,) = palmbench.find_hands(path, detector=EmbeddedConfig())
        np.testing.assert_array_equal(hand.photo, photo)
        assert hand.whole().shape == (224, 224, 3) and hand.mask.shape == photo.shape[:2]


def test_both_hands_of_a_photo_are_found(photo: np.ndarray) -> None:
    two = np.concatenate([photo, photo[:, ::-1]], axis=1)
    hands = palmbench.find_hands(two)
    assert sorted(hand.side for hand in hands) == ["left", "right"]
    # Recognition ROIs of a hand and of its mirror image are nearly the same picture.
    one, other = (hand.roi().astype(float) for hand in hands)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.75


def test_a_photo_without_a_hand_has_none() -> None:
    assert palmbench.find_hands(np.full((120, 160, 3), 128, np.uint8), detector=EmbeddedConfig()) == []


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ([np.zeros((8, 8, 3), np.uint8)], TypeError, "not a list"),
        (None, TypeError, "not a NoneType"),
        (np.zeros((1, 8, 8, 3), np.uint8), ValueError, r"This array is uint8 \(1, 8, 8, 3\)"),
        (np.zeros((8, 8, 3)), ValueError, r"This array is float64 \(8, 8, 3\)"),
        (np.zeros((8, 8), np.uint8), ValueError, r"This array is uint8 \(8, 8\)"),
        ("nowhere.png", SampleError, "nowhere.png"),
    ],
)
def test_a_wrong_photo_is_told_what_it_is(wrong: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        palmbench.find_hands(wrong)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"detector": "embeded"}, "there is no detector called embeded; did you mean embedded?"),
        ({"detector": 3}, "detector is a name or settings of a detector, not int"),
        ({"segmenter": EmbeddedConfig()}, "segmenter is a name or settings of a segmenter, not EmbeddedConfig"),
        ({"device": "gpu"}, "device"),
    ],
)
def test_a_wrong_setting_is_a_sentence(photo: np.ndarray, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        palmbench.find_hands(photo, **settings)


def test_a_palm_is_of_a_known_region(photo: np.ndarray) -> None:
    (hand,) = palmbench.find_hands(photo, detector=EmbeddedConfig())
    with pytest.raises(RequestError, match="region must be one of paper, palm, not 'wrist'"):
        hand.palm("wrist")  # type: ignore[arg-type]
