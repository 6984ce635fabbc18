"""Gesture of a hand: which of its fingers are stretched and which are bent, by the angles of their joints in space.

Angles do not change with the length of bones. So a hand that a method gave other proportions has its gesture still, and
whether a detector sees it again can be asked of any method. Its version is that of `palmbench.quality.usability`.
"""

from __future__ import annotations

import numpy as np

from palmbench.hands.hand import FINGERS, WRIST

# Degrees, summed over a finger's joints, from which it counts as bent. Of rendered hands, fingers of open ones reach
# 60, of fists begin at 200, and the thumb has one joint fewer.
BENT = (70.0, 90.0, 90.0, 90.0, 90.0)


def gesture(keypoints_3d: np.ndarray) -> tuple[bool, ...]:
    """Whether thumb, index, middle, ring and little finger are bent.

    Parameters
    ----------
    keypoints_3d : ndarray of shape (21, 3)
        In any unit.

    Returns
    -------
    tuple of 5 bool
        A finger is bent where the angles of its joints, knuckle included, add up to more than 90 degrees; the thumb
        where those of its two last joints add up to more than 70.
    """
    points = np.asarray(keypoints_3d, np.float64)
    chains = [FINGERS[0], *((WRIST, *finger) for finger in FINGERS[1:])]
    return tuple(_bend(points[list(chain)]) > limit for chain, limit in zip(chains, BENT, strict=True))


def _bend(chain: np.ndarray) -> float:
    """Sum of the angles between the bones of a chain of joints, degrees; a bone without length has none."""
    bones = np.diff(chain, axis=0)
    lengths = np.linalg.norm(bones, axis=1)
    bones = bones[lengths > 1e-9] / lengths[lengths > 1e-9, None]
    cosines = np.clip((bones[1:] * bones[:-1]).sum(axis=1), -1, 1)
    return float(np.degrees(np.arccos(cosines)).sum())
