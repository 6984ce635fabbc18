"""Trackio as a tracker: a database below the results folder, no account and no server."""

from __future__ import annotations

import importlib
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from pathlib import Path
from typing import Any

from palmbench.tracking.tracker import TableRow, TrackedRun, TrackerSettings

_ELSEWHERE = (
    "TRACKIO_SPACE_ID",
    "TRACKIO_SERVER_URL",
    "TRACKIO_BUCKET_ID",
    "TRACKIO_DATASET_ID",
    "TRACKIO_WEBHOOK_URL",
)


class TrackioTracker:
    """One Trackio run for each palmbench run; `TRACKIO_DIR=<folder> trackio show` shows them.

    Parameters
    ----------
    config : TrackerSettings
        `mode` "online" sends to what `TRACKIO_SPACE_ID` or `TRACKIO_SERVER_URL` names; "offline" ignores them.
    folder : Path
        Everything that is kept lies in it.
    """

    def __init__(self, config: TrackerSettings, folder: Path) -> None:
        self._project, self._folder = config.project, folder
        os.environ["TRACKIO_DIR"] = str(folder)
        if config.mode != "online":
            for variable in _ELSEWHERE:
                os.environ.pop(variable, None)
        self._trackio: Any = importlib.import_module("trackio")
        kept = Path(self._trackio.utils.TRACKIO_DIR)
        if kept != folder:
            raise RuntimeError(f"trackio reads its folder once a process, and it is {kept}, not {folder}")
        self._values: dict[str, Any] = {}

    def start(self, run: TrackedRun) -> None:
        # Trackio has no ids of ours: the name has to be one.
        name = f"{run.name} {run.id[:8]}-{run.id[-8:]}"
        with _quiet():
            for old in self._runs():
                if old.name == name:
                    old.delete()
            for project in (self._folder / "media").glob("*"):
                shutil.rmtree(project / name, ignore_errors=True)  # which deleting a run leaves
            self._trackio.init(
                project=self._project,
                name=name,
                group=run.group,
                config={**run.config, "id": run.id, "tags": list(run.tags)},
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
        self._values = {}

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        self._values |= metrics

    def log_table(self, name: str, rows: Sequence[TableRow]) -> None:
        columns = list(rows[0])
        self._values[name] = self._trackio.Table(
            columns=columns, data=[[row[each] for each in columns] for row in rows]
        )

    def log_image(self, name: str, path: Path) -> None:
        self._values[name] = self._trackio.Image(str(path))

    def finish(self) -> None:
        # Together: each log is a step of its own, and a finished run has one.
        with _quiet():
            self._trackio.log(self._values)
            self._trackio.finish()

    def _runs(self) -> list[Any]:
        try:
            return list(self._trackio.Api().runs(self._project))
        except ValueError:  # the project's first run
            return []


def _quiet() -> AbstractContextManager[object]:
    """Trackio tells its progress on standard output, which is for results."""
    return redirect_stdout(io.StringIO())
