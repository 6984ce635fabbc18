"""What is left of a palm's pixels beside their picture: the noise by which a processed palm can be told from a photo's.

Statistics of high-pass residuals, as steganalysis takes them (Fridrich and Kodovsky, "Rich Models for Steganalysis of
Digital Images", IEEE TIFS 7(3), 2012), small enough to be learnt from some hundred photos. They are taken inside the
region that methods repaint, a few pixels from its rim, so that neither paste-back nor the rest of the photo tells.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.palm import Region, palm_mask
from recognizers.common.errors import SampleError

VERSION = 1
_RIM = 4  # pixels from the region's rim that are left out: as far as a filter reaches, and paste-back fades
_LEAST = 400  # pixels
_REACH = 2  # residuals are quantised to -2 ... 2
# A filter along rows (its transpose runs along columns), and the step to which its residual is quantised.
_FILTERS = (
    (np.array([[-1, 1]]), 1),
    (np.array([[1, -2, 1]]), 2),
    (np.array([[-1, 3, -3, 1]]), 3),
    (np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]), 4),
)


def residual_statistics(image: np.ndarray, hand: Hand, region: Region, quality: int | None) -> np.ndarray:
    """Statistics of the noise in a palm, (320,) float64.

    Of luma and of red less green, and of each filter: square roots of how often each triple of neighbouring residuals
    occurs, those that differ in sign or direction together, and the logarithm of their mean size.

    Parameters
    ----------
    image : (height, width, 3) uint8
        RGB.
    hand : Hand
    region : {"paper", "palm"}
        See `palmbench.hands.palm.palm_mask`.
    quality : int or None
        JPEG quality that the photo is stored at first, so that originals and outputs come in one format; None leaves it
        as it is.

    Raises
    ------
    SampleError
        If there are fewer than 400 pixels of palm.
    """
    inside = cv2.erode(palm_mask(hand, region).astype(np.uint8), np.ones((2 * _RIM + 1,) * 2, np.uint8), borderValue=0)
    if (count := int(inside.sum())) < _LEAST:
        raise SampleError(f"there are {count} pixels inside the palm, and {_LEAST} are needed to tell its noise")
    seen = image if quality is None else _stored(image, quality)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    palm, within = seen[window].astype(np.int32), inside[window].astype(bool)
    luma = (299 * palm[..., 0] + 587 * palm[..., 1] + 114 * palm[..., 2] + 500) // 1000
    return np.concatenate([_statistics(plane, within) for plane in (luma, palm[..., 0] - palm[..., 1])])


def _stored(image: np.ndarray, quality: int) -> np.ndarray:
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    seen = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert done and seen is not None
    return seen[..., ::-1]


def _statistics(plane: np.ndarray, within: np.ndarray) -> np.ndarray:
    classes, found = _classes(), []
    for kernel, step in _FILTERS:
        counts, size, pixels = np.zeros(classes.max() + 1), 0.0, 0
        for turned, there in ((plane, within), (plane.T, within.T)):
            residual = _filtered(turned, kernel)
            own = there[: residual.shape[0], : residual.shape[1]]
            size += float(np.abs(residual[own]).sum())
            pixels += int(own.sum())
            levels = np.clip(np.rint(residual / step), -_REACH, _REACH).astype(np.int64) + _REACH
            base = 2 * _REACH + 1
            triples = (levels[:, :-2] * base + levels[:, 1:-1]) * base + levels[:, 2:]
            kept = own[:, :-2] & own[:, 1:-1] & own[:, 2:]
            counts += np.bincount(classes[triples[kept]], minlength=len(counts))
        found += [np.sqrt(counts / max(1.0, counts.sum())), [np.log(size / max(1, pixels) + 0.1)]]
    return np.concatenate(found)


def _filtered(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sums of the plane under a kernel wherever it fits, int32, placed at the kernel's first corner."""
    height, width = (side - reach + 1 for side, reach in zip(plane.shape, kernel.shape, strict=True))
    total = np.zeros((max(height, 0), max(width, 0)), np.int32)
    for (row, column), weight in np.ndenumerate(kernel):
        total += weight * plane[row : row + total.shape[0], column : column + total.shape[1]]
    return total


@lru_cache(maxsize=1)
def _classes() -> np.ndarray:
    """Class of each triple of residuals: the same for its negative and for its reverse."""
    span = range(-_REACH, _REACH + 1)
    triples = list(product(span, repeat=3))
    told = [min(t, t[::-1], tuple(-x for x in t), tuple(-x for x in t[::-1])) for t in triples]
    places = {each: place for place, each in enumerate(dict.fromkeys(sorted(told)))}
    return np.array([places[each] for each in told])
