"""The outside judge's opinion of the rendered hands; only where its environment is named."""

from __future__ import annotations

import math
from collections.abc import Iterator

from experiments.embedded.figures import Figure
from experiments.embedded.options import Options
from experiments.judge import LARGEST_DISTANCE, LEAST_FOUND, judge

SAMPLES = 2


def figures(options: Options) -> Iterator[Figure]:
    """How often MediaPipe's hand model finds the hand of each profile, and how far its keypoints are from ours."""
    if options.judge is None:
        yield Figure("mediapipe", math.nan, note="left out: --judge names the Python of its environment")
        return
    for profile in options.profiles:
        opinion = judge(options.judge, profile, options.identities, SAMPLES)
        least = LEAST_FOUND.get(profile)
        bound = None if least is None else 100 * least
        yield Figure(f"{profile}: mediapipe finds the hand", 100 * opinion.found, "%", bound, None, opinion.n)
        far, n = 100 * LARGEST_DISTANCE, round(opinion.found * opinion.n)
        yield Figure(f"{profile}: mediapipe's keypoints off", 100 * opinion.distance, "% of box", None, far, n)
        yield Figure(f"{profile}: mediapipe names the side", 100 * opinion.sides, "%", n=n)
