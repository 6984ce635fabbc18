"""The palm frame: one square in which every palm lies alike, left and right, and the way from it into a photo and back.

Its coordinates are hand lengths of a left palm that faces the camera, fingers up: x to the little finger, y down, the
wrist at the origin. Keypoints say which place of the frame each place of the photo is; a right palm comes out mirrored.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from palmbench.hands.hand import Hand
from palmbench.hands.palm import PALM_KEYPOINTS
from recognizers.common.errors import SampleError

VERSION = 2
# What the frame shows: left, top, side in hand lengths; all skin of a palm, from the wrist line to the finger bases.
SQUARE = (-0.38, -0.66, 0.72)
# Where the six keypoints of the palm polygon lie in it, and the valley points: means of rendered hands at rest.
_PLACES = np.array(
    [
        *((0.030, 0.0), (0.162, -0.478), (0.070, -0.513), (-0.030, -0.526), (-0.138, -0.508), (-0.238, -0.222)),
        *((-0.087, -0.553), (0.122, -0.531)),
    ]
)
_STIFFNESS = (1e-3, 1e-2, 1e-1, 1e0, 1e2, 1e4)
_STEEPEST = 0.6
_ROUNDS = 40  # each brings the inverse nearer by `_STEEPEST`: 0.6**40 is 1e-9 ...
_STILL = 1e-9  # ... and a round that moves no place by more, in hand lengths, is the last
_EVERY = 4  # pixels of a map between those that the spline is asked for: it bends over a hundred
_FLAT = 0.05  # of the longer axis: what is flatter than that is no palm that one sees


class PalmFrame:
    """The palm frame of one hand: an affine map by its keypoints, and a thin plate spline for what that leaves.

    The spline is as stiff as keeps it from moving neighbours by more than 0.6 of their distance: so no place is met
    twice, and the inverse is found by fixed-point iteration.

    Parameters
    ----------
    keypoints_2d : ndarray of shape (21, 2)
        In pixels.
    valleys : ndarray of shape (2, 2)
        In pixels.

    Raises
    ------
    SampleError
        If the keypoints lie on a line.
    """

    def __init__(self, keypoints_2d: np.ndarray, valleys: np.ndarray) -> None:
        seen = np.concatenate([np.asarray(keypoints_2d, np.float64)[list(PALM_KEYPOINTS)], valleys])
        ones = np.column_stack([seen, np.ones(len(seen))])
        affine = np.linalg.lstsq(ones, _PLACES, rcond=None)[0].T
        axes = np.linalg.svd(np.cov(seen.T), compute_uv=False) ** 0.5
        if not axes[1] > _FLAT * axes[0]:
            raise SampleError("The keypoints of the palm lie on a line: there is no palm to be seen.")
        self._affine = affine
        self._back = np.linalg.inv(np.vstack([affine, (0, 0, 1)]))[:2]
        placed = _moved(affine, seen)
        for stiffness in _STIFFNESS:
            self._spline = RBFInterpolator(placed, _PLACES - placed, kernel="thin_plate_spline", smoothing=stiffness)
            if self._steepest() < _STEEPEST:
                break

    @classmethod
    def of(cls, hand: Hand) -> PalmFrame:
        """The frame of a hand in its photo; errors as of the class."""
        return cls(hand.keypoints_2d, hand.valleys)

    @property
    def unit(self) -> float:
        """Pixels a hand length."""
        return float(abs(np.linalg.det(self._back[:, :2])) ** 0.5)

    @property
    def side(self) -> int:
        """Pixels of a frame's side that are as large as those of the photo."""
        return max(16, round(SQUARE[2] * self.unit))

    def places(self, pixels: np.ndarray) -> np.ndarray:
        """Where in the frame, in hand lengths, some pixels (n, 2) of the photo lie."""
        placed = _moved(self._affine, pixels)
        return np.asarray(placed + self._spline(placed))

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """The inverse of `places`."""
        placed = np.asarray(places, np.float64)
        for _ in range(_ROUNDS):
            before, placed = placed, places - self._spline(placed)
            if np.abs(placed - before).max(initial=0) < _STILL:
                break
        return _moved(self._back, placed)

    def rectified(self, photo: np.ndarray, side: int) -> np.ndarray:
        """What a photo (H, W, any channels) shows of the palm, in a frame of so many pixels a side.

        Beyond the photo's edges it is mirrored. Bilinear, so a frame of fewer pixels than `side` tells misses some.
        """
        left, top, length = SQUARE
        found = _dense(lambda points: self.pixels(points * (length / (side - 1)) + (left, top)), (side, side))
        return cv2.remap(photo, *found, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def laid(self, frame: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """A frame (side, side, any channels) laid over the palm in a photo of `shape` (height, width).

        Beyond the frame's edges it is mirrored. Bilinear, so a frame of more pixels than `side` tells is undersampled.
        """
        left, top, length = SQUARE
        scale = (len(frame) - 1) / length
        found = _dense(lambda points: (self.places(points) - (left, top)) * scale, shape)
        return cv2.remap(frame, *found, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def _steepest(self) -> float:
        """How far the spline moves neighbours apart at most in the frame, as a share of their distance."""
        left, top, length = SQUARE
        step = length / 24
        at = np.arange(-2, 27) * step
        grid = np.stack(np.meshgrid(left + at, top + at), axis=-1)
        moved = self._spline(grid.reshape(-1, 2)).reshape(grid.shape)
        slopes = np.stack([np.diff(moved[:-1], axis=1), np.diff(moved[:, :-1], axis=0)], axis=-1) / step
        return float(np.linalg.norm(slopes, ord=2, axis=(2, 3)).max())


def _moved(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(points @ affine[:, :2].T + affine[:, 2])


def _dense(of: Callable[[np.ndarray], np.ndarray], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A smooth map of pixels, x and y, float32 (height, width): asked for at every fourth, and interpolated between."""
    height, width = shape
    rows, columns = (np.arange(-(-length // _EVERY) + 2) * _EVERY for length in shape)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float64)
    sparse = of(grid.reshape(-1, 2)).reshape(grid.shape).astype(np.float32)
    scale = np.array([[1 / _EVERY, 0, 0], [0, 1 / _EVERY, 0]])
    dense = cv2.warpAffine(sparse, scale, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return dense[..., 0], dense[..., 1]
