"""Blotches of shade and colour are calmed in a hand that has none, and left in one that is more uneven."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.blotches import without_blotches

SIZE = 256
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PALM = (ROWS - 128) ** 2 + (COLUMNS - 128) ** 2 < 100**2
INNER = cv2.erode(PALM.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
GREY, RED = np.ones(3, np.float32), np.array([1, 0, 0], np.float32)


def blotchy(depth: float, colour: np.ndarray = GREY, seed: int = 1) -> np.ndarray:
    """Skin with patches of some twenty pixels, as deep as `depth` on the whole, float in [0, 1]."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((SIZE, SIZE)), (0, 0), 8.0)
    patches = (depth * noise / noise.std())[..., None] * colour
    return np.clip(0.5 * (1 + patches), 0, 1).astype(np.float32)


def calmed(painted: np.ndarray, original: np.ndarray) -> np.ndarray:
    return without_blotches(painted, np.rint(original * 255).astype(np.uint8), PALM)


@pytest.mark.parametrize("colour", [GREY, RED], ids=["shade", "red"])
def test_blotches_that_a_hand_has_not_are_calmed(colour: np.ndarray) -> None:
    painted, smooth = blotchy(0.1, colour), blotchy(0.01, GREY, seed=2) + blotchy(0.01, RED, seed=3) - 0.5
    found = calmed(painted, smooth)
    assert found[..., 0][INNER].std() < 0.35 * painted[..., 0][INNER].std()
    np.testing.assert_array_equal(found[~PALM], painted[~PALM])


def test_a_hand_that_is_far_blotchier_leaves_them() -> None:
    painted = blotchy(0.1) + blotchy(0.03, RED, seed=2) - 0.5
    found = calmed(painted, blotchy(0.24, seed=3) + blotchy(0.14, RED, seed=4) - 0.5)
    np.testing.assert_allclose(found, painted, atol=0.01)


def test_the_less_a_hand_has_the_more_is_calmed() -> None:
    left = [calmed(blotchy(0.1), blotchy(depth, seed=2))[INNER].std() for depth in (0.01, 0.03, 0.06, 0.09)]
    assert left == sorted(left)


def test_what_is_left_says_nothing_of_where_the_hand_is_uneven() -> None:
    painted, one, turned = blotchy(0.1), blotchy(0.03, seed=2), blotchy(0.03, seed=2)[:, ::-1]
    np.testing.assert_allclose(calmed(painted, one)[INNER], calmed(painted, turned)[INNER], atol=0.005)


@pytest.mark.parametrize("palm", [np.zeros_like(PALM), np.abs(ROWS - 128) < 10], ids=["none", "narrow"])
def test_where_no_wide_palm_was_repainted_nothing_changes(palm: np.ndarray) -> None:
    painted = blotchy(0.1)
    assert without_blotches(painted, np.full((SIZE, SIZE, 3), 128, np.uint8), palm) is painted
