"""An array of Slurm jobs that computes the artefacts of a sweep, and the login node's side of it.

Every task of the array takes some of the photos through all stages of all points, as a run on one machine does, and
writes what it makes into the store that all share. What is done is known by what is there: whoever gives the same
command later finds the array by what is kept below the results, and an array that was lost is followed by another over
what is left.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from palmbench.base.board import Board
from palmbench.base.plain_files import read_object
from palmbench.config.executors import ExecutorConfig, SlurmConfig
from palmbench.engine import slurm
from palmbench.engine.executor import Executor, Lane, Means, available_cores
from palmbench.engine.graph import Part
from palmbench.engine.slurm_task import Share, Told
from palmbench.engine.tasks import Done, Finding, Task
from palmbench.engine.wanted import Wanted
from recognizers.common.errors import RequestError
from recognizers.common.writing import write_json

ARRAY = "array.json"
_ARRAYS = 2  # that a command submits or follows, at most
_FIRST, _MOST = 1.0, 30.0  # seconds between looks
_SHARE = 10  # of the time at most a tenth is spent looking
_LATE = 60.0  # seconds for files of tasks that were through to come into sight


class Array(NamedTuple):
    """An array of jobs that was submitted.

    Attributes
    ----------
    folder : Path
        Of its logs and of what submitit keeps.
    jobs : tuple of str
        Id of each task, as 123_0; of a single one, 123.
    """

    folder: Path
    jobs: tuple[str, ...]

    @property
    def id(self) -> str:
        """Of all of it, for squeue and scancel."""
        return self.jobs[0].partition("_")[0]

    @classmethod
    def remembered(cls, folder: Path) -> Array | None:
        """The array that was submitted last for what a folder is kept for."""
        jobs = (read_object(folder / ARRAY) or {}).get("jobs")
        return cls(folder, tuple(map(str, jobs))) if isinstance(jobs, list) and jobs else None

    def told(self) -> list[Told]:
        """What those of its tasks have said that were through."""
        return [answer.told for answer in slurm.answers(self.folder, self.jobs).values() if answer.told]

    def remember(self) -> None:
        """Have a later command find it."""
        write_json(self.folder / ARRAY, {"jobs": list(self.jobs)})


def compute(parts: Sequence[Part], config: SlurmConfig, results_dir: Path) -> Executor:
    """Have the artefacts of parts made; see `palmbench.engine.open_executor.open_executor`."""
    wanted = Wanted(parts)
    folder = results_dir.absolute() / "slurm" / wanted.digest[:16]
    if not wanted.left:
        array = Array.remembered(folder)
        return Computed(config, array.told() if array else [])
    slurm.require(config)
    board = Board()
    wanted.show_on(board)
    try:
        return Computed(config, _follow_arrays(parts, config, folder, wanted, board))
    finally:
        board.finish()


def _follow_arrays(
    parts: Sequence[Part], config: SlurmConfig, folder: Path, wanted: Wanted, board: Board
) -> list[Told]:
    """Follow an array, and another over what the first has left; what their tasks have said."""
    said: list[Told] = []
    array = Array.remembered(folder)
    if array is not None and not slurm.under_way(states := slurm.states(array.id, array.jobs)):
        _say_ended(array, slurm.lost(array.folder, states))
        array = None
    if array is not None:
        print(f"Slurm array {array.id} is under way: followed, not submitted again", file=sys.stderr)
    for _ in range(_ARRAYS):
        array = array or _submit(parts, config, folder, wanted)
        lost = _follow(array, wanted, board)
        answers = slurm.answers(array.folder, array.jobs)
        said += array.told()
        wanted.give_up({failure for each in said for failure in each.failures})
        errors = [f"{each.error} (log: {slurm.log(array.folder, job)})" for job, each in answers.items() if each.error]
        if wanted.left and errors:
            raise RequestError(errors[0])
        _await_files(wanted, lost)
        if not wanted.left:
            return said
        if lost and len(lost) == len(array.jobs) and set(lost.values()) == {"CANCELLED"}:
            raise RequestError(f"Slurm array {array.id} was cancelled. The same command submits what is left.")
        _say_ended(array, lost)
        last, array = array, None
    logs = "; ".join(f"{job} ended as {state}, its log: {slurm.log(last.folder, job)}" for job, state in lost.items())
    raise RequestError(
        f"{wanted.left} artefacts of {len(wanted.samples)} photos are not there after {_ARRAYS} arrays of Slurm jobs"
        f"{': ' + logs if logs else ''}. The same command submits what is left."
    )


def _submit(parts: Sequence[Part], config: SlurmConfig, folder: Path, wanted: Wanted) -> Array:
    samples = wanted.samples
    tasks = min(config.tasks, len(samples))
    shares = [Share.of(parts, frozenset(samples[task::tasks]), config.of_a_task) for task in range(tasks)]
    array = Array(folder, slurm.submit(shares, config, folder))
    array.remember()
    print(
        f"Slurm array {array.id}: {tasks} task{'s' if tasks > 1 else ''} for {len(samples)} photos; logs in {folder}. "
        f"It goes on without this command, which finds it again; scancel {array.id} ends it.",
        file=sys.stderr,
    )
    return array


def _follow(array: Array, wanted: Wanted, board: Board) -> dict[str, str]:
    """Wait until everything is there or the array has ended; tasks that were lost, and their states."""
    pause, said = _FIRST, ""
    looked = time.monotonic()
    while True:
        states = slurm.states(array.id, array.jobs)
        began = time.monotonic()
        wanted.look()
        now = time.monotonic()
        wanted.waited(now - looked)
        looked = now
        board.show(0.0, 0, last=not wanted.left)
        if (tally := _tally(states)) != said:
            print(f"Slurm array {array.id}: {tally}", file=sys.stderr)
            said = tally
        if not wanted.left or not slurm.under_way(states):
            return slurm.lost(array.folder, states)
        time.sleep(max(pause, _SHARE * (now - began)))
        pause = min(_MOST, pause * 1.3)


def _await_files(wanted: Wanted, lost: Mapping[str, str]) -> None:
    """Tasks that were through have made everything: another machine's files may come into sight late."""
    last = time.monotonic() + _LATE
    while wanted.left and not lost and time.monotonic() < last:
        time.sleep(_FIRST)
        wanted.look()


