"""Table VII: what hand detectors lose in the ablation study."""

from __future__ import annotations

from palmbench.paper.rows import ABLATION, MORE_USABILITY, USABILITY, ablation_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=7,
    caption=(
        "Usability differences of the ablation study (%), from 0 to 100; lower is better. Best of a segment in bold."
    ),
    axis="setting",
    segments=ABLATION,
    groups=(USABILITY,),
    also=MORE_USABILITY,
)

points = ablation_points
