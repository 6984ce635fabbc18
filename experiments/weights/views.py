"""Training views for the hand network: a hand of any kind somewhere in a square, or none, in good and bad shape."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.crude import deidentify
from experiments.weights.negatives import backdrop, draw_negative
from experiments.weights.others import Others
from experiments.weights.world import World
from palmbench.hands.cutting import cut_view
from palmbench.hands.network import INPUT_SIZE, VIEWS
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.spotting import palm_size

NO_HAND = 0.3
_ENDED, _REACH = 0.15, (0.8, 2.4)  # share of the views whose picture ends near the palm, and how near
_TURNS = (0.6, 0.32, 0.08)  # hardly turned, turned as far as a person would, any way


class Subject(NamedTuple):
    """A photo of a hand and what is true of it.

    Attributes
    ----------
    photo : ndarray of shape (height, width, 3), uint8
    mask, palm : ndarray of shape (height, width), uint8
        1 on the hand, and on the skin of its palm that can be seen.
    points : ndarray of shape (23, 2)
    depths : ndarray of shape (21,)
    view : int
        What the hand shows: its place in `VIEWS`.
    """

    photo: np.ndarray
    mask: np.ndarray
    palm: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    view: int


class View(NamedTuple):
    """One training example.

    Attributes
    ----------
    image : ndarray of shape (192, 192, 3), uint8
    points : ndarray of shape (23, 2), float32
    depths : ndarray of shape (21,), float32
    mask, palm : ndarray of shape (96, 96), float32
    present : bool
    view : int
    """

    image: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    mask: np.ndarray
    palm: np.ndarray
    present: bool
    view: int


def open_palm(world: World, index: int) -> Subject:
    """A photo of the training set: a hand that shows its palm."""
    mask, points = np.asarray(world.masks[index]), world.points[index].astype(np.float64)
    palm = fill_polygon(palm_polygon(points), mask.shape).astype(np.uint8) & mask
    return Subject(world.photos[index], mask, palm, points, world.depths[index], VIEWS.index("palm"))


def other_hand(others: Others, index: int) -> Subject:
    """A photo of a hand that does not show its palm, or not all of it."""
    part = (others.photos, others.masks, others.palms, others.points, others.depths, others.views)
    photo, mask, palm, points, depths, view = (each[index] for each in part)
    return Subject(photo, mask, palm, points.astype(np.float64), depths, int(view))


def draw_view(subject: Subject, world: World, others: Others, random: np.random.Generator) -> View:
    """A random view of a hand, or of none: any place, size and turn in the square; sometimes de-identified crudely.

    Points may lie outside the view. Where no hand is present, points, depths and what it shows mean nothing.
    """
    present = random.random() >= NO_HAND
    photo = subject.photo
    if subject.palm.any() and random.random() < 0.4:
        palm = world.palms[int(random.integers(len(world.palms)))]
        photo = deidentify(photo.copy(), subject.mask, subject.points, palm, random)
    transform = _placement(subject.points, random)
    placed = subject.points @ transform[:, :2].T + transform[:, 2]
    image, mask, shown = show(subject, photo, transform, INPUT_SIZE, world, others, random)
    image = other_skin(image, mask, random)
    if not present:
        image = _without_hand(image, mask, placed, others, random)
        mask, shown = np.zeros_like(mask), np.zeros_like(shown)
    elif random.random() < 0.12:
        cover_rim(image, mask, random)
    image = degrade(light(image, random), random)
    if random.random() < _ENDED:
        inside = end_near(placed, INPUT_SIZE, _REACH, random)
        image = _replicated(image, inside)
        mask = mask * inside
    size = (INPUT_SIZE // 2, INPUT_SIZE // 2)
    halves = (cv2.resize(np.minimum(each, mask), size, interpolation=cv2.INTER_AREA) for each in (mask, shown))
    covers = [half / np.float32(255) for half in halves]
    return View(image, placed.astype(np.float32), subject.depths, covers[0], covers[1], present, subject.view)


def _without_hand(
    image: np.ndarray, mask: np.ndarray, points: np.ndarray, others: Others, random: np.random.Generator
) -> np.ndarray:
    """The view with its hand taken away, or a picture that never had one."""
    if random.random() < 0.25:
        return draw_negative(image, mask, points, random)
    return empty_view(others, INPUT_SIZE, random)


def empty_view(others: Others, side: int, random: np.random.Generator) -> np.ndarray:
    """A part of a picture without a hand, turned now and then, uint8 (side, side, 3)."""
    picture = others.empties[int(random.integers(len(others.empties)))]
    height, width = picture.shape[:2]
    reach = random.uniform(0.3, 1.0) * height
    centre = random.uniform(reach / 2, np.array([width, height]) - reach / 2)
    angle = random.normal(0, 15) if random.random() < 0.7 else random.uniform(0, 360)
    transform = cv2.getRotationMatrix2D(tuple(centre), angle, side / reach)
    transform[:, 2] += side / 2 - centre
    if random.random() < 0.5:
        transform[0] *= -1
        transform[0, 2] += side - 1
    return cv2.warpAffine(picture, transform, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _placement(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    chance = random.random()
    # The close look shows the hand at about 0.78 of the view; the look at a whole photo, at any size.
    if chance < 0.6:
        share = random.uniform(0.64, 0.92)
    elif chance < 0.8:
        share = random.uniform(0.36, 0.98)
    else:
        share = float(np.exp(random.uniform(np.log(0.12), np.log(0.45))))
    angle = float(random.choice((random.normal(0, 12), random.uniform(-60, 60), random.uniform(0, 360)), p=_TURNS))
    transform = cv2.getRotationMatrix2D((0.0, 0.0), angle, INPUT_SIZE * share / side)
    if random.random() < 0.5:
        transform = transform @ np.array([(-1, 0, 0), (0, 1, 0), (0, 0, 1)])
    turned = points @ transform[:, :2].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    slack = (INPUT_SIZE - (high - low)) / 2
    # Negative slack: a turned hand is larger than the view. A few hands are cut by the view's edge on purpose.
    slack = np.abs(slack) + (0.2 * (high - low) if random.random() < 0.06 else 0)
    transform[:, 2] = (INPUT_SIZE - 1) / 2 - (low + high) / 2 + random.uniform(-1, 1, 2) * slack
    return transform


def show(
    subject: Subject,
    photo: np.ndarray,
    transform: np.ndarray,
    side: int,
    world: World,
    others: Others,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The view, and hand and palm in it (0 to 255); the hand keeps its surroundings or gets others."""
    mask, palm = (
        cut_view(each * np.uint8(255), transform, (side, side), cv2.BORDER_CONSTANT, 0)
        for each in (subject.mask, subject.palm)
    )
    border = cv2.BORDER_REPLICATE if random.random() < 0.7 else cv2.BORDER_CONSTANT
    image = cut_view(photo, transform, (side, side), border)
    if random.random() < 0.3:
        if random.random() < 0.5:
            behind = empty_view(others, side, random)
        else:
            behind = backdrop(world.photos[int(random.integers(len(world.photos)))], side, random)
        cut = mask[..., None].astype(np.float32) / 255
        image = (cut * image + (1 - cut) * behind).astype(np.uint8)
    return image, mask, palm


