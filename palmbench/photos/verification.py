"""A check after the act: does a recognizer still match a repainted palm with the palm that was there?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import recognizers
from palmbench.hands import Detector, Segmenter
from palmbench.hands.overlap import within
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.photos.window import WindowedHand, find_hands, may_show_palm
from recognizers import output_checks
from recognizers.common.errors import NoROIError
from recognizers.protocol import Recognizer

VERSION = 2
# Photos of the same rendered palm are closer than this in 97 of 100 pairs, photos of two palms in 3 of 100; of real
# contactless ROIs 99 and 13 of 100. `tests/photos/test_verification.py` measures it again.
MTCC_THRESHOLD = 0.375


class Verdict(NamedTuple):
    """What a recognizer makes of one result.

    Attributes
    ----------
    distances : list of float or None
        Least distance of each palm of the original to anything in the result; None where it has no template.
    templates : list of ndarray or None
        Of the result, cut where the original's hands are.
    overlooked : list of tuple
        Boxes of what shows a palm in the result, or may, and is none of the original's hands: the first look missed it.
    """

    distances: list[float | None]
    templates: list[np.ndarray | None]
    overlooked: list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Verifier:
    """A recognizer and the distance up to which it calls two palms the same.

    Attributes
    ----------
    recognizer : Recognizer
    threshold : float
        A palm counts as hidden when its distance is above it.
    detector : Detector
    segmenter : Segmenter
        With them an attacker finds the hands in the result again.
    """

    recognizer: Recognizer
    threshold: float
    detector: Detector
    segmenter: Segmenter

    def templates(self, picture: np.ndarray, hands: Sequence[WindowedHand]) -> list[np.ndarray | None]:
        """Template of each hand in a photo (uint8, height x width x 3, RGB); None where there is no ROI."""
        cut = recognition_roi if self.recognizer.takes == "roi" else recognition_hand
        templates: list[np.ndarray | None] = [None] * len(hands)
        images: dict[int, np.ndarray] = {}
        for index, (window, hand) in enumerate(hands):
            with suppress(NoROIError):
                images[index] = cut(window.of(picture), hand)
        if images:
            found = output_checks.templates(self.recognizer, np.stack(list(images.values())))
            for index, template in zip(images, found, strict=True):
                templates[index] = template
        return templates

    def compare(
        self, enrolled: Sequence[np.ndarray | None], hands: Sequence[WindowedHand], result: np.ndarray
    ) -> Verdict:
        """How near a result comes to each palm of the original.

        Two attacks are made, and the nearer one counts: the hands are found again in the result, as one would who has
        nothing else; and the ROI is cut where it was in the original, as one would who has that photo.

        Parameters
        ----------
        enrolled : sequence of ndarray or None
            The original's templates.
        hands : sequence of WindowedHand
            The original's hands.
        result : ndarray of shape (height, width, 3), uint8, RGB
        """
        found_again = find_hands(result, self.detector, self.segmenter)
        again = [template for template in self.templates(result, found_again) if template is not None]
        in_place = self.templates(result, hands)
        distances: list[float | None] = []
        for own, template in zip(in_place, enrolled, strict=True):
            if template is None or own is None:
                distances.append(None)
            else:
                near = output_checks.distances(self.recognizer, template[None], np.stack([own, *again]))
                distances.append(float(near.min()))
        known = [own.keypoints for own in hands]
        overlooked = [
            found.box for found in found_again if may_show_palm(found.hand) and not within(known, found.keypoints)
        ]
        return Verdict(distances, in_place, overlooked)

    def nearest_pair(self, templates: Sequence[np.ndarray | None]) -> float | None:
        """Least distance among several results of one hand; None where fewer than two have a template."""
        there = [template for template in templates if template is not None]
        if len(there) < 2:
            return None
        return float(recognizers.pairwise(self.recognizer, np.stack(there)).min())

    def hidden(self, distance: float | None) -> bool:
        """Whether a palm at this distance counts as hidden; one that could not be compared does not."""
        return distance is not None and distance > self.threshold
