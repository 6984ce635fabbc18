"""The authors' checkpoint of Paint by Example becomes a folder in the hub's layout."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from original import hub_values, original_state
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig

from palmbench import diffusion
from palmbench.diffusion.paint import Inpainting
from palmbench.diffusion.published import convert as conversion
from palmbench.diffusion.published.convert import convert, parts
from palmbench.diffusion.published.hub_layout import ENCODER_CONFIG, PUBLISHED, UNET_CONFIG, VAE_CONFIG
from palmbench.diffusion.published.original_names import ema_source
from palmbench.diffusion.sampler import Sampling
from recognizers.common.errors import MissingWeights, RequestError

COUNTS = {"unet": 859_535_364, "vae": 83_653_863, "image_encoder": 366_950_912}


@pytest.fixture(scope="module")
def tiny(checkpoint: Path) -> dict[str, dict]:
    """Configs of the tiny checkpoint."""
    return {file: json.loads((checkpoint / file).read_text()) for file in PUBLISHED}


@pytest.fixture(scope="module")
def state(checkpoint: Path, tiny: dict[str, dict]) -> dict[str, torch.Tensor]:
    """The tiny checkpoint under the authors' names."""
    return original_state(parts(tiny), hub_values(checkpoint))


@pytest.fixture
def foreign_classes() -> type:
    """A class of a package that is not there when the checkpoint is read, as Lightning's are."""
    package = ModuleType("lightning_of_old")

    class ModelCheckpoint:
        def __init__(self, best: float) -> None:
            self.best = best

    ModelCheckpoint.__module__, ModelCheckpoint.__qualname__ = package.__name__, "ModelCheckpoint"
    package.ModelCheckpoint = ModelCheckpoint  # type: ignore[attr-defined]
    sys.modules[package.__name__] = package
    yield ModelCheckpoint
    sys.modules.pop(package.__name__, None)


def save(state: dict, path: Path, **more: object) -> Path:
    torch.save({"epoch": 39, "state_dict": state, **more}, path)
    return path


def test_the_folder_paints_what_the_checkpoint_did(state, tiny, tmp_path, scene, expected, latents, model):
    written = convert(save(state, tmp_path / "model.ckpt"), tmp_path / "new" / "pbe", configs=tiny)
    ours = diffusion.load(str(tmp_path / "new" / "pbe"))
    sampling, noise = Sampling(steps=10), latents["steps10_g3.0_seed123"]
    image, theirs = (
        each.repaint(Inpainting(*scene[:2], [scene.exemplar], 0.0, sampling, seed=123, latents=noise))
        for each in (ours, model)
    )
    assert np.abs(image - theirs).max() <= 1e-6
    assert np.abs(image - expected["steps10_g3.0_seed123"]).max() < 1e-3
    files = list((tmp_path / "new" / "pbe").rglob("*.safetensors"))
    assert len(files) == 3 and sum(path.stat().st_size for path in files) == written
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["pbe"]


def test_names_and_shapes_at_full_size_are_diffusers_own():
    """859.5 million parameters of the UNet, and every one of the original's tensors used once."""
    for part in parts():
        assert sum(map(math.prod, part.shapes.values())) == COUNTS[part.file.split("/")[0]]
        sources = [part.source(name) for name in part.shapes]
        assert len(set(sources)) == len(sources)
        whole = {source.name for source in sources if source.third is None}
        split = [source.name for source in sources if source.third is not None]
        assert not whole & set(split) and all(split.count(name) == 3 for name in split)
    # Spelled out from latent diffusion's modules: twelve blocks in, twelve out; upsampling comes second or third.
    unet, vae, encoder = parts()
    assert unet.source("down_blocks.1.downsamplers.0.conv.weight").name.endswith("input_blocks.6.0.op.weight")
    assert unet.source("up_blocks.0.upsamplers.0.conv.bias").name.endswith("output_blocks.2.1.conv.bias")
    assert unet.source("up_blocks.1.upsamplers.0.conv.bias").name.endswith("output_blocks.5.2.conv.bias")
    assert unet.source("up_blocks.3.resnets.2.conv_shortcut.bias").name.endswith("blocks.11.0.skip_connection.bias")
    assert vae.source("decoder.up_blocks.0.upsamplers.0.conv.bias").name.endswith("decoder.up.3.upsample.conv.bias")
    assert encoder.source("mapper.blocks.4.attn1.to_v.bias") == (
        "cond_stage_model.mapper.resblocks.4.attn.c_qkv.bias",
        2,
    )


