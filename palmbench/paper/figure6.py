"""Figure 6: one photo, ten start noises, ten palms."""

from __future__ import annotations

from palmbench.paper.rows import OURS
from palmbench.report.figures import ORIGINAL, PhotoSpec, Tile

_SEEDS = tuple(Tile(f"Seed {seed}", OURS, seed=seed) for seed in range(10))

SPEC = PhotoSpec(
    number=6,
    caption="Diversity: one photo of each data set, and its palm de-identified from ten seeds.",
    rows=(
        (ORIGINAL._replace(view="hand"), *_SEEDS[:5]),
        (ORIGINAL._replace(label="Its palm"), *_SEEDS[5:]),
    ),
)
