"""What a tracker is, what it is given, and that its trouble never becomes a run's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from recognizers.common.errors import no_exit

log = logging.getLogger(__name__)

TableRow = Mapping[str, str | float | None]


class TrackerSettings(Protocol):
    """The part of the settings a tracker reads."""

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> str: ...

    @property
    def mode(self) -> str: ...


@dataclass(frozen=True)
class TrackedRun:
    """What a finished run is called.

    Attributes
    ----------
    id : str
        The run's key and the last eight digits of the group: the same run in the same sweep has the same id.
    name : str
        For people.
    group : str
        The sweep.
    tags : tuple of str
    config : mapping
        Resolved settings, nested and plain: None, bool, int, float, str, and lists and mappings of them.
    """

    id: str
    name: str
    group: str
    tags: tuple[str, ...]
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What a finished run found.

    Attributes
    ----------
    summary : mapping of str to float or None
        None is what was not measured.
    tables : mapping of str to sequence of rows
        Rows of one table have the same columns.
    images : mapping of str to Path
        PNG files. The data set's terms allow them.
    """

    summary: Mapping[str, float | None]
    tables: Mapping[str, Sequence[TableRow]] = field(default_factory=dict)
    images: Mapping[str, Path] = field(default_factory=dict)


class Tracker(Protocol):
    """Receives finished runs one after another: start, any number of logs, finish. A method may raise; see `hand_over`.

    The same id can come again, after a run that was killed or that has other numbers now: it takes the old one's place.
    """

    def start(self, run: TrackedRun) -> None:
        """Begin the record of a run."""
        ...

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """The run's numbers by name."""
        ...

    def log_table(self, name: str, rows: Sequence[TableRow]) -> None:
        """Rows of one set of columns, at least one, under a name."""
        ...

    def log_image(self, name: str, path: Path) -> None:
        """A PNG under a name."""
        ...

    def finish(self) -> None:
        """End the record of the run: when this returns, it is on disk or has been sent."""
        ...


class Arrived(Enum):
    """How much of a run reached a tracker."""

    ALL = "all"
    PART = "part"
    NOTHING = "nothing"


def hand_over(tracker: Tracker, name: str, run: TrackedRun, findings: Findings) -> Arrived:
    """Give a finished run to a tracker.

    No step raises: what fails is one line in the log, and the others are tried, but for a run that did not start.

    Parameters
    ----------
    tracker : Tracker
    name : str
        What the log calls it.
    """
    if not harmless(f"{name} could not start {run.name}", lambda: tracker.start(run)):
        return Arrived.NOTHING
    summary = {metric: value for metric, value in findings.summary.items() if value is not None}
    steps = {"log the summary": _call(tracker.log_summary, summary)}
    for title, rows in findings.tables.items():
        if rows:
            steps[f"log the table {title}"] = _call(tracker.log_table, title, rows)
    for title, path in findings.images.items():
        steps[f"log the image {title}"] = _call(tracker.log_image, title, path)
    steps[f"finish {run.name}"] = tracker.finish
    failed = {what: reason for what, step in steps.items() if (reason := _reason_against(step))}
    if failed:
        log.warning("%s could not %s: %s", name, ", ".join(failed), "; ".join(dict.fromkeys(failed.values())))
    return Arrived.PART if failed else Arrived.ALL


def harmless(failure: str, work: Callable[[], None]) -> bool:
    """Whether some work ended well; if not, one warning with its reason."""
    reason = _reason_against(work)
    if reason:
        log.warning("%s: %s", failure, reason)
    return not reason


def _reason_against(work: Callable[[], None]) -> str:
    """Why some work failed, "" where it did not."""
    try:
        with no_exit("it"):
            work()
    except Exception as error:  # a tracker's trouble, whatever it is, must not become the run's
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _call(method: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: method(*arguments)
