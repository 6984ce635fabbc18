"""Table III: image quality on every data set."""

from __future__ import annotations

from palmbench.paper.rows import METHODS, MORE_QUALITY, QUALITY, method_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=3,
    caption=("De-identified image quality. The arrow points to higher quality. Best of a segment in bold."),
    axis="dataset",
    segments=METHODS,
    groups=(QUALITY,),
    also=MORE_QUALITY,
)

points = method_points
