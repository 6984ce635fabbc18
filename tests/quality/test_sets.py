"""Distances between sets of photos: Fréchet and kernel, under the names of their features."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from palmbench import synth
from palmbench.quality import ImageQuality, frechet_distance, instrument, kernel_distance, set_distances
from palmbench.quality.settings import QualityConfig
from recognizers.common.errors import MissingWeights

PALMS = ["a", "b", "c"]


def test_frechet_distance_of_two_known_gaussians():
    # Means 3 apart, standard deviations 1 and 2 in one dimension: 9 + (1 - 2)^2.
    unit = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    unit /= unit.std(ddof=1)
    assert frechet_distance(unit[:, None], 3 + 2 * unit[:, None]) == pytest.approx(10.0)


@pytest.mark.parametrize("samples", [5, 40])
def test_frechet_distance_equals_the_matrix_square_root(samples):
    rng = np.random.default_rng(samples)
    a, b = rng.normal(size=(samples, 12)), rng.normal(size=(samples + 3, 12)) @ rng.normal(size=(12, 12)) + 1
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    roots = np.sqrt(np.clip(np.linalg.eigvals(cov_a @ cov_b).real, 0, None)).sum()
    reference = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * roots
    assert frechet_distance(a, b) == pytest.approx(reference, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_kernel_distance_of_one_subset_that_is_everything_is_that_of_torchmetrics():
    kid, torch = pytest.importorskip("torchmetrics.image.kid"), pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(30, 8)), rng.normal(size=(30, 8)) + 0.5
    reference = float(kid.poly_mmd(torch.from_numpy(a), torch.from_numpy(b)))
    assert kernel_distance(a, b).value == pytest.approx(reference, abs=1e-10)
    assert kernel_distance(a, b).subset_size == 30


def test_kernel_distance_averages_over_subsets_that_never_change():
    kid, torch = pytest.importorskip("torchmetrics.image.kid"), pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(20, 6)), rng.normal(size=(25, 6)) + 0.5
    random = np.random.default_rng(7)
    values = []
    for _ in range(4):
        rows, columns = random.choice(20, 10, replace=False), random.choice(25, 10, replace=False)
        values.append(float(kid.poly_mmd(torch.from_numpy(a[rows]), torch.from_numpy(b[columns]))))
    found = kernel_distance(a, b, subsets=4, subset_size=10, seed=7)
    assert found.value == pytest.approx(np.mean(values), abs=1e-10)
    assert found.std == pytest.approx(np.std(values), abs=1e-10)
    assert kernel_distance(a, b, subset_size=10) == kernel_distance(a, b, subset_size=10)


def test_one_image_has_no_distance():
    with pytest.raises(ValueError, match="two images"):
        kernel_distance(np.zeros((1, 4)), np.zeros((3, 4)))
    for features, names in (("inception", {"fid", "kid"}), ("hand", {"fd_hand"})):
        found = set_distances(features, [np.zeros(4)], [np.zeros(4)], ["a"])
        assert set(found) == names and all(distance.value is None for distance in found.values())


def test_distances_carry_the_names_of_their_features_and_say_when_images_are_few():
    rng = np.random.default_rng(2)
    few, many, palms = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 6, 6)), list("abcdef")
    found = set_distances("inception", *few, palms[:5])
    assert found["fid"].value == pytest.approx(frechet_distance(*few)) and found["fid"].n == 5
    assert found["fid"].note is not None and "5 images a side for 6 features" in found["fid"].note
    assert found["kid"].value == pytest.approx(kernel_distance(*few).value) and found["kid"].std is None
    assert set_distances("inception", *many, palms)["fid"].note is None
    assert set(set_distances("hand", *few, palms[:5])) == {"fd_hand"}


def test_distances_have_intervals_over_palms():
    # Ten palms of three photos each, moved by a third of their spread.
    rng = np.random.default_rng(4)
    a = np.repeat(rng.normal(size=(10, 1, 4)), 3, axis=1).reshape(30, 4) + 0.1 * rng.normal(size=(30, 4))
    b, palms = a + 0.3 + 0.05 * rng.normal(size=(30, 4)), [str(palm) for palm in range(10) for _ in range(3)]
    found = set_distances("inception", a, b, palms)
    for distance in found.values():
        assert distance.lo < distance.value < distance.hi
    # Two of them done the long way: the distances without the first and without the last palm lie in the interval.
    for kept in (slice(3, None), slice(None, 27)):
        assert found["fid"].lo < frechet_distance(a[kept], b[kept]) < found["fid"].hi
    # The same photos of fewer people are less certain, though there are as many.
    pairs = [str(int(palm) // 3) for palm in palms]
    wider = set_distances("inception", a, b, pairs)["fid"]
    assert wider.hi - wider.lo > found["fid"].hi - found["fid"].lo
    one_palm = set_distances("inception", a, b, ["a"] * 30)["fid"]
    assert one_palm.value is not None and (one_palm.lo, one_palm.hi) == (None, None)


def test_without_inception_features_are_the_hand_networks_and_the_distance_is_no_fid(no_cache):
    measured = ImageQuality(QualityConfig())
    assert measured.features_of == "hand" and measured.set_metrics() == ("fd_hand",)
    assert measured.feature_settings()["of"] == "hand"
    assert measured.feature_settings() == ImageQuality(QualityConfig("torchmetrics")).feature_settings()
    photo = np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert measured.features(photo).shape == (256,)


def test_the_stronger_the_blur_the_farther_on_hand_features(no_cache):
    measured = ImageQuality(QualityConfig())
    photos = [synth.render(identity, 0).image for identity in range(3)]
    sharp = [measured.features(photo) for photo in photos]
    distances = [
        set_distances(
            "hand", sharp, [measured.features(cv2.GaussianBlur(photo, (0, 0), sigma)) for photo in photos], PALMS
        )
        for sigma in (1, 3, 9)
    ]
    values = [distance["fd_hand"].value for distance in distances]
    assert 0 < values[0] < values[1] < values[2]


def test_without_any_network_there_are_no_features(no_cache, monkeypatch, tmp_path):
    monkeypatch.setattr(instrument, "hand_weights", lambda: tmp_path / "absent")
    measured = ImageQuality(QualityConfig())
    assert measured.features_of is None and measured.set_metrics() == () and measured.feature_settings() == {}
    with pytest.raises(MissingWeights, match="neither"):
        measured.features(np.zeros((60, 60, 3), np.uint8))
