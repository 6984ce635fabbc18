"""Runs a stage over samples: what is in the store is reused, the rest is computed, and failures are counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from palmbench.datasets.sample import Sample
from palmbench.errors import NoHandError, SampleError
from palmbench.executor import Executor
from palmbench.memory import is_want_of_memory
from palmbench.progress import Progress
from palmbench.stages.stage import Stage
from palmbench.store import Store

FAILED = ".failed"


class Failure(NamedTuple):
    """One sample that a stage could not do.

    `lasting` failures are findings that would come out the same again; the others are tried again by the next run.
    """

    sample: str
    stage: str
    reason: str
    lasting: bool


class Inventory(NamedTuple):
    """What the store has of a stage: the number of artefacts, lasting failures by sample id, samples with neither."""

    reused: int
    failures: dict[str, Failure]
    missing: list[Sample]


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
    """A store and an executor, and what they have done so far, by stage title."""

    store: Store
    executor: Executor
    counts: dict[str, Counts] = field(default_factory=dict)

    def run(self, stage: Stage, samples: Sequence[Sample]) -> dict[str, Failure]:
        """Bring a stage's artefacts of some samples into the store.

        Returns
        -------
        dict of sample id to Failure
            Samples without an artefact.
        """
        reused, failures, missing = look_up(stage, samples, self.store)
        progress = Progress(stage.title, len(samples), reused, len(failures))
        began = time.monotonic()
        try:
            if missing:
                for failed, computed in self.executor.map(_work, self._tasks(stage, missing)):
                    failures.update({failure.sample: failure for failure in failed})
                    progress.advance(computed, len(failed))
        finally:
            progress.finish()
        seconds = time.monotonic() - began if missing else 0.0
        self.counts.setdefault(stage.title, Counts()).add(reused, progress.computed, len(failures), seconds)
        return failures

    def _tasks(self, stage: Stage, samples: list[Sample]) -> list[_Task]:
        # Small tasks at the end of a step keep every worker busy; large ones save messages.
        even = -(-len(samples) // (4 * self.executor.workers))
        size = self.executor.batch_size if self.executor.device == "cuda" else min(self.executor.batch_size, even)
        chunks = (tuple(samples[start : start + size]) for start in range(0, len(samples), size))
        return [_Task(stage, chunk, self.store, self.executor.device) for chunk in chunks]


def look_up(stage: Stage, samples: Sequence[Sample], store: Store) -> Inventory:
    """What the store has of a stage."""
    failures: dict[str, Failure] = {}
    missing: list[Sample] = []
    for sample in samples:
        key = stage.key(sample)
        if store.has(stage.name, key, stage.suffix):
            continue
        if store.has(stage.name, key, FAILED):
            reason = store.read(stage.name, key, FAILED).decode()
            failures[sample.id] = Failure(sample.id, stage.title, reason, lasting=True)
        else:
            missing.append(sample)
    return Inventory(len(samples) - len(missing) - len(failures), failures, missing)


class _Task(NamedTuple):
    stage: Stage
    samples: tuple[Sample, ...]
    store: Store
    device: str


def _work(task: _Task) -> tuple[list[Failure], int]:
    """Compute and store some artefacts; failures and the number that went well."""
    stage, store = task.stage, task.store
    try:
        artefacts = stage.compute(task.samples, store, task.device)
    except SampleError as error:
        reason, lasting = str(error), isinstance(error, NoHandError)
    except Exception as error:
        if not is_want_of_memory(error):
            raise
        reason, lasting = "there was not enough memory for it; fewer processes (executor.workers=1) leave more", False
    else:
        for sample, artefact in zip(task.samples, artefacts, strict=True):
            store.write(stage.name, stage.key(sample), stage.suffix, artefact)
        return [], len(task.samples)
    # Here the error is gone, and with it whatever memory its frames held.
    if len(task.samples) > 1:
        alone = [_work(task._replace(samples=(sample,))) for sample in task.samples]
        return [failure for failures, _ in alone for failure in failures], sum(done for _, done in alone)
    (sample,) = task.samples
    if lasting:
        store.write(stage.name, stage.key(sample), FAILED, reason.encode())
    return [Failure(sample.id, stage.title, reason, lasting)], 0
