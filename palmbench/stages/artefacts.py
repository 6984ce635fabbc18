"""Artefacts of a stage in a store: whether a sample has one, what it holds, and why a sample can have none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from palmbench.base.store import Store, if_there
from palmbench.datasets.sample import Sample
from palmbench.stages.stage import Stage

FAILED = ".failed"


@dataclass(frozen=True)
class Artefacts:
    """What a store has of a stage, by sample.

    Attributes
    ----------
    stage : Stage
    store : Store
    """

    stage: Stage
    store: Store

    def has(self, sample: Sample) -> bool:
        """Whether a sample's artefact is there; what is in it is checked when it is read."""
        return self.store.has(self.stage.name, self.stage.key(sample), self.stage.suffix)

    def load(self, sample: Sample) -> Any:
        """What a sample's artefact holds. Raises Lost where it is absent or damaged."""
        return self.stage.load(sample, self.store)

    def load_if_there(self, sample: Sample) -> Any | None:
        """What a sample's artefact holds, or None; what is damaged is not there, and that is said."""
        return if_there(lambda: self.load(sample))

    def save(self, sample: Sample, data: bytes) -> None:
        """Keep what `Stage.compute` made of a sample."""
        self.store.write(self.stage.name, self.stage.key(sample), self.stage.suffix, data)

    def failure(self, sample: Sample) -> str | None:
        """Why a sample can have no artefact, such as "no hand was found"; None where that is not known."""
        return if_there(lambda: self.store.load(self.stage.name, self.stage.key(sample), FAILED, bytes.decode))

    def save_failure(self, sample: Sample, reason: str) -> None:
        """Keep the finding that a sample can have no artefact, so that nobody tries again."""
        self.store.write(self.stage.name, self.stage.key(sample), FAILED, reason.encode())

    def path(self, sample: Sample) -> Path:
        """Where a sample's artefact lies, whether it is there or not."""
        return self.store.path(self.stage.name, self.stage.key(sample), self.stage.suffix)

    def paths(self, samples: Iterable[Sample]) -> set[Path]:
        """Where artefacts of samples lie, and findings that they can have none, whether they are there or not."""
        keys = [self.stage.key(sample) for sample in samples]
        return {self.store.path(self.stage.name, key, end) for key in keys for end in (self.stage.suffix, FAILED)}
