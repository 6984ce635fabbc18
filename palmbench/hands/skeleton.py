"""What keypoints alone say of a hand: its outline in capsules, its valley points, which of two hands owns a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import cv2
import numpy as np

from palmbench.hands.hand import FINGERS, INDEX, LITTLE, MIDDLE, RING, WRIST, Hand

VERSION = 1
# Medians over 75 rendered hands of the training identities: half a finger's width in hand lengths, and how far from the
# line of the knuckles to that of the next joints the skin between two fingers begins.
FINGER_RADIUS = 0.05
VALLEY_SHARE = 0.18

_PALM = (WRIST, 1, INDEX[0], MIDDLE[0], RING[0], LITTLE[0])


def hand_length(keypoints: np.ndarray) -> float:
    """Wrist to tip of the straightened middle finger, in the picture; keypoints (21, 2) in pixels."""
    chain = np.asarray(keypoints, np.float64)[[WRIST, *MIDDLE]]
    return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum())


def hand_shape(keypoints: np.ndarray, shape: tuple[int, int], widen: float = 1.0, forearm: float = 0.0) -> np.ndarray:
    """A hand drawn about its keypoints: a capsule a bone and the filled palm, bool of `shape` (height, width).

    Parameters
    ----------
    keypoints : ndarray of shape (21, 2)
        In pixels.
    shape : (int, int)
    widen : float
        Factor of the fingers' width.
    forearm : float
        Hand lengths drawn behind the wrist, as wide as the palm.
    """
    canvas = np.zeros(shape, np.uint8)
    thickness = max(1, round(2 * FINGER_RADIUS * widen * hand_length(keypoints)))
    # OpenCV draws nothing of what lies far outside its integers.
    points = np.clip(np.round(keypoints), -20_000, 20_000).astype(np.int32)
    for finger in FINGERS:
        cv2.polylines(canvas, [points[[WRIST, *finger]]], False, 1, min(thickness, 2000))
    hull = cv2.convexHull(points[list(_PALM)])
    cv2.fillConvexPoly(canvas, hull, 1)
    cv2.polylines(canvas, [hull], True, 1, min(thickness, 2000))
    if forearm:
        back = points[WRIST] - points[MIDDLE[0]]
        reach = forearm * hand_length(keypoints) / max(float(np.hypot(*back)), 1.0)
        end = np.clip(np.round(points[WRIST] + reach * back), -20_000, 20_000).astype(np.int32)
        width = max(1, round(float(np.hypot(*(points[INDEX[0]] - points[LITTLE[0]])))))
        cv2.line(canvas, points[WRIST].tolist(), end.tolist(), 1, min(width, 2000))
    return canvas.astype(bool)


def valley_points(keypoints: np.ndarray) -> np.ndarray:
    """The valley points where the knuckles let expect them, shape (2, 2), pixels: index and middle, ring and little."""
    points = np.asarray(keypoints, np.float64)
    valleys = []
    for one, other in ((INDEX, MIDDLE), (RING, LITTLE)):
        knuckles, joints = points[[one[0], other[0]]].mean(axis=0), points[[one[1], other[1]]].mean(axis=0)
        valleys.append(knuckles + VALLEY_SHARE * (joints - knuckles))
    return np.array(valleys, np.float32)


def apart(hands: Sequence[Hand]) -> list[Hand]:
    """The same hands, no pixel in the masks of two: where they overlap, it is the hand's whose bones are nearer."""
    masks = [hand.mask.copy() for hand in hands]
    for one, other in combinations(range(len(hands)), 2):
        rows, columns = np.nonzero(masks[one] & masks[other])
        if len(rows):
            pixels = np.column_stack([columns, rows]).astype(np.float32)
            nearer = _distance(hands[one].keypoints_2d, pixels) <= _distance(hands[other].keypoints_2d, pixels)
            masks[one][rows, columns] = nearer
            masks[other][rows, columns] = ~nearer
    return [replace(hand, mask=mask) for hand, mask in zip(hands, masks, strict=True)]


def _distance(keypoints: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Distance of pixels (n, 2) from the nearest bone of a hand."""
    nearest = np.full(len(pixels), np.inf, np.float32)
    for finger in FINGERS:
        for start, end in pairwise((WRIST, *finger)):
            base = keypoints[start].astype(np.float32)
            along = keypoints[end].astype(np.float32) - base
            share = np.clip((pixels - base) @ along / max(float(along @ along), 1e-6), 0, 1)
            nearest = np.minimum(nearest, np.linalg.norm(pixels - base - share[:, None] * along, axis=1))
    return nearest
