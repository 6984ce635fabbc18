"""Table V: de-identification performance of the ablation study."""

from __future__ import annotations

from palmbench.paper.rows import ABLATION, CCNET_COLUMNS, MORE_RATES, MTCC_COLUMNS, ablation_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=5,
    caption=(
        "De-identification performance of the ablation study (%). "
        "The arrow points to better de-identification. "
        "Best of a segment in bold."
    ),
    axis="setting",
    segments=ABLATION,
    groups=(*MTCC_COLUMNS, *CCNET_COLUMNS),
    also=MORE_RATES,
    attacks=("mtcc", "ccnet"),
)

points = ablation_points
