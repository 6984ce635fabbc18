"""Published inpainters run through their libraries' own classes; here with random weights and the real shapes."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from palmbench import methods
from palmbench.fetching import hub_cache
from palmbench.fetching.catalogue import entry
from palmbench.fetching.hub_cache import lacking
from palmbench.fetching.torch_files import LAMA
from palmbench.hands.palm import inpaint_mask
from palmbench.methods.inpainted_crop import inpainted
from palmbench.methods.lama import LamaConfig, filled
from palmbench.methods.text_inpaint import SdInpaintConfig, SdxlInpaintConfig
from recognizers.common.errors import MissingWeights, SampleError
from tests.tiny_pipelines import save_tiny

KINDS = [SdInpaintConfig(steps=2), SdxlInpaintConfig(steps=2)]
kinds = pytest.mark.parametrize("config", KINDS, ids=lambda config: config.name)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        config.name: save_tiny(tmp_path_factory.mktemp(config.name), config.pipeline, variant)
        for config, variant in zip(KINDS, (None, "fp16"), strict=True)
    }


def run(config, photo, hand, seed=1) -> np.ndarray:
    return methods.load(config).deidentify([photo], [hand], [seed], [None])[0]


@pytest.mark.parametrize(
    "config", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.slow)], ids=lambda config: config.name
)
def test_the_palm_is_painted_at_the_models_size_and_the_seed_decides(config, tiny, photo, hand):
    config = replace(config, weights=str(tiny[config.name]))
    first = run(config, photo, hand)
    region = inpaint_mask(hand)
    assert (first[region] != photo[region]).any(axis=1).mean() > 0.9
    assert np.array_equal(first[~hand.mask], photo[~hand.mask])
    assert np.array_equal(first, run(config, photo, hand))
    assert not np.array_equal(first, run(config, photo, hand, seed=2))


@pytest.mark.parametrize("change", [{"prompt": "a fist"}, {"negative": "skin"}, {"guidance": 1.0}, {"steps": 4}])
def test_every_setting_reaches_the_model(change, tiny, photo, hand):
    config = replace(KINDS[0], size=64, weights=str(tiny["sd_inpaint"]))
    assert not np.array_equal(run(config, photo, hand), run(replace(config, **change), photo, hand))
    assert methods.load(config).settings() != methods.load(replace(config, **change)).settings()


@kinds
def test_no_pixel_of_the_own_palm_reaches_the_model(config, tiny, photo, hand):
    """Where painting begins with noise alone, another palm in the same hand gives the same picture."""
    config = replace(config, weights=str(tiny[config.name]), size=64, strength=1.0)
    another = photo.copy()
    another[inpaint_mask(hand)] = (0, 255, 0)
    region = inpaint_mask(hand)
    assert np.array_equal(run(config, photo, hand)[region], run(config, another, hand)[region])


@kinds
def test_the_key_holds_the_contents_of_the_weights_and_no_path(config, tiny, tmp_path):
    here = replace(config, weights=str(tiny[config.name]))
    there = replace(config, weights=str(shutil.copytree(tiny[config.name], tmp_path / "copy")))
    assert methods.load(here).settings() == methods.load(there).settings()
    written = Path(there.weights) / "scheduler" / "scheduler_config.json"
    written.write_text(json.dumps({**json.loads(written.read_text()), "beta_end": 0.013}))
    assert methods.load(here).settings() != methods.load(there).settings()


@kinds
def test_what_is_not_here_is_a_sentence(config, tmp_path, monkeypatch):
    monkeypatch.setattr(hub_cache, "cached", lambda wanted: None)
    with pytest.raises(MissingWeights, match=f"palmbench weights fetch {config.name.replace('_', '-')}"):
        config.require_here()
    with pytest.raises(MissingWeights, match="no folder of weights"):
        methods.load(replace(config, weights=str(tmp_path / "absent")))
    with pytest.raises(MissingWeights, match="diffusers' layout"):
        methods.load(replace(config, weights=str(tmp_path)))


def test_a_folder_of_another_model_is_a_sentence(tiny, photo, hand, tmp_path):
    with pytest.raises(MissingWeights, match="is of diffusers' StableDiffusionInpaintPipeline"):
        methods.load(SdxlInpaintConfig(weights=str(tiny["sd_inpaint"])))
    broken = shutil.copytree(tiny["sd_inpaint"], tmp_path / "broken")
    (broken / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    with pytest.raises(MissingWeights, match="does not hold"):
        run(SdInpaintConfig(weights=str(broken), size=64, steps=2), photo, hand)


@kinds
def test_what_is_fetched_is_what_the_pipeline_reads(config, tmp_path):
    """Each pattern of the snapshot is met by a folder in the published layout, and they hold both texts' encoders."""
    for pattern in config.published.patterns:
        path = tmp_path / pattern.replace("*", "tokenizer_config")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert lacking(tmp_path, config.published.patterns) == []
    parts = {path.parent.name for path in tmp_path.rglob("*.safetensors")}
    assert parts == {"unet", "vae", "text_encoder"} | ({"text_encoder_2"} if config.name == "sdxl_inpaint" else set())
    listed = entry(config.name.replace("_", "-"))
    assert listed.source == config.published
    assert listed.licence == config.declaration().licence
    assert replace(config, weights="mine").declaration().licence is None


