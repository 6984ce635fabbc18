"""A tracker sees finished results, keeps its files in the results folder, and never fails a run."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import palmbench.tracking
from palmbench.tracking import Arrived, Findings, TrackedRun, hand_over, names, open_tracker
from recognizers.common.errors import RequestError

RUN = TrackedRun("0123456789abcdef-01234567", "synth blur, mtcc", "synth-blur-01234567", ("synth", "blur"), {"seed": 0})
ROWS = [{"metric": "rr", "value": 95.0}, {"metric": "lpips", "value": None}]
STEPS = ("start", "log_summary", "log_table", "log_image", "finish")


@dataclass(frozen=True)
class Config:
    name: str = "wandb"
    project: str = "palmbench"
    mode: str = "offline"


class Recorder:
    """A tracker that keeps what it is given, and fails at one step."""

    def __init__(self, broken: str = "") -> None:
        self.broken, self.seen = broken, []

    def _take(self, step: str, *what: object) -> None:
        if step == self.broken:
            raise OSError("disk\nfull")
        self.seen.append((step, *what))

    def start(self, run: TrackedRun) -> None:
        self._take("start", run.id)

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        self._take("log_summary", metrics)

    def log_table(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        self._take("log_table", name)

    def log_image(self, name: str, path: Path) -> None:
        self._take("log_image", name)

    def finish(self) -> None:
        self._take("finish")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TRACKIO_DIR", "")


@pytest.fixture
def findings(tmp_path):
    picture = tmp_path / "sheet.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(picture)
    return Findings({"rr": 95.0, "lpips": None}, {"rows": ROWS, "nothing": []}, {"preview": picture})


def test_without_a_tracker_nothing_is_written(tmp_path):
    assert open_tracker(Config(name="none"), tmp_path / "results") is None
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_tracker_is_a_bad_request():
    with pytest.raises(RequestError, match="wandbb"):
        open_tracker(Config(name="wandbb"), "results")


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_a_missing_package_is_one_warning_that_says_how_to_install_it(name, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, name, None)
    with caplog.at_level(logging.WARNING):
        assert open_tracker(Config(name=name), tmp_path) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"tracker={name} needs the package {name}, so nothing is tracked: pip install 'palmbench[{name}]'."
    ]


def test_a_tracker_without_a_place_is_one_warning(tmp_path, caplog):
    (tmp_path / "wandb").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        assert open_tracker(Config(), tmp_path) is None
    assert len(caplog.records) == 1 and "cannot be opened" in caplog.text


def test_all_of_a_run_arrives_without_what_was_not_measured(findings):
    tracker = Recorder()
    assert hand_over(tracker, "it", RUN, findings) is Arrived.ALL
    assert tracker.seen == [
        ("start", RUN.id), ("log_summary", {"rr": 95.0}), ("log_table", "rows"), ("log_image", "preview"), ("finish",),
    ]  # fmt: skip


@pytest.mark.parametrize("broken", STEPS)
def test_a_step_that_fails_is_one_line_and_the_others_are_tried(broken, findings, caplog):
    tracker = Recorder(broken)
    with caplog.at_level(logging.WARNING):
        arrived = hand_over(tracker, "it", RUN, findings)
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("it could not ")
    assert caplog.records[0].getMessage().endswith(": disk full")
    assert arrived is (Arrived.NOTHING if broken == "start" else Arrived.PART)
    expected = [] if broken == "start" else [step for step in STEPS if step != broken]
    assert [step for step, *_ in tracker.seen] == expected


@pytest.mark.parametrize("broken", STEPS)
def test_a_tracker_that_leaves_the_program_is_one_line_and_the_run_goes_on(broken, findings, caplog, monkeypatch):
    tracker = Recorder()
    monkeypatch.setattr(tracker, broken, lambda *_: sys.exit(0))
    with caplog.at_level(logging.WARNING):
        assert hand_over(tracker, "it", RUN, findings) is (Arrived.NOTHING if broken == "start" else Arrived.PART)
    (record,) = caplog.records
    assert "sys.exit" in record.getMessage()


@pytest.mark.parametrize("at", ["import", "opening"])
def test_a_tracker_that_leaves_the_program_before_it_is_open_tracks_nothing(at, tmp_path, monkeypatch, caplog):
    def leave(*_):
        sys.exit()

    point = SimpleNamespace(name="mine", load=leave if at == "import" else lambda: leave)
    monkeypatch.setattr(palmbench.tracking, "entry_points", lambda group: [point])
    with caplog.at_level(logging.WARNING):
        assert open_tracker(Config(name="mine"), tmp_path) is None
    (record,) = caplog.records
    assert "sys.exit" in record.getMessage()


def test_what_fails_for_one_reason_is_one_line(findings, caplog, monkeypatch):
    def full(*_):
        raise OSError("disk\nfull")

    tracker = Recorder()
    for step in ("log_table", "log_image", "finish"):
        monkeypatch.setattr(tracker, step, full)
    with caplog.at_level(logging.WARNING):
        assert hand_over(tracker, "it", RUN, findings) is Arrived.PART
    (record,) = caplog.records
    assert record.getMessage() == (
        f"it could not log the table rows, log the image preview, finish {RUN.name}: disk full"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_that_a_tracker_cannot_write_is_not_told_line_by_line(tmp_path, monkeypatch, capsys):
    def opened(config, folder):
        own = logging.getLogger("a tracker's own")
        own.addHandler(logging.FileHandler("/dev/full", delay=True))
        own.propagate = False
        for _ in range(20):
            own.error("a line")

    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(
        palmbench.tracking, "entry_points", lambda group: [SimpleNamespace(name="mine", load=lambda: opened)]
    )
    open_tracker(Config(name="mine"), tmp_path)
    assert capsys.readouterr().err == ""


def test_another_package_adds_a_tracker(tmp_path, monkeypatch):
    def added(group):
        assert group == "palmbench.trackers"
        return [SimpleNamespace(name="mine", load=lambda: lambda config, folder: (config.project, folder))]

    monkeypatch.setattr(palmbench.tracking, "entry_points", added)
    assert names() == ["mine", "none", "trackio", "wandb"]
    assert open_tracker(Config(name="mine"), tmp_path) == ("palmbench", tmp_path / "mine")


def test_a_tracker_that_ends_the_program_is_one_warning(tmp_path, findings, monkeypatch, caplog):
    leaving = SimpleNamespace(name="mine", load=lambda: lambda config, folder: sys.exit(0))
    monkeypatch.setattr(palmbench.tracking, "entry_points", lambda group: [leaving])
    tracker = Recorder()
    tracker.log_summary = lambda metrics: sys.exit("my own way out")
    with caplog.at_level(logging.WARNING):
        assert open_tracker(Config(name="mine"), tmp_path) is None
        assert hand_over(tracker, "it", RUN, findings) is Arrived.PART
    assert [re.findall(r"sys\.exit\(.*?\)", record.getMessage()) for record in caplog.records] == [
        ["sys.exit(0)"], ["sys.exit('my own way out')"],
    ]  # fmt: skip


def test_trackio_keeps_one_run_however_often_it_is_given(tmp_path, findings, monkeypatch, capsys):
    if find_spec("trackio") is None:  # not imported here: it reads its folder once
        pytest.skip("trackio is not installed")
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/somewhere")  # offline means that it is not asked
    tracker = open_tracker(Config(name="trackio"), tmp_path / "results")
    for _ in range(2):
        assert hand_over(tracker, "trackio", RUN, findings) is Arrived.ALL
    from trackio.sqlite_storage import SQLiteStorage

    assert capsys.readouterr().out == ""
    [name] = SQLiteStorage.get_runs("palmbench")
    assert name.startswith(RUN.name)
    config = SQLiteStorage.get_run_config("palmbench", name)
    assert (config["id"], config["_Group"], config["tags"]) == (RUN.id, RUN.group, list(RUN.tags))
    [logged] = SQLiteStorage.get_logs("palmbench", name)
    assert logged["rr"] == 95.0 and logged["rows"]["_value"] == ROWS
    assert len(list((tmp_path / "results" / "trackio").glob("media/**/*.png"))) == 1
