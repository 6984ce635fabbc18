"""How well hands were found where they are known to lie: scores of photos, and methods in a table by them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from palmbench.hands.hand import Hand
from palmbench.quality.usability import PCK_THRESHOLD
from palmbench.scoring import Number
from palmbench.scoring.differences import paired
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.replicated import Replicated, mean_of, person_weights

MEASURES = {"found": "found %", "pck": "PCK %", "mask_iou": "mask IoU %", "nme": "NME %"}


class Score(NamedTuple):
    """What came of the hand in one photo, in percent; of one that was not found `nme` is NaN and the rest 0.

    Attributes
    ----------
    found : float
    pck : float
        Share of the 21 keypoints within 5 % of the larger side of the true keypoints' box.
    mask_iou : float
        Intersection of the true mask and the one found, over their union.
    nme : float
        Mean distance of the keypoints from where they are, over that side.
    """

    found: float
    pck: float
    mask_iou: float
    nme: float


class Row(NamedTuple):
    """A method and what its photos teach.

    Attributes
    ----------
    method : str
        With its setting.
    photos : int
        That it released of the training persons.
    numbers, beyond : dict of str to Number
        By measure: the mean over the tested photos and all trainings, and how much more it is than that of `identity`.
    apart : dict of str to float
        Largest less smallest of the trainings; 0 of a single one, NaN of distances where one of them found no hand.
    alarms : float
        Pictures without a hand in which one is seen, in percent.
    """

    method: str
    photos: int
    numbers: dict[str, Number]
    beyond: dict[str, Number]
    apart: dict[str, float]
    alarms: float


def score(truth: Hand, found: Hand | None) -> Score:
    """Set what a detector found, if anything, against the truth."""
    if found is None:
        return Score(0.0, 0.0, 0.0, float("nan"))
    side = float(np.ptp(truth.keypoints_2d, axis=0).max())
    apart = np.linalg.norm(truth.keypoints_2d.astype(np.float64) - found.keypoints_2d, axis=1) / side
    overlap = (truth.mask & found.mask).sum() / (truth.mask | found.mask).sum()
    return Score(100.0, 100 * float((apart <= PCK_THRESHOLD).mean()), 100 * float(overlap), 100 * float(apart.mean()))


def row_of(
    method: str, photos: int, scores: np.ndarray, identity: np.ndarray, persons: Sequence[str], alarms: float
) -> Row:
    """The row of a method, with intervals from drawing the tested persons.

    Parameters
    ----------
    method, photos, alarms
        See `Row`.
    scores, identity : ndarray of shape (trainings, tested photos, measures)
        Of the method and of `identity`, with `Score`'s fields as measures.
    persons : sequence of str
        Of each tested photo.
    """
    names, people = np.unique(persons, return_inverse=True)
    weights = person_weights(len(names), np.random.default_rng(0))
    numbers, beyond, apart = {}, {}, {}
    for place, measure in enumerate(Score._fields):
        (own, each), (usual, _) = (_replicated(of[..., place], people, weights) for of in (scores, identity))
        ends = own.interval()
        if measure == "found":
            low, high = share_interval(Interval(ends.lo / 100, ends.hi / 100), len(names))
            ends = Interval(100 * low, 100 * high)
        numbers[measure] = Number.of(own.value, ends, len(persons), int(np.isnan(scores[..., place]).sum()))
        beyond[measure] = paired(usual, own, len(persons))
        apart[measure] = float(np.ptp(each))
    return Row(method, photos, numbers, beyond, apart, alarms)


def _replicated(values: np.ndarray, people: np.ndarray, weights: np.ndarray) -> tuple[Replicated, list[float]]:
    """Mean over photos and trainings, (trainings, photos), with its replicates; and that of each training."""
    every = mean_of(values.ravel(), np.tile(people, len(values)), weights)
    return every, [mean_of(own, people, weights[:1]).value for own in values]


def table(rows: Sequence[Row]) -> list[str]:
    """Lines of a table; below each method how much more its numbers are than those of `identity`."""
    width = max(len("less identity's"), *(len(row.method) for row in rows)) + 2
    lines = [" ".join([" " * width, "photos", *(f"{MEASURES[name]:>22}" for name in MEASURES), "  seen in none %"])]
    for row in rows:
        numbers = [_text(row.numbers[name], row.apart[name]) for name in MEASURES]
        lines.append(" ".join([row.method.ljust(width), f"{row.photos:6}", *numbers, f"{row.alarms:16.1f}"]))
        if row is not rows[0]:
            beyond = [_text(row.beyond[name], None) for name in MEASURES]
            lines.append(" ".join(["  less identity's".ljust(width), " " * 6, *beyond]))
    return [*lines, "In brackets: 95 % interval over persons; behind ~: how far the trainings of a method lie apart."]


def as_csv(rows: Sequence[Row]) -> str:
    """A line for each method and measure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["method", "photos", "measure", "value", "lo", "hi", "n", "less_identity", "less_identity_lo",
         "less_identity_hi", "between_trainings", "false_alarms"]
    )  # fmt: skip
    for row in rows:
        for measure, number in row.numbers.items():
            beyond = row.beyond[measure]
            cells = [number.value, number.lo, number.hi, number.n, beyond.value, beyond.lo, beyond.hi]
            writer.writerow([row.method, row.photos, measure, *cells, _known(row.apart[measure]), row.alarms])
    return text.getvalue()


def _known(value: float) -> float | None:
    """None where a training that found no hand has no distance to set beside another's."""
    return None if np.isnan(value) else value


def _text(number: Number, apart: float | None) -> str:
    if number.value is None:
        return f"{'-':>22}"
    ends = "" if number.lo is None else f" [{number.lo:.1f},{number.hi:.1f}]"
    between = "" if apart is None or _known(apart) is None else f" ~{apart:.1f}"
    return f"{number.value:.1f}{ends}{between}".rjust(22)
