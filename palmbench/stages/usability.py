"""Hand, Hand' -> numbers per image: what the detectors lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.quality.usability import usability
from palmbench.stages.moved import Moved
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import hashed_once
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.writing import json_bytes

VERSION = 3


@dataclass(frozen=True)
class Usability:
    """The hands found before and after against each other.

    Attributes
    ----------
    before, after : Prepare
    normaliser : str
        What counts as 100 %.
    moved : Moved or None
        Where the hands of the originals lie afterwards, of a method that moves them.
    """

    before: Prepare
    after: Prepare
    normaliser: str = "image"
    moved: Moved | None = None
    name: str = "usability"
    title: str = "measure usability"
    suffix: str = ".json"
    on_device: ClassVar[bool] = False

    @property
    def settings(self) -> dict[str, str]:
        return {"normaliser": self.normaliser}

    @hashed_once
    def key(self, sample: Sample) -> str:
        hands = {"before": self.before.key(sample), "after": self.after.key(sample)}
        if self.moved:
            hands["moved"] = self.moved.key(sample)
        code = versions_of("palmbench.quality", "usability")
        code |= versions_of("palmbench.hands", "recognition_roi")
        return digest("usability", stage=VERSION, versions=code, normaliser=self.normaliser, **hands)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        artefacts = []
        for sample in samples:
            before, after = self.before.load(sample, store), self.after.load(sample, store)
            moved = self.moved.load(sample, store) if self.moved else None
            values = usability(before, after, before.mask.shape, self.normaliser, moved)
            # JSON has no NaN, which is what two empty masks have for an IoU.
            artefacts.append(json_bytes({name: repr(value) for name, value in values.items()}))
        return artefacts

    def load(self, sample: Sample, store: Store) -> dict[str, float]:
        """The numbers of a sample that this stage has been through, in percent."""
        stored = store.load(self.name, self.key(sample), self.suffix, json.loads)
        return {name: float(value) for name, value in stored.items()}
