"""Palm geometry: polygon, ROI squares, crops and the recognition ROI.

The polygon, the squares and the hand crop follow the de-identification paper's own run (section III-B2);
the recognition ROI follows PKLNet (Liang et al., 2023): a square hung from the line between two finger valleys.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from recognizers.common.errors import NoROIError
from recognizers.protocol import HAND_SIDE, ROI_SIDE

VERSION = 1
PALM_KEYPOINTS = (0, 17, 13, 9, 5, 2)
VALLEY_OFFSET = 0.15
VALLEY_SIDE = 1.2
# Pixels between the valleys. With fewer the ROI has less than 14.4 photo pixels a side, and the longest waves that the
# codes look for, MTCC's of 18 ROI pixels, less than two of them: what is enrolled would be the interpolation.
LEAST_VALLEY_DISTANCE = 12.0
PALM_CROP_MARGIN = 1.25
REGION_CROP_MARGIN = 1.15
HAND_MARGIN = 1.08
# A finger's tip and the heel of the hand reach beyond the keypoints by less than this share of their extent.
HAND_REACH = 0.15


class Square(NamedTuple):
    """An axis-aligned square of pixels inside a photo: left, top, side."""

    x: int
    y: int
    side: int

    def crop(self, image: np.ndarray) -> np.ndarray:
        """The pixels below the square, a view of `image` (height x width, any channels)."""
        return image[self.y : self.y + self.side, self.x : self.x + self.side]

    def moved_to_hold(self, region: np.ndarray) -> Square | None:
        """The square moved as little as makes it hold a region, bool (height, width); None if that is longer than it.

        Both lie inside the photo, and so does the moved square.
        """
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        if len(rows) == 0:
            return self
        if max(rows[-1] - rows[0], columns[-1] - columns[0]) >= self.side:
            return None
        x = min(max(self.x, int(columns[-1]) + 1 - self.side), int(columns[0]))
        y = min(max(self.y, int(rows[-1]) + 1 - self.side), int(rows[0]))
        return self._replace(x=x, y=y)


def palm_polygon(keypoints_2d: np.ndarray) -> np.ndarray:
    """Corners of the palm, shape (6, 2), float32 pixels: keypoints 0, 17, 13, 9, 5, 2 in that order."""
    return np.asarray(keypoints_2d, np.float32)[list(PALM_KEYPOINTS)]


def fill_polygon(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Mask of a convex polygon (its convex hull is filled), bool of `shape` (height, width)."""
    canvas = np.zeros(shape, np.uint8)
    hull = cv2.convexHull(np.round(polygon).astype(np.int32))
    cv2.fillConvexPoly(canvas, hull, 1)
    return canvas.astype(bool)


def inpaint_mask(hand: Hand) -> np.ndarray:
    """Where a method may repaint: palm polygon AND hand mask, bool of the photo's height and width."""
    return fill_polygon(palm_polygon(hand.keypoints_2d), hand.mask.shape[:2]) & hand.mask


def bounding_square(points: np.ndarray, shape: tuple[int, int], margin: float = 1.0) -> Square:
    """Square about the bounding box of `points`: its larger side times `margin`, shifted back inside the photo.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        (x, y) in pixels.
    shape : (int, int)
        Height and width of the photo; the side is capped at the smaller one.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    side = round(float((high - low).max()) * margin)
    side = max(2, min(side, *shape[:2]))
    left, top = ((low + high) / 2 - side / 2).round().astype(int)
    height, width = shape[:2]
    return Square(int(np.clip(left, 0, width - side)), int(np.clip(top, 0, height - side)), side)


def hand_crop(hand: Hand, shape: tuple[int, int]) -> Square:
    """The paper's crop: the hand's box made square. What a recognizer reads is `recognition_hand`."""
    return bounding_square(hand.box.reshape(2, 2), shape)


def palm_crop(hand: Hand, shape: tuple[int, int]) -> Square:
    """The palm with the skin around it: what a small model spends its resolution on."""
    return bounding_square(palm_polygon(hand.keypoints_2d), shape, PALM_CROP_MARGIN)


def region_crop(region: np.ndarray) -> Square:
    """A region of the photo, bool (height, width) and not empty, with what is around it."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    corners = np.array([(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)], np.float32)
    return bounding_square(corners, region.shape, REGION_CROP_MARGIN)


def roi_square(hand: Hand, shape: tuple[int, int], scale: float) -> Square:
    """ROI square of the palm (fROI at scale 1), shrunk about its centre by `scale`; 0.5 is mROI, 0.1 is sROI."""
    full = bounding_square(palm_polygon(hand.keypoints_2d), shape)
    side = max(2, round(full.side * scale))
    return Square(full.x + (full.side - side) // 2, full.y + (full.side - side) // 2, side)


def palm_side(keypoints_2d: np.ndarray) -> str:
    """Which hand shows its palm: "left" when index, little finger and wrist turn clockwise in the photo."""
    wrist, index, little = np.asarray(keypoints_2d, np.float64)[[0, 5, 17]]
    across, down = little - index, wrist - index
    return "left" if across[0] * down[1] - across[1] * down[0] > 0 else "right"


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


def recognition_hand(image: np.ndarray, hand: Hand) -> np.ndarray:
    """The crop that a whole-hand recognizer reads, uint8 (224, 224, 3), RGB.

    It is the square about the hand with a margin of 8 %: about the detector's box, the keypoints, and the mask within
    15 % of the keypoints' extent, so that a forearm or another hand does not widen it. Where it leaves the photo the
    photo's edge is repeated; a mirrored edge would grow a hand a second set of fingers. Left hands are mirrored.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8 RGB
    hand : Hand
        Found in that image.
    """
    left, top, side = recognition_square(hand)
    height, width = image.shape[:2]
    # The photo's part of the square; one row or column of it at least, to be repeated.
    x, y = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    right, bottom = max(x + 1, min(left + side, width)), max(y + 1, min(top + side, height))
    above, below = max(0, y - top), max(0, top + side - bottom)
    before, after = max(0, x - left), max(0, left + side - right)
    inside = np.ascontiguousarray(image[y:bottom, x:right])
    square = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > HAND_SIDE else cv2.INTER_LINEAR
    crop = cv2.resize(square, (HAND_SIDE, HAND_SIDE), interpolation=how)
    return np.ascontiguousarray(crop[:, ::-1]) if hand.side == "left" else crop


def recognition_square(hand: Hand) -> Square:
    """The square that `recognition_hand` cuts out; unlike the others it may reach beyond the photo."""
    low, high = _extent(hand)
    side = max(2, round(float((high - low).max()) * HAND_MARGIN))
    left, top = ((low + high + 1 - side) / 2).round().astype(int).tolist()
    return Square(left, top, side)


def _extent(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel of the hand, (x, y) each, float64."""
    keypoints = np.asarray(hand.keypoints_2d, np.float64)
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    reach = HAND_REACH * float((high - low).max())
    limits = np.array(hand.mask.shape[1::-1])
    first = np.clip(np.floor(low - reach), 0, limits).astype(int)
    last = np.clip(np.ceil(high + reach) + 1, 0, limits).astype(int)
    rows, columns = np.nonzero(hand.mask[first[1] : last[1], first[0] : last[0]])
    points = [keypoints, hand.box.reshape(2, 2).astype(np.float64)]
    if len(rows):
        points += [np.array([(columns.min(), rows.min()), (columns.max(), rows.max())]) + first]
    return np.concatenate(points).min(axis=0), np.concatenate(points).max(axis=0)
