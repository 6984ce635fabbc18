from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from palmbench import diffusion
from palmbench.diffusion import weights
from palmbench.diffusion.components import load_components
from recognizers.common.errors import MissingWeights

HUB_ID = "Fantasy-Studio/Paint-by-Example"


@pytest.fixture
def copy(checkpoint, tmp_path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "checkpoint"))


def test_half_precision_safetensors_are_preferred_and_computed_in_single(copy, scene):
    for name in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "image_encoder/pytorch_model"):
        state = torch.load(copy / f"{name}.bin", weights_only=True)
        target = name.replace("pytorch_model", "model") if "encoder" in name else name
        save_file({key: value.half() for key, value in state.items()}, copy / f"{target}.safetensors")
        (copy / f"{name}.bin").write_bytes(b"not read")
    model = diffusion.load(str(copy))
    assert model.embed([scene.exemplar]).dtype == torch.float32


def test_old_and_new_names_load_the_same_networks(copy, checkpoint):
    """transformers 5 has no `vision_model` level, checkpoints of 2022 store position ids and query / key / value."""
    encoder = torch.load(copy / "image_encoder/pytorch_model.bin", weights_only=True)
    renamed = {key.replace("model.vision_model.", "model."): value for key, value in encoder.items()}
    renamed["model.embeddings.position_ids"] = torch.arange(50)[None]
    torch.save(renamed, copy / "image_encoder/pytorch_model.bin")
    vae = torch.load(copy / "vae/diffusion_pytorch_model.bin", weights_only=True)
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        vae = {key.replace(f".0.{new}.", f".0.{old}."): value for key, value in vae.items()}
    assert any(".query." in key for key in vae)
    torch.save(vae, copy / "vae/diffusion_pytorch_model.bin")

    ours, reference = (load_components(weights.weight_files(folder)) for folder in (copy, checkpoint))
    for part in ("image_encoder", "vae"):
        expected = getattr(reference, part).state_dict()
        assert all(torch.equal(value, expected[key]) for key, value in getattr(ours, part).state_dict().items())


def test_a_truncated_or_foreign_file_is_named(copy):
    path = copy / "unet/diffusion_pytorch_model.bin"
    content = path.read_bytes()
    for wrong in (content[: len(content) // 2], b"version https://git-lfs.github.com/spec/v1\n"):
        path.write_bytes(wrong)
        with pytest.raises(MissingWeights, match=r"unet/diffusion_pytorch_model\.bin is truncated"):
            diffusion.load(str(copy))
    shutil.copy(copy / "vae/diffusion_pytorch_model.bin", path)
    with pytest.raises(MissingWeights, match=r"unet/diffusion_pytorch_model\.bin does not fit the config"):
        diffusion.load(str(copy))


def test_a_pickle_that_would_run_code_is_refused(copy, tmp_path):
    class Payload:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    (copy / "vae/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Payload(), protocol=2))
    with pytest.raises(MissingWeights, match="vae"):
        diffusion.load(str(copy))
    assert not (tmp_path / "ran").exists()


def test_an_absent_file_is_named(copy):
    (copy / "scheduler/scheduler_config.json").unlink()
    with pytest.raises(MissingWeights, match=r"scheduler has no scheduler_config\.json"):
        diffusion.load(str(copy))


def test_parts_of_different_models_are_refused(copy):
    config = json.loads((copy / "feature_extractor/preprocessor_config.json").read_text())
    config["crop_size"] = {"height": 192, "width": 192}
    (copy / "feature_extractor/preprocessor_config.json").write_text(json.dumps(config))
    with pytest.raises(MissingWeights, match="192"):
        diffusion.load(str(copy))


def test_the_digest_is_of_the_files_that_are_read(copy, checkpoint):
    def digest() -> str:
        return weights.weights_digest(weights.weight_files(copy))

    before = digest()
    assert before == weights.weights_digest(weights.weight_files(checkpoint))
    (copy / "README.md").write_text("about")
    assert digest() == before
    config = copy / "scheduler/scheduler_config.json"
    config.write_text(config.read_text().replace("0.012", "0.013"))
    assert digest() != before


def test_a_name_that_is_neither_a_folder_nor_a_hub_id_is_refused():
    with pytest.raises(MissingWeights, match=r"no folder of diffusion weights at \./nowhere/at/all"):
        weights.resolve("./nowhere/at/all")


@pytest.fixture
def hub_client(monkeypatch, tmp_path) -> list[tuple]:
    """An empty cache of the hub client, and no hub; what was asked of the client."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    asked, real = [], huggingface_hub.snapshot_download

    def snapshot_download(repo, revision, local_files_only=False, **settings):
        asked.append((repo, revision, local_files_only))
        return real(repo, revision=revision, local_files_only=local_files_only, **settings)

    def model_info(self, repo, revision, timeout):
        asked.append((repo, revision, False))
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    return asked


def test_an_unreachable_hub_is_answered_with_the_command_that_fetches(hub_client):
    with pytest.raises(MissingWeights, match=r"run `palmbench weights fetch pbe`"):
        weights.resolve(HUB_ID)
    assert hub_client[-1] == (HUB_ID, "refs/pr/3", False)
    with pytest.raises(MissingWeights, match=r"run `hf download Fantasy-Studio/Paint-by-Example --revision main "):
        weights.resolve(f"{HUB_ID}@main")


def test_nothing_is_asked_of_the_hub_without_leave(hub_client):
    for name in (HUB_ID, f"{HUB_ID}@main", "somebody/else"):
        with pytest.raises(MissingWeights, match=re.escape(name.split("@")[0])):
            weights.resolve(name, download=False)
    assert all(local for _, _, local in hub_client)


@pytest.mark.parametrize(("name", "revision", "kind"), [(HUB_ID, "refs/pr/3", "safetensors"), ("a/b", "main", "bin")])
def test_the_cache_is_used_before_the_hub(hub_client, checkpoint, tmp_path, name, revision, kind):
    repository = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = shutil.copytree(checkpoint, repository / "snapshots" / "abc")
    (repository / "refs" / revision).parent.mkdir(parents=True)
    (repository / "refs" / revision).write_text("abc")
    for path in list(snapshot.rglob("*.bin")):
        path.rename(path.with_suffix(f".{kind}"))
    assert weights.resolve(name) == snapshot
    assert all(local for _, _, local in hub_client)
    next(snapshot.glob(f"unet/*.{kind}")).unlink()
    with pytest.raises(MissingWeights, match=re.escape(name.split("@")[0])):
        weights.resolve(name)