class Session:
    """Answers as LaMa's graph does: grey levels of a picture whose hole has the mean of what lies around."""

    def run(self, names, given):
        self.given = given
        image, mask = given["image"], given["mask"]
        around = (image * (1 - mask)).sum(axis=(2, 3), keepdims=True) / (1 - mask).sum()
        return [255 * np.where(mask > 0, around, image)]


def onnx_installed_as(monkeypatch, session) -> None:
    names = [SimpleNamespace(name=name) for name in ("image", "mask")]
    session.get_inputs, session.get_outputs = (lambda: names), (lambda: names[:1])
    module = SimpleNamespace(
        get_available_providers=lambda: ["CPUExecutionProvider"], InferenceSession=lambda data, providers: session
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", module)


def test_lama_is_shown_a_square_and_its_hole_and_answers_in_grey_levels(tmp_path, monkeypatch, photo, hand):
    (tmp_path / "lama.onnx").write_bytes(b"a graph")
    session = Session()
    onnx_installed_as(monkeypatch, session)
    result = run(LamaConfig(weights=str(tmp_path / "lama.onnx")), photo, hand)
    image, mask = session.given["image"], session.given["mask"]
    assert image.shape == (1, 3, 512, 512) and mask.shape == (1, 1, 512, 512)
    assert image.dtype == mask.dtype == np.float32
    assert image.min() >= 0 and image.max() == 1 and set(np.unique(mask)) == {0, 1}
    region = inpaint_mask(hand)
    assert np.ptp(result[region].astype(int), axis=0).max() <= 1
    assert np.array_equal(result[~hand.mask], photo[~hand.mask])


def test_without_onnxruntime_lama_says_what_to_install(tmp_path, monkeypatch, photo, hand):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "other.onnx").write_bytes(b"another graph")
    with pytest.raises(MissingWeights, match=r"pip install 'palmbench\[lama\]'"):
        run(LamaConfig(weights=str(tmp_path / "other.onnx")), photo, hand)


def test_a_graph_with_other_inputs_is_not_lama(tmp_path, monkeypatch, photo, hand):
    session = Session()
    onnx_installed_as(monkeypatch, session)
    session.get_inputs = lambda: [SimpleNamespace(name="input")]
    (tmp_path / "third.onnx").write_bytes(b"a third graph")
    with pytest.raises(MissingWeights, match="not LaMa"):
        run(LamaConfig(weights=str(tmp_path / "third.onnx")), photo, hand)


def test_lama_is_looked_for_by_its_contents(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match="palmbench weights fetch lama"):
        LamaConfig().require_here()
    place = tmp_path / "hub" / "checkpoints" / LAMA.name
    place.parent.mkdir(parents=True)
    place.write_bytes(b"a page that says 404")
    with pytest.raises(MissingWeights, match="palmbench weights fetch lama"):
        LamaConfig().require_here()


def test_an_answer_that_is_no_picture_fails_the_photo():
    broken = SimpleNamespace(run=lambda names, given: [np.full((1, 3, 512, 512), np.nan)])
    with pytest.raises(SampleError):
        filled(broken, np.zeros((512, 512, 3), np.uint8), np.zeros((512, 512), bool))


def test_lama_as_onnxruntime_runs_it(tmp_path, photo, hand):
    """A graph of the published inputs and output: grey levels of the picture, and 128 in the hole."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    constants = [helper.make_tensor(name, kind, [], [value]) for name, value in (("white", 255.0), ("grey", 128.0))]
    constants.append(helper.make_tensor("one", kind, [], [1.0]))
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["kept"]),
        helper.make_node("Mul", ["image", "kept"], ["around"]),
        helper.make_node("Mul", ["around", "white"], ["levels"]),
        helper.make_node("Mul", ["mask", "grey"], ["hole"]),
        helper.make_node("Add", ["levels", "hole"], ["output"]),
    ]
    described = [helper.make_tensor_value_info(name, kind, [1, channels, 512, 512])
                 for name, channels in (("image", 3), ("mask", 1), ("output", 3))]  # fmt: skip
    graph = helper.make_graph(nodes, "lama", described[:2], described[2:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "graph.onnx")
    result = run(LamaConfig(weights=str(tmp_path / "graph.onnx")), photo, hand)
    assert set(np.unique(result[inpaint_mask(hand)])) <= {127, 128}


def test_what_is_filled_in_reaches_a_little_beyond_the_palm(photo, hand):
    seen = []

    def paint(image, mask):
        seen.append(mask)
        return np.where(mask[..., None], 1.0, image / 255)

    result = inpainted(photo, hand, "paper", 128, paint)
    region = inpaint_mask(hand)
    assert (result[region] == 255).all()
    (mask,) = seen
    share, square = region.sum(), mask.sum() * (1.25 * 100 / 128) ** 2
    assert 1.02 < square / share < 1.6
