"""Weights & Biases as a tracker: offline unless told otherwise, its files below the results folder."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from palmbench.tracking.tracker import TableRow, TrackedRun, TrackerSettings

# What wandb would else keep in the home folder. It adds its own "wandb" to WANDB_DIR.
_PLACES = {"WANDB_DATA_DIR": "data", "WANDB_CACHE_DIR": "cache", "WANDB_CONFIG_DIR": "config"}


class WandbTracker:
    """One W&B run for each palmbench run.

    Parameters
    ----------
    config : TrackerSettings
        `mode` is "offline" or "online".
    folder : Path
        Named wandb; everything that is kept lies in it.
    """

    def __init__(self, config: TrackerSettings, folder: Path) -> None:
        self._project, self._online, self._folder = config.project, config.mode == "online", folder
        for variable, name in _PLACES.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            os.environ[variable] = str(folder / name)
        os.environ["WANDB_DIR"] = str(folder.parent)
        if not self._online:
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        with _temporary_files_in(folder / "tmp"):
            self._wandb: Any = importlib.import_module("wandb")
        self._run: Any = None

    def start(self, run: TrackedRun) -> None:
        self._run = None
        if not self._online:
            # What a killed run left, or older numbers: wandb would upload both under one id.
            for old in self._folder.glob(f"offline-run-*-{run.id}"):
                if old.is_dir() and not old.is_symlink():
                    shutil.rmtree(old)
        self._run = self._wandb.init(
            project=self._project,
            id=run.id,
            name=run.name,
            group=run.group,  # named by palmbench/report/tracking_groups.py
            tags=list(run.tags),
            config=dict(run.config),
            mode="online" if self._online else "offline",
            dir=str(self._folder.parent),
            resume="allow" if self._online else None,
            # Only results: no console, no code, no host, no load of the machine.
            settings=self._wandb.Settings(
                console="off",
                silent=True,
                host="",
                disable_git=True,
                save_code=False,
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
            ),
        )

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        self._run.summary.update(dict(metrics))

    def log_table(self, name: str, rows: Sequence[TableRow]) -> None:
        columns = list(rows[0])
        data = [[row[column] for column in columns] for row in rows]
        with _temporary_files_in(self._folder / "tmp"):
            self._run.log({name: self._wandb.Table(columns=columns, data=data)}, step=0)

    def log_image(self, name: str, path: Path) -> None:
        self._run.log({name: self._wandb.Image(str(path))}, step=0)

    def finish(self) -> None:
        run, self._run = self._run, None
        run.finish()


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """wandb makes up a table in the system's temporary folder, one that it chooses when it is imported among them."""
    folder.mkdir(parents=True, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
