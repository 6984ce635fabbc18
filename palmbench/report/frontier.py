"""Privacy against utility: where each method stands, and the area that its settings reach together."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from palmbench.engine.attack_record import Attacked
from palmbench.report.attack_matrix import Resisted
from palmbench.report.attack_table import comparable
from palmbench.report.utility import UtilityScale
from palmbench.scoring.hypervolume import hypervolume, privacy
from palmbench.scoring.intervals import interval
from palmbench.scoring.number import Number

MEASURE = "rank_1"
IDENTITY, MASK = "identity", "mask"
Curve = tuple[str, str, str]  # label of a method, recognizer and variant


class Sided(NamedTuple):
    """Success of a method's worst case by replicate: of the attack that was chosen, and of each replicate's best."""

    value: float
    own: np.ndarray
    most: np.ndarray


def areas_of(resisted: Sequence[Resisted], utility: Mapping[str, Number]) -> dict[Curve, Number]:
    """Hypervolume of each method's settings, with an interval over persons.

    Privacy is measured between a guess and the worst case on untouched photos (`palmbench.scoring.hypervolume`). The
    interval has the draws of persons that all attacks share: its upper end from the attacks that were chosen, its lower
    one from the best attack of each replicate, as that of the worst case. Utility is taken as known.

    Parameters
    ----------
    resisted : sequence of Resisted
        On the same persons.
    utility : mapping of str to Number
        By name of the method; settings without a value are left out.

    Returns
    -------
    dict
        By label, recognizer and variant of the method; lacking where nothing tells what untouched photos give away.
    """
    curves: dict[Curve, list[Resisted]] = {}
    for each in resisted:
        if (number := utility.get(each.name)) is not None and number.value is not None and each.winner is not None:
            curves.setdefault(curve_of(each), []).append(each)
    return {curve: _area(settings, _identity(resisted, curve), utility) for curve, settings in curves.items()}


def privacy_of(resisted: Sequence[Resisted]) -> dict[str, Number]:
    """By name of the method, its privacy from 0 (as untouched photos) to 1 (a guess); where it can be told."""
    found = {}
    for each in resisted:
        plain = _identity(resisted, curve_of(each))
        if plain is None or each.winner is None or _unlike(each, plain):
            continue
        value, own, most = (found_in[0] for found_in in _private([each], plain))
        found[each.name] = Number.of(float(value), (interval(most).lo, interval(own).hi))
    return found


def curve_of(method: Resisted) -> Curve:
    """Whose curve a setting is a point of."""
    point = method.attacked[0].content["point"]
    return method.label, str(point["recognizer"]), str(point["variant"])


def method_of(method: Resisted) -> str:
    return str(method.attacked[0].content["point"]["method"])


def scale_of(resisted: Sequence[Resisted], measured: Mapping[str, Mapping[str, Number]]) -> UtilityScale | None:
    """The scale of utility, if both its ends were measured.

    Parameters
    ----------
    resisted : sequence of Resisted
        On the same photos.
    measured : mapping of str to mapping
        By name of the method, the metrics of its run.
    """
    ends = {method_of(each): measured[each.name] for each in reversed(resisted) if each.name in measured}
    return UtilityScale(ends[IDENTITY], ends[MASK]) if {IDENTITY, MASK} <= ends.keys() else None


def to_csv(resisted: Sequence[Resisted], measured: Mapping[str, Mapping[str, Number]], scale: UtilityScale) -> str:
    """A line a method: utility and its parts, naive and worst success, privacy, and the area of its curve.

    Privacy and area are of all attacks, and with `_palm` of those that look at the palm, which a floor does not.
    """
    utility = {name: scale.of(numbers) for name, numbers in measured.items()}
    looking = palm_alone(resisted)
    areas, private = areas_of(resisted, utility), privacy_of(resisted)
    areas_palm, private_palm = areas_of(looking, utility), privacy_of(looking)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("utility", f"naive_{MEASURE}", f"worst_{MEASURE}", "privacy", "hypervolume", "privacy_palm",
             "hypervolume_palm")  # fmt: skip
    ends = [f"{name}{end}" for name in names for end in ("", "_lo", "_hi")]
    writer.writerow(["method", "curve", "recognizer", *(f"u_{name}" for name in scale.measures), *ends, "worst_case"])
    for each in resisted:
        scaled = scale.scaled(measured.get(each.name, {}))
        numbers = [
            utility.get(each.name),
            each.naive.numbers[MEASURE] if each.naive else None,
            each.worst.numbers[MEASURE] if each.worst else None,
            private.get(each.name),
            areas.get(curve_of(each)),
            private_palm.get(each.name),
            areas_palm.get(curve_of(each)),
        ]
        label, *recognizer = curve_of(each)
        cells = [_plain(end) for number in numbers for end in _ends(number)]
        values = [_plain(scaled[name].value if name in scaled else None) for name in scale.measures]
        winner = each.worst.winner if each.worst else ""
        writer.writerow([each.name, label, " ".join(recognizer).strip(), *values, *cells, winner])
    return text.getvalue()


def palm_alone(resisted: Sequence[Resisted]) -> list[Resisted]:
    """The methods without the floors among their attacks; those on which nothing else was tried are left out."""
    without = [replace(each, attacked=tuple(one for one in each.attacked if not one.attack.floor)) for each in resisted]
    return [each for each in without if each.attacked]


def _area(settings: Sequence[Resisted], plain: Resisted | None, utility: Mapping[str, Number]) -> Number:
    if plain is None:
        return Number.lacking("the same attacks on method=identity")
    if any(_unlike(each, plain) for each in settings):
        return Number.lacking("attacks on the same persons and as many palms in the gallery")
    along = [utility[each.name].value for each in settings]
    value, own, most = (
        hypervolume([each for each in along if each is not None], np.moveaxis(private, 0, -1))
        for private in _private(settings, plain)
    )
    return Number.of(float(value), (interval(most).lo, interval(own).hi), settings[0].attacked[0].numbers[MEASURE].n)


def _private(settings: Sequence[Resisted], plain: Resisted) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Privacy of settings: values (n,), and by replicate (n, n_replicates) of what was chosen and of the best."""
    chance = _guess(plain)
    assert chance is not None
    whole, found = _sided(plain), [_sided(each) for each in settings]
    return (
        privacy(np.array([each.value for each in found]), chance, np.array(whole.value)),
        privacy(np.stack([each.own for each in found]), chance, whole.own),
        # The best attack is the best on untouched photos too: the replicate's own scale.
        privacy(np.stack([each.most for each in found]), chance, whole.own),
    )


