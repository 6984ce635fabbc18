"""Landmarks by which a whole-hand recognizer aligns palm and fingers: nine of the palm, four joints a finger.

The palm's are a grid of three columns and three rows in the order of EE-PRnet: column by column from the little
finger's side of a right hand, each from the fingers to the wrist. EE-PRnet's were marked by hand on the palm; these are
computed from keypoints and valley points; where, is an assumption of the reconstruction and a setting of it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from recognizers.networks.eehnet_settings import FULL, Triple

VERSION = 1
PALM, FINGERS, JOINTS = 9, 5, 4
LANDMARKS = PALM + FINGERS * JOINTS
PALM_TARGETS = torch.tensor([(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])
# Both sides of each joint, from the base (bottom of the crop) to the tip (top).
FINGER_TARGETS = torch.tensor([(x, 1.0 - 2.0 * joint / (JOINTS - 1)) for joint in range(JOINTS) for x in (-1.0, 1.0)])


def landmarks_of(
    keypoints: np.ndarray, valleys: np.ndarray, columns: Triple = FULL.palm_columns, rows: Triple = FULL.palm_rows
) -> np.ndarray:
    """Landmarks of right hands from their keypoints and valley points.

    Parameters
    ----------
    keypoints : (..., 21, 2)
        Wrist, then thumb, index, middle, ring and little finger from base to tip, (x, y) in pixels; NaN where unknown.
    valleys : (..., 2, 2)
        Between index and middle, and between ring and little finger.
    columns : (float, float, float)
        Of the palm's grid, from the middle of the valley line towards the index finger, in distances of the two
        valley points.
    rows : (float, float, float)
        Of the palm's grid, as shares of the way from the valley line to the wrist.

    Returns
    -------
    (..., 29, 2) float32
        Nine of the palm, then the joints of the five fingers; NaN where what they need is unknown.
    """
    keypoints, valleys = np.asarray(keypoints, np.float64), np.asarray(valleys, np.float64)
    index, little = valleys[..., 0, :], valleys[..., 1, :]
    middle, across = (index + little) / 2, index - little
    down = keypoints[..., 0, :] - middle
    palm = [middle + column * across + row * down for column in columns for row in rows]
    return np.concatenate([np.stack(palm, axis=-2), keypoints[..., 1:, :]], axis=-2).astype(np.float32)


def finger_points(landmarks: Tensor, start: float, width: float) -> Tensor:
    """Control points of the fingers' crops: both sides of each joint.

    Parameters
    ----------
    landmarks : (n, 29, 2) float
    start : float
        Where a crop begins, as a share of the way from the finger's first joint to its second.
    width : float
        Width of a crop as a share of its finger's length, from the crop's begin to the tip.

    Returns
    -------
    (n, 5, 8, 2) float
        In the order of `FINGER_TARGETS`.
    """
    joints = landmarks[:, PALM:].unflatten(1, (FINGERS, JOINTS))
    base = joints[:, :, :1].lerp(joints[:, :, 1:2], start)
    joints = torch.cat([base, joints[:, :, 1:]], dim=2)
    bones = joints.diff(dim=2)
    half = width / 2 * _length(bones).sum(dim=2, keepdim=True)
    # Along the finger at each joint: the bone at an end, both neighbours in between.
    along = torch.cat([bones[:, :, :1], bones[:, :, :-1] + bones[:, :, 1:], bones[:, :, -1:]], dim=2)
    right = torch.stack([-along[..., 1], along[..., 0]], dim=-1) / _length(along) * half
    return torch.stack([joints - right, joints + right], dim=3).flatten(2, 3)


def _length(vectors: Tensor) -> Tensor:
    # The root has no slope at 0.
    return vectors.square().sum(dim=-1, keepdim=True).clamp(min=1e-12).sqrt()
