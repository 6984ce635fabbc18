"""Whether a painter shows palms that it was trained on: outputs beside these, and beside as many that it never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.datasets.sample import Dataset
from palmbench.datasets.synth_dataset import SynthSource, synth_sample
from palmbench.disclosures.disclosure import Disclosed, DisclosureConfig, Draws, Others, Shown, Side, lacking
from palmbench.scoring.membership import remembered
from palmbench.scoring.tar_at_fmr import impostors_needed, threshold_at_fmr
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig

VERSION = 1
_FMR = 0.001
_PROFILE = "controlled"  # of the first photo of each palm in the training


@dataclass(frozen=True)
class MemoryConfig(DisclosureConfig):
    """Palms of the painter's training, whether outputs are nearer to them than to palms that it never saw.

    The recognizer should not be one that was trained on the same palms, as the embedded networks were.
    """

    name: Literal["memory"] = "memory"
    recognizer: str = "mtcc"
    palms: int = setting(200, low=2, high=100_000)

    version = VERSION
    knowledge = "weights, palms of the training"
    sides = (
        Side("evaluated", "originals"), Side("evaluated", "release"), Side("seen", "originals"),
        Side("unseen", "originals"),
    )  # fmt: skip
    measures = ("auc", "advantage", "matching")

    @property
    def compares_by(self) -> str:
        return self.recognizer

    def own_words(self) -> tuple[str, ...]:
        return () if self.recognizer == type(self).recognizer else (self.recognizer,)

    def why_not(self, method: MethodConfig, dataset: Dataset) -> str | None:
        if method.palms_trained_on():
            return None
        licence = method.declaration().licence
        if licence == "":
            return f"disclosure=memory asks for a painter's training, and {method.called} has no weights"
        return (
            f"disclosure=memory is not testable on {method.called}: which palms its weights were trained on is not "
            "known"
        )

    def others(self, method: MethodConfig) -> Others:
        palms = method.palms_trained_on()
        seen = palms[: self.palms]
        unseen = range(palms.stop, palms.stop + len(seen))
        return Others(
            SynthSource(_PROFILE),
            {
                "seen": tuple(synth_sample(palm, 0, _PROFILE) for palm in seen),
                "unseen": tuple(synth_sample(palm, 0, _PROFILE) for palm in unseen),
            },
        )

    def tell(self, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        originals, release, *sets = (shown[side] for side in self.sides)
        # As many of both, so that neither has more chances of being near.
        few = min(len(each.photos) for each in sets)
        if not few or not len(release.photos):
            return lacking(self.measures, "outputs, and palms of the training and others")
        palms = np.concatenate([each.readings[:few] for each in sets])
        seen = np.repeat([True, False], few)
        assert draws.compare is not None
        distances = draws.compare(release.readings, palms)
        strangers = draws.compare(originals.readings, palms).ravel() if len(originals.photos) else np.zeros(0)
        enough = len(strangers) >= impostors_needed(_FMR)
        threshold = threshold_at_fmr(strangers, _FMR) if enough else np.nan
        found = remembered(distances, seen, threshold, release.persons, draws.weights, draws.rng)
        comparisons, persons = f"{impostors_needed(_FMR)} comparisons of strangers", len(np.unique(release.persons))
        return {
            name: Disclosed(leak, len(release.photos), comparisons, persons=persons) for name, leak in found.items()
        }
