"""Every hand in one photo: where to look for them, what it takes to believe a look, and when to stop.

One look at a photo of two hands puts every keypoint between them. So the search looks at the photo with and without
room around it, then at its parts, and goes by the mask, which shows each hand where it is. A hand that was found is
painted over before the next round, so that its neighbour stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands.assembly import connected, hand_of
from palmbench.hands.hand import Hand
from palmbench.hands.observer import IN_DOUBT, VIEW, Observation, Observer, Square, wanted_square
from palmbench.hands.overlap import within
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.skeleton import apart, hand_shape

VERSION = 8

_LEAST_SIDE = 24.0  # pixels of the photo below a close look: in a smaller hand no palm shows a line
PARTS = (0.55, 0.3, 0.165)  # sides of the parts looked at, as shares of the photo's longer side
_STEP = 0.5  # from one part to the next, as a share of its side
_HOPEFUL = 0.1  # least confidence of a part of the photo in which a hand is then sought
_LOOKS = 4  # at one place, each aimed by the one before
WHOLE = (1.0, 1.5, 2.0)  # sides of the looks at a whole photo, in its longer side: a hand may fill the frame
# What no look shows clearly is told of from this share of a palm in what it shows, unless it is slender: width of its
# keypoints over their length. Photographs of palms had 0.44 and 0.29 in some look; a face 0.47 and 0.1, fists 0.40.
_DOUBTED, _SLENDER = 0.42, 0.25
_LOOKED_AT_AGAIN = 0.1  # share of a finding that is painted over, above which later looks decide
_AGREEING = 0.1  # mean distance of points up to which two looks see the same hand, in sides of the closer one
_WIDER = 1.5  # side of a look that confirms another, in sides of that one
# Even light: of each colour these percentiles become a dark and a bright level, unless they are about the same.
_LEVELS, _LEAST_RANGE, _DARKEST, _BRIGHTEST = (1, 99), 8.0, 25.0, 235.0
_LEAST_CELLS = 40  # of a view's mask, to be worth a look
_ROUNDS = 4  # of looks at parts, at least
_HIDING = 256  # pixels of the longer side of the copy in which what hides a hand is made up


class _Evidence(NamedTuple):
    """What a look that reports a hand must show: a wrong one is a palm in the clear, or a picture spoilt.

    On rendered hands the spread of the heat maps is at most 0.08, on photographs of open palms 0.06 to 0.11, on fists
    and things that are no hands 0.15 and more. Of the polygon that its keypoints give, the mask covers 96 % at least on
    rendered hands; where it covers 60 to 86 %, as in hard shadow, the keypoints were off by a tenth of the palm too.
    """

    presence: float
    spread: float
    cover: float


_OF_THE_WHOLE = _Evidence(0.0, 0.12, 0.9)
# A finger or an eye passes for a small hand easily.
_OF_A_PART = _Evidence(0.9, 0.1, 0.9)
# Of a hand whose palm is hidden the joints are guessed at, and it is left alone: it need only be a hand.
_NO_PALM = _Evidence(0.8, 0.2, 0.0)


class _Candidate(NamedTuple):
    square: Square
    hope: float


class _Seen(NamedTuple):
    """What looks at a place lead to; `settled` if the last one saw it where it was aimed."""

    hand: Hand
    square: Square
    spread: float
    settled: bool


class _Search(NamedTuple):
    """Hands that a search found, and what may be a palm and shows clearly in no look."""

    found: list[Hand]
    doubtful: list[Hand]


def find_hands(observer: Observer, image: np.ndarray, threshold: float, most: int) -> list[Hand]:
    """Hands of a photo, the most confident first, no pixel in the masks of two.

    Parameters
    ----------
    observer : Observer
    image : ndarray of shape (height, width, 3), uint8 RGB
    threshold : float
        Least confidence, in [0, 1], of the look that reports a hand.
    most : int
        Hands whose palms are told of at most.

    Returns
    -------
    list of Hand
        What may be a palm, but shows clearly in no look, comes last as "unsure", and so do hands beyond `most`.
    """
    found: list[Hand] = []
    doubtful: list[Hand] = []
    canvas, changed = image, None
    for _ in range(_ROUNDS + most):  # the whole photo may give them one by one
        new, unclear = _in_the_whole(observer, canvas, threshold)
        if not new:
            new, more = _in_parts(observer, canvas, changed, threshold)
            unclear += more
        doubtful += unclear
        new = [one for one in new if not _within(found, one)]
        found += new
        if not new or len(found) > most:
            break
        changed = np.logical_or.reduce([cover(hand) for hand in new])
        canvas = painted_over(canvas, changed)
        doubtful = [one for one in doubtful if _share_within(one, changed) <= _LOOKED_AT_AGAIN]
    found = [_in_even_light(observer, image, hand) for hand in found]
    found.sort(key=lambda hand: -hand.score)
    found = beyond_is_unsure(found, most)
    for one in sorted(doubtful, key=lambda hand: -hand.score):
        if not _within(found, one):
            found.append(replace(one, view="unsure"))
    return apart(found)


def beyond_is_unsure(hands: Sequence[Hand], most: int) -> list[Hand]:
    """The same hands; those beyond a number are not told of as palms, and not passed over."""
    return [*hands[:most], *(replace(hand, view="unsure") for hand in hands[most:])]


def whole_square(image: np.ndarray, share: float) -> Square:
    """A square about the middle of a photo, its side a share of the photo's longer side."""
    height, width = image.shape[:2]
    return Square(np.array([(width - 1) / 2, (height - 1) / 2]), share * max(height, width))


