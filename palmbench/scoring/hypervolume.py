"""How much of the square of privacy and utility a method's settings reach: the hypervolume of their curve.

Both axes go from 0 to 1. Utility is 1 for photos that nothing was done to and 0 for those with the palm masked;
privacy is 1 where an attacker does no better than a guess and 0 where it does as well as on untouched photos. A setting
dominates the rectangle between the origin and itself, and a method the union of the rectangles of its settings
(Zitzler and Thiele 1999, with the reference point at the origin).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def privacy(success: np.ndarray, chance: float, unprotected: np.ndarray) -> np.ndarray:
    """p = 1 - (R - chance) / (R_identity - chance), clipped to 0 to 1; NaN where untouched photos leak nothing.

    Parameters
    ----------
    success : array
        An attacker's rate of success on a method, R.
    chance : float
        That of a guess.
    unprotected : array
        Its rate on photos that nothing was done to, R_identity; as `success`.
    """
    span = np.asarray(unprotected, np.float64) - chance
    gained = np.asarray(success, np.float64) - chance
    share = np.divide(gained, span, out=np.full(np.broadcast(gained, span).shape, np.nan), where=span > 0)
    return np.clip(1 - share, 0, 1)


def hypervolume(utility: Sequence[float], private: np.ndarray) -> np.ndarray:
    """Area that a method's settings dominate.

    Parameters
    ----------
    utility : sequence of float
        Of each setting, clipped to 0 to 1.
    private : (..., n_settings) float
        Privacy of each setting, clipped to 0 to 1.

    Returns
    -------
    (...,) float64
        From 0 to 1; NaN where a setting has no number.
    """
    along = np.clip(np.asarray(utility, np.float64), 0, 1)
    up = np.clip(np.asarray(private, np.float64), 0, 1)
    order = np.argsort(-along, kind="stable")
    widths = -np.diff(along[order], append=0.0)
    # From the right: a strip is as high as the highest setting at or beyond it.
    return np.asarray((widths * np.maximum.accumulate(up[..., order], axis=-1)).sum(axis=-1))
