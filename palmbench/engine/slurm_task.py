"""What a task of a Slurm array does: its share of the photos, through all stages of all points, on one machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from palmbench.base.board import Board
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import Executor, Means
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Counts, Part, Step
from palmbench.engine.provenance import code_digest
from recognizers.common.errors import RequestError


class Told(NamedTuple):
    """What a task says that is through.

    Attributes
    ----------
    failures : dict of (str, str) to str
        Why photos have failed that the store says nothing of, by a stage's name and the photo's id.
    counts : dict of (str, str) to Counts
        What it did, by a part's digest and a stage's name.
    means : Means
    """

    failures: dict[tuple[str, str], str]
    counts: dict[tuple[str, str], Counts]
    means: Means


@dataclass
class Share:
    """Some photos of every part, about to be computed; submitit pickles it, calls it, and sends it on again.

    Attributes
    ----------
    parts : list of (list of Step, list of Sample, Store)
    digests : list of str
        Of the parts that they are of.
    executor : ExecutorConfig
        Of the machine that it comes to.
    code : str
        `code_digest` of the command that submitted it.
    """

    parts: list[tuple[list[Step], list[Sample], Store]]
    digests: list[str]
    executor: ExecutorConfig
    code: str
    leaving: bool = False

    @classmethod
    def of(cls, parts: Sequence[Part], ids: frozenset[str], executor: ExecutorConfig) -> Share:
        """The samples of some ids."""
        held = [(part, [sample for sample in part.samples if sample.id in ids]) for part in parts]
        shares = [(list(part.steps), samples, _absolute(part.store)) for part, samples in held if samples]
        return cls(shares, [part.digest for part, samples in held if samples], executor, code_digest())

    def __call__(self) -> Told:
        """Compute.

        Raises
        ------
        RequestError
            If it cannot be computed here.
        """
        if code_digest() != self.code:
            raise RequestError(
                "The code of palmbench was changed after this job was submitted. Cancel it, and give the command again."
            )
        parts = [Part(*share) for share in self.parts]
        try:
            with Executor(self.executor) as executor:
                Flow(executor, Board()).run(parts)
                means = executor.means
        except RequestError:
            if self.leaving:  # submitit's way out was taken for somebody's who had no business to leave
                sys.exit(1)
            raise
        failures = [failure for part in parts for failure in part.all_failures() if not failure.lasting]
        return Told(
            {(failure.stage, failure.sample): failure.reason for failure in failures},
            {
                (known, name): counts
                for known, part in zip(self.digests, parts, strict=True)
                for name, counts in part.counts().items()
            },
            means,
        )

    def checkpoint(self) -> Any:
        """What submitit has Slurm queue again when time is up, or another job takes the machine: the same.

        What was made so far is in the store.
        """
        from submitit.helpers import DelayedSubmission

        self.leaving = True
        return DelayedSubmission(Share(self.parts, self.digests, self.executor, self.code))


def _absolute(store: Store) -> Store:
    return Store(Path(store.root).absolute())
