"""What a sweep leaves for Weights & Biases, read back from the offline files."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from palmbench.engine.run import Run
from palmbench.report.rows import COLUMNS, rows_of, to_csv

pytest.importorskip("wandb")
ROOT = Path(__file__).resolve().parents[2]
SWEEP = ("method=mask,blur", "dataset.identities=3", "dataset.samples=2", "executor.workers=1")
BLOCK, HEADER = 32768, 7
# Tracks one table and prints every file that Python opened for writing.
TRACK_A_TABLE = """
import sys
from pathlib import Path
from types import SimpleNamespace

def note(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        print(arguments[0])

sys.addaudithook(note)
from palmbench.tracking import Findings, TrackedRun, hand_over, open_tracker

tracker = open_tracker(SimpleNamespace(name="wandb", project="palmbench", mode="offline"), Path(sys.argv[1]))
run = TrackedRun("0123-4567", "synth blur", "synth-4567", (), {})
hand_over(tracker, "wandb", run, Findings({}, {"rows": [{"metric": "rr", "value": 95.0}]}))
"""
pytestmark = pytest.mark.slow


class Offline(NamedTuple):
    """An offline run: its folder, its `run` record, its settings, its summary and its tables and images by name."""

    folder: Path
    run: Any
    config: dict[str, Any]
    summary: dict[str, Any]
    media: dict[str, Path]
    finished: bool


def records(path: Path) -> Iterator[Any]:
    """Records of a .wandb file: LevelDB's log format behind seven bytes, each record a protobuf message of wandb's."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), HEADER, b""
    assert data.startswith(b":W&B")
    while at + HEADER <= len(data):
        if (left := BLOCK - at % BLOCK) < HEADER:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        parts += data[at + HEADER : at + HEADER + length]
        at += HEADER + length
        if kind in (1, 4):  # full, last
            yield Record.FromString(parts)
            parts = b""


def read_back(folder: Path) -> Offline:
    [path] = folder.glob("run-*.wandb")
    run, summary, finished = None, {}, False
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
        elif kind == "summary":
            for item in record.summary.update:
                place, *keys = [*item.nested_key] or [item.key]
                found = summary
                for key in keys:
                    found, place = found.setdefault(place, {}), key
                found[place] = json.loads(item.value_json)
        finished = finished or kind == "exit"
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    media = {name: folder / "files" / v["path"] for name, v in summary.items() if isinstance(v, dict) and "path" in v}
    return Offline(folder, run, config, summary, media, finished)


def offline_runs(results: Path) -> dict[str, Offline]:
    found = [read_back(folder) for folder in sorted(results.glob("wandb/offline-run-*"))]
    return {run.config["method"]: run for run in found}


def palmbench(results: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "MPL", "XDG"))}
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "palmbench", *SWEEP, f"results_dir={results}", *words],
        cwd=ROOT, env={**environment, "HOME": str(home)}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def untracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untracked")
    palmbench(folder / "results", folder / "home")
    return folder / "results"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracked")
    palmbench(folder / "results", folder / "home", "tracker=wandb")
    return folder / "results"


def test_offline_files_hold_the_sweep(tracked: Path) -> None:
    runs = offline_runs(tracked)
    assert set(runs) == {"mask", "blur"}
    assert len({offline.run.run_group for offline in runs.values()}) == 1
    for method, offline in runs.items():
        folder = tracked / "runs" / offline.config["key"]
        metrics = json.loads((folder / "metrics.json").read_text())
        group = offline.run.run_group
        assert group.startswith("synth-method-")
        assert offline.run.run_id == f"{folder.name}-{group[-8:]}"
        assert offline.run.project == "palmbench" and not offline.run.host
        assert set(offline.run.tags) == {"synth", method, "mtcc"}
        assert {name: offline.config[name] for name in metrics["point"]} == metrics["point"]
        assert offline.config["settings"]["dataset"]["identities"] == 3
        for name, found in metrics["metrics"].items():
            if found["value"] is not None:
                assert offline.summary[name] == pytest.approx(float(found["value"]), rel=1e-9)
                assert (f"{name}_lo" in offline.summary) == (found.get("lo") is not None)
        assert (offline.summary["n"], offline.summary["failures"]) == (6, 0)
        assert offline.finished


def test_the_table_has_the_rows_of_the_csv(tracked: Path) -> None:
    for offline in offline_runs(tracked).values():
        table = json.loads(offline.media["rows"].read_text())
        (run,) = [run for run in Run.all(tracked) if run.key == offline.config["key"]]
        assert run.result and table["columns"] == list(COLUMNS)
        expected = list(csv.reader(io.StringIO(to_csv(rows_of([run.result])))))[1:]
        text = [
            ["" if v is None else v if isinstance(v, str) else format(v, ".10g") for v in row] for row in table["data"]
        ]
        assert text == expected


def test_pictures_are_those_of_the_run(tracked: Path) -> None:
    for offline in offline_runs(tracked).values():
        for name in ("distributions", "preview"):
            kept = tracked / "runs" / offline.config["key"] / f"{name}.png"
            assert offline.media[name].read_bytes() == kept.read_bytes()
            Image.open(kept).verify()


def test_nothing_lies_outside_the_results(tracked: Path) -> None:
    assert list((tracked.parent / "home").rglob("*")) == []


def test_no_table_is_made_up_outside_the_results(tmp_path: Path) -> None:
    results, temporary = tmp_path / "results", tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", TRACK_A_TABLE, str(results)],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tables = [Path(line) for line in done.stdout.splitlines() if line.endswith(".table.json")]
    assert tables and all(path.is_relative_to(results) for path in tables)


def test_a_tracker_changes_no_result(tracked: Path, untracked: Path) -> None:
    runs = sorted(folder.name for folder in (untracked / "runs").iterdir())
    assert runs == sorted(folder.name for folder in (tracked / "runs").iterdir())
    for run in runs:
        one, other = (results / "runs" / run for results in (untracked, tracked))
        for name in ("metrics.json", "scores.parquet", "errors.jsonl"):
            assert (one / name).read_bytes() == (other / name).read_bytes()
        first, second = (json.loads((folder / "record.json").read_text()) for folder in (one, other))
        for record in (first, second):
            for stage in record["stages"].values():
                del stage["seconds"]
            # The seal is of all of it, seconds and memory too.
            del record["written"], record["memory"], record["sha256"]
        assert first == second
        assert not (one / "preview.png").exists()


def test_what_was_finished_is_tracked_later_once_and_again_if_it_was_killed(untracked: Path, tmp_path: Path) -> None:
    results, home = tmp_path / "results", tmp_path / "home"
    shutil.copytree(untracked, results)
    palmbench(results, home, "tracker=wandb")
    first = offline_runs(results)
    assert set(first) == {"mask", "blur"}
    again = palmbench(results, home, "tracker=wandb")
    assert again.stderr.count("has what was tracked before") == 1
    assert {run.folder for run in offline_runs(results).values()} == {run.folder for run in first.values()}
    killed = first["blur"]
    (results / "wandb" / "tracked" / f"{killed.run.run_id}.json").unlink()
    palmbench(results, home, "tracker=wandb")
    last = offline_runs(results)
    assert len(list(results.glob("wandb/offline-run-*"))) == 2
    assert last["mask"].folder == first["mask"].folder and last["blur"].run.run_id == killed.run.run_id
    assert last["blur"].finished
