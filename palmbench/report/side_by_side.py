"""Two folders of results or bundles, point by point: what differs in settings and code, and by how much in numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from palmbench.engine.attack_record import Attacked
from palmbench.engine.bundle import Kept
from palmbench.engine.records import METRICS as METRICS_FILE
from palmbench.engine.run import setting_text
from palmbench.report.kept_points import essential, recognizer_text
from palmbench.report.names import flat
from palmbench.report.plain_table import aligned
from palmbench.report.tables import NOTHING, number_text
from palmbench.scoring.differences import independent, paired, same_draws
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.metric_table import HEADLINE, METRICS, Metric
from palmbench.scoring.number import Number

PAIRED, INDEPENDENT = "paired", "independent"
_OF_RUNS = (*HEADLINE, "pck", "gesture")
_OF_ATTACKS = ("rank_1", "tar_fmr100", "eer", "lid", "mean_disclosure")
_ABOUT_CODE = ("palmbench", "torch", "numpy", "opencv-python-headless")


class Difference(NamedTuple):
    """A number on both sides, the second less the first, and whether the same persons were drawn for both."""

    metric: Metric
    before: Number
    after: Number
    more: Number
    pairing: str


@dataclass(frozen=True)
class Pair:
    """The same point in two places.

    Attributes
    ----------
    name : str
        Point, data set, recognizer, and of an attack what it is called.
    before, after : Kept
    """

    name: str
    before: Kept
    after: Kept

    @property
    def equal(self) -> bool:
        """Whether both are the same record, whoever made it when."""
        return self.before.key == self.after.key and not self.differs and self._same_numbers

    @property
    def _same_numbers(self) -> bool:
        one, other = (each.record.content["files"][METRICS_FILE] for each in (self.before, self.after))
        return bool(one == other)

    @property
    def differs(self) -> list[str]:
        """Settings, photos, persons and versions that differ, each as `method.sigma 2 / 4`."""
        settings = [flat(_told(each)) for each in (self.before, self.after)]
        said = [
            f"{name} {_word(settings[0].get(name))} / {_word(settings[1].get(name))}"
            for name in dict.fromkeys([*settings[0], *settings[1]])
            if repr(settings[0].get(name)) != repr(settings[1].get(name))
        ]
        contents = self.before.record.content, self.after.record.content
        said += ["other photos"] if contents[0]["photos"] != contents[1]["photos"] else []
        if contents[0].get("people_digest") != contents[1].get("people_digest"):
            said.append("other persons evaluated")
        if not said and self.before.key != self.after.key:
            said.append("other versions of the code that decides numbers, or other weights")
        return said

    @property
    def differences(self) -> list[Difference]:
        numbers = [each.record.metrics["metrics"] for each in (self.before, self.after)]
        table = METRICS if self.before.trial is None else LEAKS
        return [
            self._difference(table[name], numbers[0][name], numbers[1][name])
            for name in table
            if name in numbers[0] and name in numbers[1]
        ]

    def _difference(self, metric: Metric, before: Number, after: Number) -> Difference:
        if self._same_persons:
            one, other = (Attacked(each.record).replicated()[metric.name] for each in (self.before, self.after))
            if same_draws(one, other):
                return Difference(metric, before, after, paired(one, other, after.n), PAIRED)
        return Difference(metric, before, after, independent(before, after), INDEPENDENT)

    @property
    def _same_persons(self) -> bool:
        if self.before.trial is None:
            return False
        contents = self.before.record.content, self.after.record.content
        return all(contents[0][name] == contents[1][name] for name in ("photos", "people_digest", "people"))


@dataclass(frozen=True)
class SideBySide:
    """Two places of results.

    Attributes
    ----------
    pairs : tuple of Pair
    only_before, only_after : tuple of str
        Names of what one of them lacks.
    """

    pairs: tuple[Pair, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def side_by_side(before: Sequence[Kept], after: Sequence[Kept]) -> SideBySide:
    """Find the same points in two places.

    What was looked for beside identity is left out. Two records are of the same point if data set, method with its
    settings, recognizer and attack are called alike. Of several such, those with equal settings belong together, and
    then the others in the order of their settings.
    """
    named = [_by_name([each for each in kept if each.disclosed is None]) for kept in (before, after)]
    pairs, only = [], ([], [])  # type: tuple[list[Pair], tuple[list[str], list[str]]]
    for name in sorted({*named[0], *named[1]}):
        sides = [_unlike_first(named[side].get(name, []), named[1 - side].get(name, [])) for side in (0, 1)]
        for left, right in zip_longest(*sides):
            if left is not None and right is not None:
                pairs.append(Pair(name, left, right))
            else:
                only[right is not None].append(name)
    return SideBySide(tuple(pairs), tuple(only[0]), tuple(only[1]))


def to_text(found: SideBySide, names: tuple[str, str]) -> list[str]:
    """As lines of text: a table a point with the numbers one looks at first."""
    lines = [f"A: {names[0]}", f"B: {names[1]}"]
    for pair in found.pairs:
        if pair.equal:
            continue
        shown = _OF_RUNS if pair.before.trial is None else _OF_ATTACKS
        rows = [each for each in pair.differences if each.metric.name in shown]
        cells = [[_heading(each.metric), *_cells(each)] for each in rows]
        columns = [list(column) for column in zip(["", "A", "B", "B less A", "interval"], *cells, strict=True)]
        lines += ["", pair.name, *(f"  differs: {each}" for each in pair.differs)]
        lines += [f"  {line}" for line in aligned(columns[0], columns[1:])]
    if equal := [pair.name for pair in found.pairs if pair.equal]:
        lines += ["", f"The same record in both: {'; '.join(equal)}."]
    for mark, only in (("A", found.only_before), ("B", found.only_after)):
        if only:
            lines += ["", f"In {mark} alone: {'; '.join(only)}."]
    if not found.pairs:
        lines += ["", "No point is in both."]
    told = {each.pairing for pair in found.pairs if not pair.equal for each in pair.differences}
    if PAIRED in told:
        lines += ["", "paired: 95 % interval of the difference, the same persons drawn on both sides."]
    if INDEPENDENT in told:
        lines += ["", "independent: 95 % interval made of both numbers' own, as if of different persons: it is too "
                  "wide where they are the same."]  # fmt: skip
    return lines


def to_csv(found: SideBySide) -> str:
    """All numbers of all pairs, a line each; an empty field is a number that there is not."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = [f"{side}{end}" for side in ("a", "b", "difference") for end in ("", "_lo", "_hi")]
    writer.writerow(["point", "kind", "metric", *ends, "interval", "differs"])
    for pair in found.pairs:
        differs = "; ".join(pair.differs)
        for each in pair.differences:
            numbers = [_plain(end) for number in (each.before, each.after, each.more)
                       for end in (number.value, number.lo, number.hi)]  # fmt: skip
            kind = "run" if pair.before.trial is None else "attack"
            writer.writerow([pair.name, kind, each.metric.name, *numbers, each.pairing, differs])
    return text.getvalue()


