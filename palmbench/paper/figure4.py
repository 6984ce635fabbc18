"""Figure 4: photos before and after, on every data set."""

from __future__ import annotations

from palmbench.paper.rows import METHODS
from palmbench.report.figures import ORIGINAL, PhotoSpec, Tile

SPEC = PhotoSpec(
    number=4,
    caption="De-identification as the eye sees it: two hands of each data set, as they are and through every method.",
    rows=(
        (
            ORIGINAL._replace(view="hand"),
            *(Tile(setting.label, setting, view="hand") for segment in METHODS for setting in segment),
        ),
    ),
    hands=2,
)