def other_skin(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The view with the skin of its hand darker now and then, its blue most, and with deeper folds, uint8."""
    values = image.astype(np.float32) / 255
    if random.random() < 0.25:
        dark = values ** (random.uniform(1.2, 2.6) * np.array([0.9, 1.0, 1.1], np.float32))
        values += mask[..., None].astype(np.float32) / 255 * (dark - values)
    if random.random() < 0.2:
        hollows = np.minimum(values - cv2.GaussianBlur(values, (0, 0), random.uniform(0.8, 3)), 0)
        values += random.uniform(1, 4) * hollows
    return np.clip(np.round(255 * values), 0, 255).astype(np.uint8)


def end_near(points: np.ndarray, side: int, reach: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """What a view shows of a picture that ends near its palm, as one does that a hand fills, bool (side, side).

    `reach` is how far it goes on from the palm's centre at least and at most, in palm sizes.
    """
    polygon = palm_polygon(points)
    centre, size = polygon.mean(axis=0), palm_size(polygon)
    left, top = centre - size * random.uniform(*reach, 2)
    right, bottom = centre + size * random.uniform(*reach, 2)
    rows, columns = np.indices((side, side))
    return np.asarray((columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom))


def _replicated(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The view with the outermost pixels of a rectangle in it repeated beyond, as a look beyond a photo shows it."""
    if not inside.any():
        return image
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    part = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down, across = ((each[0], len(inside) - 1 - each[-1]) for each in (rows, columns))
    return np.pad(part, (down, across, (0, 0)), mode="edge")


def cover_rim(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> None:
    """Lay something plain over one side of the view, and hide from the mask what it hides."""
    covered, side = np.zeros(mask.shape, np.uint8), len(mask)
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.75, 1.15) * side / 2
    away = np.array([np.cos(angle), np.sin(angle)])
    centre = side / 2 + away * (reach + side)
    cv2.circle(covered, tuple(int(c) for c in centre), side, 1, -1)
    image[covered > 0] = random.integers(0, 256, 3)
    mask[covered > 0] = 0


def light(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other exposure, white balance, contrast and gamma; one view in eight is grey."""
    lit = image.astype(np.float32) * random.normal(1, 0.05, 3)
    if random.random() < 0.12:
        lit = np.repeat((lit @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    elif random.random() < 0.25:
        lit *= random.uniform(0.5, 1.5, 3) if random.random() < 0.3 else random.uniform(0.7, 1.3, 3)
    lit = lit * random.normal(1, 0.15) + random.normal(0, 10)
    if random.random() < 0.3:
        gamma = np.exp(random.normal(0, 0.35))
        lit = 255 * (np.clip(lit, 0, 255) / 255) ** gamma
    if random.random() < 0.12:
        lit *= random.uniform(0.2, 0.6)
    if random.random() < 0.15:
        lit *= _shadow(len(lit), random)
    return lit


def _shadow(side: int, random: np.random.Generator) -> np.ndarray:
    """Light with the shadow of something over a part of the view, float32 (side, side, 3), at most 1."""
    coarse = random.standard_normal((4, 4)).astype(np.float32)
    along = np.linspace(-1, 1, side, dtype=np.float32)
    angle = random.uniform(0, 2 * np.pi)
    depth = np.cos(angle) * along[None] + np.sin(angle) * along[:, None] + random.uniform(-0.5, 0.5)
    depth += random.uniform(0, 0.4) * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    lit = 1 / (1 + np.exp(-depth * np.float32(np.exp(random.uniform(np.log(4), np.log(80))))))
    least = random.uniform(0.1, 0.6) * random.normal(1, 0.08, 3).astype(np.float32)
    return least + (1 - least) * lit[..., None]


def degrade(lit: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur, few pixels, sensor noise and JPEG, each now and then; uint8."""
    if random.random() < 0.3:
        lit = cv2.GaussianBlur(lit, (0, 0), random.uniform(0.3, 2.5) ** (2 if random.random() < 0.2 else 1))
    if random.random() < 0.12:  # deep folds, hard light, and cameras that sharpen
        soft = cv2.GaussianBlur(lit, (0, 0), random.uniform(1, 4))
        lit = lit + random.uniform(0.5, 2.5) * (lit - soft)
    if random.random() < 0.06:
        few = cv2.resize(lit, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
        lit = cv2.resize(few, lit.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.3:
        lit = lit + random.standard_normal(lit.shape, np.float32) * random.uniform(1, 14)
    image = np.clip(lit, 0, 255).astype(np.uint8)
    if random.random() < 0.15:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image
