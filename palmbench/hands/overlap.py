"""Which findings are of one hand: by how much the hulls of their keypoints share."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

VERSION = 1
_SAME = 0.4  # share of the smaller of two hands that the other covers, above which they are one


def same_hand(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two findings, keypoints (21, 2) each, are of one hand: their hulls cover each other."""
    first, second = (cv2.convexHull(np.asarray(points, np.float32)) for points in (one, other))
    shared, _ = cv2.intersectConvexConvex(first, second)
    return shared > _SAME * max(1.0, min(cv2.contourArea(first), cv2.contourArea(second)))


def within(known: Sequence[np.ndarray], keypoints: np.ndarray) -> bool:
    """Whether a finding, keypoints (21, 2), lies mostly within a known hand: it is that hand again, or a part of it.

    A larger hand around a known one is neither.
    """
    own = cv2.convexHull(np.asarray(keypoints, np.float32))
    hulls = (cv2.convexHull(np.asarray(points, np.float32)) for points in known)
    least = _SAME * max(1.0, cv2.contourArea(own))
    return any(cv2.intersectConvexConvex(hull, own)[0] > least for hull in hulls)


def covers(known: np.ndarray, keypoints: np.ndarray) -> bool:
    """Whether a finding, keypoints (21, 2), is a known hand again, or mostly a part of it such as a finger."""
    first, second = (cv2.convexHull(np.asarray(points, np.float32)) for points in (known, keypoints))
    shared, _ = cv2.intersectConvexConvex(first, second)
    return same_hand(known, keypoints) or shared > _SAME * max(1.0, cv2.contourArea(second))
