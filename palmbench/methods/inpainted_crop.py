"""A square about the palm that a published inpainter fills in, put back into its photo with a soft rim."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from palmbench.hands import Hand
from palmbench.hands.palm import Region
from palmbench.methods.crop import crop_of
from palmbench.methods.paste_back import paste_back
from palmbench.methods.region import region_versions
from recognizers.common.cache_keys import versions_of

VERSION = 1
_WIDER = 0.03  # of the crop's side: beyond the palm, so that its lines give no hint of how they go on

Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]


def inpainted(photo: np.ndarray, hand: Hand, region: Region, size: int, paint: Paint) -> np.ndarray:
    """A photo whose palm is filled in.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    hand : Hand
    region : {"paper", "palm"}
    size : int
        Side of the square that is painted, pixels.
    paint : callable
        Takes a square, uint8 (size, size, 3), and what to fill in of it, bool (size, size); gives the filled one, in
        [0, 1].

    Raises
    ------
    SampleError
        If nothing is to be repainted, or no square in the photo holds it.
    """
    crop = crop_of(photo, hand, region, "palm", True, size)
    width = 2 * round(_WIDER * size) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    mask = cv2.dilate(crop.mask.astype(np.uint8), around).astype(bool)
    painted = np.clip(paint(crop.image, mask), 0, 1).astype(np.float32)
    side = crop.square.side
    # By areas where it becomes smaller: every other pixel of skin would be noise.
    how = cv2.INTER_AREA if side < size else cv2.INTER_LINEAR
    filled = photo.copy()
    at_scale = cv2.resize(painted, (side, side), interpolation=how)
    paste_back(filled, at_scale, crop.square, hand, region, only_palm=True)
    return filled


def inpainted_versions() -> dict[str, int]:
    """Versions of the code that decides the pixels, beside what paints them."""
    own = versions_of("palmbench.methods", "inpainted_crop", "crop", "paste_back")
    return region_versions() | own | versions_of("palmbench.hands", "roi_squares")
