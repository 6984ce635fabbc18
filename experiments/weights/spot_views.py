"""Training views for the spot network: hands of any size, with and without fingers, and pictures without hands."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.crude import deidentify
from experiments.weights.negatives import backdrop, draw_negative
from experiments.weights.others import UNTOLD, Others
from experiments.weights.views import (
    Subject,
    degrade,
    empty_view,
    end_near,
    light,
    open_palm,
    other_hand,
    other_skin,
    show,
)
from experiments.weights.world import World
from palmbench.hands.network import VIEWS
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.several_hands import painted_over
from palmbench.hands.skeleton import hand_shape
from palmbench.hands.spotting import KINDS, PALM_SIZE, STRIDE, palm_size

SIDE = 192
NONE, PALM, OTHER = range(len(KINDS))
IGNORED = 255
_SHARES = (0.4, 0.25, 0.35)  # of palms, other hands, and no hands
_NEAR, _FAR = 0.35, 0.85  # palm sizes from a palm's centre: cells up to the one answer for it, beyond the other do not
_RIGHT, _WRONG = 1.3, 1.9  # factors of `PALM_SIZE`: palms up to the one are answered for, beyond the other not
_SHOWN, _HIDDEN = 0.6, 0.3  # shares of a palm: from the one it is answered for, up to the other it is not
_REACH = (0.5, 1.8)  # from a palm's centre, in its sizes, to where a picture ends that ends near it
_BEYOND = 128  # what the network takes the picture to be beyond its rim


class SpotView(NamedTuple):
    """A view, uint8 (192, 192, 3), and what each cell shows, uint8 (24, 24): a place in `KINDS`, or `IGNORED`."""

    image: np.ndarray
    cells: np.ndarray


class Sources(NamedTuple):
    """What views are drawn from, and which photos of palms and of other hands."""

    world: World
    others: Others
    palms: range
    hands: range


def draw_spot_view(sources: Sources, random: np.random.Generator) -> SpotView:
    """A random view and its answer."""
    world, others = sources.world, sources.others
    kind = int(random.choice(3, p=_SHARES))
    if kind == 2 and random.random() < 0.5:
        image = degrade(_ill_taken(light(empty_view(others, SIDE, random), random), random), random)
        return SpotView(image, np.full((SIDE // STRIDE,) * 2, NONE, np.uint8))
    if kind == 1 or (kind == 2 and random.random() < 0.3):
        subject = other_hand(others, int(random.choice(sources.hands)))
    else:
        subject = open_palm(world, int(random.choice(sources.palms)))
    image, mask, shown, placed = _placed(subject, sources, random)
    ended = np.ones(mask.shape, bool)
    if kind == 2:
        image = _without_hand(image, mask, placed, random)
        cells = np.full((SIDE // STRIDE,) * 2, NONE, np.uint8)
    else:
        visible = np.ones(mask.shape, bool)
        if random.random() < 0.65:
            visible = _cover_part(image, placed, world, others, random)
        if random.random() < 0.15:
            ended = end_near(placed, SIDE, _REACH, random)
            visible &= ended
        cells = _answers(subject, placed, mask > 127, shown > 127, visible)
        if random.random() < 0.12:
            image, cells = _hand_before(image, cells, sources, random)
    for _ in range(2 if random.random() < 0.2 else 1):
        image = np.clip(light(image, random), 0, 255).astype(np.uint8)
    image = degrade(_ill_taken(image.astype(np.float32), random), random)
    image[~ended] = _BEYOND
    return SpotView(image, cells)


def _placed(
    subject: Subject, sources: Sources, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A hand in a view: the picture, hand and palm's skin in it (0 to 255), and the hand's points, (23, 2)."""
    world, others = sources.world, sources.others
    transform = _placement(subject.points, random)
    photo = subject.photo
    if subject.palm.any() and random.random() < 0.1:
        palm = world.palms[int(random.integers(len(world.palms)))]
        photo = deidentify(photo.copy(), subject.mask, subject.points, palm, random)
    image, mask, shown = show(subject, photo, transform, SIDE, world, others, random)
    return other_skin(image, mask, random), mask, shown, subject.points @ transform[:, :2].T + transform[:, 2]


