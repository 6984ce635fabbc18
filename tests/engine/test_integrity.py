"""What a run reports is what it computed: artefacts and records that vanish, change or change places are made again."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.base.store import Store
from palmbench.commands.cli import main
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Measured, Outcome, Pipeline
from palmbench.engine.records import FORMAT
from palmbench.engine.run import Run, on_finished
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.report.running import run_points
from recognizers.common.errors import RequestError
from recognizers.common.seal import sealed_record, unsealed_record
from recognizers.common.writing import json_bytes
from tests.finished_runs import done, folder

STAGES = ("templates", "templates_after", "quality", "usability", "features", "features_after", "scores")
FIELDS = {
    6: {
        "record": "batch_size checkout device failures files format items key key_version memory method packages "
                  "photos point python sha256 stages workers written",
        "stage": "computed kind seconds",
        "kind": "digest tool work",
        "metrics": "format metrics point",
        "number": "failed hi lo n std value",
    },
}  # fmt: skip
RECORDS = ("record.json", "metrics.json", "scores.parquet", "errors.jsonl")


def numbers(of: RunConfig) -> tuple[bytes, bytes]:
    return (folder(of) / "metrics.json").read_bytes(), (folder(of) / "scores.parquet").read_bytes()


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A finished run of six photos; another method's is beside it."""
    mask = RunConfig(
        dataset=SynthConfig(identities=3, samples=2),
        method=MaskConfig(),
        executor=ExecutorConfig(devices=("cpu",), workers=1),
        results_dir=str(tmp_path_factory.mktemp("computed")),
    )
    assert done(mask, replace(mask, method=BlurConfig())).status == 0
    return mask


@pytest.fixture
def finished(computed: RunConfig, tmp_path: Path) -> RunConfig:
    """A copy of the finished run, to be damaged."""
    shutil.copytree(computed.results_dir, tmp_path / "results")
    return replace(computed, results_dir=str(tmp_path / "results"))


def artefacts(of: RunConfig, stage: str) -> list[Path]:
    return sorted(path for path in (Path(of.results_dir) / "store" / stage).rglob("*") if path.is_file())


def artefacts_of(of: RunConfig) -> dict[str, Path]:
    """An artefact of each stage that is measured: this run's, whatever else the store holds."""
    pipeline, store = Pipeline.of(of), Store(Path(of.results_dir) / "store")
    stages = (pipeline.enrol_after, pipeline.quality, pipeline.usability, *pipeline.features[1:])
    return {stage.name: store.path(stage.name, stage.key(pipeline.samples[0]), stage.suffix) for stage in stages}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


@contextlib.contextmanager
def before_measuring(monkeypatch: pytest.MonkeyPatch, damage: Callable[[], None]) -> Iterator[None]:
    """What happens to the store between the last stage and the measurement; the first time only."""
    left = [damage]
    measure = Pipeline.measure

    def late(self: Pipeline, outcome: Outcome, threads: int = 1) -> Measured:
        while left:
            left.pop()()
        return measure(self, outcome, threads)

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "measure", late)
        yield
    assert not left


