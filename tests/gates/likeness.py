"""Whether painted palms look like palms: the statistics of their ROIs beside those of the originals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.palm_statistics.comparison import Palms, compare
from experiments.palm_statistics.statistics import PalmStatistics, table
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.stages.deidentify import Deidentified
from tests.gates.figures import Figure
from tests.gates.painted import Painted

MOST = 0.2  # mean Kolmogorov-Smirnov distance


def figures(point: Painted) -> Iterator[Figure]:
    """Mean and largest distance of the 14 statistics; both ROIs are cut where the original's hand lies."""
    prepare, photos = point.pipeline.prepare, Deidentified(point.pipeline.deidentify)
    before, after = [], []
    for sample in point.samples:
        hand = prepare.load(sample, point.store)
        before.append(recognition_roi(prepare.photos.load(sample, point.store), hand))
        after.append(recognition_roi(photos.load(sample, point.store), hand))
    palms = np.array(point.identities)
    found = compare(Palms(table(before), palms), Palms(table(after), palms))
    worst = PalmStatistics._fields[int(found.distances.argmax())]
    n = len(after)
    yield Figure("painted palms: KS to the originals, mean", float(found.distances.mean()), "", None, MOST, n)
    yield Figure("painted palms: KS to the originals, largest", float(found.distances.max()), "", n=n, note=worst)
