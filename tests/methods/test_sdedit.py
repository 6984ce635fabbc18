"""SDEdit begins with the photo's own latent under noise; at full strength it is the paper's method without a prior."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench import methods
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.region import palm_region
from palmbench.methods.sdedit import SdeditConfig
from palmbench.synth import render
from recognizers.common.errors import RequestError

TINY = str(Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline")
CONFIG = SdeditConfig(weights=TINY, size=64, steps=5)


def run(config, photo, hand, seed=1) -> np.ndarray:
    return methods.load(config).deidentify([photo], [hand], [seed], [None])[0]


@pytest.mark.parametrize("alpha", [0.0, 0.2])
def test_at_full_strength_it_is_diffusion(photo, hand, alpha):
    whole = run(replace(CONFIG, strength=1.0, alpha=alpha), photo, hand)
    diffusion = DiffusionConfig(weights=TINY, size=64, steps=5, spacing=1.0, guidance_end=1.0, alpha=alpha)
    assert np.array_equal(whole, run(diffusion, photo, hand))
    assert not np.array_equal(whole, run(replace(CONFIG, strength=0.8, alpha=alpha), photo, hand))


def test_the_weaker_the_nearer_to_what_was_there():
    """With the embedded weights: from hardly any noise the painter goes back to the palm itself."""
    palm = render(31, 0, size=(320, 240))
    hand = palm.as_hand()
    region = palm_region(hand, "paper")
    config = SdeditConfig(size=128, steps=10, wrinkles="none", relief="none", grain="none", colour="raw")
    off = [
        np.abs(
            run(replace(config, strength=strength), palm.image, hand)[region].astype(int) - palm.image[region]
        ).mean()
        for strength in (0.1, 0.4, 0.7, 1.0)
    ]
    assert off == sorted(off) and off[0] < 0.7 * off[-1]


def test_the_same_photo_seed_and_strength_give_the_same_palm_whatever_shares_the_call(photo, hand):
    method = methods.load(CONFIG)
    first, second = method.deidentify([photo, 255 - photo], [hand, hand], [1, 2], [None, None])
    assert np.array_equal(second, run(CONFIG, 255 - photo, hand, seed=2))
    assert not np.array_equal(first, run(CONFIG, photo, hand, seed=2))


@pytest.mark.parametrize("change", [{"strength": 0.0}, {"strength": 1.1}, {"sampler": "plms"}])
def test_what_it_cannot_do_is_refused_before_any_work(change):
    with pytest.raises(RequestError):
        methods.load(replace(CONFIG, **change))


def test_strength_is_in_the_key_and_in_the_name():
    weak, strong = (replace(CONFIG, strength=strength) for strength in (0.2, 0.8))
    assert methods.load(weak).settings() != methods.load(strong).settings()
    assert methods.load(weak).encode_settings() == methods.load(strong).encode_settings()
    assert weak.point() != strong.point() and weak.setting() != strong.setting()
    assert "SDEdit" in weak.describe()
