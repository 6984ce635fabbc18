"""The recognition ROI: what a palmprint recognizer reads of a hand.

It follows PKLNet (Liang et al., 2023): a square hung from the line between two finger valleys.
"""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from recognizers.common.errors import NoROIError
from recognizers.protocol import ROI_SIDE

VERSION = 1
VALLEY_OFFSET = 0.15
VALLEY_SIDE = 1.2
# Pixels between the valleys. With fewer the ROI has less than 14.4 photo pixels a side, and the longest waves that the
# codes look for, MTCC's of 18 ROI pixels, less than two of them: what is enrolled would be the interpolation.
LEAST_VALLEY_DISTANCE = 12.0


def recognition_corners(valleys: np.ndarray, side: str) -> np.ndarray:
    """Corners of the recognition ROI, shape (4, 2), float32 pixels.

    With d the distance of the valley points, the ROI is a square of side 1.2 d that begins 0.15 d below
    their line, on the side of the wrist. Corner order: top at the index finger, top at the little finger, bottom at
    the little finger, bottom at the index finger; so left and right hands are warped to one chirality.
    """
    index, little = np.asarray(valleys, np.float64)
    across = little - index
    distance = float(np.hypot(*across))
    unit = across / max(distance, 1e-9)
    down = np.array([-unit[1], unit[0]]) if side == "left" else np.array([unit[1], -unit[0]])
    middle = (index + little) / 2
    top = middle + VALLEY_OFFSET * distance * down
    bottom = top + VALLEY_SIDE * distance * down
    half = VALLEY_SIDE / 2 * distance * unit
    return np.stack([top - half, top + half, bottom + half, bottom - half]).astype(np.float32)


def recognition_roi(image: np.ndarray, hand: Hand) -> np.ndarray:
    """The ROI that a palmprint recognizer reads, uint8 (128, 128), grey.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8 RGB
    hand : Hand
        Found in that image.

    Raises
    ------
    NoROIError
        If the valley points lie less than 12 pixels apart, or are NaN: then there is no palm to read. It is a
        ValueError, and in a stage the failure of that sample.
    """
    apart = float(np.hypot(*np.subtract(*np.asarray(hand.valleys, np.float64))))
    if not LEAST_VALLEY_DISTANCE <= apart < np.inf:
        raise NoROIError(
            f"there is no recognition ROI: the finger valleys lie {apart:.3g} pixels apart, and "
            f"{LEAST_VALLEY_DISTANCE:g} are needed to see a palm between them"
        )
    size = ROI_SIDE
    corners = recognition_corners(hand.valleys, hand.side)
    target = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float32)
    transform = cv2.getPerspectiveTransform(corners, target)
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return cv2.warpPerspective(grey, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
