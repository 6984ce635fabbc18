"""`palmbench data check`: the command, and the detector that looks for the hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from palmbench.base.images import read_image
from palmbench.base.outputs import put_account, replaceable_account
from palmbench.base.progress import Progress
from palmbench.base.status import DONE, FINDINGS
from palmbench.config.compose import compose_points
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import require_read
from palmbench.datasets.check import check
from palmbench.datasets.check_text import report_text
from palmbench.datasets.findings import SeenHand
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.executor import Executor, available_cores
from palmbench.engine.open_executor import of_this_machine
from palmbench.hands.settings import DetectorConfig
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.names import path_of

if TYPE_CHECKING:
    from palmbench.hands import Detector

_BATCH = 4
_CHOICE = "choose another --json FILE"
_MAKER = "palmbench data check"
_READ = ("dataset", "data_dir", "detector", "executor")


def check_command(name: str, words: Sequence[str], fast: bool, hands: bool, json_file: str | None) -> int:
    """Check a data set's folder, print the report, and write it for machines if asked for.

    Parameters
    ----------
    name : str
        A value of `dataset=`.
    words : sequence of str
        Settings of dataset, data_dir, detector and executor.
    fast : bool
        Decode no photo.
    hands : bool
        Look for the hand in each photo, where photos are decoded.
    json_file : str or None

    Returns
    -------
    int
        0, or 3 if there is something to look at.

    Raises
    ------
    RequestError
        If there is no such set, it is not there, a setting is not one that is read, or the file cannot be written or is
        there and no report of this command.
    """
    if "," in name:
        raise RequestError(f"data check looks at one data set at a time, not {name}.")
    require_read(words, "data check", _READ)
    points = compose_points([f"dataset={name}", *words])
    if len(points) != 1:
        raise RequestError("data check looks at one data set in one place; leave commas out of the settings.")
    point = points[0]
    if isinstance(point.dataset, SynthConfig):
        raise RequestError("dataset=synth is rendered as it is needed: there are no files to check.")
    for key in ("split", "identities", "samples"):
        if getattr(point.dataset, key) is not None:
            raise RequestError(f"data check looks at the whole data set; leave dataset.{key} out.")
    file = None if json_file is None else Path(json_file)
    before = None if file is None else replaceable_account(file, _MAKER, _CHOICE)
    executor = of_this_machine(point.executor, "data check")
    workers = executor.workers or available_cores()
    eyes = HandEyes(point.detector, executor) if hands and not fast else None
    report = check(point.dataset, point.data_dir, workers, decode=not fast, eyes=eyes)
    try:
        if file is not None:
            put_account(file, report.plain(), _MAKER, _CHOICE, before)
    finally:
        print(report_text(report))
    return FINDINGS if report.wrong else DONE


@dataclass(frozen=True)
class HandEyes:
    """Which hand photos show, as the run's detector sees it."""

    detector: DetectorConfig
    executor: ExecutorConfig

    def __call__(self, root: Path, paths: Sequence[str]) -> Mapping[str, SeenHand]:
        """The hand by path; photos without one are left out."""
        seen: dict[str, SeenHand] = {}
        progress = Progress("look at hands", len(paths), reused=0, failed=0)
        with Executor(self.executor) as executor:
            tasks = [_Task(self.detector, executor.device, root, batch) for batch in _batches(paths)]
            for sights in executor.map(_sights, tasks):
                told = {path: sight for path, sight in sights.items() if sight}
                seen |= told
                progress.advance(len(told), len(sights) - len(told))
        progress.finish()
        return seen


class _Task(NamedTuple):
    config: DetectorConfig
    device: str
    root: Path
    paths: tuple[str, ...]


def _sights(task: _Task) -> dict[str, SeenHand | None]:
    detector = _detector(task.config, task.device)
    seen: dict[str, SeenHand | None] = dict.fromkeys(task.paths)
    for path in task.paths:
        try:
            (hands,) = detector.detect([read_image(task.root / path_of(path))])
        except SampleError:
            continue
        if hands:
            seen[path] = SeenHand(hands[0].side, hands[0].view)
    return seen


@lru_cache(maxsize=1)
def _detector(config: DetectorConfig, device: str) -> Detector:
    from palmbench.hands import load_detector

    return load_detector(config, device)


def _batches(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(paths)
    return (tuple(chain([first], islice(rest, _BATCH - 1))) for first in rest)
