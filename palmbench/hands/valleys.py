"""A detector whose valley points, and so the recognition ROI, come from PKLNet; all else is another detector's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from palmbench.hands.hand import INDEX, LITTLE, Detector, Hand
from palmbench.hands.pklnet.localizer import PKLNetLocalizer

VERSION = 1
_LEAST_DISTANCE = 1.0  # of the valley points, in pixels: from closer ones no ROI can be hung


class PKLNetValleys:
    """Finds hands with one detector and puts PKLNet's valley points in place of its own.

    PKLNet names neither its points nor the hand, so the keypoints tell which point is beside the index finger and
    on which side of the valley line the palm lies. A photo in which PKLNet's two points coincide has no hand: its
    ROI cannot be placed, and to keep the detector's points would credit PKLNet with another's success.

    Parameters
    ----------
    detector : Detector
    localizer : PKLNetLocalizer
    """

    def __init__(self, detector: Detector, localizer: PKLNetLocalizer) -> None:
        self._detector, self._localizer = detector, localizer
        self.name = detector.name

    def settings(self) -> dict[str, Any]:
        """The detector's settings and, as `valleys`, those of PKLNet; how its points are told apart."""
        return {**self._detector.settings(), "valleys": self._localizer.settings(), "valleys_version": VERSION}

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """The most confident hand of each photo (uint8, height x width x 3, RGB); PKLNet knows of only one."""
        found = self._detector.detect(images)
        return [self._replaced(image, hands[:1]) for image, hands in zip(images, found, strict=True)]

    def _replaced(self, image: np.ndarray, hands: list[Hand]) -> list[Hand]:
        if not hands:
            return []
        valleys = self._localizer.valleys(image).valleys
        if np.linalg.norm(valleys[1] - valleys[0]) < _LEAST_DISTANCE:
            return []
        return [replace(hands[0], valleys=index_first(valleys, hands[0].keypoints_2d))]


def index_first(valleys: np.ndarray, keypoints_2d: np.ndarray) -> np.ndarray:
    """Two valley points, shape (2, 2), the one beside the index finger first.

    Parameters
    ----------
    valleys : ndarray of shape (2, 2)
    keypoints_2d : ndarray of shape (21, 2)
        Of the same hand; the line through the bases of index and little finger gives the order.
    """
    towards_little = keypoints_2d[LITTLE[0]] - keypoints_2d[INDEX[0]]
    first, second = valleys @ towards_little
    return valleys if first <= second else valleys[::-1].copy()
