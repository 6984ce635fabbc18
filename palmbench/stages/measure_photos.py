"""Numbers of each photo -> metrics: means of image quality and of usability, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.quality import summarise
from palmbench.quality.usability import PLACES, USABILITY_METRICS
from palmbench.scoring import Number, mean_interval
from palmbench.scoring.shares import BOOTSTRAP_SEED, mean_share

VERSION = 3
MOVED_TRUTH = "against the points and the outline of the original as the method moved them"


def measure_images(
    samples: Sequence[Sample],
    values: Mapping[str, Mapping[str, float]],
    metrics: Sequence[str],
    missing: Mapping[str, str],
) -> dict[str, Number]:
    """Mean, standard deviation over images and 95 % interval of per-image numbers.

    Parameters
    ----------
    values : mapping of sample id to mapping of metric to number
        Samples without an entry failed.
    metrics : sequence of str
        What to summarise.
    missing : mapping of metric to str
        What was not measured, and which file it would need.
    """
    summary: dict[str, Number] = {}
    persons = [sample.person for sample in samples]
    for metric in metrics:
        found = np.array([values.get(sample.id, {}).get(metric, math.nan) for sample in samples])
        mean, std, n = summarise(found[~np.isnan(found)].tolist())
        finite = np.where(np.isfinite(found), found, np.nan)
        bounds = mean_interval(finite, persons, np.random.default_rng(BOOTSTRAP_SEED)) if n > 1 else None
        summary[metric] = Number.of(mean, bounds, n, int(np.isnan(found).sum()), std)
    return summary | {metric: Number.lacking(file) for metric, file in missing.items()}


def measure_usability(
    samples: Sequence[Sample], values: Mapping[str, Mapping[str, float]], moved: bool = False
) -> dict[str, Number]:
    """The usability differences, PCK, mask IoU and gesture, in percent; hands not found again are counted as failed.

    Where the method `moved` the hands, what depends on where they are says so in a note.

    `hand_lost` is the share of photos whose hand was not found before or not after, in percent: what the means leave
    out.
    """
    lost = np.array([sample.id not in values for sample in samples], float)
    persons = [sample.person for sample in samples]
    measured = measure_images(samples, values, USABILITY_METRICS, {})
    if moved:
        measured |= {name: replace(measured[name], note=MOVED_TRUTH) for name in PLACES}
    return {**measured, "hand_lost": mean_share(lost, persons)}
