"""LPIPS and FID are measured with the published weights or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from palmbench.errors import MissingWeights
from palmbench.quality import ImageQuality, frechet_distance, missing_weights, weights


@dataclass(frozen=True)
class Config:
    name: str = "paper"
    lpips_weights: str | None = None
    inception_weights: str | None = None


@pytest.fixture
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


def test_without_weight_files_the_metric_is_absent_and_the_file_is_named(no_cache):
    instrument = ImageQuality(Config())
    named = {"lpips": "vgg16-397923af.pth", "fid": "pt_inception-2015-12-05-6726825d.pth"}
    assert missing_weights(Config()) == instrument.missing == named
    photo = np.zeros((200, 200, 3), np.uint8)
    assert set(instrument.per_image(photo, photo)) == {"ssim", "ms_ssim", "psnr"}
    assert instrument.features(photo) is None
    assert instrument.settings()["lpips_weights"] is None


def test_a_weight_file_that_is_named_must_be_there(no_cache):
    with pytest.raises(MissingWeights, match=r"quality\.lpips_weights=/nowhere"):
        ImageQuality(Config(lpips_weights="/nowhere"))


def test_a_truncated_weight_file_is_recognised(no_cache):
    folder = weights.torch_cache()
    folder.mkdir(parents=True)
    (folder / weights.VGG16.name).write_bytes(b"half a file")
    with pytest.raises(MissingWeights, match="truncated"):
        ImageQuality(Config())


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


def test_lpips_reads_its_backbone_from_the_file_and_equals_the_package(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    # VGG's classifier, which LPIPS drops, holds nine tenths of its weights: do not draw them.
    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", lambda self: None)
    monkeypatch.setattr(torch.nn.init, "normal_", lambda tensor, *_: tensor)
    lpips = pytest.importorskip("lpips")
    networks = pytest.importorskip("palmbench.quality.networks")
    stock = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    layers = networks._numbered_layers(stock.net)
    backbone = {f"features.{name}.{key}": value for name, layer in layers for key, value in layer.state_dict().items()}
    torch.save(backbone, tmp_path / "vgg16.pth")
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)
    signed = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1 for image in (a, b)]
    measured = networks.load_lpips(tmp_path / "vgg16.pth", "cpu")
    with torch.no_grad():
        assert measured(a, b) == pytest.approx(float(stock(*signed)), rel=1e-5)
    assert measured(a, a) == 0


def test_inception_features_come_from_the_file_alone(tmp_path):
    torch = pytest.importorskip("torch")
    inception = pytest.importorskip("pytorch_fid.inception")
    networks = pytest.importorskip("palmbench.quality.networks")
    saved = {}
    with pytest.MonkeyPatch.context() as patch:

        class Stop(Exception):
            pass

        def stop(self, state):
            saved.update(self.state_dict())
            raise Stop

        patch.setattr(inception, "load_state_dict_from_url", lambda url, progress: {})
        patch.setattr(torch.nn.Module, "load_state_dict", stop)
        with pytest.raises(Stop):
            inception.fid_inception_v3()
    torch.save(saved, tmp_path / "inception.pth")
    features = networks.load_inception(tmp_path / "inception.pth", "cpu")
    photo = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert features(photo).shape == (2048,)
    np.testing.assert_array_equal(features(photo), features(photo))
