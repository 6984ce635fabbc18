"""Table II: de-identification performance on every data set."""

from __future__ import annotations

from experiments.settings import ABOUT_THE_ORIGINALS, CCNET, EEHNET, METHODS, MTCC, MTCC_ORIGINAL, method_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=2,
    caption=(
        "De-identification performance (%). The arrow points to better de-identification. Best of a segment in bold."
    ),
    axis="dataset",
    segments=METHODS,
    groups=(MTCC, MTCC_ORIGINAL, CCNET, EEHNET),
    also=ABOUT_THE_ORIGINALS,
)

points = method_points
