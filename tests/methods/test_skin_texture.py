"""A painted palm has the fine structure of the skin around it, at the photo's scale, and none of the palm's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.skin_texture import textured

SIZE = 320
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
HAND = np.ones((SIZE, SIZE), bool)
PALM = (ROWS - 160) ** 2 + (COLUMNS - 160) ** 2 < 90**2
INNER = cv2.erode(PALM.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
FLAT = np.full((SIZE, SIZE, 3), 0.6, np.float32)


def skin(strength: float = 0.04, sigma: float = 0.0, seed: int = 1) -> np.ndarray:
    """A photo of plain skin, uint8: noise of a strength relative to its brightness, and of a coarseness."""
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigma) if sigma else noise
    return np.rint(np.clip(153 * (1 + strength * noise / noise.std()), 0, 255))[..., None].repeat(3, 2).astype(np.uint8)


def added(photo: np.ndarray, painted: np.ndarray = FLAT, hand: np.ndarray = HAND, seed: int = 2) -> np.ndarray:
    return textured(painted, photo, hand, PALM, SIZE, np.random.default_rng(seed))[..., 0] / 0.6 - 1


def test_it_is_as_strong_and_as_coarse_as_that_of_the_skin_around() -> None:
    for sigma in (0.0, 0.8):
        photo = skin(sigma=sigma)
        palm, around = added(photo)[100:220, 100:220], photo[:60, :, 0] / 153.0 - 1
        fine = [each - cv2.GaussianBlur(each, (0, 0), 1.5) for each in (palm, around)]
        assert fine[0].std() == pytest.approx(fine[1].std(), rel=0.2)
        along = [np.corrcoef(each[:, 1:].ravel(), each[:, :-1].ravel())[0, 1] for each in fine]
        assert along[0] == pytest.approx(along[1], abs=0.15)


def test_it_is_as_strong_as_that_of_skin_as_bright() -> None:
    bright = np.where(COLUMNS < 160, 0.25, 0.6).astype(np.float32)[..., None].repeat(3, 2)
    noise = np.random.default_rng(1).standard_normal((SIZE, SIZE, 1))
    photo = np.rint(255 * bright + 5 * noise).clip(0, 255).astype(np.uint8)
    found = textured(bright, photo, HAND, PALM, SIZE, np.random.default_rng(2))[..., 0]
    fine = found - cv2.GaussianBlur(found, (0, 0), 1.5)
    dark, light = (fine[INNER & side].std() for side in (COLUMNS < 150, COLUMNS > 170))
    assert dark == pytest.approx(light, rel=0.3)  # relative to the light the dark side's is more than twice as strong


def test_it_has_no_direction_of_blocks_or_ridges() -> None:
    stripes = 1 + 0.05 * np.sin(2 * np.pi * ROWS / 4)
    photo = np.rint(153 * stripes)[..., None].repeat(3, 2).astype(np.uint8)
    down, across = (np.diff(added(photo)[100:220, 100:220], axis=axis).std() for axis in (0, 1))
    assert down == pytest.approx(across, rel=0.25)


def test_it_tells_nothing_of_the_palm() -> None:
    photo = skin()
    other = photo.copy()
    other[PALM] = 255 - other[PALM]
    np.testing.assert_array_equal(added(photo), added(other))


def test_creases_of_the_skin_around_are_left_out() -> None:
    photo = skin(0.01)
    creased = photo.copy()
    creased[(ROWS % 80 < 2) & ~PALM] //= 2
    assert np.abs(added(creased)[INNER]).max() < 2 * np.abs(added(photo)[INNER]).max()


def test_a_painted_palm_that_is_rougher_than_the_skin_around_is_smoothed() -> None:
    rough = (FLAT * (1 + 0.1 * np.random.default_rng(3).standard_normal((SIZE, SIZE, 1)))).astype(np.float32)
    found = textured(rough, skin(0.05), HAND, PALM, SIZE, np.random.default_rng(2))[..., 0]
    before, after = (each - cv2.GaussianBlur(each, (0, 0), 1.5) for each in (rough[..., 0], found))
    assert after[INNER].std() < 0.7 * before[INNER].std()


def test_where_the_hand_is_all_palm_the_noise_is_as_strong_as_the_palms_own() -> None:
    photo = skin(0.04)
    found = added(photo, hand=PALM)
    fine = [each - cv2.GaussianBlur(each, (0, 0), 1.5) for each in (found, photo[..., 0] / 153.0 - 1)]
    assert fine[0][INNER].std() == pytest.approx(fine[1][INNER].std(), rel=0.3)
    assert abs(np.corrcoef(fine[0][INNER], fine[1][INNER])[0, 1]) < 0.05


def test_texture_belongs_to_its_generator() -> None:
    photo = skin()
    one, same, two = (added(photo, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != two).any()
