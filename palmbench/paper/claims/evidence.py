"""Numbers that claims are judged by, and the judgement: holds, fails, undecided, or not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np

from palmbench.paper.claims.terms import Claim, Comparison, Quantity, Relation
from palmbench.report.labels import dataset_label
from palmbench.scoring.intervals import interval

Verdict = Literal["holds", "fails", "undecided", "not measured"]


class Measured(NamedTuple):
    """A number and what is known of its uncertainty.

    Attributes
    ----------
    value : float or None
        None where it was not measured; `missing` says why.
    lo, hi : float
        Ends of its 95 % interval; NaN where there is none. Printed numbers are taken as they stand: both are the value.
    replicates : ndarray of shape (n_replicates,) or None
        Its values when persons are resampled. Numbers of one data set share the draws, so that their differences
        are paired.
    draws : str
        Which draws: numbers with equal names are paired.
    n : int
        Samples; 0 where the number is a printed one.
    missing : str
    """

    value: float | None
    lo: float = math.nan
    hi: float = math.nan
    replicates: np.ndarray | None = None
    draws: str = ""
    n: int = 0
    missing: str = ""


class Evidence(Protocol):
    """Where numbers come from: finished runs, or the paper's tables."""

    def number(self, quantity: Quantity) -> Measured:
        """The number, or one without a value that says what is missing."""
        ...


class Part(NamedTuple):
    """A comparison with its numbers.

    Attributes
    ----------
    difference, lo, hi : float
        Left less right, and its 95 % interval.
    """

    comparison: Comparison
    left: Measured
    right: Measured
    difference: float
    lo: float
    hi: float
    verdict: Verdict
    missing: str


class Finding(NamedTuple):
    """A claim on some data sets, judged."""

    claim: Claim
    datasets: tuple[str, ...]
    parts: tuple[Part, ...]
    verdict: Verdict
    missing: str


def judge(claim: Claim, datasets: Sequence[str], evidence: Evidence) -> Finding:
    """Judge a claim on data sets.

    A comparison holds if the whole interval of the difference lies on the claimed side of zero, fails if the whole of
    it lies on the other, and is undecided in between. A claim that needs all of its comparisons fails as soon as one of
    them fails; with one that is not measured it does not hold.
    """
    absent = [name for name in claim.needs if name not in datasets]
    if absent:
        return Finding(claim, tuple(datasets), (), "not measured", f"it is about {_listed(absent)}")
    parts = tuple(compare(comparison, evidence) for comparison in claim.parts(datasets))
    missing = "; ".join(dict.fromkeys(part.missing for part in parts if part.missing))
    if not parts:
        return Finding(claim, tuple(datasets), (), "not measured", "it compares several data sets")
    verdict = _ENOUGH[claim.enough]([part.verdict for part in parts])
    return Finding(claim, tuple(datasets), parts, verdict, missing)


def compare(comparison: Comparison, evidence: Evidence) -> Part:
    """One comparison with its numbers and the interval of their difference."""
    left = evidence.number(comparison.left)
    right = _constant(comparison.right, evidence)
    if left.value is None or right.value is None:
        missing = "; ".join(dict.fromkeys(number.missing for number in (left, right) if number.value is None))
        return Part(comparison, left, right, math.nan, math.nan, math.nan, "not measured", missing)
    difference = left.value - right.value
    if comparison.observed:
        verdict = side(comparison.relation, difference, difference)
        return Part(comparison, left, right, difference, math.nan, math.nan, verdict, "")
    lo, hi = _difference(left, right)
    return Part(comparison, left, right, difference, lo, hi, side(comparison.relation, lo, hi), "")


def side(relation: Relation, lo: float, hi: float) -> Verdict:
    """Whether a difference between `lo` and `hi` is known to be in the relation to zero, or known not to be."""
    if math.isnan(lo) or math.isnan(hi):
        return "undecided"
    if relation in ("<", "<="):
        lo, hi = -hi, -lo
    holds, fails = (lo > 0, hi <= 0) if relation in (">", "<") else (lo >= 0, hi < 0)
    return "holds" if holds else "fails" if fails else "undecided"


def _constant(right: Quantity | float, evidence: Evidence) -> Measured:
    return evidence.number(right) if isinstance(right, Quantity) else Measured(float(right), float(right), float(right))


def _difference(left: Measured, right: Measured) -> tuple[float, float]:
    """Interval of left less right: from shared draws where there are any, else from the two intervals."""
    if left.replicates is not None and right.replicates is not None and left.draws == right.draws:
        # Sums in another order differ in the last digits; a tie must stay one.
        lo, hi = map(_rounded, interval(left.replicates - right.replicates))
        # Where no photo at hand tells the two apart, draws of these photos cannot say that none would.
        if lo < hi or not (lo == 0 or (_unmoved(left) and _unmoved(right))):
            return lo, hi
    # Independent numbers: the square-and-add interval (Newcombe, 1998), exact where one of the two is a constant.
    assert left.value is not None and right.value is not None
    difference = left.value - right.value
    below = math.hypot(left.value - left.lo, right.hi - right.value)
    above = math.hypot(left.hi - left.value, right.value - right.lo)
    return _rounded(difference - below), _rounded(difference + above)


def _unmoved(number: Measured) -> bool:
    """Whether no draw moves a number that is not certain for all that, such as a share of 100 %."""
    return number.replicates is not None and bool(np.ptp(number.replicates) == 0) and number.lo < number.hi


def _listed(datasets: Sequence[str]) -> str:
    *first, last = map(dataset_label, datasets)
    return f"{', '.join(first)} and {last}" if first else last


def _rounded(value: float) -> float:
    return round(float(value), 9)


def _all(verdicts: Sequence[Verdict]) -> Verdict:
    for verdict in ("fails", "not measured", "undecided"):
        if verdict in verdicts:
            return verdict
    return "holds"


def _most(verdicts: Sequence[Verdict]) -> Verdict:
    if "not measured" in verdicts:
        return "not measured"
    half = len(verdicts) / 2
    if verdicts.count("holds") > half:
        return "holds"
    return "fails" if verdicts.count("fails") >= half else "undecided"


def _any(verdicts: Sequence[Verdict]) -> Verdict:
    for verdict in ("holds", "not measured", "undecided"):
        if verdict in verdicts:
            return verdict
    return "fails"


_ENOUGH = {"all": _all, "most": _most, "any": _any}
