"""The worst case over attackers: which of them one has to reckon with, and how sure its success is.

The best of several numbers is too high by chance, and the interval of the one that happens to be best is too narrow.
So the attacker is chosen on persons who are not evaluated, and its number on those who are stands; its interval
reaches up to what the best attacker of each replicate gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from palmbench.scoring.intervals import Interval, interval
from palmbench.scoring.replicated import Replicated

VERSION = 1


class WorstCase(NamedTuple):
    """What the strongest attacker gets.

    Attributes
    ----------
    value : float
        Its number on the evaluated persons; NaN where it has none.
    interval : Interval
        From its own lower end to the upper end of each replicate's most (of error rates, the other way round).
    wins : dict of str to float
        By attacker, the share of replicates in which it gets most.
    """

    value: float
    interval: Interval
    wins: dict[str, float]


def strongest(validation: Mapping[str, float], leaks_up: bool = True) -> str:
    """The attacker that leaks most on validation persons; of equals the first.

    Parameters
    ----------
    validation : mapping of str to float
        By attacker, its number there; NaN of one that cannot be chosen.
    leaks_up : bool
        Whether more is worse, as of a rate of success; less is, of an error rate.

    Raises
    ------
    ValueError
        If no attacker has a number.
    """
    known = {name: value if leaks_up else -value for name, value in validation.items() if np.isfinite(value)}
    if not known:
        raise ValueError("no attacker has a number on validation persons")
    return max(known, key=lambda name: known[name])


def worst_case(
    winner: str, evaluated: Mapping[str, Replicated], leaks_up: bool = True, level: float = 0.95
) -> WorstCase:
    """The worst case over attackers, of whom one was chosen.

    Parameters
    ----------
    winner : str
        The attacker that was chosen, see `strongest`.
    evaluated : mapping of str to Replicated
        By attacker, its number on the evaluated persons; all with the same weights.
    leaks_up : bool
        As of `strongest`.
    level : float
        Coverage.
    """
    sign = 1.0 if leaks_up else -1.0
    names = [name for name in evaluated if np.isfinite(evaluated[name].value)]
    if winner not in names:
        return WorstCase(float("nan"), Interval(float("nan"), float("nan")), {})
    draws = sign * np.stack([evaluated[name].draws for name in names])
    defined = np.isfinite(draws).all(axis=0)
    best = np.argmax(np.where(np.isfinite(draws), draws, -np.inf), axis=0)
    most = np.where(defined, draws.max(axis=0), np.nan)
    own, reach = interval(sign * evaluated[winner].draws, level), interval(most, level)
    ends = sorted((sign * own.lo, sign * max(own.hi, reach.hi)))
    counts = np.bincount(best[defined], minlength=len(names)) / max(int(defined.sum()), 1)
    return WorstCase(evaluated[winner].value, Interval(*ends), dict(zip(names, counts.tolist(), strict=True)))
