"""Figure 5: how far palms, strangers, de-identified photos and their repetitions lie from one another."""

from __future__ import annotations

from palmbench.paper.rows import CCNET_COLUMNS, EEHNET_COLUMNS, MTCC_COLUMNS, OURS
from palmbench.report.figures import CurveSpec

SPEC = CurveSpec(
    number=5,
    caption=(
        "Distances of genuine pairs, of impostors, between originals and their de-identified photos, and between "
        "photos de-identified from one original with different seeds."
    ),
    setting=OURS,
    groups=(*MTCC_COLUMNS, *CCNET_COLUMNS, *EEHNET_COLUMNS),
    attacks=("mtcc", "ccnet", "eehnet"),
    # The paper leaves it out too: its photos are too unlike for these recognizers.
    left_out=("ntupi",),
)
