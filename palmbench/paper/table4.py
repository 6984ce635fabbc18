"""Table IV: what hand detectors lose, on every data set."""

from __future__ import annotations

from palmbench.paper.rows import METHODS, MORE_USABILITY, USABILITY, method_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=4,
    caption=(
        "Usability differences of de-identification (%), from 0 to 100; lower is better. Best of a segment in bold."
    ),
    axis="dataset",
    segments=METHODS,
    groups=(USABILITY,),
    also=MORE_USABILITY,
)

points = method_points
