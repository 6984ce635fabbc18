"""LPIPS and FID are measured with the published weights or not at all."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from palmbench.base.images import write_png
from palmbench.quality import ImageQuality, missing_weights, weights
from palmbench.quality.settings import QualityConfig
from recognizers.common.errors import MissingWeights


def test_without_weight_files_the_metric_is_absent_and_the_file_is_named(no_cache):
    instrument = ImageQuality(QualityConfig())
    inception = "pt_inception-2015-12-05-6726825d.pth"
    named = {"lpips": "vgg16-397923af.pth", "fid": inception, "kid": inception}
    assert missing_weights(QualityConfig()) == instrument.missing == named
    photo = np.zeros((200, 200, 3), np.uint8)
    assert set(instrument.per_image(photo, photo)) == {"ssim", "ms_ssim", "psnr"}
    assert missing_weights(QualityConfig("torchmetrics")) == named | {"lpips": "alexnet-owt-7be5be79.pth"}
    assert instrument.settings()["lpips_weights"] is None


def test_a_weight_file_that_is_named_must_be_there(no_cache):
    with pytest.raises(MissingWeights, match=r"quality\.lpips_weights=/nowhere"):
        ImageQuality(QualityConfig(lpips_weights="/nowhere"))


def test_a_truncated_weight_file_is_recognised(no_cache):
    folder = weights.torch_cache()
    folder.mkdir(parents=True)
    (folder / weights.VGG16.name).write_bytes(b"half a file")
    with pytest.raises(MissingWeights, match="truncated"):
        ImageQuality(QualityConfig())


def test_lpips_reads_its_backbone_from_the_file_and_equals_the_package(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    # VGG's classifier, which LPIPS drops, holds nine tenths of its weights: do not draw them.
    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", lambda self: None)
    monkeypatch.setattr(torch.nn.init, "normal_", lambda tensor, *_: tensor)
    lpips = pytest.importorskip("lpips")
    networks = pytest.importorskip("palmbench.quality.networks")
    stock = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    backbone = {re.sub(r"^slice\d", "features", name): value for name, value in stock.net.state_dict().items()}
    torch.save(backbone, tmp_path / "vgg16.pth")
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)
    signed = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1 for image in (a, b)]
    measured = networks.load_lpips(tmp_path / "vgg16.pth", "cpu")
    with torch.no_grad():
        assert measured(a, b) == pytest.approx(float(stock(*signed)), rel=1e-5)
    assert measured(a, a) == 0
    # Of a larger photo only what is near the change is looked at.
    photo = cv2.GaussianBlur(rng.integers(0, 256, (487, 71, 3), dtype=np.uint8), (0, 0), 2)
    changed = photo.copy()
    changed[241:246, 30:60] += 40
    signed = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1 for image in (photo, changed)]
    with torch.no_grad():
        assert measured(photo, changed) == pytest.approx(float(stock(*signed)), rel=1e-5)


def test_lpips_of_the_convention_torchmetrics_is_that_packages_default(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    # AlexNet's classifier, which LPIPS drops, holds nearly all of its weights: do not draw them.
    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", lambda self: None)
    stock = pytest.importorskip("torchmetrics.functional.image").learned_perceptual_image_patch_similarity
    models, networks = pytest.importorskip("torchvision.models"), pytest.importorskip("palmbench.quality.networks")
    alexnet = models.alexnet(weights=None)
    monkeypatch.setattr(models, "alexnet", lambda weights: alexnet)  # instead of downloading it
    torch.save(alexnet.state_dict(), tmp_path / "alexnet.pth")
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 90, 80, 3), dtype=np.uint8)
    signed = [torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1 for image in (a, b)]
    reference = float(stock(*signed, net_type="alex"))
    monkeypatch.undo()
    measured = networks.load_lpips_torchmetrics(tmp_path / "alexnet.pth", "cpu")
    assert measured(a, b) == pytest.approx(reference, rel=1e-5)
    assert measured(a, a) == 0


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory):
    torch = pytest.importorskip("torch")
    inception = pytest.importorskip("pytorch_fid.inception")
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    saved = {}
    with pytest.MonkeyPatch.context() as patch:

        class Stop(Exception):
            pass

        def stop(self, state):
            # As drawn by default the features all but vanish on the way through the network.
            for layer in self.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    torch.nn.init.kaiming_normal_(layer.weight)
            saved.update(self.state_dict())
            raise Stop

        patch.setattr(inception, "load_state_dict_from_url", lambda url, progress: {})
        patch.setattr(torch.nn.Module, "load_state_dict", stop)
        with pytest.raises(Stop):
            inception.fid_inception_v3()
    torch.save(saved, path)
    return path


def test_inception_features_come_from_the_file_alone(inception_weights):
    networks = pytest.importorskip("palmbench.quality.networks")
    features = networks.load_inception(inception_weights, "cpu")
    photo = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert features(photo).shape == (2048,)
    np.testing.assert_array_equal(features(photo), features(photo))


def test_inception_of_the_papers_convention_equals_pytorch_fid_on_files(inception_weights, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    inception = pytest.importorskip("pytorch_fid.inception")
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    networks = pytest.importorskip("palmbench.quality.networks")
    state = torch.load(inception_weights, weights_only=True)
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda url, progress: state)
    stock = inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[2048]])
    rng = np.random.default_rng(1)
    # Smooth, and of two sizes that its resizing turns into 299 x 299 by shrinking and by growing.
    photos = [
        cv2.GaussianBlur(rng.integers(0, 256, (*size, 3), dtype=np.uint8), (0, 0), 3) for size in ((360, 400), (90, 80))
    ]
    features = networks.load_inception(inception_weights, "cpu")
    for number, photo in enumerate(photos):
        path = tmp_path / f"{number}.png"
        write_png(path, photo)
        reference = fid_score.get_activations([path], stock, batch_size=1, dims=2048, device="cpu", num_workers=0)[0]
        np.testing.assert_allclose(features(photo), reference, rtol=0, atol=1e-5 * np.abs(reference).max())
    assert np.abs(features(photos[0]) - features(photos[1])).max() > 1e-3 * np.abs(reference).max()


def test_inception_of_the_convention_torchmetrics_sees_the_photo_as_tensorflow_1_resized_it(inception_weights):
    torch = pytest.importorskip("torch")
    networks = pytest.importorskip("palmbench.quality.networks")
    # Corners aligned, no averaging: doubling a row repeats its last level, halving it takes every other one.
    row = torch.linspace(0, 298, 598).expand(1, 1, 5, 598)
    np.testing.assert_array_equal(networks.as_tensorflow_1_resizes(row)[0, 0, 0], row[0, 0, 0, ::2])
    column = torch.tensor([10.0, 20.0]).reshape(1, 1, 2, 1)
    found = networks.as_tensorflow_1_resizes(column)[0, 0, :, 0]
    np.testing.assert_allclose(found[[0, 75, 149, 150, 298]], [10, 10 + 1500 / 299, 10 + 2980 / 299, 20, 20], rtol=1e-6)
    photo = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    paper, torchmetrics = (
        networks.load_inception(inception_weights, "cpu", convention)(photo) for convention in ("paper", "torchmetrics")
    )
    assert torchmetrics.shape == (2048,) and np.abs(paper - torchmetrics).max() > 1e-3 * np.abs(paper).max()


def test_inception_of_torchmetrics_equals_torch_fidelity(inception_weights, monkeypatch):
    torch = pytest.importorskip("torch")
    extractor = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3").FeatureExtractorInceptionV3
    networks = pytest.importorskip("palmbench.quality.networks")
    load = torch.nn.Module.load_state_dict
    # The classifier behind the features is not part of the file.
    monkeypatch.setattr(extractor, "load_state_dict", lambda self, state: load(self, state, strict=False))
    stock = extractor("inception", ["2048"], feature_extractor_weights_path=str(inception_weights)).eval()
    photo = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    with torch.no_grad():
        reference = stock(torch.from_numpy(photo).permute(2, 0, 1)[None])[0][0].numpy()
    measured = networks.load_inception(inception_weights, "cpu", "torchmetrics")(photo)
    np.testing.assert_allclose(measured, reference, rtol=0, atol=1e-6 * np.abs(reference).max())
