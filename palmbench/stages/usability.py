"""Hand, Hand' -> numbers per image: what the detectors lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from palmbench.datasets.sample import Sample
from palmbench.keys import digest
from palmbench.stages.prepare import Prepare
from palmbench.store import Store, json_bytes
from palmbench.usability import usability

VERSION = 1
NORMALISER = "image"


@dataclass(frozen=True)
class Usability:
    """The five usability differences between the hands found before and after."""

    before: Prepare
    after: Prepare
    name: str = "usability"
    title: str = "measure usability"
    suffix: str = ".json"

    def key(self, sample: Sample) -> str:
        hands = {"before": self.before.key(sample), "after": self.after.key(sample)}
        return digest("usability", version=VERSION, normaliser=NORMALISER, **hands)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        artefacts = []
        for sample in samples:
            before, after = self.before.load(sample, store), self.after.load(sample, store)
            artefacts.append(json_bytes(usability(before, after, before.mask.shape, NORMALISER)))
        return artefacts

    def load(self, sample: Sample, store: Store) -> dict[str, float]:
        """The differences of a sample that this stage has been through, in percent."""
        return json.loads(store.read(self.name, self.key(sample), self.suffix))
