"""A detector of another environment as one of palmbench's: its keypoints, and the embedded network's mask of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from palmbench.hands.geometry import palm_side
from palmbench.hands.hand import MIDDLE, WRIST, Hand
from palmbench.hands.looks import Observer, wanted_square
from palmbench.hands.outside.client import Finding, Worker
from palmbench.hands.outside.environment import described, interpreter_of
from palmbench.hands.search import SEARCH_VERSION, parts, same_hand
from palmbench.hands.seen import connected, hand_box
from palmbench.hands.skeleton import apart, hand_shape, valley_points

VERSION = 1
_COARSE = ("mediapipe",)  # looks at the whole photo in so few pixels that it overlooks small hands
_LEAST_INSIDE = 0.9  # share of the keypoints that a part of the photo must hold to tell of a hand
# Mean distance of its keypoints from those found, in sides of its view, above which its mask is not believed.
_ELSEWHERE = 0.1
_INSIDE = 0.7  # factor of the fingers' width that keeps a drawn hand within the true one
_PRESENT = 0.5  # least confidence of the embedded network in the hand that it is shown, to go by its mask


class _Seen(NamedTuple):
    finding: Finding
    inside: float  # share of its keypoints that lie in the part of the photo which was shown


class OutsideDetector:
    """Finds hands with a package that lives in an environment of its own.

    The package gives keypoints in the picture and in space. Which hand it is follows from them, as for every detector:
    geometry needs the side on which the palm lies. Neither package gives a mask or valley points: these come from the
    embedded hand network's close look at the found keypoints, joined with a hand drawn about them in capsules, so that
    the palm is in the mask whatever the network makes of it. Where that look sees no hand, or one that lies elsewhere,
    as it does of a fist, the mask is the drawn hand alone, and the valley points lie where the knuckles let expect.

    Parameters
    ----------
    name : str
        "mediapipe" or "wilor".
    python : str or None
        The interpreter; None looks in the default places.
    weights : str or None
        Folder of WiLoR's weights; None for those of the package.
    threshold : float
        Least confidence, in [0, 1].
    hands : int
        Hands to report of a photo at most.
    device : str
        Where the networks run.

    Raises
    ------
    RequestError
        If there is no such interpreter.
    """

    def __init__(
        self, name: str, python: str | None, weights: str | None, threshold: float, hands: int, device: str = "cpu"
    ) -> None:
        self.name = name
        self._python = interpreter_of(name, python)
        self._hands = hands
        self._options = {"weights": weights, "threshold": threshold, "hands": hands, "device": device}
        self._observer = Observer("embedded", device)

    def settings(self) -> dict[str, Any]:
        """Threshold, most hands, and what the package is: its version, and digests of its models."""
        return {
            "name": self.name,
            "version": VERSION,
            "package": self._described,
            "threshold": self._options["threshold"],
            "hands": self._hands,
            **({"search": SEARCH_VERSION} if self._hands > 1 else {}),
            "looks": self._observer.digest,
        }

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """Hands of each photo (uint8, height x width x 3, RGB), the most confident first.

        Raises
        ------
        SampleError
            If the package fails at one of them.
        RequestError
            If its process cannot be started, or is lost again and again.
        """
        return [apart([self._hand(image, found) for found in self._found(image)]) for image in images]

    def _found(self, image: np.ndarray) -> list[Finding]:
        """Findings in a photo, and in its parts where several hands are wanted of a package that looks coarsely."""
        found = [_Seen(finding, 1.0) for finding in self._worker.ask(image)]
        if self._hands > 1 and self.name in _COARSE:
            height, width = image.shape[:2]
            for part in parts(height, width):
                left, top, right, bottom = part.within(width, height)
                corner = np.array([left, top])
                for finding in self._worker.ask(image[top:bottom, left:right]):
                    inside = (finding.keypoints >= 0) & (finding.keypoints <= (right - left - 1, bottom - top - 1))
                    moved = finding._replace(keypoints=finding.keypoints + corner)
                    found.append(_Seen(moved, float(inside.all(axis=1).mean())))
        # A part may cut a hand in two: of findings of one hand, that which lies wholly in its part is kept.
        kept: list[Finding] = []
        for one in sorted(found, key=lambda one: (-one.inside, -one.finding.score)):
            if one.inside >= _LEAST_INSIDE and not any(same_hand(one.finding.keypoints, k.keypoints) for k in kept):
                kept.append(one.finding)
        return sorted(kept, key=lambda finding: -finding.score)[: self._hands]

    def _hand(self, image: np.ndarray, found: Finding) -> Hand:
        mask, valleys = self._completed(image, found.keypoints)
        return Hand(
            score=found.score,
            box=hand_box(found.keypoints, mask),
            side=palm_side(found.keypoints),
            keypoints_2d=found.keypoints.astype(np.float32),
            keypoints_3d=in_hand_lengths(found.space),
            valleys=valleys,
            mask=mask,
        )

    def _completed(self, image: np.ndarray, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mask and valley points of a hand of which the keypoints are known."""
        shape = (image.shape[0], image.shape[1])
        square = wanted_square(keypoints)
        if square.side >= 8:
            look = self._observer.close(image, square)
            apart_by = float(np.linalg.norm(look.points[:21] - keypoints, axis=1).mean()) / square.side
            if look.presence >= _PRESENT and apart_by < _ELSEWHERE:
                mask = np.zeros(shape, bool)
                left, top, right, bottom = square.within(shape[1], shape[0])
                if left < right and top < bottom:
                    mask[top:bottom, left:right] = look.mask(left, top, right, bottom)
                drawn = hand_shape(keypoints, shape, _INSIDE)
                return connected(mask | drawn, keypoints), look.points[21:].astype(np.float32)
        return hand_shape(keypoints, shape), valley_points(keypoints)

    @cached_property
    def _described(self) -> dict[str, Any]:
        weights = self._options["weights"]
        return described(self.name, self._python, None if weights is None else str(weights))

    @cached_property
    def _worker(self) -> Worker:
        return Worker(self.name, self._python, self._options, str(self._described["version"]))


def in_hand_lengths(space: np.ndarray) -> np.ndarray:
    """Joints (21, 3) in any unit as Hand has them: from the wrist, in lengths of the straightened middle finger."""
    chain = space[[WRIST, *MIDDLE]]
    length = max(float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()), 1e-9)
    return ((space - space[WRIST]) / length).astype(np.float32)
