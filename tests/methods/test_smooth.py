from __future__ import annotations

import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.palm import inpaint_mask
from palmbench.methods.smooth import SmoothConfig
from palmbench.synth import render

PALM = render(31, 0, size=(320, 240))
ways = pytest.mark.parametrize("way", ["bilateral", "guided"])


def smoothed(photo, hand, **settings) -> np.ndarray:
    return methods.load(SmoothConfig(**settings)).deidentify([photo], [hand], [0], [None])[0]


@ways
def test_only_the_palm_changes_and_no_seed_is_needed(way):
    hand = PALM.as_hand()
    region = inpaint_mask(hand)
    result = smoothed(PALM.image, hand, way=way)
    assert np.array_equal(result[~region], PALM.image[~region])
    assert (result[region] != PALM.image[region]).mean() > 0.5
    assert not methods.load(SmoothConfig(way=way)).seeded


@ways
def test_what_is_smoothed_grows_with_the_strength(way):
    hand = PALM.as_hand()
    region = inpaint_mask(hand)
    changes = [
        np.abs(smoothed(PALM.image, hand, way=way, strength=strength).astype(int) - PALM.image)[region].mean()
        for strength in (0.1, 0.3, 1.0, 3.0)
    ]
    assert changes == sorted(changes) and changes[0] < 0.5 * changes[-1]


@ways
def test_a_strong_edge_stays_and_faint_noise_goes(way, hand):
    """As no Gaussian of the same reach leaves it."""
    photo = np.full((150, 180, 3), 40, np.uint8)
    photo[:, 90:] = 240
    noisy = (photo + np.random.default_rng(0).integers(0, 8, photo.shape)).astype(np.uint8)
    result = smoothed(noisy, hand, way=way, strength=0.5).astype(float)
    assert result[70:90, 91].mean() - result[70:90, 88].mean() > 150
    assert result[70:90, 60:75].std() < 0.6 * noisy[70:90, 60:75].std()
