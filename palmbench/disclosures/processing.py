"""Whether a photo was processed: told by the noise inside its palm, learnt from other people's photos and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.disclosures.disclosure import (
    LEARNT,
    Disclosed,
    DisclosureConfig,
    Draws,
    Group,
    Reading,
    Shown,
    Side,
    lacking,
)
from palmbench.disclosures.ridge import Ridge, balanced, fit_best
from palmbench.hands.residuals import residual_statistics
from palmbench.scoring.told_apart import FPR, told_apart
from recognizers.common.cache_keys import versions_of
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands.hand import Hand
    from palmbench.hands.palm import Region

VERSION = 1


@dataclass(frozen=True)
class Noise(Reading):
    """Statistics of the noise inside the palm, after the photo was stored as JPEG of a quality; None as it is."""

    quality: int | None

    called = "noise in palms"

    def read(self, photo: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
        return residual_statistics(photo, hand, region, self.quality)

    def versions(self) -> dict[str, int]:
        return versions_of("palmbench.hands", "residuals", "palm")


@dataclass(frozen=True)
class ProcessingConfig(DisclosureConfig):
    """Whether a photo was processed, told by the noise inside its palm."""

    name: Literal["processing"] = "processing"
    quality: int | None = setting(95, low=1, high=100)

    version = VERSION
    knowledge = "method, settings; learns"
    sides = LEARNT
    measures = ("auc", "tpr_fpr100")

    def reading(self) -> Noise:
        return Noise(self.quality)

    def versions(self) -> dict[str, int]:
        return versions_of("palmbench.disclosures", "ridge")

    def fit(self, shown: Mapping[Side, Shown]) -> Ridge:
        """A detector of what one method does; its predictions are scores, higher where a photo looks processed.

        Parameters
        ----------
        shown : mapping of Side to Shown
            Originals and own outputs of the attacker's persons and of those it is chosen on.
        """
        return fit_best(_examples(shown, "attackers"), _examples(shown, "validation"))

    def tell(self, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        if any(not len(shown[Side("attackers", each)].photos) for each in ("originals", "own")):
            return lacking(self.measures, "palms of the attacker's own, before and after")
        return self.told_by(self.fit(shown), shown, draws)

    def told_by(self, detector: Ridge, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        """What a detector finds in the release, whichever method it was learnt from."""
        originals, release = (shown[Side("evaluated", each)] for each in ("originals", "release"))
        if not len(originals.photos) or not len(release.photos):
            return lacking(self.measures, "palms before and after")
        found = told_apart(
            detector.predict(release.readings),
            detector.predict(originals.readings),
            release.persons,
            originals.persons,
            draws.weights,
            draws.rng,
        )
        few = f"{round(1 / FPR)} originals"
        persons = len(np.union1d(release.persons, originals.persons))
        return {name: Disclosed(leak, len(release.photos), few, persons=persons) for name, leak in found.items()}


def _examples(shown: Mapping[Side, Shown], group: Group) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sides = [shown[Side(group, "originals")], shown[Side(group, "own")]]
    processed = np.repeat([0.0, 1.0], [len(each.photos) for each in sides])
    there = [each.readings for each in sides if len(each.photos)]
    return np.concatenate(there) if there else np.zeros((0, 0)), processed, balanced(processed)
