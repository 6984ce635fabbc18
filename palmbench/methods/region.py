"""The palm region, which every method acts on, and what the methods without a network have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from palmbench.hands import Hand
from palmbench.hands.palm import Region, palm_mask
from palmbench.methods.direct import DirectMethod
from recognizers.common.errors import SampleError
from recognizers.common.versions import versions_of

VERSION = 1


def region_versions() -> dict[str, int]:
    """Versions of the code that says what is repainted, by name, for the key."""
    return {"region": VERSION, **versions_of("palmbench.hands", "geometry", "palm", "skeleton")}


def palm_region(hand: Hand, region: Region) -> np.ndarray:
    """What is to be repainted of a hand, bool (H, W); see `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    SampleError
        If it is empty.
    """
    mask = palm_mask(hand, region)
    if not mask.any():
        raise SampleError("The palm region is empty: the palm's keypoints lie outside the hand mask.")
    return mask


def paste(photo: np.ndarray, other: np.ndarray, where: np.ndarray) -> np.ndarray:
    """A new photo that shows `other` where the mask is True."""
    return np.where(where[..., None], other, photo)


class RegionMethod(DirectMethod, ABC):
    """A deterministic method that changes pixels of the palm region only."""

    name: str
    region: Region

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that can change the output."""

    @abstractmethod
    def redraw(self, photo: np.ndarray, region: np.ndarray) -> np.ndarray:
        """The photo as it shall look inside the region, uint8 of the same shape; the outside is not used."""

    def deidentify(
        self,
        images: list[np.ndarray],
        hands: list[Hand],
        seeds: list[int],
        encodings: list[dict[str, np.ndarray] | None],
    ) -> list[np.ndarray]:
        deidentified = []
        for image, hand in zip(images, hands, strict=True):
            region = palm_region(hand, self.region)
            deidentified.append(paste(image, self.redraw(image, region), region))
        return deidentified