def _sided(method: Resisted) -> Sided:
    assert method.winner is not None
    beside = [each for each in method.counted if comparable(each, method.winner, MEASURE)]
    draws = {each.called: each.replicated()[MEASURE] for each in beside}
    own = draws[method.winner.called]
    return Sided(own.value, own.draws, np.max([each.draws for each in draws.values()], axis=0))


def _identity(resisted: Sequence[Resisted], curve: Curve) -> Resisted | None:
    """Untouched photos under the same recognizer, where an attack on them compared anything."""
    return next(
        (each for each in resisted
         if method_of(each) == IDENTITY and curve_of(each)[1:] == curve[1:] and _guess(each) is not None),
        None,
    )  # fmt: skip


def _guess(method: Resisted) -> float | None:
    """The rank-1 rate by chance of the attack behind the worst case, in percent."""
    return None if method.winner is None else method.winner.by_chance[MEASURE].value


def _unlike(method: Resisted, plain: Resisted) -> bool:
    """Whether two methods were attacked on other persons, or in galleries of other sizes."""
    if method.winner is None or plain.winner is None:
        return True

    def shares(attacked: Attacked) -> tuple[object, ...]:
        return attacked.content["people_digest"], attacked.content["photos"], attacked.content["gallery"]

    return shares(method.winner) != shares(plain.winner)


def _ends(number: Number | None) -> tuple[float | None, ...]:
    return (None, None, None) if number is None else (number.value, number.lo, number.hi)


def _plain(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")
