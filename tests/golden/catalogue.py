"""All golden samples, and the modules that have none."""

from __future__ import annotations

from tests.golden import (
    of_attacks,
    of_diffusion,
    of_disclosures,
    of_finishing,
    of_hands,
    of_leak,
    of_methods,
    of_photos,
    of_quality,
    of_recognizers,
    of_scoring,
    of_spots,
    of_stages,
    of_whole_hand,
)
from tests.golden.artefacts import Golden

# Modules with a VERSION and without a sample, and why.
WITHOUT = {
    "palmbench.hands.external.detector": "what it finds is another environment's",
    "palmbench.hands.pklnet.localizer": "its weights do not come with palmbench",
    "palmbench.hands.pklnet.view": "used by the localizer alone",
    "palmbench.training.training": "a training takes minutes",
}


def goldens() -> dict[str, Golden]:
    """Every sample, by the module that it guards."""
    parts = (
        of_attacks, of_diffusion, of_disclosures, of_hands, of_finishing, of_methods, of_whole_hand, of_recognizers,
        of_quality, of_scoring, of_leak, of_photos, of_spots, of_stages,
    )  # fmt: skip
    return {golden.module: golden for part in parts for golden in part.GOLDENS}
