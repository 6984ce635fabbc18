"""A picture of the rendered hands: a row for each profile, some palms in it.

    python -m experiments.gallery [FILE]

Writes results/figures/hands.png, or FILE.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from palmbench.base.images import encode_png
from palmbench.base.outputs import put_result
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.synth import PROFILES, render

PALMS = (24, 7, 40, 37, 28)
WIDTH, HEIGHT = 256, 192


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture; the exit status of `palmbench`."""
    parser = argparse.ArgumentParser(prog="python -m experiments.gallery", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=Path("results") / "figures" / "hands.png", metavar="FILE")
    path = parser.parse_args(arguments).file
    put_result(path, encode_png(gallery(PALMS)))
    print(path)
    return DONE


def gallery(palms: Sequence[int]) -> np.ndarray:
    """Photos of palms, uint8 (profiles * 192, palms * 256, 3), RGB: one profile a row, one palm a column."""
    rows = []
    for profile in PROFILES:
        photos = [render(palm, 1, profile, size=(2 * WIDTH, 2 * HEIGHT)).image for palm in palms]
        rows.append(np.hstack([cv2.resize(photo, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for photo in photos]))
    return np.vstack(rows)


if __name__ == "__main__":
    sys.exit(guarded(main))
