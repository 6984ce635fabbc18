"""A Hand from what the network observed: box, side, joints in space, and the mask without other people's skin."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import Hand, View
from palmbench.hands.observer import ON_HAND, Observation, Square
from palmbench.hands.palm_or_back import palm_side

VERSION = 3
_PALM_IN_DOUBT = 0.4  # share of a palm from which a hand is taken to show it
_REACHING = 1.3  # distance of a stretched finger's tip from the wrist, in that of its base; of fists 0.6 to 1.2
_STRETCHED = 3  # fingers of four
_SURELY_CLOSED = 0.7  # share from which keypoints are taken to be wrong about stretched fingers
_BASES, _TIPS = (5, 9, 13, 17), (8, 12, 16, 20)
_MIDDLE_CHAIN = (0, 9, 10, 11, 12)


def hand_of(close: Observation, aimed: Square, around: np.ndarray, shown: np.ndarray, least: float = ON_HAND) -> Hand:
    """The hand that a close look saw.

    Parameters
    ----------
    close : Observation
    aimed : Square
        Where it was aimed.
    around : ndarray of shape (height, width), bool
        Mask of the photo outside that square; overwritten inside.
    shown : ndarray of shape (3,)
        Shares of what the hand may show, of sum 1: palm, back, or fingers closed over the palm.
    least : float
        Logit above which a pixel shows the hand.
    """
    height, width = around.shape
    left, top, right, bottom = aimed.within(width, height)
    palm = np.zeros_like(around)
    if left < right and top < bottom:
        around[top:bottom, left:right] = close.mask(left, top, right, bottom, least)
        palm[top:bottom, left:right] = close.palm_mask(left, top, right, bottom)
    keypoints = close.points[:21]
    mask = connected(around, keypoints)
    return Hand(
        score=close.presence,
        box=hand_box(keypoints, mask),
        side=palm_side(keypoints),
        keypoints_2d=keypoints.astype(np.float32),
        keypoints_3d=_lift(keypoints, close.depths),
        valleys=close.points[21:].astype(np.float32),
        mask=mask,
        view=view_of(shown, keypoints),
        palm_confidence=float(shown[0]),
        palm_mask=palm & mask,
    )


def view_of(shares: np.ndarray, keypoints: np.ndarray) -> View:
    """What a hand shows; in doubt its palm, which would else stay in the clear.

    Parameters
    ----------
    shares : ndarray of shape (3,)
        Of palm, back and fingers closed over the palm, of sum 1.
    keypoints : ndarray of shape (21, 2)
        In pixels of the photo.
    """
    if shares[0] >= _PALM_IN_DOUBT:
        return "palm"
    if shares[1] > shares[2]:
        return "back"
    # Deep folds of a palm that fills the view pass for fingers, and stretched fingers close over nothing.
    away = np.linalg.norm(keypoints - keypoints[0], axis=1)
    stretched = away[list(_TIPS)] > _REACHING * away[list(_BASES)]
    return "palm" if stretched.sum() >= _STRETCHED and shares[2] < _SURELY_CLOSED else "closed"


def connected(mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The parts of the mask on which a keypoint lies: a face far from the hand is skin, but not its skin."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    columns, rows = np.clip(np.round(keypoints).astype(int), 0, (mask.shape[1] - 1, mask.shape[0] - 1)).T
    touched = np.unique(labels[rows, columns])
    return np.isin(labels, touched[touched > 0])


def hand_box(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Box of the hand: that of its mask within half a finger of the keypoints, so that the forearm is left out."""
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    pad = 0.06 * float((high - low).max())
    limit = np.array([mask.shape[1] - 1, mask.shape[0] - 1])
    left, top = np.clip(low - pad, 0, limit)
    right, bottom = np.clip(high + pad, 0, limit)
    near = mask[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if len(rows):
        left, right = int(left) + columns[0], int(left) + columns[-1]
        top, bottom = int(top) + rows[0], int(top) + rows[-1]
    return np.array([left, top, right, bottom], np.float32)


def closed(mask: np.ndarray, side: int) -> np.ndarray:
    """A mask dilated twice, then eroded twice, by a square of that side in pixels; below 2 it stays as it is."""
    if side < 2:
        return mask
    element = np.ones((side, side), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, element, iterations=2).astype(bool)


def _lift(keypoints: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Keypoints in hand lengths from the wrist: the straightened middle finger gives the unit."""
    chain = list(_MIDDLE_CHAIN)
    flat = np.linalg.norm(np.diff(keypoints[chain], axis=0), axis=1)
    rise = np.diff(depths[chain])
    unit = max(float(flat.sum()), 1e-6)
    unit = float(np.hypot(flat, rise * unit).sum())
    return np.column_stack([(keypoints - keypoints[0]) / unit, depths - depths[0]]).astype(np.float32)
