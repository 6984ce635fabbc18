"""Figure 7: one palm through every setting of the ablation study."""

from __future__ import annotations

from palmbench.paper.rows import BASELINES, FUSIONS, PRIORS, SINGLE_SCALES
from palmbench.report.figures import ORIGINAL, PhotoSpec, Tile

SPEC = PhotoSpec(
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
)
