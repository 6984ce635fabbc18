"""A painted palm has the light and the colours of the hand, and nothing as fine as a palmprint."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.methods.light import follow_light, in_usual_colour

SIZE = 256
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
HAND = (ROWS - 128) ** 2 + (COLUMNS - 128) ** 2 < 110**2
INNER = cv2.erode(HAND.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
SKIN = np.broadcast_to(np.array([0.8, 0.6, 0.5], np.float32), (SIZE, SIZE, 3))


def as_photo(crop: np.ndarray) -> np.ndarray:
    return np.rint(crop * 255).astype(np.uint8)


def shaded() -> np.ndarray:
    return SKIN * np.linspace(0.3, 1.0, SIZE, dtype=np.float32)[:, None, None]


def test_a_palm_of_another_colour_in_even_light_gets_colour_and_shade() -> None:
    painted = np.broadcast_to(np.array([0.5, 0.5, 0.55], np.float32), SKIN.shape)
    lit = follow_light(painted, as_photo(shaded()), HAND)
    assert np.abs(lit - shaded())[INNER].max() < 0.03


def test_lines_keep_their_contrast_in_shadow() -> None:
    lines = 1 - 0.2 * np.exp(-(((COLUMNS % 32) - 16) ** 2) / 4.0)[..., None]
    lit = follow_light((SKIN * lines).astype(np.float32), as_photo(shaded()), HAND)
    dark, bright = (lit[rows, 90:170, 0] for rows in (slice(60, 80), slice(180, 200)))
    depths = [(part.max(axis=1) - part.min(axis=1)).mean() / part.mean() for part in (dark, bright)]
    np.testing.assert_allclose(*depths, rtol=0.1)


def test_a_shadow_ends_where_it_did() -> None:
    light = np.where(COLUMNS < 128, 0.25, 1.0).astype(np.float32)[..., None]
    lit = follow_light(SKIN, as_photo(SKIN * light), HAND)
    fall = lit[118:138, 112:144, 0].mean(axis=0) / 0.8
    assert fall[:10].max() < 0.4 and fall[-10:].min() > 0.85


def test_a_crease_as_deep_as_creases_are_is_no_shadow() -> None:
    crease = 1 - 0.4 * np.exp(-((COLUMNS - 128) ** 2) / (2 * 3.0**2))[..., None]
    lit = follow_light(SKIN, as_photo(SKIN * crease), HAND)
    assert lit[118:138, 100:156, 0].std(axis=1).max() < 0.02


def test_of_lines_as_fine_as_those_that_palm_codes_read_nothing_is_left() -> None:
    # 18 pixels of the ROI are about 24 of the crop.
    lines = 1 + 0.2 * np.sin(2 * np.pi * COLUMNS / 24)[..., None]
    lit = follow_light(SKIN, as_photo(np.clip(SKIN * lines, 0, 1)), HAND)
    assert lit[INNER].std(axis=0).max() < 0.004


def test_a_sleeve_that_the_mask_takes_for_skin_lends_no_colour() -> None:
    photo = as_photo(SKIN)
    photo[180:] = (30, 40, 200)
    lit = follow_light(SKIN, photo, HAND)
    assert np.abs(lit - SKIN)[HAND & (ROWS < 175)].max() < 0.03


def test_a_dark_background_casts_no_shadow_on_the_palm() -> None:
    photo = as_photo(SKIN)
    photo[~HAND] = 0
    assert np.abs(follow_light(SKIN, photo, HAND) - SKIN)[HAND].max() < 0.02


def test_without_a_hand_nothing_is_changed() -> None:
    np.testing.assert_array_equal(follow_light(SKIN, as_photo(shaded()), np.zeros_like(HAND)), SKIN)


def test_a_palm_has_on_the_whole_the_usual_colour_of_the_one_that_was_there() -> None:
    painted = SKIN * np.array([0.92, 1.0, 1.08], np.float32)
    creased = SKIN.copy()
    creased[::16] *= 0.4
    found = in_usual_colour(painted, as_photo(creased), HAND)
    usual = np.median(cv2.GaussianBlur(creased, (0, 0), 5.0)[INNER], axis=0)
    np.testing.assert_allclose(np.median(found[INNER], axis=0), usual, atol=0.01)
    np.testing.assert_array_equal(found[~HAND], painted[~HAND])


def test_a_whole_palm_is_brightened_by_little() -> None:
    found = in_usual_colour(0.5 * SKIN, as_photo(SKIN), HAND)
    np.testing.assert_allclose(found[INNER], 0.59 * SKIN[INNER], rtol=1e-5)


def test_a_narrow_palm_keeps_its_colour() -> None:
    painted = 0.9 * SKIN
    assert in_usual_colour(painted, as_photo(SKIN), np.abs(ROWS - 128) < 10) is painted