def _in_the_whole(observer: Observer, image: np.ndarray, threshold: float) -> _Search:
    """What looks at the whole photo lead to."""
    ends = [_at(observer, image, whole_square(image, share), threshold) for share in WHOLE]
    seen = [one for one in ends if one is not None]
    clear = [one for one in seen if _stands(one, _OF_THE_WHOLE)]
    unclear = [one for one in seen if not _stands(one, _OF_THE_WHOLE)]
    return _Search(_surest(clear, lambda one: one.spread), _perhaps_palms(unclear))


def _in_parts(observer: Observer, image: np.ndarray, changed: np.ndarray | None, threshold: float) -> _Search:
    """What looks at parts of the photo lead to."""
    clear: list[_Seen] = []
    unclear: list[_Seen] = []
    for candidate in _candidates(observer, image, changed):
        if any(_alike(candidate.square, one.square) for one in clear):
            continue
        one = _at(observer, image, candidate.square, threshold)
        if one is not None:
            stands = _stands(one, _OF_A_PART) and _confirmed(observer, image, one)
            (clear if stands else unclear).append(one)
    return _Search(_surest(clear, lambda one: 2 * one.spread - one.hand.score), _perhaps_palms(unclear))


def _surest(seen: Sequence[_Seen], unsure: Callable[[_Seen], float]) -> list[Hand]:
    """Of findings that are parts of each other, the surest ones."""
    found: list[Hand] = []
    for one in sorted(seen, key=unsure):
        if not _within(found, one.hand):
            found.append(one.hand)
    return found


def _perhaps_palms(unclear: Sequence[_Seen]) -> list[Hand]:
    """What may be a palm among what no look shows clearly."""
    hands = [one.hand for one in unclear if (one.hand.palm_confidence or 0.0) >= _DOUBTED]
    return [hand for hand in hands if _breadth(hand.keypoints_2d) >= _SLENDER]


def _breadth(keypoints: np.ndarray) -> float:
    """Width of a hand's keypoints as a share of their length."""
    sides = cv2.minAreaRect(keypoints.astype(np.float32))[1]
    return min(sides) / max(*sides, 1e-6)