def _tally(states: Mapping[str, str]) -> str:
    counts = {state: list(states.values()).count(state) for state in sorted(set(states.values()))}
    return ", ".join(f"{count} {state.lower().replace('_', ' ')}" for state, count in counts.items())


def _say_ended(array: Array, lost: Mapping[str, str]) -> None:
    for job, state in lost.items():
        print(f"Slurm task {job} ended as {state}; its log: {slurm.log(array.folder, job)}", file=sys.stderr)


@dataclass(frozen=True)
class _Unmade:
    """Answers for what the array did not make."""

    failures: Mapping[tuple[str, str], str]

    def __call__(self, task: Task) -> Done:
        otherwise = "a job of the array made it, and it is not there any more"
        reasons = [self.failures.get((task.stage.name, sample.id), otherwise) for sample in task.samples]
        return Done({place: Finding(reason, lasting=False) for place, reason in enumerate(reasons)}, {})


class Computed(Executor):
    """What is there after an array has ended: it computes nothing, and says of the rest why it is not there.

    Parameters
    ----------
    config : SlurmConfig
    said : sequence of Told
        By the array's tasks.
    """

    def __init__(self, config: SlurmConfig, said: Sequence[Told]) -> None:
        super().__init__(ExecutorConfig(devices=("cpu",), workers=available_cores(), batch_size=config.batch_size))
        self._slurm, self._said = config, said
        self._answer = _Unmade({failure: reason for each in said for failure, reason in each.failures.items()})

    @property
    def means(self) -> Means:
        """Those of an array's tasks together; of memory, what a process of one of them has held at most."""
        if not self._said:
            return super().means
        config, means = self._slurm, [each.means for each in self._said]
        # Of a second array over what the first has left, tasks take the place of others.
        devices = [each.device for each in means if each.device != "cpu"][: config.tasks]
        memory = {kind: max(each.memory.get(kind, 0) for each in means) for each in means for kind in each.memory}
        return Means(",".join(devices) or "cpu", config.tasks * config.cpus_per_task, memory)

    def made_elsewhere(self, part: str) -> Mapping[str, tuple[int, float]]:
        """What tasks made; seconds are spread over all their workers."""
        made: dict[str, tuple[int, float]] = {}
        workers = self.means.workers
        for told in self._said:
            for (known, name), counts in told.counts.items():
                if known == part:
                    computed, seconds = made.get(name, (0, 0.0))
                    spread = counts.seconds * told.means.workers / workers
                    made[name] = computed + counts.computed, seconds + spread
        return made

    @property
    def inline(self) -> bool:
        return True

    def submit(self, work: Callable[[Any], Any], task: Any, lane: Lane = "cpu", alone: bool = False) -> int:
        return super().submit(self._answer, task, lane, alone)
