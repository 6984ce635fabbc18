"""Means that are taken on a grid are Gaussian means, and bands leave out what lies outside a region."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.bands import Strength, between, blurred, lacking, strength

ROWS, COLUMNS = np.mgrid[:200, :231]
REGION = (ROWS - 100) ** 2 + (COLUMNS - 110) ** 2 < 80**2


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(shape).astype(np.float32), (0, 0), 1.5)


@pytest.mark.parametrize("sigma", [0.8, 4.0, 5.0, 8.0, 12.5, 24.0])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_a_mean_on_a_grid_is_the_gaussian_mean(sigma: float, channels: tuple[int, ...]) -> None:
    image = noise((200, 231, *channels))
    found, wanted = blurred(image, sigma), cv2.GaussianBlur(image, (0, 0), sigma).reshape(image.shape)
    assert found.shape == image.shape and found.dtype == np.float32
    assert (found - wanted).std() <= 0.015 * image.std()
    flat = np.full_like(image, 0.7)
    np.testing.assert_allclose(blurred(flat, sigma), flat, atol=1e-5)


def test_layers_have_the_bands_that_each_has_alone() -> None:
    layers = noise((200, 231, 3))
    alone = [between(np.ascontiguousarray(layers[..., place]), REGION, (1.0, 9.0)) for place in range(3)]
    np.testing.assert_allclose(between(layers, REGION, (1.0, 9.0)), np.dstack(alone), atol=1e-5)


def test_what_lies_outside_a_region_does_not_count() -> None:
    image = noise(REGION.shape)
    bright = np.where(REGION, image, 9).astype(np.float32)
    inner = cv2.erode(REGION.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    found, wanted = (between(each, REGION, (1.0, 9.0))[inner] for each in (bright, image))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_few_lines_count_in_the_whole_and_not_in_what_is_usual() -> None:
    plain = 0.6 * (1 + 0.1 * noise(REGION.shape)[..., None] * np.ones(3, np.float32))
    lined = plain.copy()
    lined[::60] *= 0.5
    before, after = (strength(each, REGION, REGION, (0.8, 5.0), 8.0) for each in (plain, lined))
    assert after.usual == pytest.approx(before.usual, rel=0.3) and after.whole > 1.4 * before.whole


def test_both_strengths_are_brought_down_together() -> None:
    assert Strength(0.02, 0.1).at_most(0.05) == Strength(pytest.approx(0.01), pytest.approx(0.05))
    assert Strength(0.02, 0.04).at_most(0.05) == Strength(0.02, 0.04)
    assert lacking(5, 3) == 4 and lacking(3, 5) == 0
