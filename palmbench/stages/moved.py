"""Hand -> Hand': where the hand of an original lies in its de-identified photo, as the method that moved it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.hands import Hand
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.prepare import pack_hand, unpack_hand
from palmbench.stages.stage import hashed_once
from recognizers.common.cache_keys import digest

VERSION = 1


@dataclass(frozen=True)
class Moved:
    """The truth about hands that were moved: the detected hand of the original, taken where the method took it."""

    deidentify: Deidentify
    name: str = "moved"
    title: str = "say where hands were moved"
    suffix: str = ".npz"
    on_device: bool = False

    @classmethod
    def of(cls, deidentify: Deidentify) -> Moved | None:
        """The stage for a method that moves hands; None for one that leaves them where they are."""
        return cls(deidentify) if deidentify.method.moves else None

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.deidentify.settings

    @hashed_once
    def key(self, sample: Sample) -> str:
        # The hand, the method's settings and versions, and the seed are part of the photo's key.
        return digest("moved", versions={"moved": VERSION}, photo=self.deidentify.key(sample))

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        return [pack_hand(self.deidentify.moved(sample, store, device)) for sample in samples]

    def load(self, sample: Sample, store: Store) -> Hand:
        """The moved hand of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_hand)
