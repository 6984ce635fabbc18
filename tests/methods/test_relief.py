"""Relief is as strong as that of the palm that was there, and says nothing else of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.bands import strength
from palmbench.methods.relief import with_relief

SIZE = 256
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PALM = (ROWS - 128) ** 2 + (COLUMNS - 128) ** 2 < 100**2
BAND = (5.0, 18.0)


def uneven(depth: float, turned: bool = False) -> np.ndarray:
    """Skin with soft waves of 50 pixels in it, float in [0, 1]."""
    waves = np.cos(2 * np.pi * np.arange(SIZE) / 50)
    level = 0.5 * (1 + depth * (waves[None, :] if turned else waves[:, None]))
    return np.ascontiguousarray(np.broadcast_to(level[..., None], (SIZE, SIZE, 3)), np.float32)


def as_photo(crop: np.ndarray) -> np.ndarray:
    return np.rint(crop * 255).astype(np.uint8)


def unevenness(crop: np.ndarray) -> float:
    inner = cv2.erode(PALM.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    return strength(crop, PALM, inner, BAND, BAND[1]).whole


def test_a_flat_palm_becomes_as_uneven_as_the_one_that_was_there() -> None:
    for depth in (0.04, 0.1):
        found = with_relief(uneven(0), as_photo(uneven(depth)), PALM, np.random.default_rng(1))
        assert unevenness(found) == pytest.approx(unevenness(uneven(depth)), rel=0.25)
        np.testing.assert_array_equal(found[~PALM], uneven(0)[~PALM])


def test_a_palm_painted_as_uneven_gets_none() -> None:
    painted = uneven(0.1)
    assert with_relief(painted, as_photo(uneven(0.05)), PALM, np.random.default_rng(1)) is painted


def test_no_palm_becomes_more_uneven_than_a_limit() -> None:
    deep, deeper = (with_relief(uneven(0), as_photo(uneven(d)), PALM, np.random.default_rng(1)) for d in (0.5, 0.9))
    np.testing.assert_array_equal(deep, deeper)


def test_relief_tells_only_how_uneven_the_palm_was() -> None:
    first, turned = (
        with_relief(uneven(0), as_photo(uneven(0.1, way)), PALM, np.random.default_rng(1)) for way in (False, True)
    )
    np.testing.assert_allclose(first, turned, atol=0.01)


def test_every_draw_has_relief_of_its_own() -> None:
    flat, photo = uneven(0), as_photo(uneven(0.1))
    one, same, two = (with_relief(flat, photo, PALM, np.random.default_rng(seed)) - flat for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert abs(np.corrcoef(one[PALM].ravel(), two[PALM].ravel())[0, 1]) < 0.3


def test_relief_is_smooth_and_shows_no_weave() -> None:
    flat = uneven(0)
    drawn = (with_relief(flat, as_photo(uneven(0.1)), PALM, np.random.default_rng(1)) - flat).mean(axis=2)
    inner = cv2.erode(PALM.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    finest = drawn - cv2.medianBlur(drawn, 5)
    assert finest[inner].std() < 0.05 * drawn[inner].std()


def test_where_nothing_was_repainted_nothing_is_drawn() -> None:
    flat = uneven(0)
    assert with_relief(flat, as_photo(uneven(0.1)), np.zeros_like(PALM), np.random.default_rng(1)) is flat
