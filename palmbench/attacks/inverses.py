"""Inverses of a Gaussian blur and of a mosaic inside the palm, by what is known of each: the photo outside, and how.

Both look for a photo that the operator would turn into the one that is seen: x + s B'(y - B x), again and again, with
B the operator and B' its adjoint (Landweber's iteration, with Nesterov's momentum). Stopped early, it brings back what
the operator weakened least, and leaves the rounding to 8 bits alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.methods import MethodConfig, RegionMethod
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands.palm import Region

VERSION = 1
_STEPS = 120  # of photos of eight bits; more bring the rounding back as noise
_BACK_PROJECTIONS = 10


@dataclass(frozen=True)
class UnblurConfig(MethodConfig):
    """A Gaussian blur of known sigma undone."""

    name: Literal["unblur"] = "unblur"
    sigma: float = setting(4.0, above=0, high=1000)

    on_device = False

    def load(self, device: str = "cpu", region: Region = "paper") -> Unblur:
        return Unblur(self, device, region)


class Unblur(RegionMethod):
    """Look for the palm that, blurred among the pixels around it, is the palm that is seen."""

    config: UnblurConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        import cv2

        sigma = self.config.sigma
        rows, columns = _box(region, int(np.ceil(3 * sigma)))
        seen, inside = photo[rows, columns].astype(np.float32), region[rows, columns, None]

        def blurred(image: np.ndarray) -> np.ndarray:
            return cv2.GaussianBlur(image, (0, 0), sigma)

        # A Gaussian is its own adjoint.
        found = _sought(seen, inside, blurred, blurred)
        return _pasted(photo, rows, columns, found)


@dataclass(frozen=True)
class UnmosaicConfig(MethodConfig):
    """A mosaic of known block side made smooth."""

    name: Literal["unmosaic"] = "unmosaic"
    block: int = setting(9, low=1, high=4096)

    on_device = False

    def load(self, device: str = "cpu", region: Region = "paper") -> Unmosaic:
        return Unmosaic(self, device, region)


class Unmosaic(RegionMethod):
    """A smooth surface through the blocks' colours whose means over the blocks are those colours.

    Where the grid begins is read from the photo: colours change at the limits of blocks alone.
    """

    config: UnmosaicConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        block = self.config.block
        seen = photo.astype(np.float32)
        top, left = (_phase(seen, region, block, axis) for axis in (0, 1))
        height, width = ((length - start) // block for length, start in zip(photo.shape[:2], (top, left), strict=True))
        if not height or not width:
            return photo
        rows, columns = slice(top, top + height * block), slice(left, left + width * block)
        means = _means(seen[rows, columns], block)
        smooth = _enlarged(means, block)
        for _ in range(_BACK_PROJECTIONS):
            smooth += _enlarged(means - _means(smooth, block), block)
        return _pasted(photo, rows, columns, smooth)


def _sought(
    seen: np.ndarray,
    inside: np.ndarray,
    operator: Callable[[np.ndarray], np.ndarray],
    adjoint: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """What the operator turns into what is seen inside; outside it is seen as it was."""
    found = ahead = seen
    pace = 1.0
    for _ in range(_STEPS):
        error = np.where(inside, seen - operator(ahead), 0)
        nearer = np.where(inside, np.clip(ahead + adjoint(error), 0, 255), seen)
        after = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = (nearer + (pace - 1) / after * (nearer - found)).astype(np.float32)
        found, pace = nearer, after
    return found


def _phase(photo: np.ndarray, region: np.ndarray, block: int, axis: int) -> int:
    """First row or column of the grid, less than a block's side."""
    steps = np.abs(np.diff(photo, axis=axis)).sum(axis=2)
    both = np.logical_and(*(np.take(region, range(start, region.shape[axis] - 1 + start), axis) for start in (0, 1)))
    change = np.where(both, steps, 0).sum(axis=1 - axis)
    limits = [
        change[first::block].sum() / max(1, len(change[first::block])) for first in range(min(block, len(change)))
    ]
    # A change between rows i and i + 1 is the limit before row i + 1.
    return (int(np.argmax(limits)) + 1) % block


def _means(image: np.ndarray, block: int) -> np.ndarray:
    height, width = image.shape[0] // block, image.shape[1] // block
    return image.reshape(height, block, width, block, 3).mean(axis=(1, 3))


def _enlarged(image: np.ndarray, factor: int) -> np.ndarray:
    import cv2

    size = (image.shape[1] * factor, image.shape[0] * factor)
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_CUBIC)


def _box(region: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The region's box with so much around it, within the photo."""
    found = []
    for axis, length in enumerate(region.shape):
        places = np.flatnonzero(region.any(axis=1 - axis))
        found.append(slice(max(0, places[0] - margin), min(length, places[-1] + 1 + margin)))
    return found[0], found[1]


def _pasted(photo: np.ndarray, rows: slice, columns: slice, part: np.ndarray) -> np.ndarray:
    redrawn = photo.copy()
    redrawn[rows, columns] = np.clip(np.round(part), 0, 255).astype(np.uint8)
    return redrawn