def _candidates(observer: Observer, image: np.ndarray, changed: np.ndarray | None) -> list[_Candidate]:
    """Where to aim a closer look, the most hopeful candidate first; after a change only where it can be seen."""
    candidates = []
    for look in _looks_at_parts(observer, image, changed):
        if look.presence < _HOPEFUL:
            continue
        squares = [wanted_square(look.points), *_patches(look)]
        candidates += [_Candidate(square, look.presence) for square in squares if square.side >= _LEAST_SIDE]
    candidates.sort(key=lambda candidate: -candidate.hope)
    chosen: list[_Candidate] = []
    for candidate in candidates:
        if not any(_alike(candidate.square, other.square) for other in chosen):
            chosen.append(candidate)
    return chosen


def _looks_at_parts(observer: Observer, image: np.ndarray, changed: np.ndarray | None) -> list[Observation]:
    looks = [observer.whole(image)]
    height, width = image.shape[:2]
    for part in parts(height, width):
        left, top, right, bottom = part.within(width, height)
        if changed is None or changed[top:bottom, left:right].any():
            looks.append(glance(observer, image, part))
    return looks


def parts(height: int, width: int, shares: Sequence[float] = PARTS) -> list[Square]:
    """Overlapping parts of a photo, large ones first, in which a hand looks larger than in the whole."""
    squares = []
    for share in shares:
        side = share * max(height, width)
        if share < 0.3 and side < VIEW:
            break
        squares += [Square(np.array([x, y]), side) for y in _steps(height, side) for x in _steps(width, side)]
    return squares


def _steps(length: int, side: float) -> np.ndarray:
    """Middles of parts that cover a photo's side, evenly."""
    if side >= length:
        return np.array([(length - 1) / 2])
    count = int(np.ceil((length - side) / (_STEP * side))) + 1
    return np.linspace(side / 2, length - side / 2, count) - 0.5