@pytest.mark.parametrize("damage", [Path.unlink, flip], ids=["vanished", "changed"])
def test_what_happens_to_an_artefact_before_it_is_measured_changes_no_number(
    finished: RunConfig, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    expected = numbers(finished)
    (folder(finished) / "record.json").unlink()
    shutil.rmtree(Path(finished.results_dir) / "store" / "scores")
    hit = list(artefacts_of(finished).values())
    assert len(hit) == 4 and all(path.is_file() for path in hit)

    def strike() -> None:
        for path in hit:
            damage(path)

    with before_measuring(monkeypatch, strike):
        again = done(finished)
    assert again.status == 0 and numbers(finished) == expected
    assert " 0 failed in " in again.out and "made again" in again.err
    assert Run.of(finished).result is not None


def test_an_artefact_that_is_lost_again_and_again_ends_the_run_with_a_sentence(
    finished: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder(finished) / "record.json").unlink()
    shutil.rmtree(Path(finished.results_dir) / "store" / "scores")
    measure, hit = Pipeline.measure, artefacts_of(finished)["templates_after"]

    def hostile(self: Pipeline, outcome: Outcome, threads: int = 1) -> Measured:
        hit.unlink(missing_ok=True)
        return measure(self, outcome, threads)

    monkeypatch.setattr(Pipeline, "measure", hostile)
    with pytest.raises(RequestError, match=hit.name):
        run_points([finished])
    assert Run.of(finished).result is None


@pytest.mark.parametrize("stage", STAGES)
def test_artefacts_that_changed_places_are_made_again(finished: RunConfig, stage: str) -> None:
    expected = numbers(finished)
    (folder(finished) / "record.json").unlink()
    paths = artefacts(finished, stage)
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
    again = done(finished)
    assert again.status == 0 and numbers(finished) == expected
    assert "not what was stored there" in again.err.lower()


@pytest.mark.parametrize("stage", ["photos", "hands", "deidentified"])
def test_a_damaged_artefact_that_later_stages_need_is_made_again(finished: RunConfig, stage: str) -> None:
    expected = numbers(finished)
    shutil.rmtree(folder(finished))
    for later in STAGES:
        shutil.rmtree(Path(finished.results_dir) / "store" / later)
    for path in artefacts(finished, stage):
        flip(path)
    again = done(finished)
    assert again.status == 0 and numbers(finished) == expected


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("damage", ["changed", "cut", "emptied", "vanished", "of another run", "folder"])
def test_a_record_is_believed_only_as_it_was_written(finished: RunConfig, name: str, damage: str) -> None:
    path = folder(finished) / name
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "vanished":
        path.unlink()
    elif damage == "of another run":
        other = folder(replace(finished, method=BlurConfig())) / name
        path.write_bytes(other.read_bytes() or b"{}")
    elif damage == "changed":
        place = data.rfind(b"9")
        path.write_bytes(data[:place] + b"8" + data[place + 1 :] if place >= 0 else data + b"\n")
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "cut" and data else b"" if data else b"\n")
    assert Run.of(finished).result is None


def test_a_whole_folder_of_another_run_is_no_record(finished: RunConfig) -> None:
    other = folder(replace(finished, method=BlurConfig()))
    shutil.rmtree(folder(finished))
    shutil.copytree(other, folder(finished))
    assert Run.of(finished).result is None


def test_a_record_that_is_not_believed_is_said_and_measured_again_by_the_same_command(finished: RunConfig) -> None:
    expected = numbers(finished)
    metrics = folder(finished) / "metrics.json"
    metrics.write_bytes(metrics.read_bytes().replace(b"9", b"8", 1))
    again = done(finished)
    assert again.status == 0 and numbers(finished) == expected
    assert "54 reused, 0 computed, 0 failed" in again.out
    assert again.err.count(f"{metrics} is not used") == 1


def test_what_is_asked_of_a_finished_run_s_artefacts_is_not_asked_of_what_lies_there(finished: RunConfig) -> None:
    pipeline = Pipeline.of(finished)
    gone, changed, *_ = artefacts(finished, "quality")
    gone.unlink()
    flip(changed)
    found = on_finished(pipeline, lambda outcome, store: pipeline.artefacts(pipeline.quality, outcome, store))
    assert set(found) == {sample.id for sample in pipeline.samples}


def test_another_field_in_a_run_s_files_raises_the_format_of_records(finished: RunConfig) -> None:
    record = json.loads((folder(finished) / "record.json").read_text())
    metrics = json.loads((folder(finished) / "metrics.json").read_text())
    stage = record["stages"]["measure"]
    parts = {"record": record, "stage": stage, "kind": stage["kind"], "metrics": metrics}
    found = {name: " ".join(sorted(part)) for name, part in {**parts, "number": metrics["metrics"]["ssim"]}.items()}
    assert found == FIELDS[FORMAT], "raise FORMAT in palmbench/engine/records.py, and list the fields of the new one"


def test_a_run_of_an_earlier_format_is_said_everywhere_and_measured_again(
    finished: RunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, path = numbers(finished), folder(finished) / "record.json"
    content = {**unsealed_record(path.read_bytes()), "format": FORMAT - 1}
    del content["photos"]
    path.write_bytes(json_bytes(sealed_record(content)))
    words = ["dataset=synth", "dataset.identities=3", "dataset.samples=2", f"results_dir={finished.results_dir}"]
    for command in (["runs", words[-1]], ["table", "2", *words], ["report", *words]):
        assert main(command) in (0, 2)
    assert "1 unfinished" in capsys.readouterr().out
    again = done(finished)
    assert again.status == 0 and numbers(finished) == expected
    assert "54 reused, 0 computed, 0 failed" in again.out
    assert Run.of(finished).finished
