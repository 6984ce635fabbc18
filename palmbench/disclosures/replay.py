"""Whether a photo can be traced to its own output by whoever holds the photo and runs the method again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.datasets.sample import Dataset
from palmbench.disclosures.disclosure import Disclosed, DisclosureConfig, Draws, Reading, Shown, Side, lacking
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.methods.folder import FolderConfig
from palmbench.scoring.leak import Leak
from palmbench.scoring.replicated import mean_of
from recognizers.common.cache_keys import versions_of

if TYPE_CHECKING:
    from palmbench.hands.hand import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods import MethodConfig

VERSION = 1
_RIM = 16  # pixels of the ROI; on rendered hands all of what is left lies inside the paper's polygon
_ROWS = 16  # outputs that are compared at a time


@dataclass(frozen=True)
class PalmPixels(Reading):
    """The middle of the recognition ROI, (96, 96) uint8: its rim may reach beyond what a method repaints."""

    called = "pixels of palms"

    def read(self, photo: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
        return recognition_roi(photo, hand)[_RIM:-_RIM, _RIM:-_RIM]

    def versions(self) -> dict[str, int]:
        return versions_of("palmbench.hands", "recognition_roi")


@dataclass(frozen=True)
class ReplayConfig(DisclosureConfig):
    """The very photo behind an output, by whoever holds it and runs the method again: traceability, not identity.

    The attacker de-identifies every photo that it holds, with the release's seed or with another one, and takes that
    whose palm is the nearest in its pixels. Of a tie it gets nothing.
    """

    name: Literal["replay"] = "replay"

    version = VERSION
    knowledge = "method, settings, seed"
    sides = (Side("evaluated", "originals"), Side("evaluated", "release"), Side("evaluated", "own"))
    measures = ("traced", "traced_other_seed", "traced_original")

    def why_not(self, method: MethodConfig, dataset: Dataset) -> str | None:
        if isinstance(method, FolderConfig):
            return (
                f"disclosure=replay runs the method again, and photos of {method.called} were de-identified elsewhere"
            )
        return None

    def reading(self) -> PalmPixels:
        return PalmPixels()

    def tell(self, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        originals, release, own = (shown[side] for side in self.sides)
        if not len(release.photos):
            return lacking(self.measures, "outputs")
        held = {"traced": release, "traced_other_seed": own, "traced_original": originals}
        return {name: self._traced(release, gallery, draws) for name, gallery in held.items()}

    @staticmethod
    def _traced(release: Shown, gallery: Shown, draws: Draws) -> Disclosed:
        distances = np.full((len(release.photos), len(gallery.photos)), np.inf)
        for start in range(0, len(release.photos), _ROWS):
            block = release.readings[start : start + _ROWS, None].astype(np.int16)
            distances[start : start + _ROWS] = [np.abs(each - gallery.readings).mean(axis=(1, 2)) for each in block]
        own = release.photos[:, None] == gallery.photos
        nearest = np.where(own, np.inf, distances).min(axis=1, initial=np.inf)
        hits = np.where(own, distances, np.inf).min(axis=1, initial=np.inf) < nearest
        leak = Leak(
            mean_of(hits.astype(float), release.persons, draws.weights), 1 / max(1, len(gallery.photos)), np.zeros(0)
        )
        return Disclosed(leak, len(release.photos), persons=len(np.unique(release.persons)))
