from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.palm import inpaint_mask
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.pixelate import PixelateConfig
from recognizers.common.errors import RequestError, SampleError

BASELINES = [MaskConfig(), BlurConfig(sigma=4.0), PixelateConfig(block=8)]


def run(config, photo, hand) -> np.ndarray:
    return methods.load(config).deidentify([photo], [hand], [0], [None])[0]


@pytest.mark.parametrize("config", BASELINES, ids=lambda config: config.name)
def test_only_the_palm_inside_the_hand_changes(config, photo, hand):
    before = photo.copy()
    region = inpaint_mask(hand)
    result = run(config, photo, hand)
    assert result.dtype == np.uint8
    assert np.array_equal(result[~region], photo[~region])
    assert (result[region] != photo[region]).any()
    assert np.array_equal(photo, before)


def test_masking_leaves_one_grey_level(photo, hand):
    region = inpaint_mask(hand)
    assert (run(MaskConfig(), photo, hand)[region] == 0).all()
    assert (run(MaskConfig(fill=127), photo, hand)[region] == 127).all()


def test_blurring_is_of_the_whole_photo(photo, hand):
    region = inpaint_mask(hand)
    whole = cv2.GaussianBlur(photo, (0, 0), 4.0)
    assert np.array_equal(run(BlurConfig(sigma=4.0), photo, hand)[region], whole[region])


def test_pixelating_shows_block_means_on_a_grid_from_the_regions_corner(photo, hand):
    region = inpaint_mask(hand)
    top, left = np.flatnonzero(region.any(axis=1))[0], np.flatnonzero(region.any(axis=0))[0]
    result = run(PixelateConfig(block=9), photo, hand)
    rows, columns = slice(top + 27, top + 36), slice(left + 36, left + 45)
    assert region[rows, columns].all()
    mean = photo[rows, columns].reshape(-1, 3).mean(axis=0)
    assert np.array_equal(result[rows, columns], np.broadcast_to(np.round(mean), (9, 9, 3)))


def test_a_block_wider_than_the_photo_leaves_the_mean_of_what_there_is(photo, hand):
    region = inpaint_mask(hand)
    top, left = np.flatnonzero(region.any(axis=1))[0], np.flatnonzero(region.any(axis=0))[0]
    result = run(PixelateConfig(block=4096), photo, hand)
    mean = np.round(photo[top:, left:].reshape(-1, 3).mean(axis=0))
    assert (result[region] == mean).all()


def test_identity_returns_the_photo_whatever_the_hand(photo, hand):
    result = run(IdentityConfig(), photo, replace(hand, mask=np.zeros_like(hand.mask)))
    assert np.array_equal(result, photo)
    assert result is not photo


@pytest.mark.parametrize("config", BASELINES, ids=lambda config: config.name)
def test_a_hand_without_a_palm_region_does_not_pass_as_deidentified(config, photo, hand):
    with pytest.raises(SampleError, match="palm region is empty"):
        run(config, photo, replace(hand, mask=np.zeros_like(hand.mask)))


@pytest.mark.parametrize("config", [*BASELINES, IdentityConfig()], ids=lambda config: config.name)
def test_baselines_need_no_seed_and_keep_nothing(config, photo, hand):
    method = methods.load(config)
    assert method.name == config.name
    assert not method.seeded
    assert method.encode_settings() is None
    assert method.encode([photo], [hand]) == [{}]


def test_settings_tell_methods_apart():
    configs = [*BASELINES, IdentityConfig(), MaskConfig(fill=1), BlurConfig(sigma=5.0), PixelateConfig(block=9)]
    settings = [methods.load(config).settings() for config in configs]
    assert all(settings.count(one) == 1 for one in settings)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (BlurConfig(sigma=0.0), "method.sigma must be"),
        (BlurConfig(sigma=float("nan")), "method.sigma"),
        (PixelateConfig(block=0), "method.block must be"),
        (MaskConfig(fill=256), "method.fill must be"),
        (DiffusionConfig(alpha=1.5), "method.alpha must be"),
        (DiffusionConfig(guidance=float("nan")), "method.guidance"),
        (DiffusionConfig(crop="face"), "method.crop must be palm or hand"),
        (DiffusionConfig(colour="matched"), "method.colour must be match or raw"),
        (DiffusionConfig(scales={"s": 0.1}), "method.scales "),
    ],
)
def test_settings_made_in_python_are_held_to_their_ranges_too(config, says):
    with pytest.raises(RequestError, match=says):
        methods.load(config)
