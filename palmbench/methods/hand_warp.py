"""Where the points of a picture go when its hand gets other proportions: a smooth field about the hand, without folds.

The palm is stretched along and across itself, and each finger bone by bone along and across its bones. So the angles of
all joints, and with them the gesture, are what they were. What lies around the hand goes with what is nearest, less and
less with its distance, so that no outline of a hand is needed and nothing behind it is laid bare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from palmbench.hands.hand import FINGERS, MIDDLE, WRIST, Hand
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length
from palmbench.methods.hand_parts import (
    CHAINS,
    CLEAR,
    along_palm,
    distance,
    finger_bones,
    lies_free,
    palm_bones,
    segment_distance,
    unit,
)
from palmbench.methods.proportions import Proportions

VERSION = 1
REACH = 0.3  # hand lengths from the bones beyond which nothing moves

_FREE = 0.75  # share of a finger's first bone from which a pixel goes with the finger alone
_NEAR, _FAR = 0.25, 0.5  # share of a pixel's distance from the finger in that from finger and palm: finger's, palm's
_BEND = 0.35  # finger radii over which one bone's movement passes into the next one's
_CLOSE = 0.065  # hand lengths from the bones up to which all goes with them
_EDGE = 0.08  # the same from the photo's edge, where nothing moves
_SIDES = -4  # power of the distances from two fingers by which what lies between goes with either
_TAKEN = (1.0, 0.75, 0.5, 0.25)  # shares of the wanted change that are tried
_LEAST, _MOST = 0.3, 3.0  # area that a small piece may get, as a share of what it had
_GRID, _PIECES = 4, 100  # least pixels between points at which the field is computed, and points a hand's length
_ROUNDS = 40  # of the search for where a point goes


class Field(NamedTuple):
    """A warp about a hand, at points that span a part of the photo corner to corner.

    Attributes
    ----------
    box : (slice, slice)
        Rows and columns of the photo in which anything moves.
    came : ndarray of shape (m, n, 2), float64
        Where what is seen at each point afterwards lay before, (x, y) in pixels of the photo.
    """

    box: tuple[slice, slice]
    came: np.ndarray


@dataclass(frozen=True)
class HandWarp:
    """Where the points of a picture go.

    Attributes
    ----------
    keypoints : ndarray of shape (21, 2), float64
        Of the hand before, pixels.
    moved : ndarray of shape (21, 2), float64
        Of the hand after.
    proportions : Proportions
        As far as this hand takes them.
    free : tuple of bool
        Which of the fingers have proportions of their own.
    size : (int, int)
        Width and height of the photo.
    """

    keypoints: np.ndarray
    moved: np.ndarray
    proportions: Proportions
    free: tuple[bool, ...]
    size: tuple[int, int]

    @classmethod
    def of(cls, hand: Hand, wanted: Proportions) -> HandWarp:
        """The warp of a hand that comes as near to some proportions as it can.

        A finger that lies over the palm or over another goes with the palm. What is near the photo's edge stays, and
        nothing comes nearer to it. Where the picture would still fold, all proportions change less.
        """
        points = np.asarray(hand.keypoints_2d, np.float64)
        size = hand.mask.shape[1], hand.mask.shape[0]
        for taken in _TAKEN:
            warp = cls._within(points, size, wanted.to_the(taken))
            if not warp.folds:
                return warp
        return cls._within(points, size, wanted.to_the(0))

    @classmethod
    def _within(cls, points: np.ndarray, size: tuple[int, int], wanted: Proportions) -> HandWarp:
        band = _EDGE * hand_length(points)
        near = [_margin(points[list(chain)], size) < band for chain in CHAINS]
        free = tuple(not held and lies_free(points, finger) for finger, held in enumerate(near))
        own = np.array(free)
        found = Proportions(
            np.ones(2) if any(near) else wanted.palm,
            np.where(own[:, None], wanted.lengths, 1.0),
            np.where(own, wanted.widths, 1.0),
        )
        moved = _moved(points, found, free)
        reaching = np.array([_margin(moved[list(chain)], size) < band for chain in CHAINS])
        if reaching.any():
            shorter = np.where(reaching[:, None], np.minimum(found.lengths, 1), found.lengths)
            found = Proportions(np.minimum(found.palm, 1), shorter, found.widths)
            moved = _moved(points, found, free)
        return cls(points, moved, found, free, size)

    @cached_property
    def length(self) -> float:
        """Of the hand before, pixels."""
        return hand_length(self.keypoints)

    @cached_property
    def field(self) -> Field:
        """All of the warp, known at points so dense that straight lines between them do."""
        both = np.concatenate([self.keypoints, self.moved])
        room = REACH * self.length + 1
        low, high = np.floor(both.min(axis=0) - room).astype(int), np.ceil(both.max(axis=0) + room).astype(int) + 1
        (left, top), (right, bottom) = np.clip(low, 0, np.array(self.size) - 2), np.clip(high, 2, self.size)
        step = max(_GRID, round(self.length / _PIECES))
        columns, rows = (
            np.linspace(first, last - 1, (last - first) // step + 2) for first, last in ((left, right), (top, bottom))
        )
        grid = np.stack(np.meshgrid(columns, rows), axis=-1)
        return Field((slice(int(top), int(bottom)), slice(int(left), int(right))), self.came_from(grid))

    @property
    def folds(self) -> bool:
        """Whether a piece of the picture would be turned over, or nearly lost or torn."""
        box, came = self.field
        across = np.diff(came, axis=1)[:-1] * ((came.shape[1] - 1) / (box[1].stop - box[1].start - 1))
        down = np.diff(came, axis=0)[:, :-1] * ((came.shape[0] - 1) / (box[0].stop - box[0].start - 1))
        area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
        return bool(area.min() < 1 / _MOST or area.max() > 1 / _LEAST)

    def in_space(self, joints: np.ndarray) -> np.ndarray:
        """Joints in space after, (21, 3), in lengths of the new hand: each bone longer or shorter as in the picture.

        Parameters
        ----------
        joints : ndarray of shape (21, 3)
            Before, in hand lengths from the wrist.
        """
        before = np.asarray(joints, np.float64)
        after = before.copy()
        along = along_palm(self.keypoints)
        across = np.array([-along[1], along[0]])
        stretch = self.proportions.palm[0] * np.outer(along, along) + self.proportions.palm[1] * np.outer(
            across, across
        )
        for finger in FINGERS:
            for start, end in pairwise((WRIST, *finger)):
                bone = before[end] - before[start]
                own = self._factor_of(start, end)
                if own is not None:
                    bone = own * bone
                else:
                    flat = stretch @ bone[:2]
                    deep = float(np.linalg.norm(flat)) / max(float(np.linalg.norm(bone[:2])), 1e-9)
                    bone = np.array([*flat, deep * bone[2]])
                after[end] = after[start] + bone
        middle = [WRIST, *MIDDLE]
        old, new = (float(np.linalg.norm(np.diff(each[middle], axis=0), axis=1).sum()) for each in (before, after))
        return (after - after[WRIST]) * (old / max(new, 1e-9)) + before[WRIST]

    def _factor_of(self, start: int, end: int) -> float | None:
        """By how much a finger's own bone grows; None of one that goes with the palm."""
        for part, chain in enumerate(CHAINS):
            if self.free[part] and start in chain and end in chain:
                return float(self.proportions.lengths[part, chain.index(start)])
        return None

    def came_from(self, points: np.ndarray) -> np.ndarray:
        """Where what is seen at points afterwards lay before.

        Parameters
        ----------
        points : ndarray of shape (..., 2)
            (x, y) in pixels, anywhere.

        Returns
        -------
        ndarray of shape (..., 2), float64
        """
        palm = self._of_palm(points)
        palmwards = distance(points, palm_bones(self.moved))
        apart = np.stack([distance(points, finger_bones(self.moved, part)) for part in range(len(CHAINS))])
        shares = (np.maximum(apart, 1e-3 * self.length) / self.length) ** _SIDES
        shares /= shares.sum(axis=0)
        came = palm.copy()
        for part in np.flatnonzero(self.free).tolist():
            share = shares[part] * (1 - self._with_palm(points, part, apart[part], palmwards))
            came += share[..., None] * (self._of_finger(points, part) - palm)
        nearest = np.minimum(palmwards, apart.min(axis=0)) / self.length
        margin = np.minimum(points, np.array(self.size) - 1 - points).min(axis=-1) / self.length
        kept = _step((REACH - nearest) / (REACH - _CLOSE)) * _step(margin / _EDGE)
        return np.asarray(points + kept[..., None] * (came - points))

    def went_to(self, points: np.ndarray) -> np.ndarray:
        """Where points (n, 2) of the picture before lie after: the inverse of `came_from`, found step by step."""
        points = np.asarray(points, np.float64)
        guess = points.copy()
        for _ in range(_ROUNDS):
            guess = guess + (points - self.came_from(guess))
        return guess

    def _of_palm(self, points: np.ndarray) -> np.ndarray:
        wrist, along = self.keypoints[WRIST], along_palm(self.keypoints)
        across = np.array([-along[1], along[0]])
        offset, factor = points - wrist, self.proportions.palm
        x, y = offset @ along, offset @ across
        x, y = np.where(x > 0, x / factor[0], x), y / factor[1]
        return wrist + x[..., None] * along + y[..., None] * across

    def _of_finger(self, points: np.ndarray, part: int) -> np.ndarray:
        before, after = (each[list(CHAINS[part])] for each in (self.keypoints, self.moved))
        apart = np.stack([segment_distance(points, start, end)[0] for start, end in pairwise(after)])
        softness = _BEND * FINGER_RADIUS * self.length
        shares = np.exp(np.maximum(-(apart - apart.min(axis=0)) / softness, -40))
        shares /= shares.sum(axis=0)
        finger = np.zeros(points.shape)
        for bone, share in enumerate(shares):
            along = unit(before[bone + 1] - before[bone])
            across = np.array([-along[1], along[0]])
            offset = points - after[bone]
            x = (offset @ along) / self.proportions.lengths[part, bone]
            y = (offset @ across) / self.proportions.widths[part]
            finger += share[..., None] * (before[bone] + x[..., None] * along + y[..., None] * across)
        return finger

    def _with_palm(self, points: np.ndarray, part: int, own: np.ndarray, palmwards: np.ndarray) -> np.ndarray:
        """Share of the palm in the movement of points, by their distances from a finger and from the palm."""
        base, joint = self.moved[list(CHAINS[part][:2])]
        span = joint - base
        along = ((points - base) @ span) / max(float(span @ span), 1e-9)
        share = own / np.maximum(own + palmwards, 1e-9)
        return np.maximum(1 - _step((along - CLEAR) / (_FREE - CLEAR)), _step((share - _NEAR) / (_FAR - _NEAR)))


def _moved(points: np.ndarray, proportions: Proportions, free: tuple[bool, ...]) -> np.ndarray:
    along = along_palm(points)
    across = np.array([-along[1], along[0]])
    offset = points - points[WRIST]
    x = offset @ along
    x, y = np.where(x > 0, x * proportions.palm[0], x), offset @ across * proportions.palm[1]
    moved = points[WRIST] + x[:, None] * along + y[:, None] * across
    for part, chain in enumerate(CHAINS):
        for bone in range(len(chain) - 1) if free[part] else ():
            length = proportions.lengths[part, bone]
            moved[chain[bone + 1]] = moved[chain[bone]] + length * (points[chain[bone + 1]] - points[chain[bone]])
    return moved


def _margin(points: np.ndarray, size: tuple[int, int]) -> float:
    """How far points are from the photo's edge; negative where one is outside."""
    return float(np.minimum(points, np.array(size) - 1 - points).min())


def _step(share: np.ndarray) -> np.ndarray:
    """From 0 at 0 to 1 at 1, smoothly."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)
