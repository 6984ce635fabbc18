"""Experiment trackers: they see finished results, and never cost a run anything."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from palmbench.tracking.tracker import Arrived, Findings, TrackedRun, Tracker, TrackerSettings, hand_over
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError, no_exit

__all__ = [
    "ENTRY_POINTS",
    "Arrived",
    "Findings",
    "TrackedRun",
    "Tracker",
    "TrackerSettings",
    "hand_over",
    "names",
    "open_tracker",
]

TRACKERS = {
    "wandb": "palmbench.tracking.wandb:WandbTracker",
    "trackio": "palmbench.tracking.trackio:TrackioTracker",
}
ENTRY_POINTS = "palmbench.trackers"
log = logging.getLogger(__name__)


def names() -> list[str]:
    """Names that `open_tracker` knows: none, ours, and those that installed packages add under `palmbench.trackers`."""
    return sorted({"none", *TRACKERS, *_added()})


def open_tracker(config: TrackerSettings, results_dir: str | Path) -> Tracker | None:
    """The tracker that the settings name, with its files below `results_dir`/<name>; None for "none".

    One that cannot be opened is one warning that says why, and None: results are files, and files are enough.

    Raises
    ------
    RequestError
        If there is no such tracker.
    """
    name = config.name
    if name == "none":
        return None
    if name not in names():
        raise RequestError(not_found(f"there is no tracker {name}", name, names()))
    # A log of its own that a tracker cannot write is no trace of a defect for every line of it.
    logging.raiseExceptions = False
    folder = Path(results_dir).resolve() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with no_exit("it"):
            return _find(name)(config, folder)
    except ModuleNotFoundError as error:
        how = f"pip install 'palmbench[{name}]'" if name in TRACKERS else "install it"
        log.warning("tracker=%s needs the package %s, so nothing is tracked: %s.", name, error.name, how)
    except Exception as error:  # a tracker's trouble, whatever it is, must not become the run's
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("tracker=%s cannot be opened, so nothing is tracked: %s", name, reason)
    return None


def _find(name: str) -> Callable[[TrackerSettings, Path], Tracker]:
    if name in TRACKERS:
        module, _, attribute = TRACKERS[name].partition(":")
        return getattr(import_module(module), attribute)
    return _added()[name].load()


def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS) if point.name not in ("none", *TRACKERS)}
