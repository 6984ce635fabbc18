"""What a folder of results holds is listed, and of its store only what no listed run needs is removed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.base.images import write_png
from palmbench.base.store import Store
from palmbench.commands.cli import main
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import FolderDatasetConfig, SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.stages.artefacts import Artefacts
from recognizers.common.errors import RequestError
from tests.finished_runs import done


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A finished run of two photos in a folder; another method's is beside it."""
    place = tmp_path_factory.mktemp("computed")
    dataset = Pipeline.of(RunConfig(dataset=SynthConfig(identities=2, samples=1))).dataset
    for sample in dataset.samples:
        write_png(place / "photos" / sample.identity / f"{sample.id}.png", dataset.photo(sample))
    mask = RunConfig(
        dataset=FolderDatasetConfig("folder", root=str(place / "photos")),
        method=MaskConfig(),
        executor=ExecutorConfig(devices=("cpu",), workers=1),
        results_dir=str(place / "results"),
    )
    assert done(mask, replace(mask, method=BlurConfig())).status == 0
    return mask


@pytest.fixture
def finished(computed: RunConfig, tmp_path: Path) -> RunConfig:
    """A copy of both runs and of their photos."""
    shutil.copytree(Path(computed.results_dir).parent, tmp_path / "copy")
    dataset = FolderDatasetConfig("folder", root=str(tmp_path / "copy" / "photos"))
    of = replace(computed, dataset=dataset, results_dir=str(tmp_path / "copy" / "results"))
    for run in Run.all(of.results_dir):
        run.write_config(replace(run.config, dataset=dataset))
    return of


def files(of: RunConfig) -> set[Path]:
    return {path for path in Path(of.results_dir).rglob("*") if path.is_file()}


def prune(of: RunConfig, *flags: str) -> int:
    return main(["store", "prune", f"results_dir={of.results_dir}", *flags])


def test_runs_are_listed_with_their_point_and_their_rejection_rate(
    finished: RunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    (Run.of(finished).folder / "record.json").unlink()
    assert main(["runs", f"results_dir={finished.results_dir}"]) == 0
    unfinished, line, total = capsys.readouterr().out.splitlines()
    assert "unfinished" in unfinished and "mask on folder" in unfinished
    assert "blur sigma 4 on folder, mtcc yan" in line and "RR" in line
    assert total.startswith("2 runs in ") and "1 unfinished" in total
    assert main(["runs", "--json", f"results_dir={finished.results_dir}"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert not first["finished"] and second["finished"] and second["metrics"]["ssim"]["n"] == 2


def test_what_runs_need_stays(finished: RunConfig, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(finished)
    assert prune(finished, "--yes") == 0
    assert files(finished) == before and "is needed by a run" in capsys.readouterr().out


def test_an_unfinished_run_keeps_what_it_has(finished: RunConfig) -> None:
    (Run.of(finished).folder / "record.json").unlink()
    before = files(finished)
    assert prune(finished, "--yes") == 0
    assert files(finished) == before


def test_pruning_says_what_it_would_remove_and_removes_it_when_told_to(
    finished: RunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline, store = Pipeline.of(finished), Store.of(finished.results_dir)
    own = {stage.name: Artefacts(stage, store).path(pipeline.samples[0]) for stage, _ in pipeline.steps}
    strange = [store.root / name for name in ("hands/00/notes.txt", f"hands/00/{0:032d}.npz", "mine/a")]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not ours")
    store.write("cuts", "a" * 32, ".npz", b"a training's")
    shutil.rmtree(Run.of(finished).folder)
    before = files(finished)
    assert prune(finished) == 0
    said = capsys.readouterr().out
    assert "deidentified                2" in said and "--yes" in said and files(finished) == before
    assert prune(finished, "--yes") == 0
    gone = before - files(finished)
    assert {own[name] for name in ("deidentified", "quality", "hands_after", "templates_after", "usability")} <= gone
    # The other run has the same originals.
    assert gone.isdisjoint({own[name] for name in ("hands", "templates", "features")})
    assert gone.isdisjoint(strange) and gone.isdisjoint((store.root / "cuts").rglob("*"))
    again = done(replace(finished, method=BlurConfig()))
    assert " 0 computed, 0 failed" in again.out


@pytest.mark.parametrize("change", ["gone", "others", "settings"])
def test_nothing_is_removed_where_nobody_can_tell_what_a_run_needs(
    finished: RunConfig, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = Path(str(finished.dataset.root))  # type: ignore[union-attr]
    if change == "gone":
        photos.rename(photos.with_name("away"))
    elif change == "others":
        next(photos.rglob("*.png")).unlink()
    else:
        (Run.of(finished).folder / "config.yaml").write_text("method: {name: gone}\n")
    before = files(finished)
    assert prune(finished, "--yes") == 2
    assert "Nothing is removed" in capsys.readouterr().err and files(finished) == before


def test_of_data_sets_that_have_moved_the_new_place_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--layout", "iitd", "--identities", "2", "--samples", "1", "--size", "320x240"]
    assert main(["data", "export", "synth", *small, "--out", str(tmp_path / "data" / "iitd")]) == 0
    results = f"results_dir={tmp_path / 'results'}"
    assert main(["dataset=iitd", "method=mask", f"data_dir={tmp_path / 'data'}", results]) in (0, 3)
    (tmp_path / "data").rename(tmp_path / "moved")
    assert main(["store", "prune", results, f"data_dir={tmp_path}"]) == 2
    assert main(["store", "prune", results, f"data_dir={tmp_path / 'moved'}"]) == 0
    assert "is needed by a run" in capsys.readouterr().out


def test_a_folder_of_results_is_named_as_for_a_run(
    finished: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(finished.results_dir).rename(tmp_path / "a,b")
    monkeypatch.setenv("HOME", str(tmp_path))
    for command in (["runs"], ["store"], ["store", "prune"]):
        assert main([*command, 'results_dir="~/a,b"']) == 0
        assert str(tmp_path / "a,b") in capsys.readouterr().out
        assert main([*command, "results_dir=~/a,b"]) == main([*command, "method=blur"]) == 2


def test_where_no_run_is_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", f"results_dir={tmp_path}"]) == 0
    assert f"no run in {tmp_path}" in capsys.readouterr().out
    assert main(["runs", f"results_dir={tmp_path / 'absent'}"]) == 2
    assert f"no folder {tmp_path / 'absent'}" in capsys.readouterr().err


def test_a_run_knows_its_settings_again(finished: RunConfig) -> None:
    assert Run.of(finished).config == finished
    with pytest.raises(RequestError, match="remove its folder"):
        (Run.of(finished).folder / "config.yaml").write_text("[")
        assert Run.of(finished).config


def test_a_run_from_before_there_were_several_devices_is_read(finished: RunConfig) -> None:
    path = Run.of(finished).folder / "config.yaml"
    written = path.read_text()
    path.write_text(written.replace("  devices:\n  - cpu\n", "  device: cpu\n"))
    assert path.read_text() != written
    assert Run.of(finished).config == finished
