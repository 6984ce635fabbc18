"""Pictures without a hand are reproducible, of every family, and never the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.synth.empty_scenes import FAMILIES, empty_scene


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_pictures_with_something_in_them(family: str) -> None:
    for seed in range(3):
        picture = empty_scene(seed, (160, 120), family)
        assert picture.shape == (120, 160, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 2


def test_a_seed_names_one_picture() -> None:
    assert np.array_equal(empty_scene(7), empty_scene(7))


def test_no_two_seeds_draw_alike() -> None:
    seen = {empty_scene(seed, (96, 96)).tobytes() for seed in range(60)}
    assert len(seen) == 60


def test_an_unknown_family_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="faces"):
        empty_scene(0, family="hands")
