"""Which pixels of a hand are its palm: the paper's polygon, or all skin from the wrist line to the finger bases.

The polygon of six keypoints follows the de-identification paper's own run (section III-B2).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import cv2
import numpy as np

from palmbench.hands.hand import FINGERS, INDEX, LITTLE, MIDDLE, RING, THUMB, WRIST, Hand
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length

VERSION = 2
Region = Literal["paper", "palm"]

PALM_KEYPOINTS = (0, 17, 13, 9, 5, 2)

_LONG_FINGERS = (INDEX, MIDDLE, RING, LITTLE)
# Where the skin of the palm ends, as shares of the way to the next joint: at the crease of a finger's base, which lies
# well beyond the knuckle; at the thumb's crease, and behind the wrist (in hand lengths), a little beyond the joint.
_FINGER_BASE = 0.42
_THUMB_BASE = 0.2
_WRIST_LINE = 0.04
_FOREARM = 1.5  # hand lengths behind the wrist in which pixels are the forearm's
_GRID = 160  # pixels of a hand's longer side on the grid on which distances are taken
_WEB = 0.08  # hand lengths that the web of the thumb reaches into the polygon
_THIN = 0.006  # hand lengths: half the thickness of a notch that is more than a mask's rough outline
_NOTCH = 0.04  # hand lengths: half the width of a gap in a mask that is not a gap between hand and background


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


def palm_mask(hand: Hand, region: Region) -> np.ndarray:
    """The pixels of a hand that a method repaints, bool of the photo's height and width.

    Parameters
    ----------
    hand : Hand
    region : {"paper", "palm"}
        "paper" is the polygon of the paper's run (section III-B2) AND the hand mask. "palm" is all palm skin of the
        mask, from the wrist line to the finger bases, the balls of thumb and little finger included, together with
        that polygon.
    """
    polygon = inpaint_mask(hand)
    return polygon if region == "paper" else polygon | _palm_skin(hand)


def completed(hand: Hand) -> np.ndarray:
    """A hand's mask with what it misses of the palm, bool of the photo's height and width.

    A mask that a network draws has holes and notches in shadows, on dark skin and below rings. The polygon of the six
    keypoints is skin whatever it says, unless bent fingers lie over it, and but for a strip along the web of the thumb.
    So are narrow notches in the palm's rim, and narrow holes anywhere in it: by the web of the thumb too, where a wide
    one is what a thumb on a finger encloses.
    """
    keypoints, length = hand.keypoints_2d, hand_length(hand.keypoints_2d)
    polygon = fill_polygon(palm_polygon(keypoints), hand.mask.shape[:2])
    missing = polygon & ~hand.mask & ~_bent_fingers(hand)
    mask = hand.mask | (missing & ~_along_the_web(missing, keypoints))
    bones = _bones(keypoints)
    notches = _without_gaps(mask, keypoints) & ~mask
    notches &= _nearer(mask, bones.rim, np.concatenate([bones.inner, bones.outside]))
    holes = _narrow_holes(mask, _NOTCH * length)
    holes &= _nearer(mask, np.concatenate([bones.rim, bones.inner]), bones.outside)
    return mask | _thick(notches, _THIN * length) | holes


def _palm_skin(hand: Hand) -> np.ndarray:
    """Pixels of the mask that are nearer to a bone of the palm than to one of a finger or of the forearm."""
    bones = _bones(hand.keypoints_2d)
    return hand.mask & _nearer(hand.mask, np.concatenate([bones.rim, bones.inner]), bones.outside)


def _nearer(mask: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pixels of a mask's box that are nearer to some bones than to others."""
    zone = np.zeros(mask.shape[:2], bool)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return zone
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    scale = min(1.0, _GRID / max(bottom - top, right - left))
    size = (max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale)))
    step = np.array([(right - left) / size[0], (bottom - top) / size[1]])
    grid = (np.stack(np.meshgrid(*map(np.arange, size)), axis=-1) + 0.5) * step - 0.5 + (left, top)
    nearer = _distance(grid, others) - _distance(grid, own)
    nearer = cv2.resize(nearer.astype(np.float32), (int(right - left), int(bottom - top)))
    zone[top:bottom, left:right] = nearer >= 0
    return zone


class _Bones(NamedTuple):
    """Segments, (n, 2, 2) each: along the rim of the palm, elsewhere in it, and of fingers and forearm."""

    rim: np.ndarray
    inner: np.ndarray
    outside: np.ndarray


