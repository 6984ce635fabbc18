"""The rendered world: calibration of the profiles, what ground truth must keep, and how long a photo takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pytest

from experiments.palm_statistics import comparison
from experiments.palm_statistics.comparison import BOUNDS, Palms
from experiments.palm_statistics.statistics import PalmStatistics, table
from palmbench.scoring import decidability, equal_error_rate
from palmbench.synth import PROFILES
from tests.gates import pace
from tests.gates.figures import Figure, Keep
from tests.gates.handshape import shape_eer
from tests.gates.palms import Capture, benchmark_palms, captures
from tests.gates.scores import closer_than_median, compare, shape_of


class Range(NamedTuple):
    """A bound in percent, both ends included."""

    low: float | None = None
    high: float | None = None


# A poor detector would spoil what the wild profile is calibrated for, so only the true ROI binds there.
TRUE_EER = {"controlled": Range(2, 6), "wild": Range(15, 30)}
DETECTED_EER = {"controlled": Range(2, 6)}
SHAPE_EER = {"controlled": Range(20, 35)}
# Where one pair in five is taken for another, some impostors lie below the median mate whatever the palms.
WELL_APART = ("controlled", "mobile")
LEAST_INSIDE = 97
SLOWEST = 60
# What "near-Gaussian" is taken to be.
SKEWED, TAILED, APART = 0.5, 1.0, 0.05


@pytest.mark.gate
@pytest.mark.parametrize("profile", PROFILES)
def test_rendered_palms_are_as_hard_as_real_ones(profile: str, keep: Keep) -> None:
    keep(calibration(profile, captures(benchmark_palms(profile), f"render and enrol, {profile}")))


@pytest.mark.gate
@pytest.mark.parametrize("profile", PROFILES)
def test_a_photo_is_rendered_in_time(profile: str, keep: Keep) -> None:
    keep([Figure(f"{profile}: render 640 x 480", pace.rendering(profile), "ms", high=SLOWEST, n=48, timed=True)])


@pytest.mark.gate
@pytest.mark.parametrize("profile", BOUNDS)
def test_rendered_palms_have_the_statistics_of_real_ones(profile: str, keep: Keep) -> None:
    photos = captures(benchmark_palms(profile), f"render and enrol, {profile}")
    keep(likeness(profile, photos))


def likeness(profile: str, photos: Sequence[Capture]) -> Iterator[Figure]:
    """How near the ROIs of one profile's photos come to real ones."""
    ours = Palms(table(photo.roi for photo in photos), np.array([photo.identity for photo in photos]))
    found, bounds, n = comparison.compare(comparison.real_palms(), ours), BOUNDS[profile], len(photos)
    worst = PalmStatistics._fields[int(found.distances.argmax())]
    yield Figure(f"{profile}: KS to real palms, mean", float(found.distances.mean()), "", None, bounds.mean, n)
    yield Figure(
        f"{profile}: KS to real palms, largest", float(found.distances.max()), "", None, bounds.largest, n, worst
    )
    yield Figure(f"{profile}: told from real palms, AUC", found.auc, "", None, bounds.auc, n)


def calibration(profile: str, photos: Sequence[Capture]) -> Iterator[Figure]:
    """Figures of one profile from its photos."""
    identities = [photo.identity for photo in photos]
    true = compare([photo.template for photo in photos], identities)
    found = compare([photo.detected for photo in photos], identities)
    pairs = f"{len(true.genuine)} genuine and {len(true.impostor)} impostor pairs"
    eer = equal_error_rate(true.genuine, true.impostor)
    rate = 100 * eer.rate
    yield Figure(f"{profile}: EER, true ROI", rate, "%", *TRUE_EER.get(profile, Range()), len(photos), pairs)
    yield Figure(f"{profile}: d', true ROI", decidability(true.genuine, true.impostor), n=len(photos))
    failed = f"{found.missing} photos without a hand"
    bound = DETECTED_EER.get(profile, Range())
    if len(found.genuine) and len(found.impostor):
        rate = 100 * equal_error_rate(found.genuine, found.impostor).rate
        yield Figure(f"{profile}: EER, detector's ROI", rate, "%", *bound, len(photos) - found.missing, failed)
    else:
        yield Figure(f"{profile}: EER, detector's ROI", math.nan, "%", *bound, 0, failed)
    yield Figure(f"{profile}: failures to acquire", 100 * found.missing / len(photos), "%", n=len(photos))
    yield from impostors(profile, true.genuine, true.impostor)
    shape = 100 * shape_eer([photo.shape for photo in photos], identities).rate
    yield Figure(f"{profile}: EER of hand shape alone", shape, "%", *SHAPE_EER.get(profile, Range()), len(photos))
    inside = 100 * np.array([photo.inside for photo in photos])
    yield Figure(f"{profile}: ROI inside the palm, mean", float(inside.mean()), "%", low=LEAST_INSIDE, n=len(photos))
    yield Figure(f"{profile}: ROI inside the palm, least", float(inside.min()), "%", n=len(photos))


def impostors(profile: str, genuine: np.ndarray, impostor: np.ndarray) -> Iterator[Figure]:
    """How impostor scores lie."""
    shape, n = shape_of(impostor), len(impostor)
    ours = "the bound is this report's"
    yield Figure(f"{profile}: impostors, skewness", shape.skewness, "", -SKEWED, SKEWED, n, ours)
    yield Figure(f"{profile}: impostors, excess kurtosis", shape.excess_kurtosis, "", -TAILED, TAILED, n, ours)
    yield Figure(f"{profile}: impostors, Kolmogorov distance", shape.kolmogorov, "", None, APART, n, ours)
    closer = closer_than_median(genuine, impostor)
    note = f"{round(closer * n)} pairs"
    most = 0 if profile in WELL_APART else None
    yield Figure(f"{profile}: impostors closer than the median mate", 100 * closer, "%", None, most, n, note)
