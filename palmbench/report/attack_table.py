"""Attacks on a method side by side: what a guess gets first, then the floor, then each attack, the worst case last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from palmbench.engine.attack_health import Health
from palmbench.engine.attack_record import Attacked
from palmbench.engine.attacking import with_bounds
from palmbench.report.plain_table import aligned, column_of, width_of
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.number import Number
from palmbench.scoring.worst_case import strongest, worst_case

WIDTH = 120
COLUMNS = ("rank_1", "tar_fmr100", "eer", "lid", "lid_worst", "min_cllr", "d_sys", "singling_out", "mean_disclosure",
           "tar_fmr1000")  # fmt: skip
_IN_GALLERY = ("rank_1", "mean_disclosure")  # what a gallery of another size has another number of
CHANCE, WORST, ABOVE = "by chance", "worst case", "above the floor"
NOT_CHOSEN = "no attack compared photos of two validation persons, on whom it is chosen"
VOID = " (void)"  # behind the name of an attack that is not in health


def attack_lines(attacked: Sequence[Attacked], health: Mapping[str, Health] | None = None) -> list[str]:
    """The attacks on one point as plain text; columns that find no room are left out and named.

    Parameters
    ----------
    attacked : sequence of Attacked
        At least one.
    health : mapping, optional
        By what an attack is called, of those that learn. One that is void bears a mark and is no worst case.
    """
    health = health or {}
    ordered = sorted(attacked, key=lambda each: not each.attack.floor)
    void = {name for name, each in health.items() if each.void}
    rows: dict[str, Mapping[str, Number]] = dict(by_chance(ordered))
    rows |= {each.called + (VOID if each.called in void else ""): each.numbers for each in ordered}
    counted = [each for each in ordered if each.called not in void]
    notes = []
    if len(counted) > 1 and (worst := strongest_of(counted)) is not None:
        rows[WORST] = worst.numbers
        notes.append(
            f"Worst case of {len(counted)} attacks: {worst.winner}, which is the strongest on validation persons."
        )
    elif len(counted) > 1:
        notes.append(f"No worst case: {NOT_CHOSEN}.")
    if (above := above_floor(counted, [each for each in counted if each.attack.floor])) is not None:
        rows[ABOVE] = above
    notes += [
        f"{each.called}: scores of a photo's outputs correlate by {correlation:.2f} (at 1 several gain nothing, at 0 "
        "the root of their number)."
        for each in ordered
        if (correlation := each.content["output_correlation"]) is not None
    ]
    notes += [
        f"{each.called}: of {len(errors)} trainings the best on validation persons, where they leave {min(errors):.3f} "
        f"to {max(errors):.3f}."
        for each in ordered
        for errors in each.content["training_errors"]
        if len(errors) > 1
    ]
    notes += [f"Health of {name}: {each.words}." for name, each in health.items()]
    known = {each.called: each.attack.knows for each in ordered}
    knows = ["knows", *(known.get(name.removesuffix(VOID), "") for name in rows)]
    columns = [column_of(LEAKS[name], [each.get(name) for each in rows.values()]) for name in COLUMNS]
    room = WIDTH - max(map(len, rows)) - 2 - width_of(knows)
    shown = max(1, sum(width <= room for width in accumulate(2 + width_of(column) for column in columns)))
    left_out = [LEAKS[name].label for name in COLUMNS[shown:]]
    lines = ["", _title(attacked), *aligned(["attack", *rows], [knows, *columns[:shown]]), *notes]
    return [*lines, f"Left out, for want of room: {', '.join(left_out)}."] if left_out else lines


class Strongest(NamedTuple):
    """The worst case over attacks: the one that was chosen, and its numbers with intervals that know of the others."""

    winner: str
    numbers: dict[str, Number]


def strongest_of(attacked: Sequence[Attacked]) -> Strongest | None:
    """The attack with the least min Cllr on validation persons, a number in which every score has a part.

    In what a gallery's size decides, it is set against attacks that were asked for galleries of its own size alone.
    None if no attack has one.
    """
    named = {each.called: each for each in attacked}
    chosen_on = {name: each.chosen_on["min_cllr"] for name, each in named.items()}
    if not np.isfinite(list(chosen_on.values())).any():
        return None
    draws = {each.called: each.replicated() for each in attacked}
    winner = strongest(chosen_on, leaks_up=False)
    persons, own = named[winner].persons_asked, named[winner].numbers
    numbers = {}
    for name, measure in LEAKS.items():
        beside = {
            attack: each[name] for attack, each in draws.items() if comparable(named[attack], named[winner], name)
        }
        worst = worst_case(winner, beside, not measure.higher_is_better)
        numbers[name] = own[name] if np.isnan(worst.value) else with_bounds(own[name], measure, worst.interval, persons)
    return Strongest(winner, numbers)


def comparable(first: Attacked, second: Attacked, measure: str) -> bool:
    """Whether two attacks' numbers are of galleries of the size that was asked for, where that decides the number.

    Palms that failed in one of them alone make no difference that matters.
    """
    return measure not in _IN_GALLERY or first.attack.size == second.attack.size


def above_floor(attacked: Sequence[Attacked], floors: Sequence[Attacked]) -> dict[str, Number] | None:
    """How far the strongest attack lies above the strongest floor in every measure, a paired difference.

    Lacking where the two were asked for galleries of two sizes, and that decides the number. None if there is no floor,
    or none can be chosen.
    """
    named = {each.called: each for each in (*attacked, *floors)}
    most, least = strongest_of(attacked), strongest_of(floors)
    if most is None or least is None:
        return None
    high, low = named[most.winner], named[least.winner]
    above = {name: each.less(low.replicated()[name]) for name, each in high.replicated().items()}
    return {
        name: Number.of(each.value, each.interval(), high.numbers[name].n)
        if comparable(high, low, name)
        else Number.lacking("galleries of one size")
        for name, each in above.items()
    }


def by_chance(attacked: Sequence[Attacked]) -> dict[str, dict[str, Number]]:
    """What a guess gets, by what its row is called: a row for each size of gallery.

    Where chance is known from exchanges of palms alone, each attack has its own: the mean of their means, and an
    interval that holds all of theirs.
    """
    sizes = sorted({each.content["gallery"] for each in attacked})
    found = {}
    for size in sizes:
        guesses = [each.by_chance for each in attacked if each.content["gallery"] == size]
        row = CHANCE if len(sizes) == 1 else f"{CHANCE}, {size} palms"
        found[row] = {name: _together([each[name] for each in guesses]) for name in LEAKS}
    return found


def _together(guesses: Sequence[Number]) -> Number:
    values = [each.value for each in guesses if each.value is not None]
    lows, highs = ([end for each in guesses if (end := getattr(each, name)) is not None] for name in ("lo", "hi"))
    ends = (min(lows), max(highs)) if lows else None
    return Number.of(float(np.mean(values)) if values else None, ends)


def _title(attacked: Sequence[Attacked]) -> str:
    content = attacked[0].content
    point, people = content["point"], content["people"]
    sizes = sorted({each.content["gallery"] for each in attacked})
    asked = sorted({each.persons_asked for each in attacked})
    none_left = " asked for: palms of the others have no second photo, or lot of photos"
    some = f" ({' or '.join(map(str, asked))}{none_left})" if asked[0] < people["evaluated"] else ""
    method = f"{point['method']} {point['setting']}".strip()
    recognizer = f"{point['recognizer']} {point['variant']}".strip()
    return (
        f"{method} on {point['dataset']}, {recognizer}: {people['evaluated']} persons evaluated{some}, "
        f"{people['validation']} to choose attacks on, {' or '.join(map(str, sizes))} palms in the gallery; "
        "95 % intervals over persons"
    )
