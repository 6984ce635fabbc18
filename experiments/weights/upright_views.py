"""Training views for the view network: hands upright, as a detector places them, and what is taken for hands."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.crude import deidentify
from experiments.weights.negatives import draw_negative
from experiments.weights.others import Others
from experiments.weights.sightings import Sightings
from experiments.weights.views import Subject, cover_rim, degrade, light, open_palm, other_hand, show
from experiments.weights.world import World
from palmbench.hands.cutting import cut_view
from palmbench.hands.network import VIEWS
from palmbench.hands.second_look import SIDE, upright

NO_HAND = len(VIEWS)
_SHARES = (0.32, 0.21, 0.2, 0.27)  # of palms, backs, closed hands, and no hands
_FROM_THE_WORLD = 0.7  # share of the palms that are photos of the training set; the rest are drawn as backs are
_HIDDEN = 0.4  # share of the palms that are de-identified crudely
_AS_SEEN = 0.6  # share of the other hands that lie where the hand network sees them
_SAME = 0.4  # mean distance of its points from the true ones, in sides of the hand's box, up to which it sees the hand
_CENTRE = (SIDE - 1) / 2


class Sources(NamedTuple):
    """What views are drawn from.

    Attributes
    ----------
    world, others
    alarms, seen : Sightings
        Of pictures without a hand, and of the photos of other hands.
    palms : int
        Photos of the world to draw from, from the first.
    hands : tuple of 3 ndarray
        Which photos of other hands show each of `VIEWS`.
    """

    world: World
    others: Others
    alarms: Sightings
    seen: Sightings
    palms: int
    hands: tuple[np.ndarray, ...]


def draw_upright(sources: Sources, random: np.random.Generator) -> tuple[np.ndarray, int]:
    """A view, uint8 (96, 96, 3), and what it shows: its place in `VIEWS`, or `NO_HAND`."""
    shown = int(random.choice(len(_SHARES), p=_SHARES))
    if shown == NO_HAND:
        view = _no_hand(sources, random)
    elif shown == 0 and random.random() < _FROM_THE_WORLD:
        palm = _palm(sources, random)
        view = _hand(palm, palm.points, sources, random)
    else:
        index = int(random.choice(sources.hands[shown]))
        hand = other_hand(sources.others, index)
        view = _hand(hand, _seen(sources.seen, index, hand.points, random), sources, random)
    return degrade(light(view, random), random), shown


def placed(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Transform (2, 3) from a photo to an upright view of a hand, as exact as a detector's keypoints, or less."""
    size = float(np.ptp(points[:21], axis=0).max())
    off = size * (0.015 if random.random() < 0.7 else 0.05)
    transform = upright(points + random.normal(0, off, points.shape))
    angle = random.normal(0, 8) if random.random() < 0.9 else random.uniform(-60, 60)
    about = cv2.getRotationMatrix2D((_CENTRE, _CENTRE), angle, float(np.exp(random.normal(0, 0.1))))
    moved = np.column_stack([about[:, :2], about[:, 2] + random.normal(0, 0.05 * SIDE, 2)])
    if random.random() < 0.06:  # taken for the other hand
        moved = moved @ np.array([(-1, 0, 2 * _CENTRE), (0, 1, 0), (0, 0, 1)])
    return np.column_stack([moved[:, :2] @ transform[:, :2], moved[:, :2] @ transform[:, 2] + moved[:, 2]])


def _palm(sources: Sources, random: np.random.Generator) -> Subject:
    return open_palm(sources.world, int(random.integers(sources.palms)))


def _seen(seen: Sightings, index: int, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Where the hand network sees the points of a hand, mostly: of fists it is wrong in ways of its own."""
    looks = np.flatnonzero(seen.presence[index])
    if random.random() >= _AS_SEEN or not len(looks):
        return points
    told = seen.points[index, looks[int(random.integers(len(looks)))]].astype(np.float64)
    off = np.linalg.norm(told - points, axis=1).mean() / float(np.ptp(points, axis=0).max())
    return told if off < _SAME else points


def _hand(
    subject: Subject, points: np.ndarray, sources: Sources, random: np.random.Generator, present: bool = True
) -> np.ndarray:
    """A view of a hand by its points, its palm de-identified now and then; or the same with the hand taken away."""
    world, others = sources.world, sources.others
    photo = subject.photo
    if subject.palm.any() and random.random() < _HIDDEN:
        palm = world.palms[int(random.integers(len(world.palms)))]
        photo = deidentify(photo.copy(), subject.mask, subject.points, palm, random)
    transform = placed(points, random)
    image, mask, _ = show(subject, photo, transform, SIDE, world, others, random)
    if not present:
        return draw_negative(image, mask, subject.points @ transform[:, :2].T + transform[:, 2], random)
    if random.random() < 0.1:
        cover_rim(image, mask, random)
    return image


def _no_hand(sources: Sources, random: np.random.Generator) -> np.ndarray:
    """A hand's place without the hand, what the hand network took for a hand, or any place of an empty picture."""
    alarms, others = sources.alarms, sources.others
    chance = random.random()
    if chance < 0.2:
        hand = _any_hand(sources, random)
        return _hand(hand, hand.points, sources, random, present=False)
    ends = alarms.ends()
    if chance < 0.7 and len(ends):
        sure = alarms.presence[tuple(ends.T)].astype(np.float64) ** 2
        index, look = ends[int(random.choice(len(ends), p=sure / sure.sum()))]
        picture, points = others.empties[index], alarms.points[index, look].astype(np.float64)
    else:
        picture = others.empties[int(random.integers(len(others.empties)))]
        points = _any_hand(sources, random).points + random.normal(0, 60, 2)
    border = cv2.BORDER_REPLICATE if random.random() < 0.7 else cv2.BORDER_REFLECT
    return cut_view(picture, placed(points, random), (SIDE, SIDE), border)


def _any_hand(sources: Sources, random: np.random.Generator) -> Subject:
    if random.random() < 0.5:
        return _palm(sources, random)
    return other_hand(sources.others, int(random.choice(sources.hands[int(random.integers(len(VIEWS)))])))
