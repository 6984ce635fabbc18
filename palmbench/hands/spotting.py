"""Palms that a search for hands has missed: spots of a photo that look like a palm, fingers or no fingers.

A detector knows hands, and a hand without fingers is none to it: a palm whose fingers are cut off or covered would stay
in the clear in a photo whose other palms are hidden. This is only asked where something lies beside the hands that
were found, and tells no joints.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from palmbench.hands.embedded_weights import embedded_file
from recognizers.common.cache_keys import versions_of
from recognizers.common.pinned import Pinned

if TYPE_CHECKING:
    from palmbench.hands.spot_network import SpotNetwork

VERSION = 1
_CODE = ("spotting", "spot_network", "network")
PALM_SIZE = 48.0  # pixels of a view: the size of palms that the network answers for, see `palm_size`
_STEP = 2 ** (1 / 3)  # from one copy of a photo to the next smaller one
# From which a palm is taken to be one. Where a network trained on rendered hands is wrong about real pictures, it is
# wrong in one copy, or one way round, and not in the next.
SURE = 0.7
LARGEST = 640  # pixels of the longer side of the largest copy
_SIDES = 16  # the sides of a copy are multiples of the bottom cells
_NEIGHBOURS = np.ones((3, 3), np.uint8)
STRIDE = 8  # pixels of a view for each cell of the network's answer
KINDS = ("none", "palm", "other")  # what may lie at a cell: no hand, a palm, a back or closed fingers


class Spot(NamedTuple):
    """A palm that was spotted: its centre (x, y) and its size in pixels of the photo, and how sure that is, to 1."""

    x: float
    y: float
    size: float
    sure: float


def palm_size(polygon: np.ndarray) -> float:
    """Size of a palm, the square root of its polygon's area; corners (6, 2) in pixels."""
    return float(np.sqrt(cv2.contourArea(cv2.convexHull(polygon.astype(np.float32)))))


class Spotter:
    """Spots palms in photos.

    Parameters
    ----------
    device : str
        Where the network runs.

    Raises
    ------
    MissingWeights
        If the weight file is absent; at the first photo, if it is truncated, of another network, or holds NaN or
        infinite numbers.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._file, self._device = embedded_file("spot"), device

    @property
    def digest(self) -> str:
        """Digest of the weights."""
        return self._file.digest

    def settings(self) -> dict[str, Any]:
        """What decides what is spotted."""
        return {"weights": self.digest, "versions": versions_of("palmbench.hands", *_CODE)}

    def spots(self, image: np.ndarray, least: float) -> list[Spot]:
        """Palms of a photo, the surest first, none within another.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8 RGB
        least : float
            Least sureness, in (0, 1], of a palm that is told of.
        """
        found: list[Spot] = []
        for spot in sorted(self._peaks(image, least), key=lambda spot: -spot.sure):
            if all(np.hypot(spot.x - one.x, spot.y - one.y) > max(spot.size, one.size) for one in found):
                found.append(spot)
        return found

    def _peaks(self, image: np.ndarray, least: float) -> list[Spot]:
        """Cells of any copy of the photo that are surer than their neighbours."""
        copies = list(self._copies(image))
        found = []
        for number, (scale, own) in enumerate(copies):
            beside = [_as_cells(copies[n][1], own) for n in (number - 1, number + 1) if 0 <= n < len(copies)]
            sure = np.mean([own, np.maximum.reduce(beside)], axis=0) if beside else own
            top = (sure >= least) & (sure == cv2.dilate(sure, _NEIGHBOURS))
            for row, column in np.argwhere(top):
                x, y = ((float(at) + 0.5) * STRIDE / scale - 0.5 for at in (column, row))
                found.append(Spot(x, y, PALM_SIZE / scale, float(sure[row, column])))
        return found

    def _copies(self, image: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        """Scale of each copy of the photo, and how sure of a palm the network is at each of its cells."""
        longest = max(image.shape[:2])
        size = float(min(longest, LARGEST))
        while size >= PALM_SIZE:
            yield size / longest, self._seen(image, size / longest)
            size /= _STEP

    def _seen(self, image: np.ndarray, scale: float) -> np.ndarray:
        """How sure the network is of a palm at each cell of a copy, as it is and mirrored, float32 (rows, columns)."""
        import torch

        height, width = (max(_SIDES, round(length * scale / _SIDES) * _SIDES) for length in image.shape[:2])
        copy = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        views = torch.from_numpy(np.stack([copy, copy[:, ::-1]])).to(self._device).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            logits = _load(self._file, self._device)(views.contiguous(memory_format=torch.channels_last))
            one, mirrored = logits.softmax(dim=1)[:, KINDS.index("palm")]
            return ((one + mirrored.flip(1)) / 2).float().cpu().numpy()


def _as_cells(other: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The surest of another copy's cells at, or beside, each of a copy's."""
    resized = cv2.resize(other, cells.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.dilate(resized, _NEIGHBOURS))


@lru_cache(maxsize=2)
def _load(file: Pinned, device: str) -> SpotNetwork:
    from palmbench.hands.network import read_network
    from palmbench.hands.spot_network import SpotNetwork

    return read_network(SpotNetwork(), file, device, "spot")
