"""A painted palm gets the colour and the grain of the skin around it, and nothing of the palm that was there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.finish import match_colour, match_grain, soft_rim, witnesses

SIZE = 128


@pytest.fixture
def hole() -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return (rows - 64) ** 2 + (columns - 64) ** 2 < 36**2


@pytest.fixture
def skin(hole: np.ndarray) -> np.ndarray:
    return witnesses(np.ones_like(hole), hole)


def smooth(seed: int = 0) -> np.ndarray:
    """A smooth crop, float in [0.3, 0.7]."""
    coarse = np.random.default_rng(seed).uniform(0.3, 0.7, (6, 6, 3)).astype(np.float32)
    return cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def as_photo(crop: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(crop * 255), 0, 255).astype(np.uint8)


def test_witnesses_lie_on_the_hand_and_off_the_repainted_palm(hole: np.ndarray) -> None:
    hand = np.zeros_like(hole)
    hand[:, 20:] = True
    skin = witnesses(hand, hole)
    assert skin.any()
    assert not (skin & hole).any()
    assert not skin[:, :23].any()
    # The picture's edge is no outline of the hand.
    assert skin[0, -1]


def test_a_tint_of_the_whole_crop_is_taken_back(skin: np.ndarray) -> None:
    true = smooth()
    shift = np.array([0.05, -0.04, 0.0]) + np.linspace(-0.03, 0.03, SIZE)[:, None, None]
    matched = match_colour((true + shift).astype(np.float32), as_photo(true), skin)
    assert np.abs(matched - true).max() < 0.01


def test_grain_has_the_strength_and_the_coarseness_of_what_was_lost(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    for scale in (0.6, 1.5):
        noise = cv2.GaussianBlur(np.random.default_rng(1).standard_normal((SIZE, SIZE)), (0, 0), scale)
        original = as_photo(painted + 0.03 * (noise / noise.std())[..., None])
        added = (match_grain(painted, original, skin, np.random.default_rng(2)) - painted)[..., 0]
        assert added[hole].std() == pytest.approx(0.03, rel=0.15)
        neighbours = np.corrcoef(added[:, 1:].ravel(), added[:, :-1].ravel())[0, 1]
        assert neighbours == pytest.approx(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1], abs=0.12)


def test_grain_tells_nothing_of_the_palm(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    noise = np.random.default_rng(1).normal(0, 0.03, (SIZE, SIZE, 1))
    original = as_photo(painted + noise)
    other = original.copy()
    other[hole] = 255 - other[hole]
    first, again = (match_grain(painted, photo, skin, np.random.default_rng(5)) for photo in (original, other))
    np.testing.assert_array_equal(first, again)
    added = (first - painted)[..., 0]
    assert abs(np.corrcoef(added[hole], noise[..., 0][hole])[0, 1]) < 0.05


def test_grain_belongs_to_its_generator(skin: np.ndarray) -> None:
    painted = smooth()
    original = as_photo(painted + np.random.default_rng(1).normal(0, 0.03, (SIZE, SIZE, 1)))
    one, same, two = (match_grain(painted, original, skin, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != two).any()


def test_a_brightness_that_is_off_is_no_grain(skin: np.ndarray) -> None:
    painted = smooth()
    added = match_grain(painted, as_photo(painted + 0.1), skin, np.random.default_rng(1)) - painted
    assert np.abs(added).max() < 0.02


def test_without_skin_around_the_palm_nothing_is_changed() -> None:
    painted, nowhere = smooth(), np.zeros((SIZE, SIZE), bool)
    assert match_colour(painted, as_photo(painted), nowhere) is painted
    assert match_grain(painted, as_photo(painted), nowhere, np.random.default_rng(0)) is painted


def test_the_rim_is_soft_and_outside(hole: np.ndarray) -> None:
    share = soft_rim(hole)
    assert (share[hole] == 1).all()
    assert (share[0] == 0).all()
    outwards = share[64, 64:]
    assert (np.diff(outwards) <= 0).all()
    assert 3 < ((outwards > 0) & (outwards < 1)).sum() < 10
