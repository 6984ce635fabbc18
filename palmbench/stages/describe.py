"""photo, Hand -> traits: what a hand tells of its person beside its palm, in the place of a recognizer's template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.hands.palm import Region
from palmbench.hands.traits import geometry, skin_colour
from palmbench.stages.enrol import Hands
from palmbench.stages.stage import hashed_once
from recognizers.common.cache_keys import digest, versions_of

Trait = Literal["geometry", "colour"]


@dataclass(frozen=True)
class Describe:
    """Traits of the hands found by `prepare`, in its photos.

    It compares them as well: the distance of two is Euclidean.
    """

    prepare: Hands
    trait: Trait
    region: Region
    suffix: str = ".npz"
    on_device: bool = False

    @property
    def name(self) -> str:
        return f"traits{self.prepare.photos.after}"

    @property
    def title(self) -> str:
        return f"{self.trait} of {self.prepare.photos.title}"

    @property
    def settings(self) -> dict[str, Any]:
        seen = {"region": self.region, **versions_of("palmbench.hands", "palm")} if self.trait == "colour" else {}
        return {"trait": self.trait, "versions": versions_of("palmbench.hands", "traits"), **seen}

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest("traits", hand=self.prepare.key(sample), **self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        return [pack_arrays(template=self._described(sample, store)) for sample in samples]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The traits of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)["template"]

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Euclidean distances, (len(a), len(b)) float32."""
        return np.linalg.norm(a[:, None] - b, axis=2).astype(np.float32)

    def _described(self, sample: Sample, store: Store) -> np.ndarray:
        hand = self.prepare.load(sample, store)
        if self.trait == "geometry":
            return geometry(hand)
        return skin_colour(self.prepare.photos.load(sample, store), hand, self.region)
