"""Brings artefacts into a store: what is there is reused, the rest is computed, and failures are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from palmbench.base.board import Board
from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Counts, Part, Step
from palmbench.engine.resume import Failure
from palmbench.stages.stage import Stage


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
        return self.flow([Step(stage, None)], samples).failures(stage, samples)

    def flow(self, steps: Sequence[Step], samples: Sequence[Sample]) -> Part:
        """Bring the artefacts of some steps into the store, each sample as soon as what it needs is there.

        Raises
        ------
        Lost
            If one is lost that is of none of the steps, or that has been made again already.
        """
        part = Part(steps, samples, self.store)
        try:
            Flow(self.executor, Board()).run([part])
        finally:
            for name, counts in part.counts().items():
                before = self._before.pop(name, Counts())
                self.counts.setdefault(name, Counts()).add(
                    max(0, counts.reused - before.computed),
                    before.computed + counts.computed,
                    counts.failed,
                    before.seconds + counts.seconds,
                )
        return part

    def start_over(self) -> None:
        """Go through the stages once more: what was computed so far stays computed, and is not counted as reused."""
        self._before, self.counts = {**self._before, **self.counts}, {}
