"""How the paper's tables are arranged: Tables II to VII, by number."""

from __future__ import annotations

from palmbench.paper.rows import (
    ABLATION,
    ATTACKS,
    CCNET_COLUMNS,
    EEHNET_COLUMNS,
    METHODS,
    MORE_QUALITY,
    MORE_RATES,
    MORE_USABILITY,
    MTCC_COLUMNS,
    QUALITY,
    USABILITY,
)
from palmbench.report.tables import TableSpec

TABLES = {
    2: TableSpec(
        number=2,
        caption=(
            "De-identification performance (%). The arrow points to better de-identification. Best of a segment in "
            "bold."
        ),
        axis="dataset",
        segments=METHODS,
        groups=(*MTCC_COLUMNS, *CCNET_COLUMNS, *EEHNET_COLUMNS),
        also=MORE_RATES,
        attacks=ATTACKS,
    ),
    3: TableSpec(
        number=3,
        caption="De-identified image quality. The arrow points to higher quality. Best of a segment in bold.",
        axis="dataset",
        segments=METHODS,
        groups=(QUALITY,),
        also=MORE_QUALITY,
    ),
    4: TableSpec(
        number=4,
        caption=(
            "Usability differences of de-identification (%), from 0 to 100; lower is better. Best of a segment in bold."
        ),
        axis="dataset",
        segments=METHODS,
        groups=(USABILITY,),
        also=MORE_USABILITY,
    ),
    5: TableSpec(
        number=5,
        caption=(
            "De-identification performance of the ablation study (%). The arrow points to better de-identification. "
            "Best of a segment in bold."
        ),
        axis="setting",
        segments=ABLATION,
        groups=(*MTCC_COLUMNS, *CCNET_COLUMNS),
        also=MORE_RATES,
        attacks=("mtcc", "ccnet"),
    ),
    6: TableSpec(
        number=6,
        caption="Image quality of the ablation study. The arrow points to higher quality. Best of a segment in bold.",
        axis="setting",
        segments=ABLATION,
        groups=(QUALITY,),
        also=MORE_QUALITY,
    ),
    7: TableSpec(
        number=7,
        caption=(
            "Usability differences of the ablation study (%), from 0 to 100; lower is better. Best of a segment in "
            "bold."
        ),
        axis="setting",
        segments=ABLATION,
        groups=(USABILITY,),
        also=MORE_USABILITY,
    ),
}
