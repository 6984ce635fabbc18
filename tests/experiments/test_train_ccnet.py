"""What the recipe of the compact CCNet learns from: ROIs as the pipeline cuts them, changed a little."""

import numpy as np
import pytest

from experiments.weights import world
from experiments.weights.train_ccnet import augment, cut_roi
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.synth import TRAINING_IDENTITIES, render, side_of


@pytest.fixture(scope="module")
def entry() -> world.World:
    parts = world.entry_of((TRAINING_IDENTITIES[5], 0))
    return world.World(**{name: np.asarray(part)[None] for name, part in parts.items()})


def test_a_roi_cut_from_the_crop_is_the_roi_of_the_photo(entry):
    photo = render(TRAINING_IDENTITIES[5], 0, world.TURNS[0])
    truth = (photo.keypoints_2d, photo.keypoints_3d, photo.valleys, photo.mask)
    hand = Hand(1.0, np.zeros(4), side_of(TRAINING_IDENTITIES[5]), *truth)
    expected = recognition_roi(photo.image, hand).astype(float)
    found = cut_roi(entry, 0, 5, 0).astype(float)
    assert found.shape == (128, 128)
    # Interpolated twice, creases are a little softer; a shift by a pixel would cost far more.
    off = np.abs(found - expected).mean()
    assert off < 0.35 * np.abs(np.roll(expected, 1, axis=0) - expected).mean() + 0.5


def test_a_changed_roi_is_still_the_palm_and_the_same_for_the_same_numbers(entry):
    roi = cut_roi(entry, 0, 5, 0)
    views = [augment(roi, np.random.default_rng(seed)) for seed in range(8)]
    assert all(view.dtype == np.uint8 and view.shape == (128, 128) and view.min() > 0 for view in views)
    np.testing.assert_array_equal(views[3], augment(roi, np.random.default_rng(3)))
    assert len({view.tobytes() for view in views}) == 8
    assert all(abs(float(view.mean()) / float(roi.mean()) - 1) < 0.25 for view in views)