def _bones(keypoints: np.ndarray) -> _Bones:
    points = np.asarray(keypoints, np.float64)
    wrist = points[WRIST]
    rim = [(wrist, points[THUMB[0]]), (points[THUMB[0]], points[THUMB[1]]), (wrist, points[LITTLE[0]])]
    inner = [(points[THUMB[1]], points[INDEX[0]])]
    outside = []
    for finger in _LONG_FINGERS:
        knuckle, joint = points[finger[0]], points[finger[1]]
        base = knuckle + _FINGER_BASE * (joint - knuckle)
        inner += [(wrist, knuckle), (knuckle, base)]
        outside += [(base, joint), *((points[a], points[b]) for a, b in pairwise(finger[1:]))]
    inner += [(points[a[0]], points[b[0]]) for a, b in pairwise(_LONG_FINGERS)]
    joint, tip = points[THUMB[2]], points[THUMB[3]]
    outside += [(points[THUMB[1]] + _THUMB_BASE * (joint - points[THUMB[1]]), joint), (joint, tip)]
    back = wrist - points[[finger[0] for finger in _LONG_FINGERS]].mean(axis=0)
    back *= hand_length(points) / max(float(np.hypot(*back)), 1e-9)
    outside.append((wrist + _WRIST_LINE * back, wrist + _FOREARM * back))
    return _Bones(np.array(rim), np.array(inner), np.array(outside))


def _distance(grid: np.ndarray, segments: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Distance of points (..., 2) from the nearest of some segments (n, 2, 2)."""
    nearest = np.full(grid.shape[:-1], np.inf)
    for start, end in segments:
        along = end - start
        share = np.clip((grid - start) @ along / max(float(along @ along), 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(grid - start - share[..., None] * along, axis=-1))
    return nearest


def _bent_fingers(hand: Hand) -> np.ndarray:
    """Fingers whose two last joints lie over the palm, drawn as wide as fingers are."""
    drawn = np.zeros(hand.mask.shape[:2], np.uint8)
    polygon = cv2.convexHull(palm_polygon(hand.keypoints_2d))
    width = max(1, round(2 * FINGER_RADIUS * hand_length(hand.keypoints_2d)))
    points = np.clip(np.round(hand.keypoints_2d), -20_000, 20_000).astype(np.int32)
    for finger in FINGERS[1:]:
        last = [tuple(map(float, hand.keypoints_2d[joint])) for joint in finger[2:]]
        if all(cv2.pointPolygonTest(polygon, point, False) > 0 for point in last):
            cv2.polylines(drawn, [points[list(finger[1:])]], False, 1, min(width, 2000))
    return drawn.astype(bool)


def _along_the_web(missing: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Patches that begin at the polygon's side between thumb and index finger, and go no deeper than the web does."""
    count, labels = cv2.connectedComponents(missing.astype(np.uint8))
    rows, columns = np.nonzero(labels)
    patch = np.asarray(labels[rows, columns], np.intp)
    ends = np.array([[keypoints[THUMB[1]], keypoints[INDEX[0]]]], np.float64)
    depth = _distance(np.column_stack([columns, rows]).astype(np.float64), ends)
    nearest, deepest = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(nearest, patch, depth)
    np.maximum.at(deepest, patch, depth)
    return ((nearest <= 2) & (deepest < _WEB * hand_length(keypoints)))[labels]


def _thick(mask: np.ndarray, least: float) -> np.ndarray:
    """A mask without patches that are nowhere as thick as twice some pixels."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    kept = np.zeros(count, bool)
    kept[labels[mask & (inside >= least)]] = True
    return kept[labels]


def _narrow_holes(mask: np.ndarray, most: float) -> np.ndarray:
    """What a mask encloses that is nowhere thicker than twice some pixels."""
    around = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    count, labels = cv2.connectedComponents(around)
    enclosed = (labels != labels[0, 0]) & (around > 0)
    if not enclosed.any():
        return enclosed[1:-1, 1:-1]
    thickness = cv2.distanceTransform(around, cv2.DIST_L2, cv2.DIST_MASK_5)
    wide = np.zeros(count, bool)
    wide[labels[enclosed & (thickness > most)]] = True
    return np.asarray((enclosed & ~wide[labels])[1:-1, 1:-1])


def _without_gaps(mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """A mask without holes and narrow notches."""
    height, width = mask.shape
    scale = min(1.0, 2 * _GRID / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reach = max(1, round(_NOTCH * hand_length(keypoints) * scale))
    small = np.pad(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), reach)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    contours, _ = cv2.findContours(
        cv2.morphologyEx(small, cv2.MORPH_CLOSE, element), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    filled = cv2.drawContours(np.zeros_like(small), contours, -1, 1, cv2.FILLED)[reach:-reach, reach:-reach]
    return cv2.resize(filled, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
