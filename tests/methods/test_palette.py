"""What is painted in a photo of one colour, grey or sepia, has that colour; photos of skin keep theirs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.palette import in_shades, shades_of
from palmbench.synth import render

TINTS = {"grey": (1.0, 1.0, 1.0), "sepia": (1.05, 0.97, 0.8)}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return render(40, 0).image


@pytest.fixture(scope="module")
def hand() -> np.ndarray:
    return render(40, 0).mask


@pytest.fixture(scope="module")
def painted() -> np.ndarray:
    """Another photo in colours, float in [0, 1]."""
    return render(44, 0).image / np.float32(255)


def tinted(photo: np.ndarray, tint: tuple[float, ...]) -> np.ndarray:
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None]
    return np.clip(np.rint(grey * np.array(tint)), 0, 255).astype(np.uint8)


def compressed(photo: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.mark.parametrize("tint", TINTS)
@pytest.mark.parametrize("jpeg", [False, True], ids=["exact", "jpeg"])
def test_of_a_photo_of_one_colour_the_painting_has_it(
    tint: str, jpeg: bool, photo: np.ndarray, hand: np.ndarray, painted: np.ndarray
) -> None:
    one = tinted(photo, TINTS[tint])
    shades = shades_of(compressed(one) if jpeg else one, hand)
    assert shades is not None
    shaded = in_shades(painted, shades)
    level = painted.mean(axis=2, keepdims=True)
    expected = level * np.array(TINTS[tint]) / np.mean(TINTS[tint])
    skin = level[..., 0] < 0.9  # what is brighter may be clipped
    np.testing.assert_allclose(shaded[skin], expected[skin], atol=0.02)


def test_a_grey_photo_stays_grey_to_the_last_bit(photo: np.ndarray, hand: np.ndarray, painted: np.ndarray) -> None:
    shades = shades_of(tinted(photo, TINTS["grey"]), hand)
    assert shades is not None
    pixels = np.round(255 * in_shades(painted, shades))
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_a_photo_of_skin_has_more_than_shades(gain: float, photo: np.ndarray, hand: np.ndarray) -> None:
    assert shades_of((gain * photo).astype(np.uint8), hand) is None


def test_without_a_hand_nothing_is_told(photo: np.ndarray) -> None:
    assert shades_of(photo, np.zeros(photo.shape[:2], bool)) is None


def test_of_a_large_photo_some_pixels_tell_the_same(photo: np.ndarray, hand: np.ndarray) -> None:
    grey = tinted(photo, TINTS["sepia"])
    large, its_hand = (each.repeat(4, axis=0).repeat(4, axis=1) for each in (grey, hand))
    for shades in (shades_of(large, its_hand), shades_of(large[..., ::-1], its_hand)):
        assert shades is not None
    np.testing.assert_allclose(shades_of(large, its_hand), shades_of(grey, hand), atol=0.01)
