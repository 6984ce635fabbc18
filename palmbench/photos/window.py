"""A hand and the part of its photo that concerns it: what is done to a hand costs the same in photos of any size."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from palmbench.hands import Detector, Hand, Segmenter
from palmbench.hands.palm import completed, fill_polygon, palm_polygon
from palmbench.hands.recognition_roi import recognition_corners
from palmbench.hands.roi_squares import hand_crop, palm_crop

VERSION = 2
_MARGIN = 0.25  # of the hand's extent: whatever a method or a recognizer looks at lies within
_LEAST_MARGIN = 64  # pixels
# Share of a palm in what a hand shows, from which one that is called a back or a fist may be a palm after all. Of
# rendered backs and fists 1 in 100 reaches it; of photographs of palms, those that were called so had 0.2 to 0.4.
_PERHAPS = 0.25


class Window(NamedTuple):
    """A rectangle of pixels inside a photo."""

    x: int
    y: int
    width: int
    height: int

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels below the window, a view of `pixels` (height x width, any channels)."""
        return pixels[self.y : self.y + self.height, self.x : self.x + self.width]


class WindowedHand(NamedTuple):
    """A hand found in a photo.

    Attributes
    ----------
    window : Window
        The part of the photo that has the hand, with a margin.
    hand : Hand
        Its coordinates and its mask are the window's.
    """

    window: Window
    hand: Hand

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the hand in the photo, in whole pixels."""
        left, top, right, bottom = self.hand.box.round().astype(int).tolist()
        return left + self.window.x, top + self.window.y, right + self.window.x, bottom + self.window.y

    @property
    def keypoints(self) -> np.ndarray:
        """Keypoints in the photo, shape (21, 2), float32 pixels."""
        return self.hand.keypoints_2d + np.array(self.window[:2], np.float32)


def find_hands(picture: np.ndarray, detector: Detector, segmenter: Segmenter) -> list[WindowedHand]:
    """Every hand that a detector finds in a photo (uint8, height x width x 3, RGB), its palm completed in its mask."""
    hands = [segmenter.segment(picture, hand) for hand in detector.detect([picture])[0]]
    return [in_window(replace(hand, mask=completed(hand))) for hand in hands]


def in_window(hand: Hand) -> WindowedHand:
    """A hand of a photo with the part of the photo that concerns it."""
    height, width = hand.mask.shape
    low, high = _extent(hand)
    margin = max(_LEAST_MARGIN, _MARGIN * float((high - low).max()))
    first = np.clip(np.floor(low - margin), 0, (width, height)).astype(int)
    last = np.clip(np.ceil(high + margin) + 1, 0, (width, height)).astype(int)
    # Squares are rounded half to even: only an even shift rounds them as in the photo.
    first -= first % 2
    window = Window(*first.tolist(), *(last - first).tolist())
    return WindowedHand(
        window,
        replace(
            hand,
            box=hand.box - np.tile(first, 2).astype(np.float32),
            keypoints_2d=hand.keypoints_2d - first.astype(np.float32),
            valleys=hand.valleys - first.astype(np.float32),
            mask=window.of(hand.mask).copy(),
            palm_mask=None if hand.palm_mask is None else window.of(hand.palm_mask).copy(),
        ),
    )


def may_show_palm(hand: Hand) -> bool:
    """Whether a hand shows its palm, or may; what does not is beyond doubt."""
    return hand.view in ("palm", "unsure") or (hand.palm_confidence or 0.0) >= _PERHAPS


def unpaintable(hand: Hand) -> str | None:
    """Why a hand's palm cannot be repainted, or None."""
    if hand.view == "unsure":
        return "it looks like a hand, and where its palm lies cannot be told"
    if not fill_polygon(palm_polygon(hand.keypoints_2d), hand.mask.shape).any():
        return "its palm lies outside the photo"
    return None


def _extent(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """First and last point, (x, y) each, of all that is looked at."""
    rows, columns = np.flatnonzero(hand.mask.any(axis=1)), np.flatnonzero(hand.mask.any(axis=0))
    squares = [crop(hand, hand.mask.shape) for crop in (hand_crop, palm_crop)]
    points = [
        hand.keypoints_2d,
        hand.box.reshape(2, 2),
        recognition_corners(hand.valleys, hand.side),
        *(np.array([(s.x, s.y), (s.x + s.side, s.y + s.side)]) for s in squares),
    ]
    if len(rows):
        points.append(np.array([(columns[0], rows[0]), (columns[-1], rows[-1])]))
    everything = np.concatenate(points).astype(np.float64)
    return everything.min(axis=0), everything.max(axis=0)
