"""The synthetic data set: rendered hands of nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from palmbench.datasets.cards import read_card
from palmbench.datasets.file_names import SCHEMES
from palmbench.datasets.sample import Dataset, Sample
from palmbench.datasets.settings import SynthConfig
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError


@dataclass(frozen=True)
class SynthSource:
    """Renders the photo of a sample."""

    profile: str

    def __call__(self, sample: Sample) -> np.ndarray:
        # Imported here and below: listing data sets must not load the renderer.
        from palmbench.synth import render

        identity, number = map(int, sample.id.split("_"))
        return render(identity, number, profile=self.profile).image

    def name_of(self, sample: Sample) -> str:
        """See `Dataset.name_of`."""
        return SCHEMES["manifest"].path(*map(int, sample.id.split("_")))

    def truth_of(self, sample: Sample) -> Mapping[str, float]:
        """See `Dataset.truth`: the skin's typology angle under white light, and whether rings are worn."""
        from palmbench.hands.skin_tone import typology_angle
        from palmbench.synth.render import wears_ring
        from palmbench.synth.skin import complexion

        identity, _ = map(int, sample.id.split("_"))
        angle = typology_angle(complexion(identity).colour)
        return {"skin_tone": angle, "ring": float(wears_ring(identity, self.profile))}


def open_synth(config: SynthConfig) -> Dataset:
    """Identities 0 to n - 1, photos 0 to m - 1 of each, out of the renderer's benchmark identities.

    Raises
    ------
    RequestError
        If there are not so many: further ones may be palms that the embedded weights were trained on.
    """
    from palmbench.synth import BENCHMARK_IDENTITIES

    identities = BENCHMARK_IDENTITIES[: config.identities]
    if len(identities) < config.identities:
        raise RequestError(
            f"dataset.identities: the synthetic data set has {len(BENCHMARK_IDENTITIES)} palms, "
            f"not {config.identities}; ask for fewer."
        )
    samples = tuple(
        synth_sample(identity, number, config.profile) for identity in identities for number in range(config.samples)
    )
    card = read_card("synth")
    return Dataset("synth", card.title, card, samples, SynthSource(config.profile), rendered=True)


def synth_sample(identity: int, number: int, profile: str) -> Sample:
    """A rendered photo: the one with this number of a palm, under capture conditions of `palmbench.synth.PROFILES`."""
    from palmbench.synth import PROFILES, person_of, side_of

    return Sample(
        id=f"{identity:04d}_{number:04d}",
        identity=f"{identity:04d}",
        person=f"{person_of(identity):04d}",
        side=side_of(identity),
        digest=digest(
            "synth photo",
            renderer=versions_of("palmbench.synth", "seeds")["seeds"],
            profile=profile,
            conditions=asdict(PROFILES[profile]),
            identity=identity,
            sample=number,
        ),
    )
