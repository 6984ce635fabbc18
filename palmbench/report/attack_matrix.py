"""The attack matrix: methods against attackers, chance and floors first, and last the worst case with its attack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from palmbench.engine.attack_health import Health
from palmbench.engine.attack_record import Attacked
from palmbench.report.attack_table import NOT_CHOSEN, WORST, Strongest, by_chance, strongest_of
from palmbench.report.labels import dataset_label
from palmbench.report.paper import Cell
from palmbench.report.rows import Row
from palmbench.report.tables import NOTHING, SYNTHETIC, Column, Entry, Line, Table
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.number import Number

NAIVE = "unchanged o-a"
VOID = "void"


@dataclass(frozen=True)
class Resisted:
    """A method with its settings, and how attacks fared on it.

    Attributes
    ----------
    name : str
        With everything that the methods of the command differ in.
    label : str
        Of the method alone.
    attacked : tuple of Attacked
        At least one.
    health : mapping of str to Health
        By what an attack is called, of those that learn.
    """

    name: str
    label: str
    attacked: tuple[Attacked, ...]
    health: Mapping[str, Health] = field(default_factory=dict)

    @cached_property
    def counted(self) -> list[Attacked]:
        """The attacks whose numbers say something."""
        return [each for each in self.attacked if each.called not in self.void]

    @property
    def void(self) -> set[str]:
        return {name for name, each in self.health.items() if each.void}

    @property
    def naive(self) -> Attacked | None:
        """The run's recognizer as it is, if it was asked."""
        return next((each for each in self.attacked if each.called == NAIVE), None)

    @cached_property
    def floor(self) -> Attacked | None:
        """The strongest attack that sees no palm."""
        return self._strongest([each for each in self.counted if each.attack.floor])

    @cached_property
    def winner(self) -> Attacked | None:
        """The attack behind the worst case."""
        return self._strongest(self.counted)

    @cached_property
    def worst(self) -> Strongest | None:
        """The worst case; of a single attack, that one. None where all are void, or none can be chosen."""
        if len(self.counted) > 1:
            return strongest_of(self.counted)
        return Strongest(self.counted[0].called, self.counted[0].numbers) if self.counted else None

    @staticmethod
    def _strongest(attacked: Sequence[Attacked]) -> Attacked | None:
        if len(attacked) < 2:
            return attacked[0] if attacked else None
        chosen = strongest_of(attacked)
        return None if chosen is None else next(each for each in attacked if each.called == chosen.winner)


def matrix(resisted: Sequence[Resisted], dataset: str, measure: str) -> Table:
    """Methods against attackers as a table.

    Parameters
    ----------
    resisted : sequence of Resisted
        On one data set; a line each.
    dataset : str
    measure : str
        Of `LEAKS`: what the cells are. The rows, for the CSV, have all measures.
    """
    ordered = sorted((each for method in resisted for each in method.attacked), key=lambda each: not each.attack.floor)
    chances = dict.fromkeys(name for method in resisted for name in by_chance(method.attacked))
    columns = [*chances, *dict.fromkeys(each.called for each in ordered), WORST]
    lines = [_line(method, dataset, measure, columns) for method in resisted]
    shown = LEAKS[measure]
    unit = f", {shown.unit}" if shown.unit else ""
    synthetic = f" {SYNTHETIC}" if dataset == "synth" else ""
    return Table(
        number=None,
        caption=f"Methods against attackers: {shown.label}{unit} ({shown.says}). The arrow points to better "
        f"de-identification. Data set: {dataset_label(dataset)}.{synthetic}",
        axis="setting",
        columns=tuple(Column("", replace(shown, label=name)) for name in columns),
        segments=(tuple(lines),),
        notes=tuple(_notes(resisted)),
        rows=tuple(row for method in resisted for row in _rows(method, dataset)),
    )


def _line(method: Resisted, dataset: str, measure: str, columns: Sequence[str]) -> Line:
    found = {row.cell.recognizer: row for row in _rows(method, dataset) if row.cell.metric == measure}
    remarks = dict.fromkeys(method.void, VOID)
    if method.worst is not None:
        found[WORST] = found.pop(f"{WORST}: {method.worst.winner}")
        remarks[WORST] = method.worst.winner
    entries = tuple(Entry(found.get(name), LEAKS[measure], remark=remarks.get(name, "")) for name in columns)
    measured = [each.numbers[measure] for each in method.attacked if each.numbers[measure].value is not None]
    sizes = sorted({number.n for number in measured})
    n = "–".join(map(str, dict.fromkeys((sizes[0], sizes[-1])))) if sizes else NOTHING
    failed = str(max(number.failed for number in measured)) if measured else NOTHING
    return Line(dataset_label(dataset), method.name, entries, n, failed, (dataset, method.name, "", None))


def _rows(method: Resisted, dataset: str) -> list[Row]:
    """Every number of a method: by chance, of each attack, and of the worst case."""
    numbers: dict[str, Mapping[str, Number]] = dict(by_chance(method.attacked))
    numbers |= {each.called: each.numbers for each in method.attacked}
    if method.worst is not None:
        numbers[f"{WORST}: {method.worst.winner}"] = method.worst.numbers
    return [
        Row(**vars(of_attack[name]), cell=Cell(dataset, method.name, "", None, attack, name))
        for attack, of_attack in numbers.items()
        for name in LEAKS
    ]


def _notes(resisted: Sequence[Resisted]) -> list[str]:
    people = resisted[0].attacked[0].content["people"]
    notes = [
        f"{people['evaluated']} persons evaluated, {people['validation']} to choose attacks on, {people['attackers']} "
        "the attacker's own.",
        "In brackets: 95 % intervals over persons; by chance the middle 95 % of exchanges of palms.",
        "The worst case is the attack that is the strongest on validation persons, named in parentheses; its interval "
        "reaches up to what the best attack of each replicate gets.",
    ]
    tried = [{each.called for each in method.attacked} for method in resisted]
    if any(each != tried[0] for each in tried):
        notes.append("A dash: not an attack on this method.")
    notes += [
        f"No worst case on {method.name}: {NOT_CHOSEN}." for method in resisted if method.counted and not method.worst
    ]
    notes += [
        f"Void on {method.name}: {name} ({method.health[name].words})."
        for method in resisted
        for name in sorted(method.void)
    ]
    return notes