def _by_name(kept: Sequence[Kept]) -> dict[str, list[Kept]]:
    found: dict[str, list[Kept]] = {}
    for each in sorted(kept, key=lambda each: repr(sorted(flat(_told(each)).items(), key=lambda item: item[0]))):
        point = each.point
        attack = "" if each.trial is None else f", {point['attack']}"
        name = f"{setting_text(point)} on {point['dataset']}, {recognizer_text(point)}{attack}"
        found.setdefault(name, []).append(each)
    return found


def _unlike_first(own: Sequence[Kept], others: Sequence[Kept]) -> list[Kept]:
    """Records of one name, those that the other side has with equal settings before the rest, in one order on both."""
    settings = [flat(_told(each)) for each in others]
    return sorted(own, key=lambda each: flat(_told(each)) not in settings)


def _told(kept: Kept) -> Mapping[str, Any]:
    """Settings, and the versions that a record has of its code."""
    content = kept.record.content
    packages = {name: content["packages"].get(name) for name in _ABOUT_CODE} if "packages" in content else {}
    told = {**essential(kept), "version": {**packages, "python": content["python"], **content.get("versions", {})}}
    return told if kept.trial is None else {**told, **kept.trial}


def _heading(metric: Metric) -> str:
    return f"{metric.label}{', ' if metric.unit else ''}{metric.unit} {metric.heading[-1]}"


def _cells(difference: Difference) -> tuple[str, ...]:
    before, after, more = (
        _number(each, difference.metric.decimals) for each in (difference.before, difference.after, difference.more)
    )
    return before, after, more, difference.pairing if difference.more.lo is not None else NOTHING


def _number(number: Number, decimals: int) -> str:
    # Plus zero, lest a small negative number be printed as -0.
    value, *ends = (
        number_text(None if each is None else round(each, decimals) + 0.0, decimals)
        for each in (number.value, number.lo, number.hi)
    )
    return value if number.lo is None else f"{value} [{', '.join(ends)}]"


def _word(value: Any) -> str:
    return "none" if value is None else str(value)


def _plain(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")
