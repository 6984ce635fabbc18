"""Experiment trackers: they see finished results, and never cost a run anything."""

from __future__ import annotations

from pathlib import Path

from palmbench.errors import RequestError
from palmbench.hints import not_found
from palmbench.tracking.tracker import NoTracker, Tracker, TrackerSettings

__all__ = ["NoTracker", "Tracker", "TrackerSettings", "open_tracker"]

TRACKERS = ("none", "wandb")


def open_tracker(config: TrackerSettings, results_dir: str | Path) -> Tracker:
    """The tracker that the settings name: "none", or "wandb" with its files below `results_dir`/wandb.

    A tracker whose package is not installed is replaced by none, with one warning that says how to install it.

    Raises
    ------
    RequestError
        If there is no such tracker.
    """
    if config.name == "none":
        return NoTracker()
    if config.name == "wandb":
        from palmbench.tracking.wandb import open_wandb

        return open_wandb(config, Path(results_dir)) or NoTracker()
    raise RequestError(not_found(f"there is no tracker {config.name}", config.name, TRACKERS))
