"""What a result still shows of the palm that was there: pixels that stayed, and structure that is the original's."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

VERSION = 1
MOST = 0.1  # share of a palm that may stay, or show, for it to count as hidden

# Standard deviations between which structure counts as lines, and of the window in which two photos are compared, as
# shares of the palm's side.
_FINEST, _COARSEST, _WINDOW = 0.008, 0.03, 0.05
_RIM = 0.05  # of the palm's side, in which the hand's outline passes for a line
_SAME = 0.7  # correlation of the lines within a window from which they are the same
_LEAST_CONTRAST = 0.3  # standard deviation of lines, in grey levels, below which no lines are there


def share_that_stayed(before: np.ndarray, after: np.ndarray, palm: np.ndarray) -> float:
    """Share of a palm whose pixels are what they were, in [0, 1].

    A pixel whose neighbours all look like it shows nothing, and does not count.

    Parameters
    ----------
    before, after : ndarray of shape (height, width, 3), uint8
    palm : ndarray of shape (height, width), bool
        Not empty.
    """
    box = cv2.boundingRect(palm.astype(np.uint8))
    before, after, palm = (_cut(image, box) for image in (before, after, palm))
    element = np.ones((3, 3), np.uint8)
    flat = (cv2.dilate(before, element) == cv2.erode(before, element)).all(axis=2)
    stayed = (before == after).all(axis=2) & ~flat & palm
    return float(stayed.sum() / palm.sum())


def share_that_shows(before: np.ndarray, after: np.ndarray, palm: np.ndarray) -> float:
    """Share of a palm in which the lines are those of the original, in [0, 1], whatever was done to their pixels.

    Both photos are brought to lines (a difference of Gaussians) and correlated within a window that moves over the
    palm. Where the original has no lines, or the result has none, nothing shows. The rim of the palm is left out, whose
    shading follows the hand's outline.

    Parameters
    ----------
    before, after, palm
        See `share_that_stayed`.
    """
    box = cv2.boundingRect(palm.astype(np.uint8))
    inside = _cut(palm, box).astype(np.float32)
    side = float(np.sqrt(palm.sum()))
    ours, theirs = (_lines(_cut(image, box), inside, side) for image in (before, after))
    sigma = max(3.0, _WINDOW * side)
    weight = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma), 1e-6)
    together, own, other = (
        cv2.GaussianBlur(a * b * inside, (0, 0), sigma) / weight
        for a, b in ((ours, theirs), (ours, ours), (theirs, theirs))
    )
    contrast = np.sqrt(np.maximum(own, 0) * np.maximum(other, 0))
    shows = (together > _SAME * contrast) & (np.minimum(own, other) > _LEAST_CONTRAST**2)
    inner = cv2.erode(inside, np.ones((3, 3)), iterations=round(_RIM * side), borderValue=1) > 0
    judged = inner if inner.any() else inside > 0
    return float((shows & judged).sum() / judged.sum())


def _lines(image: np.ndarray, inside: np.ndarray, side: float) -> np.ndarray:
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (
        cv2.GaussianBlur(grey * inside, (0, 0), max(0.8, share * side))
        / np.maximum(cv2.GaussianBlur(inside, (0, 0), max(0.8, share * side)), 1e-6)
        for share in (_FINEST, _COARSEST)
    )
    return (fine - coarse) * inside


def _cut(image: np.ndarray, box: Sequence[int]) -> np.ndarray:
    left, top, width, height = box
    return image[top : top + height, left : left + width]