def _patches(look: Observation) -> list[Square]:
    """Squares about the separate patches of a look's mask."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((look.logits > IN_DOUBT).astype(np.uint8))
    back = cv2.invertAffineTransform(look.transform)
    squares = []
    for left, top, width, height, cells in stats[1:count]:
        if cells >= _LEAST_CELLS:
            # Cell k of the mask is centred at pixel 2 k + 0.5 of the view.
            corners = np.array([(left, top), (left + width, top + height)]) * 2.0 - 0.5
            squares.append(wanted_square(corners @ back[:, :2].T + back[:, 2]))
    return squares


def _at(observer: Observer, image: np.ndarray, square: Square, threshold: float) -> _Seen | None:
    """The hand at a place, where looks at it agree; else that of the look that was most confident of one."""
    best: tuple[Observation, Square] | None = None
    for _ in range(_LOOKS):
        if square.side < _LEAST_SIDE:
            return None
        look = glance(observer, image, square)
        if look.presence < threshold:
            break
        aimed, square = square, wanted_square(look.points)
        if aimed.fits(square):
            return _seen(observer, image, look, aimed, settled=True)
        if best is None or look.presence > best[0].presence:
            best = look, aimed
    return None if best is None else _seen(observer, image, *best, settled=False)


def _seen(observer: Observer, image: np.ndarray, look: Observation, aimed: Square, settled: bool) -> _Seen | None:
    shown = observer.shown(image, look)
    if shown is None:
        return None
    hand = hand_of(look, aimed, np.zeros(image.shape[:2], bool), shown, IN_DOUBT)
    return _Seen(hand, aimed, look.spread, settled)


def _in_even_light(observer: Observer, image: np.ndarray, hand: Hand) -> Hand:
    """The hand with what a look at it in even light adds: skin, of which the first look at a tinted one may miss a
    quarter, and how much of a palm a hand shows that is taken for a back or a fist.
    """
    square = wanted_square(hand.keypoints_2d)
    left, top, right, bottom = square.within(image.shape[1], image.shape[0])
    if left >= right or top >= bottom:
        return hand
    even = image.copy()
    part = even[top:bottom, left:right]
    low, high = np.percentile(part.reshape(-1, 3), _LEVELS, axis=0)
    stretched = (np.arange(256)[:, None] - low) / np.maximum(high - low, _LEAST_RANGE)
    levels = np.clip(_DARKEST + stretched * (_BRIGHTEST - _DARKEST), 0, 255).astype(np.uint8)
    part[...] = cv2.LUT(part, levels[None])
    look = glance(observer, even, square)
    if hand.view != "palm":
        own, shown = hand.palm_confidence or 0.0, observer.shown(even, look)
        both = 0.0 if shown is None else float(np.sqrt(own * shown[0]))
        hand = replace(hand, palm_confidence=max(own, both))
    if not _agree(look.points, hand.keypoints_2d, square):
        return hand
    mask = hand.mask.copy()
    mask[top:bottom, left:right] |= look.mask(left, top, right, bottom, IN_DOUBT)
    return replace(hand, mask=connected(mask, hand.keypoints_2d))


def _stands(one: _Seen, evidence: _Evidence) -> bool:
    if not one.settled:
        return False
    if one.hand.view != "palm":
        return one.hand.score >= max(evidence.presence, _NO_PALM.presence) and one.spread < _NO_PALM.spread
    return (
        one.hand.score >= evidence.presence
        and one.spread < evidence.spread
        and _cover_of_palm(one.hand) >= evidence.cover
    )


def _confirmed(observer: Observer, image: np.ndarray, one: _Seen) -> bool:
    """Whether a look from further away sees the same hand."""
    again = glance(observer, image, Square(one.square.centre, _WIDER * one.square.side))
    return _agree(again.points, one.hand.keypoints_2d, one.square)


def _agree(one: np.ndarray, other: np.ndarray, square: Square) -> bool:
    """Whether two looks put keypoints at the same places, in the measure of a square that holds the hand."""
    return bool(np.linalg.norm(one[:21] - other[:21], axis=1).mean() < _AGREEING * square.side)


def _cover_of_palm(hand: Hand) -> float:
    palm = fill_polygon(palm_polygon(hand.keypoints_2d), hand.mask.shape[:2])
    return float(hand.mask[palm].mean()) if palm.any() else 0.0


def glance(observer: Observer, image: np.ndarray, square: Square) -> Observation:
    """A close look for which the rest of a large photo is not touched."""
    height, width = image.shape[:2]
    wider = Square(square.centre, square.side + 4)
    left, top, right, bottom = wider.within(width, height)
    if left >= right or top >= bottom:
        return observer.close(image, square)
    corner = np.array([left, top])
    look = observer.close(image[top:bottom, left:right], Square(square.centre - corner, square.side))
    moved = look.transform.copy()
    moved[:, 2] -= moved[:, :2] @ corner
    return replace(look, transform=moved, points=look.points + corner)


def _alike(one: Square, other: Square) -> bool:
    far = float(np.abs(one.centre - other.centre).max())
    return far < 0.2 * min(one.side, other.side) and 0.7 < one.side / other.side < 1.4


def _within(found: Sequence[Hand], one: Hand) -> bool:
    return within([hand.keypoints_2d for hand in found], one.keypoints_2d)


def _share_within(hand: Hand, where: np.ndarray) -> float:
    """Share of a hand, from joint to joint, that lies in some pixels of the photo."""
    own = fill_polygon(hand.keypoints_2d, where.shape)
    return float(where[own].mean()) if own.any() else 1.0


def cover(hand: Hand) -> np.ndarray:
    """What to hide of a hand: its outline in capsules, and its mask and forearm as far as they are no other hand's."""
    shape = hand.mask.shape[:2]
    wide = hand_shape(hand.keypoints_2d, shape, 2.5, forearm=1.0)
    return hand_shape(hand.keypoints_2d, shape, 1.3) | (hand.mask & wide)


def painted_over(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The photo with some pixels made up from what surrounds them."""
    height, width = image.shape[:2]
    scale = min(1.0, _HIDING / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(where.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 0
    made_up = cv2.inpaint(small, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    filling = cv2.resize(cv2.GaussianBlur(made_up, (0, 0), 2), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(where[..., None], filling, image)
