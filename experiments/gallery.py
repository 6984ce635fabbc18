"""A picture of the rendered hands: a row for each profile, some palms in it.

    python -m experiments.gallery [FILE]

Writes results/figures/hands.png, or FILE.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from palmbench.images import write_png
from palmbench.synth import PROFILES, render

PALMS = (24, 7, 40, 37, 28)
WIDTH, HEIGHT = 256, 192


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture; 0."""
    words = sys.argv[1:] if arguments is None else arguments
    path = Path(words[0]) if words else Path("results") / "figures" / "hands.png"
    write_png(path, gallery(PALMS))
    print(path)
    return 0


def gallery(palms: Sequence[int]) -> np.ndarray:
    """Photos of palms, uint8 (profiles * 192, palms * 256, 3), RGB: one profile a row, one palm a column."""
    rows = []
    for profile in PROFILES:
        photos = [render(palm, 1, profile, size=(2 * WIDTH, 2 * HEIGHT)).image for palm in palms]
        rows.append(np.hstack([cv2.resize(photo, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for photo in photos]))
    return np.vstack(rows)


if __name__ == "__main__":
    sys.exit(main())
