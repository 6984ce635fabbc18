"""What is known of a hand in a photo: keypoints, valley points, mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

WRIST = 0
THUMB = (1, 2, 3, 4)
INDEX = (5, 6, 7, 8)
MIDDLE = (9, 10, 11, 12)
RING = (13, 14, 15, 16)
LITTLE = (17, 18, 19, 20)
FINGERS = (THUMB, INDEX, MIDDLE, RING, LITTLE)


View = Literal["palm", "back", "closed", "unsure"]


@dataclass(frozen=True)
class Hand:
    """A hand found in a photo. Coordinates are (x, y) in pixels of the photo, pixel centres at integers.

    Attributes
    ----------
    score : float
        The detector's confidence, in [0, 1].
    box : ndarray of shape (4,), float32
        Left, top, right, bottom of the hand, fingers included.
    side : {"left", "right"}
        Which hand it is, seen from its palm.
    keypoints_2d : ndarray of shape (21, 2), float32
        Wrist, then thumb, index, middle, ring and little finger from base to tip.
    keypoints_3d : ndarray of shape (21, 3), float32
        The same joints relative to the wrist, in hand lengths (wrist to tip of the straight middle finger);
        x to the right, y down, z away from the camera.
    valleys : ndarray of shape (2, 2), float32
        The valley points between index and middle, and between ring and little finger.
    mask : ndarray of shape (height, width), bool
        True on the hand.
    view : {"palm", "back", "closed", "unsure"}
        What it shows: its palm, its back, or fingers closed over the palm. "unsure" is something that may be a palm
        but whose keypoints cannot be trusted, or a hand beyond the number asked for.
    palm_confidence : float or None
        The detector's confidence that a palm is seen, in [0, 1]; None where it tells none.
    palm_mask : ndarray of shape (height, width), bool, or None
        Which skin of the palm is seen, as far as the detector tells: not what fingers or things cover.
    """

    score: float
    box: np.ndarray
    side: str
    keypoints_2d: np.ndarray
    keypoints_3d: np.ndarray
    valleys: np.ndarray
    mask: np.ndarray
    view: View = "palm"
    palm_confidence: float | None = None
    palm_mask: np.ndarray | None = None


class Detector(Protocol):
    """Finds hands in photos, from their pixels alone."""

    name: str

    def settings(self) -> dict[str, Any]:
        """Everything that can change what is found: options and the digest of the weights."""
        ...

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """Hands of each photo (uint8, height x width x 3, RGB), the most confident first."""
        ...


class Segmenter(Protocol):
    """Gives a detected hand its final mask."""

    name: str

    def settings(self) -> dict[str, Any]:
        """Everything that can change the mask."""
        ...

    def segment(self, image: np.ndarray, hand: Hand) -> Hand:
        """The hand, found in `image` (uint8, height x width x 3, RGB), with its final mask."""
        ...


def require_photo(photo: Any, who: str) -> None:
    """Make sure that something is one photo, as detectors take them.

    Parameters
    ----------
    photo : Any
    who : str
        Who takes it and what it wants, as the beginning of a sentence: "find_hands takes one photo, RGB".

    Raises
    ------
    TypeError
        If it is no array.
    ValueError
        If it is an array of another kind than uint8 (height, width, 3).
    """
    if not isinstance(photo, np.ndarray):
        name = type(photo).__name__
        raise TypeError(f"{who}: uint8 (height, width, 3), not a{'n' if name[0] in 'aeiou' else ''} {name}.")
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
        raise ValueError(f"{who}: uint8 (height, width, 3). This array is {photo.dtype} {photo.shape}.")


def require_photos(photos: Any, who: str) -> None:
    """Make sure that something is a list of photos; errors as of `require_photo`."""
    if isinstance(photos, np.ndarray) and photos.ndim == 3:
        raise ValueError(f"{who} takes a list of photos, and this is one: write detect([photo]).")
    if not isinstance(photos, (Sequence, np.ndarray)):
        raise TypeError(f"{who} takes a list of photos, RGB, not {type(photos).__name__}.")
    for photo in photos:
        require_photo(photo, f"{who} takes a list of photos, RGB")
