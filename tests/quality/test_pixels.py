"""SSIM, MS-SSIM and PSNR equal the packages that the paper used."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from palmbench.quality import image_quality, summarise
from palmbench.quality.pixels import fit_size


def _pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(height)
    noise = cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), 3)
    photo = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    changed = photo.copy()
    part = slice(height // 4, height // 2), slice(width // 3, width // 2)
    changed[part] = cv2.GaussianBlur(photo, (0, 0), 4)[part]
    return photo, changed


@pytest.mark.parametrize("shape", [(480, 640), (227, 227), (161, 333)])
def test_ssim_and_psnr_are_those_of_scikit_image(shape):
    metrics = pytest.importorskip("skimage.metrics")
    photo, changed = _pair(*shape)
    measured = image_quality(photo, changed)
    reference = metrics.structural_similarity(photo, changed, channel_axis=2, data_range=255)
    assert measured["ssim"] == pytest.approx(reference, abs=1e-12)
    assert measured["psnr"] == pytest.approx(metrics.peak_signal_noise_ratio(photo, changed, data_range=255), abs=1e-9)


@pytest.mark.parametrize("shape", [(227, 227), (161, 190)])
def test_ms_ssim_is_that_of_piq(shape):
    piq, torch = pytest.importorskip("piq"), pytest.importorskip("torch")
    photo, changed = _pair(*shape)
    single = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 for image in (photo, changed)]
    measured = image_quality(photo, changed)["ms_ssim"]
    # piq works in single precision, whose own rounding is about 1e-6 here; in double precision it agrees further.
    assert measured == pytest.approx(float(piq.multi_scale_ssim(*single, data_range=1.0)), abs=5e-6)
    double = [image.double() for image in single]
    assert measured == pytest.approx(float(piq.multi_scale_ssim(*double, data_range=1.0)), abs=1e-7)


def test_identical_photos_lose_nothing():
    photo, _ = _pair(200, 200)
    assert image_quality(photo, photo) == {"ssim": 1.0, "ms_ssim": pytest.approx(1.0), "psnr": math.inf}


def test_a_constant_error_of_one_level_is_48_decibels():
    photo = np.full((180, 180, 3), 100, np.uint8)
    assert image_quality(photo, photo + 1)["psnr"] == pytest.approx(10 * math.log10(255**2), abs=1e-12)


@pytest.mark.parametrize(
    ("size", "scored"),
    [((2480, 1536), (2000, 1239)), ((2000, 161), (2000, 161)), ((160, 400), (200, 200)), ((2500, 100), (200, 200))],
)
def test_only_images_outside_the_papers_range_are_resized(size, scored):
    assert fit_size(np.zeros((*size, 3), np.uint8)).shape[:2] == scored


def test_pairs_that_cannot_be_compared_are_refused():
    photo = np.zeros((200, 200, 3), np.uint8)
    with pytest.raises(ValueError, match="different sizes"):
        image_quality(photo, photo[:, :190])
    with pytest.raises(ValueError, match="uint8"):
        image_quality(photo / 255, photo / 255)
    with pytest.raises(ValueError, match="there is: paper"):
        image_quality(photo, photo, convention="mine")


def test_a_mean_leaves_out_identical_images():
    assert summarise([30.0, math.inf, 32.0]) == (31.0, 1.0, 2)
    assert summarise([math.inf, math.inf]) == (math.inf, None, 2)
    assert summarise([]) == (None, None, 0)
