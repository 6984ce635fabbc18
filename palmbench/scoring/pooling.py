"""What an attacker gains by pooling several outputs of one photo, or photos of one palm.

Let each output move its own palm's score by delta with variance s^2, and let two outputs' scores against the same palm
correlate by rho. The mean of K scores then has

    d'_K = d'_1 sqrt(K / (1 + (K - 1) rho))

which ends at d'_1 / sqrt(rho). Outputs of a deterministic method have rho = 1 and pooling gains nothing; independent
ones gain sqrt(K). What of the original is left on purpose is common to all outputs, and comes out of their mean.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

VERSION = 1
_NODES = 120  # of Gauss and Hermite's quadrature
_LARGEST = 12.0  # d'


def pooled_dprime(dprime: float, correlation: float, outputs: int) -> float:
    """d' of the mean of so many scores.

    Parameters
    ----------
    dprime : float
        Of one.
    correlation : float
        Between two outputs, from 0 to 1.
    outputs : int
        At least 1.
    """
    return float(dprime * np.sqrt(outputs / (1 + (outputs - 1) * correlation)))


def output_correlation(*scores: np.ndarray) -> float:
    """Correlation between outputs of one photo, from 0 to 1: the share of scores' variance that outputs have in common.

    The intraclass correlation of a one-way analysis of variance, of several sets of scores (mated, strangers), each
    about its own mean.

    Parameters
    ----------
    *scores : (n_pairs, n_outputs) float
        Scores of a photo's outputs against one palm; rows with a NaN are left out.

    Returns
    -------
    float
        1 where nothing varies; NaN where no set has two rows and two outputs.
    """
    between = within = 0.0
    rows = degrees = 0
    outputs = 1
    for each in scores:
        known = each[~np.isnan(each).any(axis=1)]
        if len(known) < 2 or known.shape[1] < 2:
            continue
        outputs = known.shape[1]
        means = known.mean(axis=1)
        between += outputs * float(((means - means.mean()) ** 2).sum())
        within += float(((known - means[:, None]) ** 2).sum())
        rows, degrees = rows + len(known) - 1, degrees + len(known) * (outputs - 1)
    if not rows:
        return float("nan")
    common, own = between / rows, within / degrees
    total = common + (outputs - 1) * own
    return 1.0 if total == 0 else float(np.clip((common - own) / total, 0.0, 1.0))


def gaussian_rank_1(dprime: float, palms: int) -> float:
    """Rank-1 rate in [0, 1] where scores are Gaussian of one spread, by d' of mated against other scores.

    Parameters
    ----------
    dprime : float
    palms : int
        In the gallery, at least 1.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return float(weights @ ndtr(nodes + dprime) ** (palms - 1) / weights.sum())


def dprime_of(rank_1: float, palms: int) -> float:
    """The d' that `gaussian_rank_1` gives so much, from that of a guess on; NaN where no d' up to 12 does.

    Parameters
    ----------
    rank_1 : float
        In [0, 1].
    palms : int
        In the gallery, at least 2.
    """
    if rank_1 <= 1 / palms:
        return 0.0
    if rank_1 >= gaussian_rank_1(_LARGEST, palms):
        return float("nan")
    return float(brentq(lambda dprime: gaussian_rank_1(dprime, palms) - rank_1, 0.0, _LARGEST))
