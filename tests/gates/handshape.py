"""Whose hand it is by its shape alone: finger-length ratios and widths, read off the ground truth of a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import pdist

from palmbench.hands.hand import FINGERS, INDEX, LITTLE, MIDDLE, RING, WRIST
from palmbench.scoring import EqualErrorRate, equal_error_rate, pair_kinds
from palmbench.synth import Render, person_of

_STEPS = 240
_WIDEST = 0.25  # of the palm's length; beyond it the neighbouring finger has been taken in


def shape_features(photo: Render) -> np.ndarray:
    """What a hand-geometry system would measure on a photo, as shares of the palm's length.

    Lengths are those seen in the picture, with its pose and perspective.

    Returns
    -------
    ndarray of shape (10,), float64
        Lengths of thumb, index, middle, ring and little finger; breadth of the palm between the outer finger bases;
        widths of index to little finger across the middle of their middle phalanx.
    """
    points = photo.keypoints_2d.astype(np.float64)
    palm = float(np.linalg.norm(points[MIDDLE[0]] - points[WRIST]))
    lengths = [np.linalg.norm(np.diff(points[list(finger)], axis=0), axis=1).sum() for finger in FINGERS]
    breadth = np.linalg.norm(points[LITTLE[0]] - points[INDEX[0]])
    widths = [
        _width(photo.mask, points[finger[1]], points[finger[2]], palm) for finger in (INDEX, MIDDLE, RING, LITTLE)
    ]
    return np.array([*lengths, breadth, *widths]) / palm


def shape_eer(features: Sequence[np.ndarray], identities: Sequence[int]) -> EqualErrorRate:
    """Equal error rate of the Euclidean distance between features, each brought to unit variance over all photos."""
    values = np.stack(features)
    distances = pdist((values - values.mean(axis=0)) / values.std(axis=0))
    genuine, impostor = pair_kinds(identities, [person_of(identity) for identity in identities])
    return equal_error_rate(distances[genuine], distances[impostor])


def _width(mask: np.ndarray, joint: np.ndarray, next_joint: np.ndarray, palm: float) -> float:
    """Width of the mask across the bone between two joints, in pixels."""
    along = next_joint - joint
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    reach = np.linspace(0, _WIDEST * palm, _STEPS)
    middle = (joint + next_joint) / 2
    return float(sum(reach[_first_outside(mask, middle + sign * reach[:, None] * across)] for sign in (-1, 1)))


def _first_outside(mask: np.ndarray, line: np.ndarray) -> int:
    columns, rows = np.round(line).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < mask.shape[1]) & (rows < mask.shape[0])
    inside[inside] = mask[rows[inside], columns[inside]]
    return len(line) - 1 if inside.all() else int(inside.argmin())
