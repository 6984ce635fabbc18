"""What the kept light of a palm gives away: recognition by it alone, the finer it is kept the more.

    python -m experiments.kept_light [FILE] [--palms 40] [--photos 4] [--finest 0.03 0.05 ...]

`method=diffusion` and `method=sdedit` give a painted palm the light and the colours of the hand that was there:
whatever is coarser than a twentieth of the crop (`palmbench.methods.light`). Here nothing but that is shown, an even
grey patch in that light with a camera's noise, and compared with original recognition ROIs: that of the same photo
(own), and those of other photos of the palm (others). They are of rendered palms, or your own: FILE is an .npz with
`rois`, uint8 (n, 128, 128), and `identity`.

The rank-1 rate is how often the nearest ROI is of the same palm, beside what a guess gets; the AUC is of comparisons
with the own palm against those with others, 0.5 where nothing is told.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.stats import rankdata

import recognizers
from experiments.bench_rois import read_rois
from experiments.palm_statistics.__main__ import rendered_rois
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.methods.light import LIGHT, follow_light
from recognizers.protocol import ROI_SIDE

FINEST = (0.03, 0.035, 0.04, LIGHT, 0.06, 0.08)
RECOGNIZERS = ("mtcc", "ccnet")
_CROP = 256  # pixels of a crop's side as painters see it
_ROI = 85  # of them are a recognition ROI's, a third: so in rendered hands and in photographs
_NOISE = 2.0  # levels: standard deviation of a camera's noise


class Told(NamedTuple):
    """What comparisons of one kind tell: AUC in [0, 1], rank-1 rate and what a guess gets, in percent."""

    auc: float
    rank_1: float
    chance: float


def light_of(roi: np.ndarray, finest: float, rng: np.random.Generator) -> np.ndarray:
    """An even patch in the light of a ROI, uint8 (128, 128), as a crop with the ROI in its middle would keep it."""
    small = cv2.resize(roi, (_ROI, _ROI), interpolation=cv2.INTER_AREA)
    room = (_CROP - _ROI) // 2, _CROP - _ROI - (_CROP - _ROI) // 2
    crop = np.dstack([cv2.copyMakeBorder(small, *room, *room, cv2.BORDER_REFLECT)] * 3)
    whole = np.ones(crop.shape[:2], bool)
    lit = follow_light(np.full(crop.shape, 0.5, np.float32), crop, whole, finest)[..., 1]
    inside = lit[room[0] : room[0] + _ROI, room[0] : room[0] + _ROI]
    seen = 255 * cv2.resize(inside, (ROI_SIDE, ROI_SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.round(seen + rng.normal(0, _NOISE, seen.shape)), 0, 255).astype(np.uint8)


def told(distances: np.ndarray, palms: np.ndarray, own: bool) -> Told:
    """What distances (n, n) from lights to ROIs tell, with each light's own photo or with the others of its palm."""
    same, itself = palms[:, None] == palms, np.eye(len(palms), dtype=bool)
    mated = itself if own else same & ~itself
    taken = mated | ~same
    genuine, impostor = distances[mated], distances[~same]
    ranks = rankdata(np.concatenate([genuine, impostor]))[: len(genuine)]
    less = (ranks.sum() - len(genuine) * (len(genuine) + 1) / 2) / (len(genuine) * len(impostor))
    asked = mated.any(axis=1)
    nearest = np.where(taken, distances, np.inf).argmin(axis=1)
    hit = mated[np.arange(len(palms)), nearest]
    guess = mated.sum(axis=1) / taken.sum(axis=1)
    return Told(1 - float(less), 100 * float(hit[asked].mean()), 100 * float(guess[asked].mean()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.kept_light",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="ROIs of your own")
    parser.add_argument("--palms", type=int, default=40, metavar="N", help="rendered ones")
    parser.add_argument("--photos", type=int, default=4, metavar="N", help="of each")
    parser.add_argument("--finest", type=float, nargs="+", default=FINEST, metavar="SHARE", help="of the crop's side")
    chosen = parser.parse_args(arguments)
    if chosen.file is None:
        rois = rendered_rois("controlled", chosen.palms, chosen.photos)
        palms = np.repeat(np.arange(chosen.palms), chosen.photos)
    else:
        rois, names = read_rois(chosen.file)
        palms = np.array(names)
    print(
        f"{len(rois)} ROIs of {len(np.unique(palms))} palms; light is what is coarser than a share of the crop's side"
    )
    print(f"{'share':>6} {'':8}{'own photo':>28}{'other photos':>32}")
    for finest in chosen.finest:
        rng = np.random.default_rng(0)
        lights = np.stack([light_of(roi, finest, rng) for roi in rois])
        for name in RECOGNIZERS:
            recognizer = recognizers.load(name)
            distances = recognizer.distances(recognizer.extract(lights), recognizer.extract(rois))
            cells = [told(distances, palms, own) for own in (True, False)]
            said = "".join(f"   AUC {c.auc:.3f}  rank-1 {c.rank_1:4.1f} % ({c.chance:.1f})" for c in cells)
            print(f"{finest:6.3f} {name:8}{said}", flush=True)
    return DONE


if __name__ == "__main__":
    sys.exit(guarded(main))
