"""Copies of data sets that hold palm crops (ROIs) under the names of photos: only pixels tell."""

from __future__ import annotations

import numpy as np

from palmbench.base.images import photo_facts, read_image
from palmbench.datasets.folder_scan import Scan
from recognizers.common.errors import SampleError
from recognizers.common.names import path_of

LARGEST_CROP = 256  # pixels; the usual ones are 128 and 150
LARGEST_COLOUR_CROP = 160  # larger squares in colour may well be photos of whole hands that were made small
_LOOKED_AT = 8
# Corners of a crop are palm, as its middle is: apart by no more than this of 255 levels, and of the channels' shares.
# On rendered hands crops have 44 and 13 at most, and nine of ten whole hands more of the one or the other.
_SAME_LIGHT, _SAME_COLOUR = 70, 14


def only_crops(files: Scan) -> str | None:
    """What crops they are, as "small grey squares", if every photo of a few, spread over the set, is one of a palm.

    Unreadable ones say nothing; None where there are others.
    """
    step = max(1, len(files.photos) // _LOOKED_AT)
    looks = [_look(files, item.path) for item in files.photos[::step][:_LOOKED_AT]]
    known = {look for look in looks if look is not None}
    if not known or "" in known:
        return None
    return known.pop() if len(known) == 1 else "small squares"


def _look(files: Scan, path: str) -> str | None:
    """What kind of crop a photo is, "" if none, None if it cannot be read."""
    try:
        facts = photo_facts(files.root / path_of(path), decode=False)
        if facts.width != facts.height or facts.width > LARGEST_CROP:
            return ""
        pixels = read_image(files.root / path_of(path)).astype(np.int16)
    except SampleError:
        return None
    if (np.ptp(pixels, axis=2) <= 2).all():
        return "small grey squares"
    return "small squares in colour" if len(pixels) <= LARGEST_COLOUR_CROP and _palm_to_its_corners(pixels) else ""


def _palm_to_its_corners(pixels: np.ndarray) -> bool:
    side = max(1, len(pixels) // 8)
    ends = (slice(0, side), slice(-side, None))
    middle = slice(len(pixels) // 2 - side // 2, len(pixels) // 2 + side)
    means = np.array([pixels[rows, columns].mean(axis=(0, 1)) for rows in ends for columns in ends])
    centre = pixels[middle, middle].mean(axis=(0, 1))
    shares = [255 * mean / np.maximum(mean.sum(axis=-1, keepdims=True), 1) for mean in (means, centre)]
    return bool(np.abs(means - centre).max() <= _SAME_LIGHT and np.abs(shares[0] - shares[1]).max() <= _SAME_COLOUR)
