"""`palmbench weights`: what is here, what it is for, how it is got; every lack a sentence, every second try a go."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import hub_server
import numpy as np
import pytest
import torch
from hub_server import Repository, use_hub
from safetensors.torch import save_file
from server import Behaviour, serving

from palmbench import diffusion
from palmbench.commands import weights as weights_command
from palmbench.commands.cli import main
from palmbench.fetching import catalogue
from palmbench.fetching.catalogue import CATALOGUE, ByHand, WebFile, entry
from palmbench.fetching.download import Patience
from palmbench.fetching.hub_cache import Snapshot
from palmbench.fetching.torch_files import LAMA
from palmbench.quality import missing_weights
from palmbench.quality.weights import VGG16

CONTENT = np.random.default_rng(0).bytes(100_000)
TINY = Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline"


@pytest.fixture
def behaviour(monkeypatch: pytest.MonkeyPatch, torch_home: Path, hub_cache: Path) -> Iterator[Behaviour]:
    """A server that has a file in VGG-16's place, empty caches, and no hub."""
    behaviour = Behaviour(CONTENT)
    file = VGG16._replace(sha256=hashlib.sha256(CONTENT).hexdigest()[:8])
    monkeypatch.setattr(weights_command, "PATIENCE", Patience(timeout=10.0, attempts=2, first_attempts=1, wait=0.01))
    with serving(behaviour) as url:
        entries = [
            replace(each, source=WebFile(file, url)) if each.name == "lpips" else each for each in catalogue.CATALOGUE
        ]
        monkeypatch.setattr(catalogue, "CATALOGUE", tuple(entries))
        yield behaviour


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["weights", *words])
    said = capsys.readouterr()
    return status, " ".join(said.out.split()), said.err


