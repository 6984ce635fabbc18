"""The published augmentation: torchvision's rules and arithmetic, black where nothing was seen."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as reference

from recognizers.training.augment import augment


class Told:
    """A generator that answers with given numbers."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def integers(self, *_, **__):
        return self._answers.pop(0)

    uniform = integers


@pytest.fixture(scope="module")
def roi() -> np.ndarray:
    grain = np.random.default_rng(3).integers(60, 200, (32, 32)).astype(np.uint8)
    return np.asarray(Image.fromarray(grain).resize((128, 128), Image.Resampling.BICUBIC))


def test_each_change_is_torchvisions(roi):
    image = Image.fromarray(roi)
    inwards = np.array([(9, 0), (4, 7), (1, 2), (0, 9)])
    corners, moved = [[0, 0], [127, 0], [127, 127], [0, 127]], [[9, 0], [123, 7], [126, 125], [0, 118]]
    bilinear, bicubic = InterpolationMode.BILINEAR, InterpolationMode.BICUBIC
    changes = [
        ((0, 1.04), reference.adjust_contrast(image, 1.04)),
        ((1, 0.81, np.array([12, 3])), reference.resized_crop(image, 3, 12, 115, 115, [128, 128], bilinear)),
        ((2, inwards), reference.perspective(image, corners, moved, bilinear)),
        ((3, 0, -7.5), reference.rotate(image, -7.5, bicubic, center=[64, 0])),
        ((3, 1, 9.0), reference.rotate(image, 9.0, bicubic, center=[0, 64])),
    ]
    for answers, expected in changes:
        found = augment(roi, Told(*answers)).astype(int)
        # torchvision solves for the perspective in single precision: a pixel may round the other way.
        assert np.abs(found - np.asarray(expected)).max() <= 1, answers[0]
        assert np.abs(found - roi).mean() > 1, answers[0]


def test_what_a_turn_or_a_perspective_lays_bare_is_black(roi):
    assert augment(roi, Told(3, 0, 10.0))[-1, [0, -1]].min() == 0
    assert augment(roi, Told(2, np.full((4, 2), 9)))[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [0, 0, 0, 0]


def test_changes_are_as_likely_as_each_other_and_stay_within_their_limits(roi):
    views = [augment(roi, np.random.default_rng(seed)).astype(int) for seed in range(400)]
    black = np.array([(view == 0).sum() for view in views])
    assert 0.4 < (black > 0).mean() < 0.6  # half of the four lay something bare
    bound = 128**2 - 110 * 110  # corners 9 pixels inwards; a turn by 10 degrees lays bare less
    assert black.max() < bound
    np.testing.assert_array_equal(views[7], augment(roi, np.random.default_rng(7)))


@pytest.mark.parametrize("wrong", [np.zeros((127, 128), np.uint8), np.zeros((128, 128)), np.zeros((8, 8, 3), np.uint8)])
def test_anything_but_a_square_grey_roi_is_refused(wrong):
    with pytest.raises(ValueError, match="one square grey uint8 ROI"):
        augment(wrong, np.random.default_rng(0))
