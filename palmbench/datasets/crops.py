"""Copies of data sets that hold palm crops (ROIs) under the names of photos: only pixels tell."""

from __future__ import annotations

import numpy as np

from palmbench.datasets.scan import Scan
from palmbench.errors import SampleError
from palmbench.images import photo_facts, read_image

LARGEST_CROP = 256  # pixels; the usual ones are 128 and 150
_LOOKED_AT = 8


def only_crops(files: Scan) -> bool:
    """Whether every photo of a few, spread over the set, is a small grey square; unreadable ones say nothing."""
    step = max(1, len(files.photos) // _LOOKED_AT)
    looks = [_is_crop(files, item.path) for item in files.photos[::step][:_LOOKED_AT]]
    known = [look for look in looks if look is not None]
    return bool(known) and all(known)


def _is_crop(files: Scan, path: str) -> bool | None:
    try:
        facts = photo_facts(files.root / path, decode=False)
        if facts.width != facts.height or facts.width > LARGEST_CROP:
            return False
        pixels = read_image(files.root / path).astype(np.int16)
    except SampleError:
        return None
    return bool((np.ptp(pixels, axis=2) <= 2).all())
