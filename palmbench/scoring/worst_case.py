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
    winner : str
        Its name: the one that leaks most on validation persons.
    value : float
        Its number on the evaluated persons.
    interval : Interval
        From its own lower end to the upper end of each replicate's most.
    wins : dict of str to float
        By attacker, the share of replicates in which it gets most.
    """

    winner: str
    value: float
    interval: Interval
    wins: dict[str, float]


def worst_case(
    chosen_on: Mapping[str, float], evaluated: Mapping[str, Replicated], leaks_up: bool = True, level: float = 0.95
) -> WorstCase:
    """The worst case over attackers.

    Parameters
    ----------
    chosen_on : mapping of str to float
        By attacker, its number on validation persons; NaN of one that cannot be chosen. Of equals the first.
    evaluated : mapping of str to Replicated
        By attacker, its number on the evaluated persons; all with the same weights.
    leaks_up : bool
        Whether more is worse, as of a rate of success; less is, of an error rate.
    level : float
        Coverage.

    Raises
    ------
    ValueError
        If no attacker can be chosen.
    """
    sign = 1.0 if leaks_up else -1.0
    names = [name for name in evaluated if np.isfinite(chosen_on[name]) and np.isfinite(evaluated[name].value)]
    if not names:
        raise ValueError("no attacker has a number on validation and on evaluated persons")
    winner = max(names, key=lambda name: sign * chosen_on[name])
    draws = sign * np.stack([evaluated[name].draws for name in names])
    defined = np.isfinite(draws).all(axis=0)
    best = np.argmax(np.where(np.isfinite(draws), draws, -np.inf), axis=0)
    most = np.where(defined, draws.max(axis=0), np.nan)
    own, reach = interval(sign * evaluated[winner].draws, level), interval(most, level)
    ends = sorted((sign * own.lo, sign * max(own.hi, reach.hi)))
    counts = np.bincount(best[defined], minlength=len(names)) / max(int(defined.sum()), 1)
    wins = dict(zip(names, counts.tolist(), strict=True))
    return WorstCase(winner, evaluated[winner].value, Interval(*ends), wins)
