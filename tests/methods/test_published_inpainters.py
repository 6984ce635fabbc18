"""Published inpainters run through their libraries' own classes; here with random weights and the real shapes."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

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


def graph(path: Path, **renamed: str) -> Path:
    """A file with LaMa's inputs and output, that gives a hole the mean of what lies around, in grey levels."""
    image, mask = (renamed.get(name, name) for name in ("image", "mask"))
    nodes = [
        helper.make_node("Greater", [mask, "none"], ["hole"]),
        helper.make_node("Sub", ["one", mask], ["around"]),
        helper.make_node("Mul", [image, "around"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "axes"], ["sum"]),
        helper.make_node("ReduceSum", ["around", "axes"], ["count"]),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Where", ["hole", "mean", image], ["filled"]),
        helper.make_node("Mul", ["filled", "levels"], ["output"]),
    ]
    numbers = {"one": 1.0, "none": 0.0, "levels": 255.0}
    constants = [numpy_helper.from_array(np.float32(value), name) for name, value in numbers.items()]
    constants.append(numpy_helper.from_array(np.array([2, 3]), "axes"))
    squares = {image: 3, mask: 1, "output": 3}
    given = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 512, 512])
        for name, channels in squares.items()
    }
    made = helper.make_graph(nodes, "mean", [given[image], given[mask]], [given["output"]], constants)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_lama_is_shown_a_square_and_its_hole_and_answers_in_grey_levels(tmp_path, photo, hand):
    def filled_with_mean(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return np.where(mask[..., None], image[~mask].mean(axis=0), image).astype(np.float32) / 255

    result = run(LamaConfig(weights=str(graph(tmp_path / "lama.onnx"))), photo, hand)
    expected = inpainted(photo, hand, "paper", 512, filled_with_mean)
    assert np.abs(result.astype(int) - expected).max() <= 1
    assert (result[inpaint_mask(hand)] != photo[inpaint_mask(hand)]).any(axis=1).mean() > 0.9


def test_without_onnxruntime_lama_says_what_to_install(tmp_path, monkeypatch, photo, hand):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "other.onnx").write_bytes(b"another graph")
    with pytest.raises(MissingWeights, match=r"pip install 'palmbench\[lama\]'"):
        run(LamaConfig(weights=str(tmp_path / "other.onnx")), photo, hand)


def test_a_graph_with_other_inputs_is_not_lama(tmp_path, photo, hand):
    with pytest.raises(MissingWeights, match="not LaMa"):
        run(LamaConfig(weights=str(graph(tmp_path / "third.onnx", image="input"))), photo, hand)


def test_a_file_that_is_no_graph_says_how_to_fetch_it(tmp_path, photo, hand):
    (tmp_path / "torn.onnx").write_bytes(graph(tmp_path / "whole.onnx").read_bytes()[:200])
    with pytest.raises(MissingWeights, match="cannot be loaded as ONNX"):
        run(LamaConfig(weights=str(tmp_path / "torn.onnx")), photo, hand)


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
