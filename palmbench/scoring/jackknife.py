"""How sure one can be of a number that is not a mean of photos: the jackknife that leaves out groups of persons.

A bootstrap draws some photos twice, and a distance between sets of photos takes every copy for a coincidence. Leaving
out does not: each group of persons is left out in turn, and the spread of what remains gives the standard error
(the delete-a-group jackknife, Kott 2001).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.intervals import Interval
from palmbench.scoring.pairs import labels

VERSION = 2
GROUPS = 20
_LEAST_GROUPS = 3


def jackknife_interval(
    statistic: Callable[[np.ndarray], float],
    estimate: float,
    persons: ArrayLike,
    groups: int = GROUPS,
    level: float = 0.95,
) -> Interval:
    """Interval of a statistic about its estimate, from Student's t with as many degrees of freedom as groups less one.

    It tells how far the number would move with other people's palms. What too few photos add to it on the average,
    its bias, is not in there.

    Parameters
    ----------
    statistic : callable
        From the samples that are kept, (n,) bool, to the number.
    estimate : float
        The number of all samples.
    persons : (n,) array_like
        Person of each sample; groups are of whole persons, in turn by their order.
    groups : int
        How many; as many as there are persons if those are fewer.
    level : float
        Coverage.

    Returns
    -------
    Interval
        NaN at both ends with fewer than three persons.
    """
    people = labels(persons)
    count = min(groups, int(people.max()) + 1 if len(people) else 0)
    if count < _LEAST_GROUPS:
        return Interval(math.nan, math.nan)
    from scipy.special import stdtrit  # imported late: commands that compute nothing start without scipy

    values = np.array([statistic(people % count != group) for group in range(count)])
    error = math.sqrt((count - 1) / count * float(np.square(values - values.mean()).sum()))
    reach = float(stdtrit(count - 1, (1 + level) / 2)) * error
    return Interval(estimate - reach, estimate + reach)
