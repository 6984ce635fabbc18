"""Table VI: image quality of the ablation study."""

from __future__ import annotations

from palmbench.paper.rows import ABLATION, MORE_QUALITY, QUALITY, ablation_points
from palmbench.report.tables import TableSpec

SPEC = TableSpec(
    number=6,
    caption=("Image quality of the ablation study. The arrow points to higher quality. Best of a segment in bold."),
    axis="setting",
    segments=ABLATION,
    groups=(QUALITY,),
    also=MORE_QUALITY,
)

points = ablation_points