def _hand_before(
    image: np.ndarray, cells: np.ndarray, sources: Sources, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The view and its answer with another palm in front, of any size and anywhere."""
    subject = open_palm(sources.world, int(random.choice(sources.palms)))
    picture, mask, shown, placed = _placed(subject, sources, random)
    share = mask[..., None].astype(np.float32) / 255
    both = np.round(image + share * (picture.astype(np.float32) - image)).astype(np.uint8)
    before = _answers(subject, placed, mask > 127, shown > 127, np.ones(mask.shape, bool))
    hidden = cv2.resize((mask > 127).astype(np.float32), cells.shape[::-1], interpolation=cv2.INTER_AREA) > 0.3
    # What is left of a palm behind is not asked for, and neither is the one in front where it is no answer.
    behind = np.where(hidden & (cells != NONE), IGNORED, cells)
    return both, np.where(before == NONE, behind, before).astype(np.uint8)


def _ill_taken(lit: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The view now and then as a photo that hardly shows anything: pale, dark, of much noise, or a negative."""
    way = random.random()
    if way < 0.05:
        return random.uniform(60, 130) + random.uniform(0.2, 0.4) * lit
    if way < 0.1:
        return random.uniform(0.1, 0.3) * lit
    if way < 0.15:
        return np.asarray(lit + random.standard_normal(lit.shape, np.float32) * random.uniform(14, 36))
    if way < 0.2:
        return 255 - lit
    return lit


def _placement(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """From the photo to a view in which the palm has any size, mostly about the one that is answered for."""
    size = palm_size(palm_polygon(points))
    if random.random() < 0.7:
        wanted = PALM_SIZE * _RIGHT ** random.uniform(-1, 1)
    else:
        wanted = float(np.exp(random.uniform(np.log(PALM_SIZE / 3), np.log(3 * PALM_SIZE))))
    angle = random.normal(0, 30) if random.random() < 0.5 else random.uniform(0, 360)
    transform = cv2.getRotationMatrix2D((0.0, 0.0), angle, wanted / size)
    if random.random() < 0.5:
        transform = transform @ np.diag([-1.0, 1.0, 1.0])
    centre = palm_polygon(points).mean(axis=0) @ transform[:, :2].T
    transform[:, 2] = random.uniform(0.05, 0.95, 2) * SIDE - centre
    return transform


def _without_hand(image: np.ndarray, mask: np.ndarray, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The view with its hand taken away, as a training of hands does it, or painted over, as a search does it."""
    if random.random() < 0.5:
        return draw_negative(image, mask, points, random)
    wide = hand_shape(points[:21], mask.shape, 2.5, forearm=random.choice((0.0, 1.0)))
    cover = hand_shape(points[:21], mask.shape, 1.3) | ((mask > 127) & wide)
    return painted_over(image, cover)


def _cover_part(
    image: np.ndarray, points: np.ndarray, world: World, others: Others, random: np.random.Generator
) -> np.ndarray:
    """Hide a part of the view, in place: all beyond a line, or a bar; where the view is as it was, bool."""
    wrist, fingers = points[0], points[[5, 9, 13, 17]].mean(axis=0)
    length = float(np.linalg.norm(fingers - wrist)) or 1.0
    rows, columns = np.indices(image.shape[:2])
    if random.random() < 0.6:
        forward = (fingers - wrist) / length
        at = wrist + forward * length * random.uniform(0.95, 1.4)  # the fingers, more or less of them
    else:
        angle = random.uniform(0, 2 * np.pi)
        forward = np.array([np.cos(angle), np.sin(angle)])
        at = points[[0, 5, 9, 13, 17]].mean(axis=0) + forward * length * random.uniform(0.2, 0.9)
    turn = random.normal(0, 0.25)
    forward = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ forward
    beyond = (columns - at[0]) * forward[0] + (rows - at[1]) * forward[1]
    hidden = beyond > 0
    if random.random() < 0.25:
        hidden &= beyond < length * random.uniform(0.1, 0.8)
    way = random.random()
    if way < 0.35:
        image[hidden] = random.integers(0, 256, 3) if way < 0.25 else random.choice((0, 128, 255))
    elif way < 0.7:
        image[hidden] = empty_view(others, SIDE, random)[hidden]
    else:
        image[hidden] = backdrop(world.photos[int(random.integers(len(world.photos)))], SIDE, random)[hidden]
    return ~hidden


def _answers(
    subject: Subject, points: np.ndarray, mask: np.ndarray, shown: np.ndarray, visible: np.ndarray
) -> np.ndarray:
    """What each cell of a view shows."""
    polygon = palm_polygon(points)
    size = palm_size(polygon)
    cells = np.full((SIDE // STRIDE,) * 2, NONE, np.uint8)
    centre = polygon.mean(axis=0)
    places = np.arange(SIDE // STRIDE) * STRIDE + (STRIDE - 1) / 2
    far = np.hypot(places[None, :] - centre[0], places[:, None] - centre[1]) / max(size, 1e-6)
    ratio = max(size / PALM_SIZE, PALM_SIZE / max(size, 1e-6))
    # A cell at the rim of a hand of another size, or between the two distances, may say what it likes.
    if ratio < _WRONG:
        cells[far < _FAR] = IGNORED
    elif size > PALM_SIZE:
        small = cv2.resize((mask & visible).astype(np.float32), cells.shape[::-1], interpolation=cv2.INTER_AREA)
        cells[small > 0.05] = IGNORED
    if ratio > _RIGHT:
        return cells
    if subject.view == UNTOLD:
        return cells
    whole = fill_polygon(polygon + SIDE, (3 * SIDE, 3 * SIDE)).sum()
    part = (fill_polygon(polygon, mask.shape) & visible & mask).sum() / max(whole, 1)
    if subject.view == VIEWS.index("palm"):
        skin = (fill_polygon(polygon, mask.shape) & visible & shown).sum() / max(whole, 1)
        if skin >= _SHOWN:
            cells[far < _NEAR] = PALM
        elif part <= _HIDDEN:
            cells[far < _FAR] = NONE
    elif part >= _SHOWN:
        cells[far < _NEAR] = OTHER
    return cells
