"""What the paper's figures show: Figures 4 to 7, by number."""

from __future__ import annotations

from palmbench.paper.rows import (
    ATTACKS,
    BASELINES,
    CCNET_COLUMNS,
    EEHNET_COLUMNS,
    FUSIONS,
    METHODS,
    MTCC_COLUMNS,
    OURS,
    PRIORS,
    SINGLE_SCALES,
)
from palmbench.report.figures.specs import ORIGINAL, CurveSpec, PhotoSpec, Tile

_WHOLE_HAND = ORIGINAL._replace(view="hand")
_SEEDS = tuple(Tile(f"Seed {seed}", OURS, seed=seed) for seed in range(10))

FIGURES: dict[int, PhotoSpec | CurveSpec] = {
    4: PhotoSpec(
        number=4,
        caption="De-identification as the eye sees it: two hands of each data set, as they are and through every "
        "method.",
        rows=((_WHOLE_HAND, *(Tile(setting.label, setting, view="hand") for setting in METHODS[0])),),
        hands=2,
    ),
    5: CurveSpec(
        number=5,
        caption=(
            "Distances of genuine pairs, of impostors, between originals and their de-identified photos, and between "
            "photos de-identified from one original with different seeds."
        ),
        setting=OURS,
        groups=(*MTCC_COLUMNS, *CCNET_COLUMNS, *EEHNET_COLUMNS),
        attacks=ATTACKS,
        # The paper leaves it out too: its photos are too unlike for these recognizers.
        left_out=("ntupi",),
    ),
    6: PhotoSpec(
        number=6,
        caption="Diversity: one photo of each data set, and its palm de-identified from ten seeds.",
        rows=((_WHOLE_HAND, *_SEEDS[:5]), (ORIGINAL._replace(label="Its palm"), *_SEEDS[5:])),
    ),
    7: PhotoSpec(
        number=7,
        caption=(
            "The ablation study as the eye sees it. s, m, f: small, medium and full exemplar square, alone and fused, "
            "without a prior; α: strength of the prior, with s+m; last row: conventional anonymisation."
        ),
        rows=(
            (ORIGINAL, *(Tile(setting.label, setting) for setting in SINGLE_SCALES)),
            tuple(Tile(setting.label, setting) for setting in FUSIONS),
            (ORIGINAL, *(Tile(setting.label, setting) for setting in PRIORS)),
            (ORIGINAL, *(Tile(setting.label, setting) for setting in BASELINES)),
        ),
        axis="setting",
    ),
}
