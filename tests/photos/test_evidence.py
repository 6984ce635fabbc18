"""How much of a palm stayed, and how much of it still shows: of known changes, the share that was left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench import methods
from palmbench.hands import Hand
from palmbench.hands.palm import palm_mask
from palmbench.methods import MethodConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.mask import MaskConfig
from palmbench.photos.evidence import MOST, share_that_shows, share_that_stayed
from palmbench.synth import Render, render


@pytest.fixture(scope="module")
def palm() -> Render:
    return render(2, 0)


def half_painted(photo: np.ndarray, region: np.ndarray, share: float) -> np.ndarray:
    """The photo with the left part of a region grey, so that a share of it stays."""
    columns = np.flatnonzero(region.any(axis=0))
    areas = np.cumsum(region.sum(axis=0)) / region.sum()
    painted = photo.copy()
    painted[:, : int(np.searchsorted(areas, 1 - share))][region[:, : int(np.searchsorted(areas, 1 - share))]] = 120
    assert columns[0] >= 0
    return painted


@pytest.mark.parametrize("region", ["paper", "palm"])
def test_what_was_left_is_measured(palm: Render, region: str) -> None:
    where = palm_mask(palm.as_hand(), region)  # type: ignore[arg-type]
    for share in (0.0, 0.25, 0.5, 1.0):
        result = half_painted(palm.image, where, share)
        assert share_that_stayed(palm.image, result, where) == pytest.approx(share, abs=0.02)
        assert share - 0.2 <= share_that_shows(palm.image, result, where) <= share + 0.02
    assert share_that_shows(palm.image, half_painted(palm.image, where, 0.3), where) > MOST


def test_lines_show_through_other_light_noise_and_compression_though_no_pixel_stayed(palm: Render) -> None:
    where = palm_mask(palm.as_hand(), "palm")
    noise = np.random.default_rng(0).normal(0, 6, palm.image.shape)
    brighter = np.clip(palm.image * 0.8 + 30 + noise, 0, 255).astype(np.uint8)
    coded = cv2.imdecode(cv2.imencode(".jpg", brighter, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_COLOR)
    assert share_that_stayed(palm.image, coded, where) < 0.05
    assert share_that_shows(palm.image, coded, where) > 0.9


def test_a_pixel_whose_neighbours_all_look_like_it_shows_nothing() -> None:
    white = np.full((60, 60, 3), 255, np.uint8)
    everywhere = np.ones((60, 60), bool)
    assert share_that_stayed(white, white, everywhere) == share_that_shows(white, white, everywhere) == 0


@pytest.mark.parametrize(
    ("method", "hides"),
    [(MaskConfig(), True), (DiffusionConfig(), True), (BlurConfig(sigma=2), False)],
    ids=["mask", "diffusion", "weak blur"],
)
@pytest.mark.parametrize("region", ["paper", "palm"])
def test_methods_that_hide_show_little_and_a_weak_blur_shows_all(
    method: MethodConfig, hides: bool, region: str, palm: Render
) -> None:
    hand: Hand = palm.as_hand()
    (result,) = methods.load(method, region=region).deidentify([palm.image], [hand], [3], [None])  # type: ignore[arg-type]
    shows = share_that_shows(palm.image, result, palm_mask(hand, region))  # type: ignore[arg-type]
    assert shows < MOST if hides else shows > 0.9
