"""How near rendered palms come to real ones.

    python -m experiments.palm_statistics [--profile controlled] [--palms 50] [--photos 6] [--sheet FILE --real FILE]

Renders palms that no shipped weights were trained on, reads their true recognition ROIs, and prints 14 statistics
beside those of real contactless palms: the 10 %, 50 % and 90 % quantiles, the Kolmogorov-Smirnov distance of each, and
how well a classifier tells rendered from real. `--sheet` writes some of the ROIs to look at, below real ones where
`--real` names a file of them (an .npz with `rois`, uint8 (n, 128, 128)): that sheet shows people's hands, so keep it
out of anything that others get. Exit status 3 if a bound is not kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from experiments.palm_statistics.comparison import BOUNDS, Bounds, Comparison, Palms, compare, real_palms
from experiments.palm_statistics.statistics import PalmStatistics, table
from palmbench.base.images import encode_png
from palmbench.base.outputs import put_result
from palmbench.base.status import DONE, FINDINGS
from palmbench.commands.cli import guarded
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, render

_SHOWN, _COLUMNS, _SHOWN_SIDE = 12, 6, 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the statistics, write the sheet."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.palm_statistics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--profile", choices=list(PROFILES), default="controlled")
    parser.add_argument("--palms", type=int, default=50, metavar="N")
    parser.add_argument("--photos", type=int, default=6, metavar="N", help="of each palm")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a PNG of some ROIs")
    parser.add_argument("--real", type=Path, metavar="FILE", help="real ROIs for the sheet")
    chosen = parser.parse_args(arguments)
    rois = rendered_rois(chosen.profile, chosen.palms, chosen.photos)
    if chosen.sheet:
        turned = np.rot90(rois, axes=(1, 2))  # fingers to the left, as in the real ones
        shown = [turned] if chosen.real is None else [np.load(chosen.real)["rois"], turned]
        put_result(chosen.sheet, encode_png(np.vstack([sheet(part) for part in shown])))
    ours = Palms(table(rois), np.repeat(np.arange(chosen.palms), chosen.photos))
    real, bounds = real_palms(), BOUNDS.get(chosen.profile)
    comparison = compare(real, ours)
    print(f"{chosen.palms} palms x {chosen.photos}, {chosen.profile}; {len(real.values)} real ROIs")
    print("\n".join(lines(real, ours, comparison, bounds)))
    return DONE if bounds is None or kept(comparison, bounds) else FINDINGS


def rendered_rois(profile: str, palms: int, photos: int) -> np.ndarray:
    """True recognition ROIs of the first palms of the benchmark, uint8 (palms * photos, 128, 128)."""
    taken = (render(palm, photo, profile) for palm in BENCHMARK_IDENTITIES[:palms] for photo in range(photos))
    return np.stack([recognition_roi(photo.image, photo.as_hand()) for photo in taken])


def lines(real: Palms, ours: Palms, comparison: Comparison, bounds: Bounds | None) -> Iterator[str]:
    """The table."""
    yield f"{'':20}{'real: 10, 50, 90 %':>30}{'rendered: 10, 50, 90 %':>30}{'KS':>7}"
    for number, name in enumerate(PalmStatistics._fields):
        spans = (np.quantile(each.values[:, number], (0.1, 0.5, 0.9)) for each in (real, ours))
        cells = "".join(f"{'  '.join(f'{value:8.4f}' for value in span):>30}" for span in spans)
        yield f"{name:20}{cells}{comparison.distances[number]:7.2f}"
    mean, largest, auc = bounds or (None, None, None)
    yield f"mean KS {comparison.distances.mean():.3f}{_at_most(mean)}"
    yield f"largest KS {comparison.distances.max():.3f}{_at_most(largest)}"
    yield f"told apart with an AUC of {comparison.auc:.3f}{_at_most(auc)}; 0.5 is not at all"


def kept(comparison: Comparison, bounds: Bounds) -> bool:
    """Whether every bound is kept."""
    pairs = zip((comparison.distances.mean(), comparison.distances.max(), comparison.auc), bounds, strict=True)
    return all(bound is None or value <= bound for value, bound in pairs)


def sheet(rois: np.ndarray) -> np.ndarray:
    """Twelve ROIs, evenly chosen, six in a row and twice their size, uint8 RGB."""
    chosen = np.linspace(0, len(rois) - 1, _SHOWN).astype(int)
    large = [cv2.resize(rois[i], (_SHOWN_SIDE, _SHOWN_SIDE), interpolation=cv2.INTER_CUBIC) for i in chosen]
    rows = [np.hstack(large[start : start + _COLUMNS]) for start in range(0, _SHOWN, _COLUMNS)]
    return cv2.cvtColor(np.vstack(rows), cv2.COLOR_GRAY2RGB)


def _at_most(bound: float | None) -> str:
    return "" if bound is None else f" (at most {bound:g})"


if __name__ == "__main__":
    sys.exit(guarded(main))
