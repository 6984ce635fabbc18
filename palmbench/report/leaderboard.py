"""The leaderboard: methods by utility, within classes of what the worst attack finds out.

A method that hides little and one that hides much are not better or worse than each other by some sum of both. So
utility ranks within classes of leak, as the voice challenges rank it within classes of error rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Template
from typing import NamedTuple

import numpy as np

from palmbench.engine.attack_record import Attacked
from palmbench.report.attack_matrix import Resisted
from palmbench.report.attack_table import NOT_CHOSEN, comparable
from palmbench.report.frontier import Curve, areas_of, curve_of, palm_alone, scale_of
from palmbench.report.html import TEMPLATES
from palmbench.report.html.tags import Html, grid, notes, tag, text
from palmbench.report.kept_points import KeptPoint
from palmbench.report.labels import dataset_label
from palmbench.report.suites import Suite, suite_of
from palmbench.report.tables import NOTHING, SYNTHETIC, number_text
from palmbench.scoring.number import Number
from palmbench.scoring.worst_case import worst_case

TITLE = "Palmprint de-identification: leaderboard"
LEAD = (
    "Methods by utility, within classes of what the strongest attack discloses of whose palm it is. A number of "
    "privacy is as old as its attackers: each row names them."
)
MEASURE = "mean_disclosure"
HEAD = ("Class", "Method", "Utility ↑", "Disclosed, bits ↓", "Rank 1, % ↓", "Worst attack", "Hypervolume ↑",
        "Recognizer", "Persons", "Palms", "Attacks", "Void", "From")  # fmt: skip


class Class(NamedTuple):
    """A class of leak: its letter, and the bits below which a method is in it; None of the last."""

    letter: str
    below: float | None

    @property
    def words(self) -> str:
        return f"{self.letter}: {'the rest' if self.below is None else f'below {self.below:g} bit'}"


CLASSES = (Class("A", 0.1), Class("B", 0.5), Class("C", 1.0), Class("D", 2.0), Class("E", None))


@dataclass(frozen=True)
class Place:
    """A method's row.

    Attributes
    ----------
    method : Resisted
    source : str
        The bundle that it comes from, as the page names it.
    utility : Number
    area : Number or None
        Of the curve that it is a setting of.
    suite : Suite
        All attacks of its bundle on the same persons.
    point : KeptPoint
    """

    method: Resisted
    source: str
    utility: Number
    area: Number | None
    suite: Suite
    point: KeptPoint

    @cached_property
    def leak(self) -> Number:
        """Bits that the worst case discloses on the average, above what it does by chance.

        What an attack does by chance depends on its failures: each has its own taken off in the interval too.
        """
        assert self.method.winner is not None
        winner = self.method.winner
        beside = [each for each in self.method.counted if comparable(each, winner, MEASURE)]
        above = {each.called: each.replicated()[MEASURE].above(_chance(each)) for each in beside}
        worst, own = worst_case(winner.called, above), winner.numbers[MEASURE]
        return own if np.isnan(worst.value) else Number.of(worst.value, worst.interval, own.n, own.failed)

    @property
    def gallery(self) -> int:
        """Palms that the worst attack chose among: it discloses the logarithm of their number at most."""
        assert self.method.winner is not None
        return int(self.method.winner.content["gallery"])

    @property
    def leak_class(self) -> Class:
        """By the value; where its interval reaches further, the row says so."""
        return class_of(self.leak.value)

    def cells(self) -> list[str]:
        """As `HEAD`."""
        assert self.method.worst is not None
        letter, reaches = self.leak_class.letter, class_of(self.leak.hi).letter
        people = self.method.attacked[0].content["people"]
        asked = f"{len(self.point.attacks)} of {len(self.suite.attacks)}"
        void = [*sorted(self.method.void), *(f"{name} (unchecked)" for name in self.point.unchecked)]
        return [
            letter + (f" (to {reaches})" if self.leak.hi is not None and reaches != letter else ""),
            self.method.name,
            _text(self.utility, 2),
            _text(self.leak, 2),
            _text(self.method.worst.numbers["rank_1"], 0),
            self.method.worst.winner,
            _text(self.area, 2),
            self.point.recognizer,
            str(people["evaluated"]),
            str(self.gallery),
            f"{asked} of {self.suite.version}, {self.suite.date}",
            ", ".join(void) or "none",
            self.source,
        ]


@dataclass(frozen=True)
class Board:
    """The methods on one data set, in their order.

    Attributes
    ----------
    dataset : str
    places : tuple of Place
    notes : tuple of str
    """

    dataset: str
    places: tuple[Place, ...]
    notes: tuple[str, ...]


def class_of(bits: float | None) -> Class:
    """The class of a leak; of an unknown one the last."""
    return next(
        (each for each in CLASSES if bits is not None and (each.below is None or bits < each.below)), CLASSES[-1]
    )


def boards(sources: Sequence[tuple[str, Sequence[KeptPoint]]], palm: bool = False) -> list[Board]:
    """Leaderboards, one a data set.

    Parameters
    ----------
    sources : sequence of (str, sequence of KeptPoint)
        What a bundle is called, and its points.
    palm : bool
        Count attacks that look at the palm alone: no floor.

    Returns
    -------
    list of Board
        Utility needs runs of the method, of `identity` and of `mask` on the same photos; a method without one is last
        of its class.
    """
    of_sets: dict[str, list[Place]] = {}
    said: dict[str, dict[str, None]] = {}
    for source, points in sources:
        groups: dict[tuple[str, str, str], list[KeptPoint]] = {}
        for each in points:
            if each.resisted is not None:
                groups.setdefault((each.dataset, each.photos, each.people), []).append(each)
        for (dataset, _, _), group in groups.items():
            places, remarks = _places(source, group, palm)
            of_sets.setdefault(dataset, []).extend(places)
            said.setdefault(dataset, {}).update(dict.fromkeys(remarks))
    return [
        Board(dataset, tuple(sorted(places, key=_order)), (*_notes(dataset, places, palm), *said[dataset]))
        for dataset, places in of_sets.items()
    ]


def to_markdown(found: Sequence[Board]) -> str:
    """The page as Markdown."""
    lines = [f"# {TITLE}", "", LEAD, ""]
    for board in found:
        lines += [f"## {dataset_label(board.dataset)}", "", _line(HEAD), _line([":--"] * len(HEAD))]
        lines += [_line(each.cells()) for each in board.places]
        lines += ["", *(f"- {note}" for note in board.notes), ""]
    return "\n".join(lines)


def to_html(found: Sequence[Board]) -> Html:
    """The page by itself, with no file beside it."""
    body = [
        tag(
            "section",
            tag("h2", text(dataset_label(board.dataset))),
            grid(HEAD, [list(map(_cell, each.cells())) for each in board.places], "Leaderboard"),
            notes(board.notes),
            id=board.dataset,
        )
        for board in found
    ]
    contents = [tag("li", tag("a", text(dataset_label(each.dataset)), href=f"#{each.dataset}")) for each in found]
    page = Template((TEMPLATES / "page.html").read_text(encoding="utf-8"))
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8").strip()
    return page.substitute(
        title=text(TITLE), lead=text(LEAD), style=style, facts="", contents=tag("ul", *contents), body="\n".join(body)
    )


def _places(source: str, group: Sequence[KeptPoint], palm: bool) -> tuple[list[Place], list[str]]:
    suite = suite_of([kept for each in group for kept in each.attacks])
    every = [each.resisted for each in group if each.resisted is not None]
    measured = {each.name: each.numbers for each in group if each.run is not None}
    scale = scale_of(every, measured)
    utility = {name: scale.of(numbers) for name, numbers in measured.items()} if scale else {}
    shown = palm_alone(every) if palm else every
    areas: dict[Curve, Number] = areas_of(shown, utility)
    points = {(each.name, curve_of(one)): each for each, one in zip(group, every, strict=True)}
    lacking = Number.lacking("runs of the method, of identity and of mask")
    places = [
        Place(each, source, utility.get(each.name, lacking), areas.get(curve_of(each)), suite,
              points[each.name, curve_of(each)])
        for each in shown
        if each.worst is not None
    ]  # fmt: skip
    without = [
        f"{source}: no row for {each.name}: {NOT_CHOSEN if each.counted else 'every attack on it is void'}."
        for each in every
        if each.worst is None
    ]
    return places, [f"{source}: {suite.words}", *([f"{source}: {scale.words}"] if scale else []), *without]


def _order(place: Place) -> tuple[int, float, str]:
    value = place.utility.value
    return CLASSES.index(place.leak_class), -1.0 if value is None else -value, place.method.name


def _notes(dataset: str, places: Sequence[Place], palm: bool) -> list[str]:
    said = [
        f"Classes of bits disclosed: {'; '.join(each.words for each in CLASSES)}. The class is that of the value; "
        "where the 95 % interval reaches another, it stands in parentheses.",
        "Disclosed: MeanD of the worst case, less what it is where nothing leaks.",
    ]
    if palm:
        said.append("Of attacks that look at the palm; what the rest of the hand gives away is not counted.")
    if len({place.suite.version for place in places}) > 1:
        said.append("The attackers are not the same for all rows: compare rows of the same attacks.")
    if len({place.gallery for place in places}) > 1:
        said.append(
            "Galleries are of different sizes, and bits are at most log2 of their palms: compare rows of one size."
        )
    if len({place.point.photos for place in places}) > 1:
        said.append("Rows are of different photos of this data set: compare those of one bundle.")
    return [SYNTHETIC, *said] if dataset == "synth" else said


def _chance(attacked: Attacked) -> float:
    value = attacked.by_chance[MEASURE].value
    return np.nan if value is None else value


def _text(number: Number | None, decimals: int) -> str:
    if number is None or number.value is None:
        return NOTHING
    # Plus zero, lest a small negative number be printed as -0.
    value, *ends = (number_text(None if each is None else round(each, decimals) + 0.0, decimals)
                    for each in (number.value, number.lo, number.hi))  # fmt: skip
    return value if number.lo is None else f"{value} [{', '.join(ends)}]"


def _cell(said: str) -> Html:
    """A cell; an interval stays on one line."""
    return text(said.replace(", ", ",\N{NO-BREAK SPACE}") if "[" in said else said)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
