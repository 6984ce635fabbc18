"""What a claim is: comparisons between numbers of the benchmark, in our words, with the place in the paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from palmbench.report.tables import Setting
from palmbench.scoring.metric_table import (
    METRICS,
)

Relation = Literal[">", ">=", "<", "<="]
MIRRORED: dict[Relation, Relation] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


class Quantity(NamedTuple):
    """One number: a metric of a setting on a data set, seen by a recognizer if it is a recognizer's."""

    dataset: str
    setting: Setting
    metric: str
    recognizer: str = ""


class Comparison(NamedTuple):
    """That one number lies on one side of another, or of a constant in the metric's unit.

    `observed` means of the photos at hand, whatever others might have shown: no interval is asked.
    """

    left: Quantity
    relation: Relation
    right: Quantity | float
    observed: bool = False


Parts = Callable[[Sequence[str]], Sequence[Comparison]]


@dataclass(frozen=True)
class Claim:
    """A finding of the paper that data can contradict.

    Attributes
    ----------
    name : str
        Short and stable, such as "fusion-best-structure".
    statement : str
        The finding in our words.
    source : str
        Section and table.
    parts : callable
        From data sets to the comparisons that make up the finding. A claim about an ablation is given one data set.
    across : bool
        Whether it is about all data sets together rather than about each.
    needs : tuple of str
        Data sets that it names.
    enough : {"all", "most", "any"}
        How many of the parts have to hold: each, more than half of them, or one.
    reading : str
        How a word of the paper that has no number was taken.
    """

    name: str
    statement: str
    source: str
    parts: Parts
    across: bool = False
    needs: tuple[str, ...] = ()
    enough: Literal["all", "most", "any"] = "all"
    reading: str = ""


class Ranking(NamedTuple):
    """Settings and metrics that statements about best, worst and order are made of; `recognizer` sees the metrics."""

    metrics: Sequence[str]
    recognizer: str = ""

    def best(self, setting: Setting, among: Sequence[Setting]) -> Parts:
        """`setting` is at least as good as every other one; equal numbers are no contradiction."""
        return self._against(setting, among, ">=")

    def worst(self, setting: Setting, among: Sequence[Setting]) -> Parts:
        """`setting` is at most as good as every other one."""
        return self._against(setting, among, "<=")

    def better(self, setting: Setting, others: Sequence[Setting]) -> Parts:
        """`setting` is better than every other one; equal is not better."""
        return self._against(setting, others, ">")

    def rising(self, settings: Sequence[Setting]) -> Parts:
        """Every setting is better than the one before it."""
        pairs = list(zip(settings[1:], settings, strict=False))
        return lambda datasets: [
            comparison for later, earlier in pairs for comparison in self.better(later, [earlier])(datasets)
        ]

    def falling(self, settings: Sequence[Setting]) -> Parts:
        """Every setting is worse than the one before it."""
        return self.rising(list(reversed(settings)))

    def _against(self, setting: Setting, among: Sequence[Setting], goodness: Relation) -> Parts:
        return lambda datasets: [
            Comparison(
                Quantity(dataset, setting, metric, self.recognizer),
                goodness if METRICS[metric].higher_is_better else MIRRORED[goodness],
                Quantity(dataset, other, metric, self.recognizer),
            )
            for dataset in datasets
            for metric in self.metrics
            for other in among
            if other != setting
        ]


def bounded(setting: Setting, metric: str, relation: Relation, bound: float, recognizer: str = "") -> Parts:
    """The metric lies on one side of a bound, on every data set."""
    return lambda datasets: [
        Comparison(Quantity(dataset, setting, metric, recognizer), relation, bound) for dataset in datasets
    ]


def every_photo(setting: Setting, metric: str, recognizer: str) -> Parts:
    """A share is 100 % of the photos at hand, on every data set."""
    return lambda datasets: [
        Comparison(Quantity(dataset, setting, metric, recognizer), ">=", 100, observed=True) for dataset in datasets
    ]


def together(*parts: Parts) -> Parts:
    """All comparisons of several kinds."""
    return lambda datasets: [comparison for each in parts for comparison in each(datasets)]
