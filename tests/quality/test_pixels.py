"""SSIM, MS-SSIM and PSNR equal the packages of their convention, whole and apart inside and outside the palm."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from palmbench.quality import image_quality, summarise
from palmbench.quality.filters import OPENCV, torch_filters
from palmbench.quality.pixels import fit_size
from palmbench.quality.similarity import similarity_paper, similarity_torchmetrics


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


@pytest.mark.parametrize("shape", [(176, 200), (211, 233)])
def test_the_convention_torchmetrics_is_that_package_by_default(shape):
    functional, torch = pytest.importorskip("torchmetrics.functional.image"), pytest.importorskip("torch")
    photo, changed = _pair(*shape)
    measured = image_quality(photo, changed, "torchmetrics")
    pair = [torch.from_numpy(image).permute(2, 0, 1)[None].float() for image in (changed, photo)]
    psnr = functional.peak_signal_noise_ratio(*pair, data_range=255.0)
    assert measured["psnr"] == pytest.approx(float(psnr), abs=1e-5)
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-8)):
        pair = [image.to(dtype) for image in pair]
        ssim = functional.structural_similarity_index_measure(*pair, data_range=255.0)
        ms_ssim = functional.multiscale_structural_similarity_index_measure(*pair, data_range=255.0)
        assert measured["ssim"] == pytest.approx(float(ssim), abs=tolerance)
        assert measured["ms_ssim"] == pytest.approx(float(ms_ssim), abs=tolerance)


def test_the_conventions_differ_and_torchmetrics_refuses_small_ms_ssim():
    photo, changed = _pair(175, 300)
    paper, torchmetrics = (image_quality(photo, changed, convention) for convention in ("paper", "torchmetrics"))
    assert abs(paper["ssim"] - torchmetrics["ssim"]) > 1e-4
    assert paper["ms_ssim"] < 1 and math.isnan(torchmetrics["ms_ssim"])


def test_ssim_inside_and_outside_are_means_of_the_packages_maps():
    metrics = pytest.importorskip("skimage.metrics")
    functional, torch = pytest.importorskip("torchmetrics.functional.image"), pytest.importorskip("torch")
    photo, changed = _pair(200, 260)
    palm = np.zeros((200, 260), bool)
    palm[40:110, 60:140] = True
    paper = image_quality(photo, changed, region=palm)
    _, full = metrics.structural_similarity(photo, changed, channel_axis=2, data_range=255, full=True)
    valid, centres = full[3:-3, 3:-3], palm[3:-3, 3:-3]
    assert paper["ssim_inside"] == pytest.approx(valid[centres].mean(), abs=1e-12)
    assert paper["ssim_outside"] == pytest.approx(valid[~centres].mean(), abs=1e-12)
    pair = [torch.from_numpy(image).permute(2, 0, 1)[None].double() for image in (changed, photo)]
    found = functional.structural_similarity_index_measure(*pair, data_range=255.0, return_full_image=True)[1][0]
    own = image_quality(photo, changed, "torchmetrics", palm)
    assert own["ssim_inside"] == pytest.approx(float(found[:, palm].mean()), abs=1e-9)
    assert own["ssim_outside"] == pytest.approx(float(found[:, ~palm].mean()), abs=1e-9)


def test_psnr_inside_and_outside_look_only_there():
    photo = np.full((200, 200, 3), 100, np.uint8)
    palm = np.zeros((200, 200), bool)
    palm[50:150, 50:150] = True
    changed = photo.copy()
    changed[palm] += 1
    found = image_quality(photo, changed, region=palm)
    assert found["psnr_inside"] == pytest.approx(10 * math.log10(255**2), abs=1e-12)
    assert found["psnr_outside"] == math.inf
    # A quarter of the photo is changed.
    assert found["psnr"] == pytest.approx(10 * math.log10(4 * 255**2), abs=1e-12)
    # Windows about the palm reach into it.
    assert found["ssim_inside"] < found["ssim_outside"] < 1


def test_the_whole_is_the_same_with_a_region_and_an_empty_one_has_no_inside():
    photo, changed = _pair(200, 200)
    whole = image_quality(photo, changed)
    found = image_quality(photo, changed, region=np.zeros((200, 200), bool))
    assert {name: found[name] for name in whole} == whole
    assert math.isnan(found["ssim_inside"]) and math.isnan(found["psnr_inside"])
    assert found["ssim_outside"] == pytest.approx(whole["ssim"]) and found["psnr_outside"] == whole["psnr"]


def test_a_region_follows_a_photo_that_is_resized():
    photo = np.full((100, 300, 3), 100, np.uint8)
    palm = np.zeros((100, 300), bool)
    palm[:, :150] = True
    changed = photo.copy()
    changed[:, 160:] = 140
    found = image_quality(photo, changed, region=palm)
    assert found["psnr_inside"] > 50 > found["psnr_outside"]
    with pytest.raises(ValueError, match="region"):
        image_quality(photo, changed, region=palm[:50])


@pytest.mark.parametrize("similarity", [similarity_paper, similarity_torchmetrics])
def test_torch_filters_give_what_opencv_gives(similarity):
    photo, changed = _pair(201, 230)
    palm = np.zeros((201, 230), bool)
    palm[40:110, 60:140] = True
    found = [
        similarity(filters.planes(photo), filters.planes(changed), filters.region(palm), filters)
        for filters in (OPENCV, torch_filters("cpu"))
    ]
    np.testing.assert_allclose(*found, atol=1e-12, rtol=0)


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
    with pytest.raises(ValueError, match="there are: paper, torchmetrics"):
        image_quality(photo, photo, convention="mine")


def test_a_mean_leaves_out_identical_images():
    assert summarise([30.0, math.inf, 32.0]) == (31.0, 1.0, 2)
    assert summarise([math.inf, math.inf]) == (math.inf, None, 2)
    assert summarise([]) == (None, None, 0)
