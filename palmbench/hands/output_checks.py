"""What a detector answers with, checked: for each photo a list of hands, each with all that is read of one.

A keypoint that is NaN, or a mask of another photo's size, would become a palm in the clear that is said to be hidden.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from palmbench.hands.hand import Detector, Hand, View, require_photos
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError, no_exit

_SHAPES = {"box": (4,), "keypoints_2d": (21, 2), "keypoints_3d": (21, 3), "valleys": (2, 2)}


class CheckedDetector:
    """A detector of another package, each of whose answers is checked.

    Raises
    ------
    RequestError
        Where an answer is not what `palmbench.hands.Detector` says. SampleErrors pass through.
    """

    def __init__(self, detector: Detector, name: str) -> None:
        self.name = name
        self._detector = detector

    def settings(self) -> dict[str, Any]:
        """Everything that can change what is found; part of keys."""
        with no_exit(f"detector={self.name}"):
            found = self._detector.settings()
        if not isinstance(found, dict) or not isinstance(found.get("version"), int):
            raise self._wrong("its settings() must be a dictionary with a whole number as `version`")
        try:
            digest("settings", **found)
        except TypeError as error:
            raise self._wrong(f"its settings() are part of keys, and must be plain JSON values: {error}") from error
        return {**found, "name": self.name}

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """Hands of each photo (uint8, height x width x 3, RGB), the most confident first."""
        require_photos(images, "detect")
        with no_exit(f"detector={self.name}"):
            found = self._detector.detect(images)
        if not isinstance(found, list) or len(found) != len(images):
            raise self._wrong(f"detect must give a list of hands for each of {len(images)} photos")
        for image, hands in zip(images, found, strict=True):
            if not isinstance(hands, list):
                raise self._wrong(f"detect must give a list of hands for each photo, not {type(hands).__name__}")
            for hand in hands:
                self._check(hand, image)
        return found

    def _check(self, hand: Any, image: np.ndarray) -> None:
        if not isinstance(hand, Hand):
            raise self._wrong(f"what it finds must be palmbench.hands.Hand, not {type(hand).__name__}")
        for name, shape in _SHAPES.items():
            value = np.asarray(getattr(hand, name))
            if value.shape != shape or value.dtype.kind != "f" or not np.isfinite(value).all():
                raise self._wrong(f"a hand's {name} must be finite floats of shape {shape}")
        mask = hand.mask
        if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.shape != image.shape[:2]:
            raise self._wrong("a hand's mask must be bool, of its photo's height and width")
        if hand.side not in ("left", "right") or hand.view not in get_args(View) or not 0 <= hand.score <= 1:
            raise self._wrong("a hand's side is left or right, its view one of those of Hand, its score from 0 to 1")

    def _wrong(self, why: str) -> RequestError:
        return RequestError(f"detector={self.name}: {why}. Mend the detector.")
