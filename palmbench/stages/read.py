"""photo, Hand -> reading: what a disclosure reads of a photo, in the place of a recognizer's template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.disclosures import Reading
from palmbench.hands.palm import Region
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import hashed_once
from recognizers.common.cache_keys import digest


@dataclass(frozen=True)
class Read:
    """Readings of the hands found by `prepare`, in its photos."""

    prepare: Prepare
    reading: Reading
    region: Region
    suffix: str = ".npz"
    on_device: bool = False

    @property
    def name(self) -> str:
        return f"readings{self.prepare.photos.after}"

    @property
    def title(self) -> str:
        return f"{self.reading.called} of {self.prepare.photos.title}"

    @property
    def settings(self) -> dict[str, Any]:
        return {"region": self.region, **self.reading.settings()}

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest("reading", hand=self.prepare.key(sample), **self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        return [pack_arrays(reading=self._read(sample, store)) for sample in samples]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The reading of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)["reading"]

    def _read(self, sample: Sample, store: Store) -> np.ndarray:
        hand = self.prepare.load(sample, store)
        return self.reading.read(self.prepare.photos.load(sample, store), hand, self.region)
