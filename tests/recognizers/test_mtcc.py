"""MTCC templates agree with plain convolution, for both published variants."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d

import recognizers
from recognizers.codes.gabor import gabor_bank

VARIANTS = ["original", "yan"]


def reference_planes(roi, variant):
    """Raw responses of the twelve planes, sampled; (12, 32, 32) float64."""
    image = roi.astype(np.float64)
    if variant == "original":
        image = (image - image.mean()) * np.sqrt(10 / image.var(ddof=1))
        bank = gabor_bank(0.35, 2.78)
    else:
        bank = gabor_bank(0.5, 2.0, sign=-1)
    first = [convolve2d(image, kernel, mode="same") for kernel in bank]
    second = [convolve2d(response, kernel, mode="same") for response, kernel in zip(first, bank, strict=True)]
    return np.array(first + second)[:, ::4, ::4]


def bits(templates):
    return (templates[..., None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool)


@pytest.fixture(scope="module")
def rois():
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (2, 128, 128))
    palms = [120 + 400 * gaussian_filter(rng.normal(size=(128, 128)), 3) for _ in range(2)]
    return np.concatenate([noise, np.clip(palms, 0, 255)]).astype(np.uint8)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_bit_is_the_sign_of_a_double_precision_response(rois, variant):
    templates = recognizers.load("mtcc", variant=variant).extract(rois)
    assert templates.dtype == np.uint32
    assert templates.shape == (4, 12, 32)
    for roi, template in zip(rois, templates, strict=True):
        response = reference_planes(roi, variant)
        # Within rounding of zero the reference's own sign depends on the order of its sums.
        decided = np.abs(response) > 1e-9
        assert decided.mean() > 0.999
        np.testing.assert_array_equal(bits(template)[decided], (response > 0)[decided])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("grey", [0, 128])
def test_a_flat_neighbourhood_is_coded_zero(variant, grey):
    roi = np.full((1, 128, 128), grey, np.uint8)
    planes = bits(recognizers.load("mtcc", variant=variant).extract(roi))[0]
    assert not planes[:, 4:-4, 4:-4].any()
    if grey == 0 or variant == "original":
        assert not planes.any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_templates_do_not_depend_on_the_batch_or_the_threads(rois, variant):
    whole = recognizers.load("mtcc", variant=variant, threads=2).extract(rois)
    one = recognizers.load("mtcc", variant=variant)
    np.testing.assert_array_equal(whole, np.concatenate([one.extract(rois[i : i + 1]) for i in range(len(rois))]))


def test_brightness_and_contrast_change_nothing_in_the_original(rois):
    mtcc = recognizers.load("mtcc", variant="original")
    plain = rois // 4
    np.testing.assert_array_equal(mtcc.extract(plain), mtcc.extract(plain * 2 + 30))
