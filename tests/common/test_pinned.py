"""No number stands under the digest of other contents than it was made from: weights and photos that change are said.

A file is replaced by renaming, as a training saves, or written over, as `cp` does, with its old time kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from palmbench import methods
from palmbench.base import paths
from palmbench.base.images import encode_png
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets import open_dataset
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.engine.engine import Engine
from palmbench.engine.executor import Executor
from palmbench.hands import load_segmenter
from palmbench.hands.observer import Observer
from palmbench.hands.pklnet.localizer import PKLNetLocalizer
from palmbench.hands.pklnet.network import PKLNet
from palmbench.hands.settings import EmbeddedConfig, SAM2Config, SegmenterConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.mask import MaskConfig
from palmbench.photos import deidentification
from palmbench.photos.files import Job
from palmbench.photos.one_photo import Task, deidentify_photo
from palmbench.photos.reading import decode
from palmbench.quality import ImageQuality, instrument
from palmbench.quality.settings import QualityConfig
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.enrol import Enrol
from palmbench.stages.prepare import Prepare
from palmbench.stages.quality import Features
from palmbench.stages.stage import Originals
from palmbench.synth import render
from recognizers.ccnet import CCNetRecognizer
from recognizers.common.cache_keys import file_digest
from recognizers.common.errors import RequestError
from recognizers.common.paths import weights_dir
from recognizers.common.pinned import Pinned, copied
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.backbones import backbone
from tests.hands.test_sam2 import save_model

CHANGED = "changed while the run was under way; run the same command again"
TINY = Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline"
PHOTO = render(0, 0)


def embedded(name: str, home: Callable[[], Path] = weights_dir) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copy(home() / name / f"{name}.safetensors", folder / "w.safetensors"))


def pklnet(folder: Path) -> Path:
    torch.manual_seed(0)
    torch.save(PKLNet().state_dict(), folder / "w.pth")
    return folder / "w.pth"


def vgg16_quarter(folder: Path) -> Path:
    torch.manual_seed(0)
    state = {f"features.{name}": value for name, value in backbone("vgg16_quarter").state_dict().items()}
    torch.save(state, folder / "w.pth")
    return folder / "w.pth"


def maps(file: Pinned) -> np.ndarray:
    return backbone("vgg16_quarter", file).eval()(torch.ones(1, 3, 32, 32)).detach().numpy()


def painter(folder: Path) -> Path:
    shutil.copytree(TINY, folder / "pbe")
    return next((folder / "pbe" / "unet").glob("*.bin"))


def settings_of_the_scheduler(folder: Path) -> Path:
    return painter(folder).parents[1] / "scheduler" / "scheduler_config.json"


def sam2(folder: Path) -> Path:
    return save_model(folder / "sam2") / "model.safetensors"


def vgg16(folder: Path) -> Path:
    from torchvision.models import vgg16 as network

    with torch.device("meta"):
        shapes = {name: value.shape for name, value in network().features.state_dict().items()}
    torch.manual_seed(0)
    torch.save({f"features.{name}": 0.1 * torch.randn(shape) for name, shape in shapes.items()}, folder / "vgg16.pth")
    return folder / "vgg16.pth"


def a_mask(path: Path) -> Any:
    chosen = load_segmenter(SAM2Config(weights=str(path.parent)))
    return lambda: chosen.segment(PHOTO.image, PHOTO.as_hand()).mask


def painted(folder: Path) -> Any:
    method = methods.load(DiffusionConfig(weights=str(folder), steps=2, size=64))
    return lambda: method.deidentify([PHOTO.image], [PHOTO.as_hand()], [0], [None])[0]


def lpips_of(path: Path) -> Any:
    quality = ImageQuality(QualityConfig(lpips_weights=str(path)))
    dark = PHOTO.image[:64, :64] // 2
    return lambda: quality.per_image(PHOTO.image[:64, :64], dark)["lpips"]


def features_of(path: Path) -> Any:
    quality = ImageQuality(QualityConfig())
    return lambda: quality.features(PHOTO.image)


def later(tool: Any, use: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: use(tool)


# Of each network: its file, and what reads the digest at once and the contents later.
READERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Callable[[], Any]]]] = {
    "ccnet": (
        embedded("ccnet"),
        lambda path: later(CCNetRecognizer(str(path)), lambda r: r.extract(np.eye(128, dtype=np.uint8)[None])),
    ),
    "eehnet": (
        embedded("eehnet"),
        lambda path: later(EEHNetRecognizer(str(path)), lambda r: r.extract(np.zeros((1, 224, 224, 3), np.uint8))),
    ),
    "hand network": (
        embedded("hand", paths.weights_dir),
        lambda path: later(Observer(str(path)), lambda o: o.whole(PHOTO.image).points),
    ),
    "pklnet": (pklnet, lambda path: later(PKLNetLocalizer(str(path)), lambda p: p.valleys(PHOTO.image).valleys)),
    "painter": (painter, lambda path: painted(path.parents[1])),
    "its settings": (settings_of_the_scheduler, lambda path: painted(path.parents[1])),
    "sam2": (sam2, a_mask),
    "a training's backbone": (vgg16_quarter, lambda path: later(Pinned.now(path), maps)),
    "lpips": (vgg16, lpips_of),
    "features": (embedded("hand", paths.weights_dir), features_of),
}


def other(path: Path) -> Path:
    """A file of the same kind and size with other numbers."""
    changed = path.with_name(f"other-{path.name}")
    if path.suffix == ".json":
        changed.write_text(path.read_text().replace("0.012", "0.013"))
    elif path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            notes = file.metadata()
        state = {name: value * 1.25 if value.is_floating_point() else value for name, value in load_file(path).items()}
        save_file(state, changed, notes)
    else:
        state = torch.load(path, weights_only=True)
        torch.save({k: v * 1.25 if v.is_floating_point() else v for k, v in state.items()}, changed)
    return changed


def renamed(new: Path, path: Path) -> None:
    times = path.stat()
    shutil.copy(new, path.with_name("written"))
    os.replace(path.with_name("written"), path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def written_over(new: Path, path: Path) -> None:
    times = path.stat()
    path.write_bytes(new.read_bytes())
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # These stand for published files, whose digests are known, and for the embedded network.
    monkeypatch.setattr(instrument, "WEIGHT_FILES", {"paper": (_anything("lpips", "vgg16.pth"), instrument.INCEPTION)})
    monkeypatch.setattr("palmbench.quality.weights.WEIGHT_FILES", instrument.WEIGHT_FILES)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def _anything(metric: str, name: str) -> Any:
    return instrument.INCEPTION._replace(
        metric=metric, name=name, sha256="", package=metric, setting=f"{metric}_weights", also=None
    )


@pytest.mark.parametrize("network", READERS)
def test_weights_that_change_after_their_digest_was_taken_are_refused_and_taken_when_they_are_back(
    network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, use = READERS[network]
    path = make(tmp_path)
    if network == "features":
        monkeypatch.setattr(instrument, "hand_weights", lambda: path)
    if network == "lpips":  # drawing VGG's classifier, which LPIPS drops, takes seconds
        monkeypatch.setattr(torch.nn.Linear, "reset_parameters", lambda self: None)
        monkeypatch.setattr(torch.nn.init, "normal_", lambda tensor, *_: tensor)
    kept, changed = Path(shutil.copy(path, tmp_path / f"kept-{path.name}")), other(path)
    read = use(path)
    renamed(changed, path)
    with pytest.raises(RequestError, match=CHANGED):
        read()
    there = use(path)  # a new command takes what is there
    written_over(kept, path)
    with pytest.raises(RequestError, match=CHANGED):
        there()
    numbers = read()
    written_over(changed, path)
    if network != "a training's backbone":  # which is read anew
        np.testing.assert_array_equal(read(), numbers)  # a network in use is not touched any more
    assert not np.array_equal(use(path)(), numbers)


def test_what_is_read_of_a_file_is_what_was_digested_though_it_is_written_over_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.arange(100_000)}, path)
    with copied(path, file_digest(path)) as copy:
        state = load_file(copy)
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(state["a"], torch.arange(100_000))


def test_a_link_that_is_turned_to_another_file_is_noticed(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, ns=(0, 0))
    (tmp_path / "w").symlink_to("a")
    pinned = Pinned.now(tmp_path / "w")
    (tmp_path / "w").unlink()
    (tmp_path / "w").symlink_to("b")
    for check in (pinned.read, pinned.require_same):
        with pytest.raises(RequestError, match=CHANGED):
            check()
    assert Pinned.now(tmp_path / "w").read() == b"b"


def test_a_file_that_is_gone_is_told_by_its_name(tmp_path: Path) -> None:
    for read in (Pinned(tmp_path / "gone", "0" * 32).read, lambda: Pinned.now(tmp_path / "gone")):
        with pytest.raises(RequestError, match=r"gone cannot be read: No such file"):
            read()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for palm in range(2):
        (tmp_path / "set" / str(palm)).mkdir(parents=True)
        for number in range(2):
            path = tmp_path / "set" / str(palm) / f"{number}.png"
            path.write_bytes(encode_png(render(palm, number).image))
    return tmp_path / "set"


def test_a_photo_that_changes_after_it_was_scanned_ends_the_run(photos: Path, tmp_path: Path) -> None:
    dataset = open_dataset(FolderDatasetConfig("folder", root=str(photos)), "data")
    first, last = dataset.samples[0], dataset.samples[-1]
    pixels = dataset.photo(last)
    written_over(photos / "0" / "0.png", photos / "1" / "1.png")
    with pytest.raises(RequestError, match=rf"1\.png {CHANGED}"):
        dataset.photo(last)
    np.testing.assert_array_equal(dataset.photo(first), render(0, 0).image)
    (photos / "1" / "1.png").unlink()  # nor is it one failed photo more
    with pytest.raises(RequestError, match=r"1\.png cannot be read"):
        dataset.photo(last)
    (photos / "1" / "1.png").write_bytes(encode_png(pixels))
    np.testing.assert_array_equal(dataset.photo(last), pixels)


def test_worker_processes_refuse_weights_and_photos_that_are_not_the_keys(photos: Path, tmp_path: Path) -> None:
    hand = embedded("hand", paths.weights_dir)(_folder(tmp_path / "hand"))
    ccnet = embedded("ccnet")(_folder(tmp_path / "ccnet"))
    dataset = open_dataset(FolderDatasetConfig("folder", root=str(photos)), "data")
    prepare = Prepare.of(Originals(dataset.source), EmbeddedConfig(weights=str(hand)), SegmenterConfig())
    photo = photos / "1" / "1.png"
    # Each before a worker has read it.
    stages: dict[Path, Any] = {
        hand: Prepare.of(prepare.photos, EmbeddedConfig(weights=str(hand), threshold=0.4), SegmenterConfig()),
        photo: prepare,
        ccnet: Enrol.of(prepare, RecognizerConfig("ccnet", {"weights": str(ccnet)})),
    }
    changed = {path: other(path) for path in (hand, ccnet)} | {photo: photos / "0" / "0.png"}
    with Executor(ExecutorConfig(devices=("cpu",), workers=2)) as executor:
        engine = Engine(Store(tmp_path / "store"), executor)
        for path, stage in stages.items():
            kept = Path(shutil.copy(path, tmp_path / "kept"))
            renamed(changed[path], path)
            with pytest.raises(RequestError, match=CHANGED):
                engine.run(stage, dataset.samples)
            renamed(kept, path)
            assert engine.run(stage, dataset.samples) == {}
    # What the workers made is what this process makes.
    for stage in stages.values():
        for sample in dataset.samples:
            (artefact,) = stage.compute([sample], engine.store, "cpu")
            assert engine.store.read(stage.name, stage.key(sample), stage.suffix) == artefact


def test_a_later_run_of_this_process_takes_the_weights_that_are_there_by_then(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, unet = embedded("hand", paths.weights_dir)(tmp_path), painter(tmp_path)
    monkeypatch.setattr(instrument, "hand_weights", lambda: hand)
    dataset = open_dataset(FolderDatasetConfig("folder", root=str(photos)), "data")
    originals, store = Originals(dataset.source), Store(tmp_path / "store")

    def stages() -> list[Any]:
        prepare = Prepare.of(originals, EmbeddedConfig(weights=str(hand), threshold=0.1), SegmenterConfig())
        method = DiffusionConfig(weights=str(unet.parents[1]), steps=2, size=64)
        deidentify = Deidentify.of(prepare, method, 0)
        features, _ = Features.both(originals, originals, QualityConfig())
        return [prepare, deidentify.encode, deidentify, features]

    def run(made: list[Any]) -> list[bytes]:
        sample = dataset.samples[0]
        artefacts = []
        for stage in made:
            (artefact,) = stage.compute([sample], store, "cpu")
            store.write(stage.name, stage.key(sample), stage.suffix, artefact)
            artefacts.append(artefact)
        return artefacts

    before = stages()
    first = run(before)
    for path in (hand, unet):
        renamed(other(path), path)
    again = run(before)  # loaded once, they are of the keys still
    assert again == first
    second = run(stages())
    assert all(one != two for one, two in zip(first, second, strict=True))
    with pytest.raises(RequestError, match=CHANGED):
        run(before)


def test_deid_refuses_weights_that_are_not_those_of_its_results_keys(tmp_path: Path) -> None:
    hand = embedded("hand", paths.weights_dir)(tmp_path)
    asked = deidentification.Deidentification(
        MaskConfig(), EmbeddedConfig(weights=str(hand), hands=2), SegmenterConfig()
    )
    settings = asked.settings()
    (tmp_path / "a.png").write_bytes(encode_png(PHOTO.image))
    job = Job(tmp_path / "a.png", "a.png", (tmp_path / "out.png",), "png")
    task = Task(job, {}, {}, asked, settings, None, "cpu")
    renamed(other(hand), hand)
    deidentification.LOADED.clear()  # as in a worker process
    with pytest.raises(RequestError, match=f"The detector {CHANGED}"):
        deidentify_photo(task)
    assert not (tmp_path / "out.png").exists()
    task = task._replace(settings=asked.settings())
    assert deidentify_photo(task).failure is None
    assert decode((tmp_path / "out.png").read_bytes(), Path("out.png")).pixels.shape == PHOTO.image.shape


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
