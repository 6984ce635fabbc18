"""The embedded detector and segmenter: the hand network's looks at a photo, turned into Hands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from palmbench.hands.assembly import closed, hand_of
from palmbench.hands.hand import Hand, require_photos
from palmbench.hands.observer import Observation, Observer, Square, wanted_square
from palmbench.hands.several_hands import WHOLE, find_hands, whole_square
from recognizers.common.cache_keys import versions_of

VERSION = 3
_CODE = (
    *("embedded", "observer", "cutting", "network", "second_look", "view_network"),
    *("several_hands", "overlap", "assembly", "palm", "palm_or_back", "skeleton"),
)
_LOOKS = 2  # at the hand; the second one only if the first was badly aimed


class EmbeddedDetector:
    """Finds hands, seen from the palm, with the small network that ships with palmbench.

    Parameters
    ----------
    weights : str
        "embedded", or the path of a safetensors file of the same network.
    threshold : float
        Least confidence, in [0, 1], at which a hand is reported.
    device : str
        Where the network runs. On a CPU it sees one view at a time, so that no batch can change a result.
    hands : int
        Hands to report of a photo; where it is more than one, hands beyond are "unsure". For more than one the whole
        photo is searched, which takes some fifty looks in place of two or three.

    Raises
    ------
    MissingWeights
        If the weight file is absent.
    """

    name = "embedded"

    def __init__(self, weights: str = "embedded", threshold: float = 0.9, device: str = "cpu", hands: int = 1) -> None:
        self._observer = Observer(weights, device)
        self._second = self._observer.second
        self._threshold, self._hands = threshold, hands

    def settings(self) -> dict[str, Any]:
        """The threshold, the digest of the weights, how many hands, and versions of the code that finds them."""
        return {
            "name": self.name,
            "weights": self._observer.digest,
            "second_look": self._second.digest,
            "threshold": self._threshold,
            "hands": self._hands,
            "versions": versions_of("palmbench.hands", *_CODE),
        }

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """Hands of each photo (uint8, height x width x 3, RGB), the most confident first; none where there is none."""
        require_photos(images, "detect")
        if self._hands == 1:
            return [self._foremost(image) for image in images]
        return [find_hands(self._observer, image, self._threshold, self._hands) for image in images]

    def _foremost(self, image: np.ndarray) -> list[Hand]:
        """The hand that a look at the whole photo leads to, else one with room around it: a hand may fill the frame."""
        whole = self._observer.whole(image)
        hand = self._towards(image, whole, wanted_square(whole.points))
        for share in WHOLE[1:]:
            if hand is None:
                square = whole_square(image, share)
                hand = self._towards(image, self._observer.close(image, square), square)
        return [] if hand is None else [hand]

    def _towards(self, image: np.ndarray, first: Observation, square: Square) -> Hand | None:
        end = approach(self._observer, image, first, square, self._threshold)
        shown = None if end is None else self._observer.shown(image, end[0])
        if end is None or shown is None:
            return None
        return hand_of(*end, first.mask(0, 0, image.shape[1], image.shape[0]), shown)


def approach(
    observer: Observer, image: np.ndarray, first: Observation, square: Square, least: float
) -> tuple[Observation, Square] | None:
    """Where closer looks lead to that begin with a square of a photo, and where the last one was aimed.

    Parameters
    ----------
    observer : Observer
    image : ndarray of shape (height, width, 3), uint8 RGB
    first : Observation
        What was seen before.
    square : Square
        Where to look first.
    least : float
        Presence below which a look is not followed.

    Returns
    -------
    (Observation, Square) or None
        None where a look sees no hand, or one of a few pixels.
    """
    look = first
    for _ in range(_LOOKS):
        if look.presence < least or square.side < 8:
            return None
        look = observer.close(image, square)
        aimed, square = square, wanted_square(look.points)
        if aimed.fits(square):
            break
    return (look, aimed) if look.presence >= least else None


class EmbeddedSegmenter:
    """The detector's own mask, closed as the paper's run closes it: dilated twice, then eroded twice."""

    name = "embedded"

    def __init__(self, closing: int = 5) -> None:
        self._closing = closing

    def settings(self) -> dict[str, Any]:
        """Side of the square structuring element in pixels (0 leaves the mask as it is), and the code's version."""
        return {"name": self.name, "closing": self._closing, "versions": versions_of("palmbench.hands", "assembly")}

    def segment(self, image: np.ndarray, hand: Hand) -> Hand:
        """The hand with its final mask."""
        if self._closing < 2:
            return hand
        return replace(hand, mask=closed(hand.mask, self._closing))
