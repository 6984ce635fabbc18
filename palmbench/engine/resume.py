"""Resuming: what the store already has of a stage, so that only the rest is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.stage import Stage


class Failure(NamedTuple):
    """One sample that a stage, by its name, could not do.

    `lasting` failures are findings that would come out the same again; the others are tried again by the next run.
    """

    sample: str
    stage: str
    reason: str
    lasting: bool


class Inventory(NamedTuple):
    """What the store has of a stage.

    Attributes
    ----------
    reused : int
        Number of artefacts.
    failures : dict of sample id to Failure
        Lasting ones.
    missing : list of Sample
        Samples with neither.
    damaged : list of str
        Paths of files that are in the place of missing artefacts.
    """

    reused: int
    failures: dict[str, Failure]
    missing: list[Sample]
    damaged: list[str]


def look_up(stage: Stage, samples: Sequence[Sample], store: Store) -> Inventory:
    """What the store has of a stage."""
    artefacts = Artefacts(stage, store)
    failures: dict[str, Failure] = {}
    missing: list[Sample] = []
    damaged: list[str] = []
    for sample in samples:
        if artefacts.has(sample):
            continue
        reason = artefacts.failure(sample)
        if reason is not None:
            failures[sample.id] = Failure(sample.id, stage.name, reason, lasting=True)
            continue
        missing.append(sample)
        if (path := artefacts.path(sample)).is_file():
            damaged.append(str(path))
    return Inventory(len(samples) - len(missing) - len(failures), failures, missing, damaged)