def test_diffusers_own_converter_agrees(state, tiny, tmp_path, monkeypatch):
    """diffusers' converters, which share no code with ours, make the same networks of the same checkpoint."""
    theirs = pytest.importorskip("diffusers.pipelines.stable_diffusion.convert_from_ckpt")
    vision = CLIPVisionConfig.from_dict(tiny[ENCODER_CONFIG])
    monkeypatch.setattr(theirs, "CLIPVisionConfig", SimpleNamespace(from_pretrained=lambda *_, **__: vision))
    expected = {
        "unet/diffusion_pytorch_model.safetensors": theirs.convert_ldm_unet_checkpoint(dict(state), tiny[UNET_CONFIG]),
        "vae/diffusion_pytorch_model.safetensors": theirs.convert_ldm_vae_checkpoint(dict(state), tiny[VAE_CONFIG]),
    }
    convert(save(state, tmp_path / "model.ckpt"), tmp_path / "pbe", configs=tiny)
    for file, tensors in expected.items():
        ours = load_file(tmp_path / "pbe" / file)
        assert ours.keys() == tensors.keys()
        assert all(torch.equal(value, tensors[name]) for name, value in ours.items())
    # Theirs loads the tower strictly, so it must have the names of the transformers at hand.
    plain = {name.replace("transformer.vision_model.", "transformer."): value for name, value in state.items()}
    encoder = theirs.convert_paint_by_example_checkpoint(plain).state_dict()
    ours = load_file(tmp_path / "pbe/image_encoder/model.safetensors")
    assert {name.replace("model.vision_model.", "model.") for name in ours} == encoder.keys()
    assert all(
        torch.equal(value, encoder[name.replace("model.vision_model.", "model.")]) for name, value in ours.items()
    )


def test_half_precision_halves_the_files(state, tiny, tmp_path):
    source = save(state, tmp_path / "model.ckpt")
    single = convert(source, tmp_path / "single", configs=tiny)
    half = convert(source, tmp_path / "half", dtype=torch.float16, configs=tiny)
    assert half < 0.6 * single
    with safe_open(tmp_path / "half/unet/diffusion_pytorch_model.safetensors", "pt") as file:
        assert file.get_tensor("conv_in.weight").dtype == torch.float16
    diffusion.load(str(tmp_path / "half"))


def test_running_means_are_taken_when_asked_for(state, tiny, tmp_path):
    unet = parts(tiny)[0]
    means = {ema_source(unet.source(name)).name: state[unet.source(name).name] + 1 for name in unet.shapes}
    assert "model_ema.diffusion_modelinput_blocks00weight" in means
    source = save(state | means, tmp_path / "model.ckpt")
    files = []
    for ema in (False, True):
        convert(source, tmp_path / f"{ema}", ema=ema, configs=tiny)
        files.append(load_file(tmp_path / f"{ema}" / unet.file))
    assert torch.equal(files[1]["conv_in.weight"], files[0]["conv_in.weight"] + 1)
    with pytest.raises(MissingWeights, match="leave --ema out"):
        convert(save(state, tmp_path / "without.ckpt"), tmp_path / "out", ema=True, configs=tiny)


def test_classes_of_the_training_program_are_passed_over(state, tiny, tmp_path, foreign_classes):
    """Lightning keys its callbacks by class and stores objects; neither is imported, made or needed."""
    more = {
        "callbacks": {foreign_classes: {"best": torch.ones(1)}},
        "other": foreign_classes(0.5),
        "loops": np.float64(1),
    }
    source = save(state, tmp_path / "model.ckpt", **more)
    del sys.modules[foreign_classes.__module__]
    convert(source, tmp_path / "pbe", configs=tiny)
    assert foreign_classes.__module__ not in sys.modules


def test_nothing_that_a_checkpoint_holds_is_run(state, tiny, tmp_path):
    class Payload:
        def __init__(self, *call: object) -> None:
            self.call = call

        def __reduce__(self):
            return self.call[0], self.call[1:]

    def attempt(name: str, *call: object) -> None:
        convert(save(state, tmp_path / f"{name}.ckpt", payload=Payload(*call)), tmp_path / name, configs=tiny)

    attempt("exec", exec, f"open({str(tmp_path / 'ran')!r}, 'w')")
    for name, call in {"touch": (Path.touch, tmp_path / "ran"), "mkdir": (os.mkdir, str(tmp_path / "ran"))}.items():
        with pytest.raises(MissingWeights, match=r"so it is not read \(Trying to .*\)\. `palmbench"):
            attempt(name, *call)
    assert not (tmp_path / "ran").exists()
    assert (tmp_path / "exec").is_dir() and not (tmp_path / "touch").exists()


