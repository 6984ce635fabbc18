"""Runs a stage over samples: what is in the store is reused, the rest is computed, and failures are counted."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from palmbench.base.memory import is_want_of_memory
from palmbench.base.progress import Progress
from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import Executor
from palmbench.engine.resume import Failure, look_up
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.stage import Stage
from recognizers.common.errors import Lost, NoHandError, SampleError, no_exit


@dataclass
class Counts:
    """What a stage did: items reused, computed and failed, and seconds of computing."""

    reused: int = 0
    computed: int = 0
    failed: int = 0
    seconds: float = 0.0

    def add(self, reused: int = 0, computed: int = 0, failed: int = 0, seconds: float = 0.0) -> None:
        """Count some more."""
        self.reused += reused
        self.computed += computed
        self.failed += failed
        self.seconds += seconds


@dataclass
class Engine:
    """A store and an executor, and what they have done so far, by name of the stage."""

    store: Store
    executor: Executor
    counts: dict[str, Counts] = field(default_factory=dict)
    _before: dict[str, Counts] = field(default_factory=dict)

    def run(self, stage: Stage, samples: Sequence[Sample]) -> dict[str, Failure]:
        """Bring a stage's artefacts of some samples into the store.

        Returns
        -------
        dict of sample id to Failure
            Samples without an artefact.

        Raises
        ------
        Lost
            If artefacts that the stage works on have vanished or are damaged; all others are computed first.
        """
        reused, failures, missing, damaged = look_up(stage, samples, self.store)
        if damaged:
            print(f"Not what was stored there, and made again: {Lost(*damaged).named}", file=sys.stderr)
        lost: list[str] = []
        progress = Progress(stage.title, len(samples), reused, len(failures))
        began = time.monotonic()
        try:
            if missing:
                for done in self.executor.map(_work, self._tasks(stage, missing)):
                    failures.update({failure.sample: failure for failure in done.failures})
                    lost += done.lost
                    progress.advance(done.computed, len(done.failures))
        finally:
            progress.finish()
        seconds = time.monotonic() - began if missing else 0.0
        before = self._before.pop(stage.name, Counts())
        self.counts.setdefault(stage.name, Counts()).add(
            max(0, reused - before.computed),
            before.computed + progress.computed,
            len(failures),
            before.seconds + seconds,
        )
        if lost:
            raise Lost(*dict.fromkeys(lost))
        return failures

    def start_over(self) -> None:
        """Go through the stages once more: what was computed so far stays computed, and is not counted as reused."""
        self._before, self.counts = {**self._before, **self.counts}, {}

    def _tasks(self, stage: Stage, samples: list[Sample]) -> list[_Task]:
        # Small tasks at the end of a step keep every worker busy; large ones save messages.
        even = -(-len(samples) // (4 * self.executor.workers))
        size = self.executor.batch_size if self.executor.device == "cuda" else min(self.executor.batch_size, even)
        chunks = (tuple(samples[start : start + size]) for start in range(0, len(samples), size))
        return [_Task(stage, chunk, self.store, self.executor.device) for chunk in chunks]


class _Task(NamedTuple):
    stage: Stage
    samples: tuple[Sample, ...]
    store: Store
    device: str


class _Done(NamedTuple):
    failures: list[Failure]
    computed: int
    lost: list[str]


def _work(task: _Task) -> _Done:
    """Compute and store some artefacts."""
    stage, kept = task.stage, Artefacts(task.stage, task.store)
    try:
        with no_exit(stage.title):
            artefacts = stage.compute(task.samples, task.store, task.device)
    except Lost as error:
        reason, lasting, lost = "", False, list(error.places)
    except SampleError as error:
        reason, lasting, lost = str(error), isinstance(error, NoHandError), []
    except Exception as error:
        if not is_want_of_memory(error):
            raise
        reason = "there was not enough memory for it; fewer processes (executor.workers=1) leave more"
        lasting, lost = False, []
    else:
        for sample, artefact in zip(task.samples, artefacts, strict=True):
            kept.save(sample, artefact)
        return _Done([], len(task.samples), [])
    # Here the error is gone, and with it whatever memory its frames held.
    if len(task.samples) > 1:
        alone = [_work(task._replace(samples=(sample,))) for sample in task.samples]
        return _Done(
            [failure for done in alone for failure in done.failures],
            sum(done.computed for done in alone),
            [place for done in alone for place in done.lost],
        )
    if lost:
        return _Done([], 0, lost)
    (sample,) = task.samples
    if lasting:
        kept.save_failure(sample, reason)
    return _Done([Failure(sample.id, stage.name, reason, lasting)], 0, [])
