"""The filter bank has the published values, and filtering is zero-padded convolution."""

import math

import numpy as np
import pytest
from scipy.signal import convolve2d

from recognizers.codes.gabor import filter_image, filter_samples, gabor_bank, quarters


def test_bank_of_the_original_has_the_golden_values():
    bank = gabor_bank(0.35, 2.78)
    assert bank.shape == (6, 17, 17)
    assert bank[0, 8, 8] == pytest.approx(0.0434147015, abs=1e-10)
    assert bank[0].min() == pytest.approx(-0.0348899395, abs=1e-10)
    assert np.linalg.norm(bank[0]) == pytest.approx(0.4620524845, abs=1e-10)
    assert bank[0, 0, 0] == pytest.approx(-0.0314204957, abs=1e-10)
    assert bank[1, 8, 10] == pytest.approx(0.0362838393, abs=1e-10)
    assert bank[3, 4, 8] == pytest.approx(0.0418803112, abs=1e-10)


def test_kernel_follows_the_formula_point_by_point():
    omega, kappa, theta = 0.5, 2.0, math.pi / 3
    kernel = [
        -omega / (math.sqrt(2 * math.pi) * kappa)
        * math.exp(-(omega**2) * (4 * u * u + v * v) / (8 * kappa**2))
        * (math.cos(omega * u) - math.exp(-(kappa**2) / 2))
        for x in range(-8, 9)
        for y in range(-8, 9)
        for u, v in [(x * math.cos(theta) + y * math.sin(theta), -x * math.sin(theta) + y * math.cos(theta))]
    ]  # fmt: skip
    expected = np.array(kernel).reshape(17, 17) - np.mean(kernel)
    np.testing.assert_allclose(gabor_bank(0.5, 2.0, sign=-1)[2], expected, atol=1e-15)


def test_kernels_ignore_a_flat_image_and_are_symmetric_about_their_centre():
    bank = gabor_bank(0.5, 2.0, sign=-1)
    np.testing.assert_allclose(bank.sum(axis=(1, 2)), 0, atol=1e-15)
    np.testing.assert_allclose(bank, bank[:, ::-1, ::-1], atol=1e-16)


def test_a_whole_bank_filters_as_each_of_its_kernels():
    image = np.random.default_rng(0).normal(size=(32, 48))
    bank = gabor_bank(0.35, 2.78)
    responses = np.empty((6, 32, 48))
    filter_image(np.pad(image, 8), *quarters(bank), responses)
    for kernel, response in zip(bank, responses, strict=True):
        np.testing.assert_allclose(response, convolve2d(image, kernel, mode="same"), atol=1e-13)


@pytest.mark.parametrize("side", [17, 35])
def test_sampled_filtering_is_zero_padded_correlation(side):
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(32, 48)), rng.normal(size=(side, side))
    samples = np.empty((8, 12))
    filter_samples(np.pad(image, side // 2), kernel, samples)
    plain = convolve2d(image, kernel[::-1, ::-1], mode="same")
    np.testing.assert_allclose(samples, plain[::4, ::4], atol=1e-12)


def test_a_filter_of_even_side_is_centred_after_its_middle():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(32, 32)), rng.normal(size=(16, 16))
    samples = np.empty((8, 8))
    filter_samples(np.pad(image, (8, 7)), kernel, samples)
    assert samples[4, 3] == pytest.approx((image[8:24, 4:20] * kernel).sum(), abs=1e-12)
