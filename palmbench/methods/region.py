"""The palm region, which every method acts on, and methods that redraw it from the photo's pixels alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from palmbench.methods.method import Encoding, Method
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import SampleError

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 1


def region_versions() -> dict[str, int]:
    """Versions of the code that says what is repainted, by name, for the key."""
    return {"region": VERSION, **versions_of("palmbench.hands", "palm", "skeleton")}


def palm_region(hand: Hand, region: Region) -> np.ndarray:
    """What is to be repainted of a hand, bool (H, W); see `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    SampleError
        If it is empty.
    """
    from palmbench.hands.palm import palm_mask

    mask = palm_mask(hand, region)
    if not mask.any():
        raise SampleError("The palm region is empty: the palm's keypoints lie outside the hand mask.")
    return mask


class RegionMethod(Method):
    """A method that changes pixels of the palm region only, and prepares nothing for a sweep."""

    def versions(self) -> dict[str, int]:
        return super().versions() | region_versions()

    @abstractmethod
    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        """The photo as it shall look inside the region.

        Parameters
        ----------
        photo : ndarray of shape (H, W, 3), uint8
            RGB; not to be changed.
        region : ndarray of shape (H, W), bool
            Has at least one pixel.
        seed : int
            In [0, 2**63): all randomness comes from it.

        Returns
        -------
        ndarray of shape (H, W, 3), uint8
            What it shows outside the region is not used.
        """

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        deidentified = []
        for image, hand, seed in zip(images, hands, seeds, strict=True):
            region = palm_region(hand, self.region)
            deidentified.append(np.where(region[..., None], self.redraw(image, region, seed), image))
        return deidentified
