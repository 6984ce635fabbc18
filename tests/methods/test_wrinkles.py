"""Wrinkles are as strong as the lines that were there, and say nothing else of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.wrinkles import drawn, wrinkled

SIZE = 256
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PALM = (ROWS - 128) ** 2 + (COLUMNS - 128) ** 2 < 90**2


def lined(depth: float, turned: bool = False) -> np.ndarray:
    """Skin with faint lines in it, float in [0, 1]."""
    across = np.arange(SIZE)
    lines = 0.5 + 0.5 * np.cos(2 * np.pi * across / 9)
    level = 0.6 * (1 - depth * (lines[None, :] if turned else lines[:, None]))
    return np.broadcast_to(level[..., None], (SIZE, SIZE, 3)).astype(np.float32)


def as_photo(crop: np.ndarray) -> np.ndarray:
    return np.rint(crop * 255).astype(np.uint8)


def roughness(crop: np.ndarray) -> float:
    level = crop.mean(axis=2)
    lines = cv2.GaussianBlur(level, (0, 0), 0.8) - cv2.GaussianBlur(level, (0, 0), 5)
    return float((lines / level)[cv2.erode(PALM.astype(np.uint8), np.ones((31, 31), np.uint8)) > 0].std())


def test_a_smooth_palm_becomes_about_as_rough_as_the_one_that_was_there() -> None:
    for depth in (0.03, 0.08):
        found = wrinkled(lined(0), as_photo(lined(depth)), PALM, np.random.default_rng(1))
        assert roughness(found) == pytest.approx(0.9 * roughness(lined(depth)), rel=0.15)
        np.testing.assert_array_equal(found[~PALM], lined(0)[~PALM])


def test_a_palm_painted_with_lines_as_strong_gets_none() -> None:
    painted = lined(0.08)
    assert wrinkled(painted, as_photo(lined(0.05)), PALM, np.random.default_rng(1)) is painted


def test_no_palm_becomes_rougher_than_a_limit() -> None:
    deep, deeper = (wrinkled(lined(0), as_photo(lined(depth)), PALM, np.random.default_rng(1)) for depth in (0.4, 0.8))
    np.testing.assert_array_equal(deep, deeper)


def test_wrinkles_tell_only_how_strong_the_lines_were() -> None:
    first, turned = (
        wrinkled(lined(0), as_photo(lined(0.08, turned)), PALM, np.random.default_rng(1)) for turned in (False, True)
    )
    np.testing.assert_allclose(first, turned, atol=0.01)


def test_every_draw_has_wrinkles_of_its_own() -> None:
    one, same, two = (drawn(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.1
    # Long ones and fine ones, not all in one direction.
    assert 0.05 < (one > 0.2).mean() < 0.6
    slopes = [np.abs(cv2.Sobel(one, cv2.CV_32F, *order)).mean() for order in ((1, 0), (0, 1))]
    assert 0.4 < slopes[0] / slopes[1] < 2.5


def test_where_nothing_was_repainted_nothing_is_drawn() -> None:
    painted = lined(0)
    assert wrinkled(painted, as_photo(lined(0.1)), np.zeros_like(PALM), np.random.default_rng(1)) is painted
