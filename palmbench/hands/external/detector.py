"""A detector of another environment as one of palmbench's: its keypoints, and the embedded network's mask of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from palmbench.hands.assembly import connected, hand_box
from palmbench.hands.external.client import Finding, Worker
from palmbench.hands.external.environment import described, interpreter_of
from palmbench.hands.external.views import PARTS_OF, View
from palmbench.hands.hand import MIDDLE, WRIST, Hand, require_photos
from palmbench.hands.observer import Observer, wanted_square
from palmbench.hands.overlap import covers, same_hand
from palmbench.hands.palm_or_back import palm_side, view_of
from palmbench.hands.several_hands import beyond_is_unsure, parts
from palmbench.hands.skeleton import apart, hand_shape, valley_points
from recognizers.common.cache_keys import versions_of

VERSION = 3
_CODE = (
    *("observer", "cutting", "network", "several_hands", "overlap"),
    *("assembly", "palm", "palm_or_back", "skeleton"),
)
# Of packages that look at a photo in so few pixels that they overlook small hands, and those that fill the frame.
_COARSE = ("mediapipe",)
_MOST_AT_ONCE = 4  # hands asked for at least, so that the best of them can be chosen
_LEAST_INSIDE = 0.9  # share of the keypoints that a part of the photo must hold to tell of a hand
_PADDED = 2.0  # sides of the padded photo, in sides of the photo
_PARTS = (0.55, 0.3)  # sides of the parts that are shown, in the photo's longer side
_CONFIRMING = (1.6, 2.6)  # sides of the looks that a hand seen in a part of the photo must stand, in sides of its box
_AGREEING = 0.12  # mean distance of keypoints up to which two looks see the same, in sides of the hand's box
# Mean distance of its keypoints from those found, in sides of its view, above which its mask is not believed.
_ELSEWHERE = 0.1
_INSIDE = 0.7  # factor of the fingers' width that keeps a drawn hand within the true one
_PRESENT = 0.5  # least confidence of the embedded network in the hand that it is shown, to go by its mask


class _Seen(NamedTuple):
    finding: Finding
    said: list[tuple[str, float]]  # which hand each look makes it to be, and how sure it is


class ExternalDetector:
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
        Hands to report of a photo; where it is more than one, hands beyond are "unsure".
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
        asked = max(hands + 1, _MOST_AT_ONCE)  # one more, to know of more than are told of
        self._options = {"weights": weights, "threshold": threshold, "hands": asked, "device": device}
        self._observer = Observer("embedded", device)

    def settings(self) -> dict[str, Any]:
        """Threshold, most hands, the package's version, digests of its models, and versions of our code."""
        return {
            "name": self.name,
            "package": self._described,
            "threshold": self._options["threshold"],
            "hands": self._hands,
            "observer": self._observer.digest,
            "versions": {"external": VERSION, **versions_of("palmbench.hands", *_CODE)},
        }

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """Hands of each photo (uint8, height x width x 3, RGB): those that show their palm first, large ones first.

        Raises
        ------
        SampleError
            If the package fails at one of them.
        RequestError
            If its process cannot be started, or is lost again and again.
        """
        require_photos(images, "detect")
        return [apart(self._hands_of(image)) for image in images]

    def _hands_of(self, image: np.ndarray) -> list[Hand]:
        found = self._found(image)
        if self._hands == 1:
            return [self._hand(image, one) for one in found[:1]]
        return beyond_is_unsure([self._hand(image, one) for one in found], self._hands)

    def _found(self, image: np.ndarray) -> list[_Seen]:
        """Hands in the whole photo, then in the padded photo, then in its parts: none displaces one that was there.

        A look at a part may cut a hand in two, or take a finger for a hand. So what it tells counts only where no hand
        is known, and if closer looks see the same.
        """
        height, width = image.shape[:2]
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        seen = [_Seen(finding, _said(finding)) for finding in self._look(View.at(image, middle, width, height))]
        found: list[_Seen] = []
        for one in seen:
            if not any(same_hand(one.finding.keypoints, other.finding.keypoints) for other in found):
                found.append(one)
        several = self._hands > 1 and self.name in _COARSE
        if several or not found:
            for finding in self._look(View.at(image, middle, _PADDED * width, _PADDED * height)):
                known = [one for one in found if covers(one.finding.keypoints, finding.keypoints)]
                if not known:
                    found.append(_Seen(finding, _said(finding)))
                elif same_hand(known[0].finding.keypoints, finding.keypoints):
                    known[0].said.extend(_said(finding))
        if several:
            small = View.at(image, middle, width, height, longest=PARTS_OF)
            for finding in self._in_parts(small.pixels):
                moved = finding._replace(keypoints=small.in_photo(finding.keypoints))
                if not any(covers(one.finding.keypoints, moved.keypoints) for one in found):
                    found.append(_Seen(moved, _said(moved)))
        return sorted(found, key=_rank)

    def _look(self, view: View) -> list[Finding]:
        """What the package finds in a view, in pixels of the photo."""
        return [
            finding._replace(keypoints=view.in_photo(finding.keypoints)) for finding in self._worker.ask(view.pixels)
        ]

    def _in_parts(self, image: np.ndarray) -> list[Finding]:
        """Hands that a look at some part of a photo tells of, and closer looks confirm."""
        height, width = image.shape[:2]
        found: list[Finding] = []
        for part in parts(height, width, _PARTS):
            left, top, right, bottom = part.within(width, height)
            for finding in self._worker.ask(image[top:bottom, left:right]):
                inside = (finding.keypoints >= 0) & (finding.keypoints <= (right - left - 1, bottom - top - 1))
                moved = finding._replace(keypoints=finding.keypoints + np.array([left, top]))
                if inside.all(axis=1).mean() < _LEAST_INSIDE:
                    continue
                if any(covers(other.keypoints, moved.keypoints) for other in found):
                    continue
                if self._confirmed(image, moved.keypoints):
                    found.append(moved)
        return found

    def _confirmed(self, image: np.ndarray, keypoints: np.ndarray) -> bool:
        low, high = keypoints.min(axis=0), keypoints.max(axis=0)
        side = float((high - low).max())
        for share in _CONFIRMING:
            again = self._look(View.at(image, (low + high) / 2, share * side, share * side))
            distances = [np.linalg.norm(finding.keypoints - keypoints, axis=1).mean() for finding in again]
            if min(distances, default=np.inf) > _AGREEING * side:
                return False
        return True

    def _hand(self, image: np.ndarray, one: _Seen) -> Hand:
        found = one.finding
        mask, valleys = self._completed(image, found.keypoints)
        side = palm_side(found.keypoints)
        return Hand(
            score=found.score,
            box=hand_box(found.keypoints, mask),
            side=side,
            keypoints_2d=found.keypoints.astype(np.float32),
            keypoints_3d=in_hand_lengths(found.space),
            valleys=valleys,
            mask=mask,
            view=view_of(found.space, side, one.said),
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
        options = {**self._options, "described": self._described}
        return Worker(self.name, self._python, options, str(self._described["version"]))


def _said(finding: Finding) -> list[tuple[str, float]]:
    return [] if finding.side is None else [(finding.side, finding.sure)]


def _rank(one: _Seen) -> tuple[bool, float]:
    """Hands that show their palm first, large ones first."""
    keypoints = one.finding.keypoints
    hidden = view_of(one.finding.space, palm_side(keypoints), one.said) != "palm"
    return hidden, -float(np.ptp(keypoints, axis=0).max())


def in_hand_lengths(space: np.ndarray) -> np.ndarray:
    """Joints (21, 3) in any unit as Hand has them: from the wrist, in lengths of the straightened middle finger."""
    chain = space[[WRIST, *MIDDLE]]
    length = max(float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()), 1e-9)
    return ((space - space[WRIST]) / length).astype(np.float32)
