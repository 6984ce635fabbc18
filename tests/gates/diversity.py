"""Whether ten start noises make ten palms of one photo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.gates import sizes
from tests.gates.figures import Figure
from tests.gates.linkage import OperatingPoint
from tests.gates.painted import compute
from tests.gates.scores import matrix

PALMS = 8
# What "lies with the impostors" is taken to be: few matches, and a mean within one deviation of theirs.
MOST_MATCHED, FARTHEST = 10.0, 1.0


def figures(point: OperatingPoint) -> Iterator[Figure]:
    """One photo of a few palms, repainted from several seeds: scores against the original and among themselves."""
    ours = ["method=diffusion", "method.fusion=s+m", "method.alpha=0.1"]
    methods = {str(seed): [*ours, f"seed={seed}"] for seed in range(sizes.SEEDS)}
    points = list(compute(methods, 1, min(PALMS, sizes.PAINTED_IDENTITIES)).values())
    originals = points[0].originals()
    by_seed = [painted.deidentified() for painted in points]
    own, among = [], []
    for number, original in enumerate(originals):
        repainted = [templates[number] for templates in by_seed]
        own.append(matrix([original], repainted).ravel())
        among.append(matrix(repainted, repainted)[np.triu_indices(len(repainted), 1)])
    for name, groups in (("original against seeds", own), ("seeds against one another", among)):
        scores = np.concatenate(groups)
        yield from lying(f"ten palms: {name}", scores[~np.isnan(scores)], point)


def lying(name: str, scores: np.ndarray, point: OperatingPoint) -> Iterator[Figure]:
    """Share of scores that match, and how far their mean lies below the impostors'."""
    impostor = point.originals.impostor
    n, ours = len(scores), "the bound is this report's"
    matched = 100 * float((scores <= point.threshold).mean()) if n else np.nan
    yield Figure(f"{name}, matched", matched, "%", None, MOST_MATCHED, n, ours)
    below = float((impostor.mean() - scores.mean()) / impostor.std()) if n else np.nan
    note = f"in deviations of the impostors' scores; {ours}"
    yield Figure(f"{name}, mean below impostors", below, "", None, FARTHEST, n, note)