def test_a_checkpoint_of_tensors_alone_is_read_too(state, tiny, tmp_path):
    torch.save(state, tmp_path / "plain.pt")
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "plain.safetensors")
    for name in ("plain.pt", "plain.safetensors"):
        convert(tmp_path / name, tmp_path / f"from-{name}", configs=tiny)
    one, two = (load_file(tmp_path / f"from-plain{end}" / parts(tiny)[0].file) for end in (".pt", ".safetensors"))
    assert all(torch.equal(one[name], two[name]) for name in one)


FIRST = "model.diffusion_model.input_blocks.0.0.weight"
TOWER = "cond_stage_model.transformer.vision_model."


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop(FIRST), "not a latent diffusion checkpoint"),
        (lambda state: state.update({FIRST: torch.zeros(16, 4, 3, 3)}), "takes 4 channels"),
        (lambda state: rename(state, TOWER, "cond_stage_model.transformer.text_model."), "Diffusion for inpainting"),
        (lambda state: rename(state, "cond_stage_model.", "other."), "has no exemplar encoder"),
        (lambda state: state.pop("learnable_vector"), "has no learnable_vector"),
        (lambda state: rename(state, "first_stage_model.", "other."), "has no autoencoder"),
        (
            lambda state: state.pop("first_stage_model.quant_conv.bias"),
            "not the whole .* first_stage_model.quant_conv.bias",
        ),
        (
            lambda state: state.update({"learnable_vector": torch.zeros(1, 1, 7)}),
            r"its learnable_vector is \(1, 1, 7\)",
        ),
        (lambda state: state.update({f"{FIRST[:22]}label_emb.weight": torch.zeros(1)}), "also holds .*label_emb"),
    ],
)
def test_another_models_checkpoint_is_told_apart(change, says, state, tiny, tmp_path):
    changed = dict(state)
    change(changed)
    with pytest.raises(MissingWeights, match=says):
        convert(save(changed, tmp_path / "model.ckpt"), tmp_path / "pbe", configs=tiny)
    assert not list(tmp_path.glob("pbe*"))


def rename(state: dict, old: str, new: str) -> None:
    for name in [name for name in state if name.startswith(old)]:
        state[name.replace(old, new)] = state.pop(name)


def test_a_broken_or_absent_file_is_told_in_a_sentence(state, tiny, tmp_path):
    whole = save(state, tmp_path / "model.ckpt").read_bytes()
    (tmp_path / "half.ckpt").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "page.ckpt").write_text("<html>Quota exceeded</html>")
    torch.save([1, 2], tmp_path / "list.ckpt")
    torch.save(state, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    for name, says in {
        "half": "truncated",
        "page": "truncated",
        "old": "not a checkpoint",
        "list": "a list",
        "no": "not a file",
    }.items():
        with pytest.raises(MissingWeights, match=rf"{name}\.ckpt .*{says}.*weights fetch pbe-ckpt"):
            convert(tmp_path / f"{name}.ckpt", tmp_path / "pbe", configs=tiny)


def test_what_is_there_is_not_overwritten(state, tiny, tmp_path):
    (tmp_path / "pbe").mkdir()
    (tmp_path / "pbe" / "mine").touch()
    source = save(state, tmp_path / "model.ckpt")
    with pytest.raises(RequestError, match="pbe"):
        convert(source, tmp_path / "pbe", configs=tiny)
    (tmp_path / "pbe" / "mine").unlink()
    convert(source, tmp_path / "pbe", configs=tiny)


def test_a_full_disk_is_noticed_before_and_during(state, tiny, tmp_path, monkeypatch):
    source = save(state, tmp_path / "model.ckpt")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(RequestError, match=r"0\.0 GB free.*--dtype float16"):
            convert(source, tmp_path / "pbe", configs=tiny)
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "write_tensors", no_space)
        with pytest.raises(RequestError, match="No space left on device; free some space there"):
            convert(source, tmp_path / "pbe", configs=tiny)
    assert [path.name for path in tmp_path.iterdir()] == ["model.ckpt"]
    convert(source, tmp_path / "pbe", configs=tiny)


def no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")
