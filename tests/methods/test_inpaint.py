from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.palm import inpaint_mask
from palmbench.methods.inpaint import InpaintConfig
from palmbench.methods.quilting import quilted
from palmbench.methods.rim_fill import around, beside, fine_detail, grown
from palmbench.synth import render
from palmbench.synth.render import Render
from recognizers.common.errors import SampleError

WAYS = [InpaintConfig(way="telea"), InpaintConfig(way="navier_stokes"), InpaintConfig(way="quilting")]
ways = pytest.mark.parametrize("config", WAYS, ids=lambda config: config.way)


@cache
def palm() -> Render:
    return render(31, 0, size=(320, 240))


def filled(config: InpaintConfig, photo: np.ndarray, seed: int = 5) -> np.ndarray:
    return methods.load(config).deidentify([photo], [palm().as_hand()], [seed], [None])[0]


@ways
def test_only_the_palm_changes_and_the_seed_decides(config):
    photo, region = palm().image, inpaint_mask(palm().as_hand())
    result = filled(config, photo)
    assert np.array_equal(result[~region], photo[~region])
    assert np.array_equal(result, filled(config, photo))
    assert not np.array_equal(result, filled(config, photo, seed=6))


@ways
def test_no_pixel_of_the_own_palm_is_used(config):
    """Another palm in the same hand gives the same photo."""
    region = inpaint_mask(palm().as_hand())
    another = palm().image.copy()
    another[region] = np.random.default_rng(2).integers(0, 256, (region.sum(), 3))
    assert np.array_equal(filled(config, palm().image), filled(config, another))


@ways
def test_nothing_behind_the_hand_is_used(config):
    hand = palm().as_hand()
    another = palm().image.copy()
    another[~hand.mask] = (0, 255, 0)
    region = inpaint_mask(hand)
    assert np.array_equal(filled(config, palm().image)[region], filled(config, another)[region])


@ways
def test_the_palm_has_the_colour_of_the_skin_around(config):
    photo, hand = palm().image, palm().as_hand()
    region = inpaint_mask(hand)
    assert np.abs(filled(config, photo)[region].mean(axis=0) - photo[region].mean(axis=0)).max() < 25


@pytest.mark.parametrize("way", ["telea", "navier_stokes"])
def test_the_radius_is_a_knob(way):
    few, many = (filled(InpaintConfig(way=way, radius=radius), palm().image) for radius in (1.0, 16.0))
    assert not np.array_equal(few, many)


def test_larger_patches_keep_more_of_the_sample_whole():
    """Fewer neighbours stand beside each other that did not do so in the sample."""
    texture = np.random.default_rng(1).normal(0, 20, (60, 120, 3)).astype(np.float32)
    sample, hole = np.zeros((2, 60, 120), bool)
    sample[:, :60], hole[5:55, 65:115] = True, True
    seams = []
    for patch in (6, 12, 24):
        sewn = quilted(texture, sample, hole, patch, np.random.default_rng(0))[hole].reshape(50, 50, 3)
        pairs = {(*a, *b) for row in texture[:, :60] for a, b in pairwise(row)}
        seams.append(sum((*a, *b) not in pairs for row in sewn for a, b in pairwise(row)))
    assert seams[0] > seams[1] > seams[2] > 0


def test_quilting_of_a_plain_sample_is_plain():
    sample, hole = np.zeros((2, 40, 80), bool)
    sample[:, :40], hole[:, 40:] = True, True
    sewn = quilted(np.full((40, 80, 3), 3.0, np.float32), sample, hole, 15, np.random.default_rng(0))
    assert (sewn[hole] == 3).all()


@pytest.mark.parametrize("way", ["telea", "navier_stokes"])
def test_one_colour_grows_to_itself(way):
    skin = np.ones((300, 300), bool)
    skin[60:240, 60:240] = False
    photo = np.where(skin[..., None], np.uint8([180, 140, 120]), np.uint8(0))
    assert np.abs(grown(photo, skin, way, 4.0) - (180, 140, 120)).max() <= 6  # Telea's rounding drifts
    assert np.abs(fine_detail(photo, skin)).max() < 1e-3


def test_the_outline_of_the_hand_is_not_grown_from():
    hole = np.zeros((200, 200), bool)
    hole[80:120, 80:120] = True
    hand = np.zeros((200, 200), bool)
    hand[40:160, 40:160] = True
    box = around(hole)
    skin = beside(hand, hole)
    assert hole[box].sum() == hole.sum()
    assert skin[60, 60] and not skin[41, 100] and not skin[100, 100]


@ways
def test_a_palm_without_skin_around_it_does_not_pass_as_deidentified(config):
    hand = palm().as_hand()
    bare = replace(hand, mask=inpaint_mask(hand))
    with pytest.raises(SampleError):
        methods.load(config).deidentify([palm().image], [bare], [0], [None])
