"""Table II: de-identification performance on every data set."""

from __future__ import annotations

from palmbench.paper.rows import CCNET_COLUMNS, EEHNET_COLUMNS, METHODS, MORE_RATES, MTCC_COLUMNS, method_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=2,
    caption=(
        "De-identification performance (%). The arrow points to better de-identification. Best of a segment in bold."
    ),
    axis="dataset",
    segments=METHODS,
    groups=(*MTCC_COLUMNS, *CCNET_COLUMNS, *EEHNET_COLUMNS),
    also=MORE_RATES,
    attacks=("mtcc", "ccnet", "eehnet"),
)

points = method_points
