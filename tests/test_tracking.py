"""A tracker sees finished results, keeps its files in the results folder, and never fails a run."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from palmbench.errors import RequestError
from palmbench.tracking import NoTracker, open_tracker

POINT = {"dataset": "synth", "method": "blur", "fusion": "", "alpha": None, "recognizer": "mtcc"}
KEY = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Config:
    name: str = "wandb"
    project: str = "palmbench"
    mode: str = "offline"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "")


def _feed(tracker, folder):
    picture = folder / "sheet.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(picture)
    tracker.start(POINT, KEY)
    tracker.log_summary({"rr": 95.0, "lpips": None})
    tracker.log_table("metrics", [{"metric": "rr", "value": 95.0}, {"metric": "dir", "value": 90.0}])
    tracker.log_image(picture)
    tracker.finish()


def test_without_a_tracker_nothing_is_written(tmp_path):
    tracker = open_tracker(Config(name="none"), tmp_path / "results")
    assert isinstance(tracker, NoTracker)
    _feed(tracker, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_an_unknown_tracker_is_a_bad_request():
    with pytest.raises(RequestError, match="did you mean wandb"):
        open_tracker(Config(name="wandbb"), "results")


def test_a_missing_package_is_one_warning_and_the_run_goes_on(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with caplog.at_level(logging.WARNING):
        tracker = open_tracker(Config(), tmp_path)
    assert [record.getMessage() for record in caplog.records] == [
        "tracker=wandb needs the package wandb, so nothing is tracked: pip install 'palmbench[wandb]'."
    ]
    _feed(tracker, tmp_path)


def test_every_failure_is_one_line(tmp_path, monkeypatch, caplog):
    class Broken:
        summary = property(lambda self: (_ for _ in ()).throw(OSError("disk\nfull")))

        def log(self, values):
            raise ConnectionError("no network")

        def finish(self):
            raise RuntimeError

    module = SimpleNamespace(init=lambda **_: Broken(), Settings=dict, Table=dict, Image=str)
    monkeypatch.setitem(sys.modules, "wandb", module)
    with caplog.at_level(logging.WARNING):
        _feed(open_tracker(Config(), tmp_path), tmp_path)
    assert [record.getMessage() for record in caplog.records] == [
        "wandb could not log summary: disk full",
        "wandb could not log table: no network",
        "wandb could not log image: no network",
        "wandb could not finish: RuntimeError",
    ]


def test_a_run_that_could_not_start_logs_nothing_more(tmp_path, monkeypatch, caplog):
    def refuse(**_):
        raise ValueError("not logged in")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=refuse, Settings=dict))
    with caplog.at_level(logging.WARNING):
        _feed(open_tracker(Config(mode="online"), tmp_path), tmp_path)
    assert [record.getMessage() for record in caplog.records] == ["wandb could not start: not logged in"]


def test_wandb_keeps_an_offline_run_named_by_its_key_below_the_results(tmp_path, monkeypatch, caplog):
    pytest.importorskip("wandb")
    results = tmp_path / "results"
    with caplog.at_level(logging.WARNING):
        _feed(open_tracker(Config(), results), tmp_path)
    assert caplog.records == []
    assert len(list(results.glob(f"wandb/offline-run-*/run-{KEY}.wandb"))) == 1
    assert [path.name for path in results.iterdir()] == ["wandb"]
    assert {path.name for path in tmp_path.iterdir()} == {"results", "sheet.png"}
