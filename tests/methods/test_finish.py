"""A painted palm gets colour and grain of the skin around it, and of the palm that was there no more than a depth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench.methods.finish import match_colour, match_contrast, match_grain, witnesses
from palmbench.methods.paste_back import soft_rim

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
    # The picture's edge is not an outline of the hand.
    assert skin[0, -1]


def test_a_tint_of_the_whole_crop_is_taken_back(skin: np.ndarray) -> None:
    true = smooth()
    shift = np.array([0.05, -0.04, 0.0]) + np.linspace(-0.03, 0.03, SIZE)[:, None, None]
    matched = match_colour((true + shift).astype(np.float32), as_photo(true), skin)
    assert np.abs(matched - true).max() < 0.01


def lined(depth: float, turned: bool = False) -> np.ndarray:
    """A smooth crop with dark lines across it."""
    rows = np.arange(SIZE)
    lines = np.exp(-(((rows % 24) - 12) ** 2) / 8.0)[:, None, None]
    return smooth() - depth * (lines.transpose(1, 0, 2) if turned else lines)


def depth_of(crop: np.ndarray, hole: np.ndarray) -> float:
    level = crop.mean(axis=2)
    inner = cv2.erode(hole.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    return float((cv2.GaussianBlur(level, (0, 0), 8) - level)[inner].max())


def test_faint_lines_become_as_deep_as_those_that_were_there(hole: np.ndarray) -> None:
    painted = lined(0.06, turned=True)
    matched = match_contrast(painted, as_photo(lined(0.12)), hole)
    assert depth_of(matched, hole) == pytest.approx(depth_of(lined(0.12, turned=True), hole), rel=0.1)
    np.testing.assert_allclose(matched[~hole], painted[~hole], atol=1e-6)


def test_deep_lines_stay(hole: np.ndarray) -> None:
    painted = lined(0.12)
    np.testing.assert_allclose(match_contrast(painted, as_photo(lined(0.04)), hole), painted, atol=1e-6)


def test_the_faintest_lines_are_deepened_to_a_limit(hole: np.ndarray) -> None:
    painted = lined(0.01, turned=True)
    deep, deeper = (match_contrast(painted, as_photo(lined(depth)), hole) for depth in (0.12, 0.24))
    np.testing.assert_array_equal(deep, deeper)
    assert depth_of(deep, hole) > depth_of(painted, hole)


def test_contrast_tells_only_how_deep_the_lines_were(hole: np.ndarray) -> None:
    painted = lined(0.06, turned=True)
    photo = as_photo(lined(0.12))
    first, mirrored = (match_contrast(painted, each, hole) for each in (photo, photo[:, ::-1].copy()))
    np.testing.assert_allclose(first, mirrored, atol=0.01)


def test_a_dark_background_beside_the_palm_casts_no_light_on_it(hole: np.ndarray) -> None:
    painted, photo = lined(0.06), as_photo(lined(0.12))
    dark = painted.copy()
    dark[~hole] = 0
    np.testing.assert_allclose(
        match_contrast(dark, photo, hole)[hole], match_contrast(painted, photo, hole)[hole], atol=1e-6
    )


def test_grain_has_the_strength_and_the_coarseness_of_what_was_lost(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    for scale in (0.6, 1.5):
        noise = cv2.GaussianBlur(np.random.default_rng(1).standard_normal((SIZE, SIZE)), (0, 0), scale)
        original = as_photo(painted + 0.03 * (noise / noise.std())[..., None])
        added = (match_grain(painted, original, skin, hole, np.random.default_rng(2)) - painted)[..., 0]
        assert added[hole].std() == pytest.approx(0.03, rel=0.15)
        neighbours = np.corrcoef(added[:, 1:].ravel(), added[:, :-1].ravel())[0, 1]
        assert neighbours == pytest.approx(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1], abs=0.12)


def test_grain_tells_nothing_of_the_palm(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    noise = np.random.default_rng(1).normal(0, 0.03, (SIZE, SIZE, 1))
    original = as_photo(painted + noise)
    other = original.copy()
    other[hole] = 255 - other[hole]
    first, again = (match_grain(painted, photo, skin, hole, np.random.default_rng(5)) for photo in (original, other))
    np.testing.assert_array_equal(first, again)
    added = (first - painted)[..., 0]
    assert abs(np.corrcoef(added[hole], noise[..., 0][hole])[0, 1]) < 0.05


def test_a_palm_of_fine_wrinkles_gets_more_grain_than_the_skin_around_it(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    noise = np.random.default_rng(1).normal(0, 0.01, (SIZE, SIZE, 1))
    original = as_photo(painted + np.where(hole[..., None], 2, 1) * noise)
    added = (match_grain(painted, original, skin, hole, np.random.default_rng(2)) - painted)[..., 0]
    inner = cv2.erode(hole.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    assert added[inner].std() == pytest.approx(0.02, rel=0.15)
    assert added[~hole].std() == pytest.approx(0.01, rel=0.15)


def test_grain_belongs_to_its_generator(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    original = as_photo(painted + np.random.default_rng(1).normal(0, 0.03, (SIZE, SIZE, 1)))
    one, same, two = (match_grain(painted, original, skin, hole, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != two).any()


def test_a_brightness_that_is_off_is_no_grain(skin: np.ndarray, hole: np.ndarray) -> None:
    painted = smooth()
    added = match_grain(painted, as_photo(painted + 0.1), skin, hole, np.random.default_rng(1)) - painted
    assert np.abs(added).max() < 0.02


def test_without_skin_around_the_palm_nothing_is_changed() -> None:
    painted, nowhere = smooth(), np.zeros((SIZE, SIZE), bool)
    assert match_colour(painted, as_photo(painted), nowhere) is painted
    assert match_grain(painted, as_photo(painted), nowhere, nowhere, np.random.default_rng(0)) is painted


def test_the_rim_is_soft_and_outside(hole: np.ndarray) -> None:
    share = soft_rim(hole)
    assert (share[hole] == 1).all()
    assert (share[0] == 0).all()
    outwards = share[64, 64:]
    assert (np.diff(outwards) <= 0).all()
    assert 3 < ((outwards > 0) & (outwards < 1)).sum() < 10
