"""A hub id is a folder here: from the cache without a network, from the hub with one, or a sentence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from hub_server import Repository, use_hub
from huggingface_hub import constants

from palmbench.fetching import hub_cache as hub
from palmbench.fetching.download import Patience
from palmbench.fetching.hub_cache import NotInRepository, Snapshot
from palmbench.fetching.hub_download import fetch, snapshot
from recognizers.common.errors import MissingWeights

ROOT = Path(__file__).resolve().parents[2]
REPO = "facebook/sam2.1-hiera-tiny"
FILES = ("config.json", "*processor_config.json", "model.safetensors")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".cache"}


def test_only_the_files_that_are_needed_are_fetched(hub_address, repository):
    folder = snapshot(REPO, None, FILES)
    assert names(folder) == {"config.json", "processor_config.json", "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == repository.files["model.safetensors"]


def test_once_fetched_nothing_is_asked_of_the_network(hub_address, repository, monkeypatch):
    folder = snapshot(REPO, "refs/pr/3", FILES)
    repository.asked.clear()
    assert snapshot(REPO, "refs/pr/3", FILES) == folder
    assert repository.asked == []
    use_hub(monkeypatch, "http://127.0.0.1:9")
    assert snapshot(REPO, "refs/pr/3", FILES, download=False) == folder
    with pytest.raises(MissingWeights, match=r"@main is not in the local cache"):
        snapshot(REPO, "main", FILES, download=False)


def test_a_part_of_a_snapshot_is_completed(hub_address, repository):
    wanted = Snapshot(REPO, None, FILES)
    assert not hub.begun(wanted)
    snapshot(REPO, None, FILES[:1])
    assert hub.cached(wanted) is None and hub.begun(wanted)
    with pytest.raises(MissingWeights, match=REPO):
        snapshot(*wanted, download=False)
    repository.asked.clear()
    folder = snapshot(*wanted)
    assert hub.cached(wanted) == folder
    assert not any(asked.startswith("GET") and asked.endswith("/config.json") for asked in repository.asked)


@pytest.mark.parametrize("place", [None, "here"])
def test_a_killed_fetch_goes_on(hub_address, hub_cache, repository, tmp_path, place):
    repository.files["model.safetensors"] *= 80
    repository.pause = 0.05
    wanted, folder = Snapshot(REPO, None, FILES), tmp_path / place if place else None
    code = (
        "from pathlib import Path; from palmbench.fetching.hub_cache import Snapshot\n"
        "from palmbench.fetching.hub_download import fetch\n"
        f"fetch(Snapshot({REPO!r}, None, {FILES!r}), {f'Path({str(folder)!r})' if folder else None})"
    )
    places = {"HF_ENDPOINT": hub_address, "HF_HUB_CACHE": str(hub_cache)}
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | places, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not (parts := [path for path in tmp_path.rglob("*.part") if path.stat().st_size > 2_000_000]):
            assert time.monotonic() < deadline and child.poll() is None
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    kept = parts[0].stat().st_size
    assert hub.cached(wanted) is None and hub.begun(wanted) == (folder is None)
    repository.pause = 0.0
    repository.asked.clear()
    path = fetch(wanted, folder)
    assert (path / "model.safetensors").read_bytes() == repository.files["model.safetensors"]
    gets = [asked for asked in repository.asked if asked.startswith("GET") and "model.safetensors" in asked]
    assert len(gets) == 1 and gets[0].endswith(f" bytes={kept}-")
    if folder is None:
        assert hub.cached(wanted) == path and not hub.begun(Snapshot(REPO, "other", ("x",)))


def test_a_large_file_that_comes_damaged_is_deleted_and_a_second_try_succeeds(hub_address, repository):
    repository.files["model.safetensors"] *= 80
    repository.damaged = {"model.safetensors"}
    with pytest.raises(MissingWeights, match=r"model\.safetensors"):
        snapshot(REPO, None, FILES)
    repository.damaged = set()
    snapshot(REPO, None, FILES)


def test_a_folder_may_be_named(hub_address, tmp_path, hub_cache):
    folder = fetch(Snapshot(REPO, None, FILES), tmp_path / "here")
    assert folder == tmp_path / "here" and names(folder) == {
        "config.json",
        "processor_config.json",
        "model.safetensors",
    }
    assert not list(hub_cache.rglob("*.safetensors"))


@pytest.mark.parametrize("place", [None, "here"])
def test_the_digests_that_the_hub_announced_are_kept(hub_address, repository, tmp_path, place):
    wanted, folder = Snapshot(REPO, None, FILES), tmp_path / place if place else None
    fetch(wanted, folder)
    announced = {path.name: digest for path, digest in hub.announced(wanted, folder)}
    assert announced == {
        name: entry.get("lfs", entry)["oid"] for name in announced for entry in [repository.entry(name)]
    }
    assert len(announced) == 3


@pytest.mark.parametrize(
    ("denial", "says"),
    [
        ((403, "GatedRepo"), r"is gated: accept its terms.*hf auth login.*HF_TOKEN.*`palmbench weights fetch x`"),
        ((401, "GatedRepo"), "is gated"),
        ((401, ""), r"does not give .* to this login \(status 401\)"),
        ((403, ""), r"does not give .* to this login \(status 403\)"),
        ((404, "RepoNotFound"), r"knows no facebook/sam2\.1-hiera-tiny, or it is private"),
        ((500, ""), "answered with status 500"),
    ],
)
def test_a_hub_that_says_no_is_explained_and_a_second_try_succeeds(hub_address, repository, denial, says):
    repository.denial = denial
    with pytest.raises(MissingWeights, match=says):
        snapshot(REPO, None, FILES, command="palmbench weights fetch x")
    repository.denial = None
    snapshot(REPO, None, FILES)


def test_another_revision_and_another_kind_of_repository_are_told(hub_address):
    with pytest.raises(MissingWeights, match="has no revision v9 at the hub"):
        snapshot(REPO, "v9", FILES)
    with pytest.raises(NotInRepository, match=r"has no unet/\*\.bin: it is another kind of model"):
        snapshot(REPO, None, (*FILES, "unet/*.bin"))


def test_no_network_is_told_in_seconds_with_the_command(hub_cache):
    began = time.monotonic()
    with pytest.raises(
        MissingWeights, match=r"could not be fetched \(Connect\w+\).*hf download .*--include 'config.json'"
    ):
        snapshot(REPO, None, FILES)
    assert time.monotonic() - began < 30


def test_a_silent_hub_is_given_up(hub_address, repository):
    wanted = Snapshot(REPO, None, FILES)
    repository.stall = 60.0
    began = time.monotonic()
    with pytest.raises(MissingWeights, match=r"\(\w*Timeout\w*\)"):
        fetch(wanted, patience=Patience(timeout=0.5))
    assert time.monotonic() - began < 30
    repository.stall = 0.0
    fetch(wanted)


def test_being_offline_on_purpose_is_told(hub_address, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingWeights, match="HF_HUB_OFFLINE forbids"):
        snapshot(REPO, None, FILES)


def test_a_full_disk_is_told_before_and_during(hub_address, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000, total=1, used=1))
        with pytest.raises(MissingWeights, match=r"needs 0\.00 GB more.*HF_HOME=FOLDER"):
            snapshot(REPO, None, FILES)
    real = huggingface_hub.snapshot_download

    def filling(*arguments: object, **settings: object) -> str:
        if settings.get("dry_run") or settings.get("local_files_only"):
            return real(*arguments, **settings)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(huggingface_hub, "snapshot_download", filling)
        with pytest.raises(MissingWeights, match="disk is full"):
            snapshot(REPO, None, FILES)
    snapshot(REPO, None, FILES)


def test_the_server_is_as_strict_as_the_hub(repository: Repository):
    """Small files go by git's name of them, large ones by their sha256."""
    assert repository.entry("config.json")["oid"] == "9e26dfeeb6e641a33dae4961196235bdb965b21b"  # git hash-object
    assert "lfs" in repository.entry("model.safetensors")


def test_a_note_that_was_cut_short_announces_nothing(tmp_path):
    notes = tmp_path / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    for name, note in (("a", "c0ffee\nd1\n1.0\n"), ("b", ""), ("c", "c0ffee\nd2")):
        (tmp_path / name).write_text(name)
        (notes / f"{name}.metadata").write_text(note)
    assert hub.announced(Snapshot("x/y", None, ("*",)), tmp_path) == [(tmp_path / "a", "d1")]
