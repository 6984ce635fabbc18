"""Weights & Biases as a tracker: offline unless told otherwise, its files below the results folder."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from palmbench.tracking.tracker import TrackerSettings

log = logging.getLogger(__name__)

_MODES = ("offline", "online")
_FOLDERS = {"WANDB_DATA_DIR": "data", "WANDB_CACHE_DIR": "cache", "WANDB_CONFIG_DIR": "config"}


def _harmless(method: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def guarded(self: WandbTracker, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:  # a tracker's trouble, whatever it is, must not become the run's
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("wandb could not %s: %s", method.__name__.replace("_", " "), reason)

    return guarded


class WandbTracker:
    """One W&B run for each palmbench run; its id is the run's key, so that a repeated run is the same W&B run."""

    def __init__(self, module: Any, config: TrackerSettings, results_dir: Path) -> None:
        self._wandb = module
        self._project = config.project
        self._mode = config.mode if config.mode in _MODES else "offline"
        self._results_dir = results_dir
        self._run: Any = None

    @_harmless
    def start(self, point: Mapping[str, Any], key: str) -> None:
        self._run = None
        self._run = self._wandb.init(
            project=self._project,
            id=key,
            name=_name_of(point) or key,
            config=_plain(point),
            mode=self._mode,
            dir=str(self._results_dir),
            resume="allow" if self._mode == "online" else None,
            settings=self._wandb.Settings(console="off", silent=True, disable_git=True, save_code=False),
        )

    @_harmless
    def log_summary(self, metrics: Mapping[str, float | None]) -> None:
        if self._run is not None:
            self._run.summary.update({name: value for name, value in metrics.items() if value is not None})

    @_harmless
    def log_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._run is not None and rows:
            columns = list(rows[0])
            data = [[row.get(column) for column in columns] for row in rows]
            self._run.log({name: self._wandb.Table(columns=columns, data=data)})

    @_harmless
    def log_image(self, path: Path) -> None:
        if self._run is not None:
            self._run.log({Path(path).stem: self._wandb.Image(str(path))})

    @_harmless
    def finish(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.finish()


def open_wandb(config: TrackerSettings, results_dir: Path) -> WandbTracker | None:
    """The tracker, or None with one warning when the package is missing or its folder cannot be made."""
    results_dir = results_dir.resolve()
    try:
        for variable, name in _FOLDERS.items():
            place = results_dir / "wandb" / name
            place.mkdir(parents=True, exist_ok=True)
            os.environ[variable] = str(place)
        os.environ["WANDB_DIR"] = str(results_dir)  # wandb adds its own "wandb" to it
        if config.mode != "online":
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        module = importlib.import_module("wandb")
    except ImportError:
        log.warning("tracker=wandb needs the package wandb, so nothing is tracked: pip install 'palmbench[wandb]'.")
        return None
    except OSError as error:
        log.warning("wandb has no place for its files, so nothing is tracked: %s", error)
        return None
    return WandbTracker(module, config, results_dir)


def _name_of(point: Mapping[str, Any]) -> str:
    parts = [point.get(name) for name in ("dataset", "method", "fusion", "alpha", "recognizer")]
    return " ".join(str(part) for part in parts if part not in (None, "") and not isinstance(part, Mapping))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
