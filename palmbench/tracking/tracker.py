"""What a tracker is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class TrackerSettings(Protocol):
    """The part of the settings a tracker reads."""

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> str: ...

    @property
    def mode(self) -> str: ...


class Tracker(Protocol):
    """Receives the finished results of runs, one run after another: start, any number of logs, finish.

    No method raises: a tracker that fails says so in one line of the log, and the run goes on.
    """

    def start(self, point: Mapping[str, Any], key: str) -> None:
        """Begin the record of a run: its settings as a plain mapping, and its key."""
        ...

    def log_summary(self, metrics: Mapping[str, float | None]) -> None:
        """The run's metrics by name; None is what was not measured."""
        ...

    def log_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows of one set of columns, under a name."""
        ...

    def log_image(self, path: Path) -> None:
        """A PNG, named by its file. The caller has made sure that the data set's terms allow it."""
        ...

    def finish(self) -> None:
        """End the record of the run."""
        ...


class NoTracker:
    """Keeps nothing: results are files, and files are enough."""

    def start(self, point: Mapping[str, Any], key: str) -> None:
        pass

    def log_summary(self, metrics: Mapping[str, float | None]) -> None:
        pass

    def log_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        pass

    def log_image(self, path: Path) -> None:
        pass

    def finish(self) -> None:
        pass