def state(capsys: pytest.CaptureFixture[str], name: str) -> str:
    main(["weights"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    return next(line[0] for line in lines if name in line[1:3])


def test_every_entry_says_what_it_is_for_whose_and_from_where(behaviour, capsys):
    status, out, _ = ask(capsys)
    assert status == 0
    for weights in CATALOGUE:
        assert weights.use in out and weights.licence in out and weights.publisher in out
        if not isinstance(weights.source, ByHand):
            assert f"`palmbench weights fetch {weights.name}`" in out and weights.without in out
    assert "CC-BY-NC-ND-4.0" in out and "CreativeML OpenRAIL-M" in out


def test_addresses_sizes_and_digests_are_those_of_the_packages_that_use_them():
    models = pytest.importorskip("torchvision.models")
    inception = pytest.importorskip("pytorch_fid.inception")
    published = {"lpips": models.VGG16_Weights.IMAGENET1K_V1, "lpips-alexnet": models.AlexNet_Weights.IMAGENET1K_V1}
    for name, theirs in published.items():
        assert entry(name).source.url == theirs.url
        assert entry(name).size == pytest.approx(theirs.meta["_file_size"] * 2**20, rel=1e-3)
    assert entry("inception").source.url == inception.FID_WEIGHTS_URL
    for weights in CATALOGUE:
        if isinstance(weights.source, WebFile):
            file = weights.source.file
            assert weights.source.url.endswith(f"/{file.name}")
            # What torch's users share bears the beginning of its digest; LaMa's is known whole.
            assert file.name.endswith(f"-{file.sha256}.pth") or (file is LAMA and len(file.sha256) == 64)


def test_a_file_is_fetched_once_and_found_by_the_quality_stage(behaviour, capsys, torch_home, monkeypatch):
    assert state(capsys, "lpips") == "absent"
    status, out, _ = ask(capsys, "fetch", "lpips")
    assert status == 0
    assert out.startswith("fetch lpips 553 MB; BSD-3-Clause") and out.endswith(
        f" ready lpips {torch_home / VGG16.name}"
    )
    assert state(capsys, "lpips") == "ready"
    assert ask(capsys, "fetch", "lpips")[1].endswith("already")
    assert behaviour.asked == [None]
    monkeypatch.setattr("palmbench.fetching.torch_files.fits", lambda *_: True)
    config = SimpleNamespace(name="paper", lpips_weights=None, inception_weights=None)
    assert set(missing_weights(config)) == {"fid", "kid"}


def test_a_folder_may_be_named_and_the_setting_is_told(behaviour, capsys, tmp_path, torch_home):
    status, out, _ = ask(capsys, "fetch", "lpips", "--to", str(tmp_path / "here"))
    assert status == 0
    assert f"quality.lpips_weights={tmp_path / 'here' / VGG16.name}" in out
    assert (tmp_path / "here" / VGG16.name).read_bytes() == CONTENT and not torch_home.exists()


def test_every_lack_is_a_sentence_and_a_second_try_succeeds(behaviour, capsys, torch_home, monkeypatch):
    def refused(says: str) -> None:
        status, out, err = ask(capsys, "fetch", "lpips")
        assert status == 2 and says in out
        assert "palmbench: lpips " in err and "Traceback" not in err

    behaviour.stall = 60.0
    with monkeypatch.context() as patch:
        patch.setattr(weights_command, "PATIENCE", weights_command.PATIENCE._replace(timeout=0.5))
        refused("0.5 seconds")
    behaviour.stall, behaviour.statuses = 0.0, [404]
    refused("404")
    behaviour.content = b"<html>"
    refused("sha256")
    behaviour.content = CONTENT
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
        refused("Make room")
    behaviour.cut_after = [60_000, 0]
    refused("0.1 MB")
    assert state(capsys, "lpips") == "partial"
    assert ask(capsys, "fetch", "lpips")[0] == 0 and behaviour.asked[-1] == "bytes=60000-"


def test_one_that_fails_keeps_none_of_the_others_from_coming(behaviour, capsys):
    status, out, err = ask(capsys, "fetch", "wilor", "sam2-tiny", "lpips")
    assert status == 2
    assert "failed wilor" in out and "install wilor-mini from its repository" in out
    assert "failed sam2-tiny facebook/sam2.1-hiera-tiny " in out
    assert "ready lpips" in out
    assert "wilor, sam2-tiny could not be fetched" in err


def test_check_says_so_where_there_is_nothing_to_check(behaviour, capsys):
    assert ask(capsys, "check") == (0, "no published weights are here; `palmbench weights` lists what there is", "")


def test_check_finds_a_damaged_file_and_fetch_mends_it(behaviour, capsys, torch_home):
    ask(capsys, "fetch", "lpips")
    assert ask(capsys, "check") == (0, f"ok lpips {torch_home / VGG16.name}", "")
    (torch_home / VGG16.name).write_bytes(b"x" + CONTENT[1:])
    status, out, err = ask(capsys, "check")
    assert status == 2 and out.startswith(f"wrong lpips {torch_home / VGG16.name}: its sha256 is")
    assert "`palmbench weights fetch lpips`" in err
    assert ask(capsys, "fetch", "lpips")[0] == 0
    assert ask(capsys, "check", "lpips")[0] == 0
    status, out, err = ask(capsys, "check", "inception")
    assert status == 2 and out.startswith("absent inception")


def test_older_caches_and_other_names_of_the_same_file_count(behaviour, capsys, tmp_path):
    for folder in (".cache/torch/checkpoints", ".torch/models"):
        path = tmp_path / folder / VGG16.name
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        assert ask(capsys, "fetch", "lpips") == (0, f"ready lpips {path} already", "")
        path.unlink()
    other = tmp_path / ".cache/torch/hub/checkpoints/weights-inception-2015-12-05-6726825d.pth"
    other.parent.mkdir(parents=True)
    other.touch()
    assert state(capsys, "inception") == "ready"


def test_paint_by_example_is_fetched_mended_and_loaded_without_a_network(
    behaviour, capsys, monkeypatch, hub_cache, tmp_path
):
    files = {path.relative_to(TINY).as_posix(): path.read_bytes() for path in TINY.rglob("*.json")}
    for old, new in (
        ("unet/diffusion_pytorch_model", "unet/diffusion_pytorch_model"),
        ("vae/diffusion_pytorch_model", "vae/diffusion_pytorch_model"),
        ("image_encoder/pytorch_model", "image_encoder/model"),
    ):
        save_file(torch.load(TINY / f"{old}.bin", weights_only=True), tmp_path / "tensors")
        files[f"{new}.safetensors"] = (tmp_path / "tensors").read_bytes()
        files[f"{old}.bin"] = b"not wanted" * 1000
    source = entry("pbe").source
    assert isinstance(source, Snapshot) and source.revision
    with hub_server.serving(Repository(source.repo, {source.revision}, files)) as address:
        use_hub(monkeypatch, address)
        assert ask(capsys, "fetch", "pbe")[0] == 0
        assert state(capsys, "pbe") == "ready"
        blob = next(hub_cache.rglob("unet/*.safetensors")).resolve()
        blob.write_bytes(b"x" + blob.read_bytes()[1:])
        status, out, _ = ask(capsys, "check", "pbe")
        assert status == 2 and "wrong pbe" in out and "unet/diffusion_pytorch_model.safetensors" in out
        assert ask(capsys, "fetch", "pbe")[0] == 0
        assert ask(capsys, "check", "pbe")[0] == 0
        status, out, _ = ask(capsys, "fetch", "pbe", "--to", str(tmp_path / "here"))
        assert status == 0 and f"method.weights={tmp_path / 'here' / 'pbe'}" in out
    use_hub(monkeypatch, "http://127.0.0.1:9")
    from_cache, from_folder = (diffusion.load(name) for name in (source.repo, str(tmp_path / "here" / "pbe")))
    assert from_cache.digest == from_folder.digest
    assert not list(hub_cache.rglob("*.bin"))


def test_what_comes_after_the_original_checkpoint_is_told(behaviour, capsys, monkeypatch):
    repository = Repository("Fantasy-Studio/Paint-by-Example", {"main"}, {"model.ckpt": CONTENT})
    with hub_server.serving(repository) as address:
        use_hub(monkeypatch, address)
        status, out, _ = ask(capsys, "fetch", "pbe-ckpt")
    assert status == 0
    path = out.split("then: palmbench weights convert ")[1].split()[0]
    assert Path(path).read_bytes() == CONTENT and path.endswith("/model.ckpt")


def test_unknown_words_are_told_what_there_is(behaviour, capsys):
    assert ask(capsys, "fetch", "lpipz")[2].startswith("palmbench: there are no weights lpipz; did you mean lpips?")
    for words in (["fetsh"], ["fetsh", "lpips"], ["fetsh", "lpips", "--to", "here"]):
        assert "weights: there is no fetsh; did you mean fetch?" in ask(capsys, *words)[2]
    assert ask(capsys, "fetch")[0] == 2


def test_convert_is_a_command(behaviour, capsys, tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"PK half")
    status, _, err = ask(capsys, "convert", str(tmp_path / "model.ckpt"), str(tmp_path / "out"), "--dtype", "float16")
    assert status == 2 and "model.ckpt is truncated" in err
