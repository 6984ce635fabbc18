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


NO_LINES = np.zeros((SIZE, SIZE), np.float32)


def as_photo(crop: np.ndarray) -> np.ndarray:
    return np.rint(crop * 255).astype(np.uint8)


def roughened(painted: np.ndarray, original: np.ndarray) -> np.ndarray:
    """The painted palm with fine wrinkles alone."""
    return wrinkled(painted, as_photo(original), PALM, NO_LINES, np.random.default_rng(1))


def roughness(crop: np.ndarray) -> float:
    level = crop.mean(axis=2)
    lines = cv2.GaussianBlur(level, (0, 0), 0.8) - cv2.GaussianBlur(level, (0, 0), 5)
    return float((lines / level)[cv2.erode(PALM.astype(np.uint8), np.ones((31, 31), np.uint8)) > 0].std())


def test_a_smooth_palm_becomes_about_as_rough_as_the_one_that_was_there() -> None:
    for depth in (0.03, 0.08):
        found = roughened(lined(0), lined(depth))
        assert roughness(found) == pytest.approx(0.9 * roughness(lined(depth)), rel=0.15)
        np.testing.assert_array_equal(found[~PALM], lined(0)[~PALM])


def test_a_palm_painted_with_lines_as_strong_gets_none() -> None:
    painted = lined(0.08)
    assert roughened(painted, lined(0.05)) is painted


def test_no_palm_becomes_rougher_than_a_limit() -> None:
    deep, deeper = (roughened(lined(0), lined(depth)) for depth in (0.4, 0.8))
    np.testing.assert_allclose(deep, deeper, atol=0.002)


def test_wrinkles_tell_only_how_strong_the_lines_were() -> None:
    first, turned = (roughened(lined(0), lined(0.08, turned)) for turned in (False, True))
    np.testing.assert_allclose(first, turned, atol=0.01)


def test_every_draw_has_wrinkles_of_its_own() -> None:
    one, same, two = (drawn(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.1
    assert 0.05 < (one > 0.1).mean() < 0.6
    slopes = [np.abs(cv2.Sobel(one, cv2.CV_32F, *order)).mean() for order in ((1, 0), (0, 1))]
    assert 0.8 < slopes[0] / slopes[1] < 1.25  # in no direction


def test_lines_run_where_they_are_told_and_stand_out_from_wrinkles() -> None:
    lines, original = NO_LINES.copy(), lined(0.02)
    lines[127:130], original[30:220:40] = 1, 0.5
    found = wrinkled(lined(0), as_photo(original), PALM, lines, np.random.default_rng(1)).mean(axis=2)
    inner = cv2.erode(PALM.astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    on, off = found[128][inner[128]], found[100][inner[100]]
    assert on.mean() < off.mean() - 2 * off.std()


def test_where_nothing_was_repainted_nothing_is_drawn() -> None:
    painted = lined(0)
    assert wrinkled(painted, as_photo(lined(0.1)), np.zeros_like(PALM), NO_LINES, np.random.default_rng(1)) is painted


def test_the_mesh_is_as_strong_as_what_lies_between_the_lines_that_were_there() -> None:
    between_lines = []
    for depth in (0.02, 0.05):
        original = lined(depth)
        original[30:220:40] = 0.5
        found = wrinkled(lined(0), as_photo(original), PALM, NO_LINES, np.random.default_rng(1))
        between_lines.append(roughness(found) / roughness(lined(depth)))
    assert between_lines == pytest.approx([0.8, 0.8], abs=0.25)


def test_few_lines_are_not_made_deeper_to_bear_all_that_is_lacking() -> None:
    few = NO_LINES.copy()
    few[128, 120:124] = 0.5
    found = wrinkled(lined(0), as_photo(lined(0.08)), PALM, few, np.random.default_rng(1)).mean(axis=2)
    assert found[127:130, 119:125].min() > 0.3
