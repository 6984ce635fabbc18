"""Views without a hand: emptied photos, arms and face-like shapes, shuffled pieces, noise and plain colours."""

from __future__ import annotations

import cv2
import numpy as np


def draw_negative(image: np.ndarray, mask: np.ndarray, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A view without a hand, mostly made of a view with one.

    Parameters
    ----------
    image : ndarray of shape (side, side, 3), uint8
    mask : ndarray of shape (side, side), uint8
        The hand in it, 0 to 255.
    points : ndarray of shape (23, 2)
        Its points, in pixels of the view.
    """
    chance = random.random()
    if chance < 0.2:
        return _noise(len(image), random)
    if chance < 0.35:
        return shuffled(image, len(image), random)
    if chance < 0.4:
        return backdrop(image, len(image), random)
    skin = image[mask > 127].mean(axis=0) if (mask > 127).any() else random.uniform(30, 240, 3)
    empty = _emptied(image, mask, points, random)
    if random.random() < 0.65:
        for _ in range(int(random.integers(1, 4))):
            (_face, _arm, _plain)[int(random.integers(3))](empty, skin + random.normal(0, 12, 3), random)
    noise = random.standard_normal(empty.shape, np.float32) * random.uniform(0.5, 8)
    return np.clip(empty + noise, 0, 255).astype(np.uint8)


def backdrop(photo: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """Surroundings for a view, uint8 (side, side, 3): plain, a slope of colours, or pieces of a photo."""
    way = random.integers(4)
    if way == 0:
        return np.full((side, side, 3), random.integers(0, 256, 3), np.uint8)
    if way == 1:
        corners = random.integers(0, 256, (int(random.integers(2, 6)), 2, 3)).astype(np.uint8)
        return cv2.resize(corners, (side, side), interpolation=cv2.INTER_CUBIC)
    if way == 2:
        return cv2.GaussianBlur(shuffled(photo, side, random), (0, 0), random.uniform(2, 12))
    return shuffled(photo, side, random)


def shuffled(photo: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """Small pieces of a photo in another order, each enlarged and turned: clutter in which no hand is left."""
    pieces = int(random.integers(2, 9))
    length = side // pieces + 1
    view = np.empty((pieces * length, pieces * length, 3), np.uint8)
    for row in range(pieces):
        for column in range(pieces):
            extent = int(random.integers(8, 28))
            top, left = (int(random.integers(0, reach - extent)) for reach in photo.shape[:2])
            piece = np.rot90(photo[top : top + extent, left : left + extent], int(random.integers(4)))
            piece = cv2.resize(np.ascontiguousarray(piece), (length, length), interpolation=cv2.INTER_LINEAR)
            view[row * length : (row + 1) * length, column * length : (column + 1) * length] = piece
    return view[:side, :side]


def _noise(side: int, random: np.random.Generator) -> np.ndarray:
    """Noise about a plain colour, a slope or nothing: fine, coarse, in stripes, coloured or grey."""
    level = backdrop(np.zeros((64, 64, 3), np.uint8), side, random).astype(np.float32)
    cells = int(side / np.exp(random.uniform(0, np.log(24))))
    rows, columns = ((cells, cells), (cells, 1), (1, cells))[int(random.choice(3, p=(0.7, 0.15, 0.15)))]
    channels = 3 if random.random() < 0.6 else 1
    cells_of = random.standard_normal((rows, columns, channels), np.float32)
    how = cv2.INTER_CUBIC if random.random() < 0.7 else cv2.INTER_NEAREST
    grain = cv2.resize(cells_of, (side, side), interpolation=how).reshape(side, side, channels)
    return np.clip(level + grain * random.uniform(0, 90), 0, 255).astype(np.uint8)


def _emptied(image: np.ndarray, mask: np.ndarray, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The view with the hand filled from its surroundings, float32; sometimes the forearm stays."""
    hand = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    if random.random() < 0.5:
        forward = points[9] - points[0]
        rows, columns = np.indices(hand.shape)
        ahead = (columns - points[0, 0]) * forward[0] + (rows - points[0, 1]) * forward[1]
        hand &= ahead > random.uniform(-0.3, 0.0) * float(forward @ forward)
    around = (~hand).astype(np.float32)
    seen = cv2.GaussianBlur(image.astype(np.float32) * around[..., None], (0, 0), 16)
    share = cv2.GaussianBlur(around, (0, 0), 16)[..., None]
    filled = (seen + 1e-3 * 128) / (share + 1e-3)
    return np.where(hand[..., None], filled, image).astype(np.float32)


def _face(image: np.ndarray, colour: np.ndarray, random: np.random.Generator) -> None:
    """An ellipse of the skin's colour with a hint of eyes and mouth."""
    centre, height = random.uniform(30, len(image) - 30, 2), random.uniform(12, 75)
    width, turn = height * random.uniform(0.6, 0.95), random.normal(0, 15)
    _ellipse(image, centre, (width, height), turn, colour)
    for x, y, rx, ry in ((-0.4, -0.2, 0.14, 0.07), (0.4, -0.2, 0.14, 0.07), (0, 0.5, 0.32, 0.09)):
        _ellipse(image, centre + np.array([x * width, y * height]), (rx * width, ry * height), turn, colour * 0.6)
    if random.random() < 0.5:
        _ellipse(image, centre - np.array([0, 0.75 * height]), (width, 0.4 * height), turn, colour * 0.25)


def _arm(image: np.ndarray, colour: np.ndarray, random: np.random.Generator) -> None:
    """A limb, or a sleeve, from the rim of the view to somewhere inside."""
    angle = random.uniform(0, 2 * np.pi)
    side = len(image)
    start = side / 2 + side * 0.75 * np.array([np.cos(angle), np.sin(angle)])
    end = random.uniform(20, side - 20, 2)
    shade = colour if random.random() < 0.6 else random.uniform(0, 255, 3)
    thickness = int(random.uniform(8, 60))
    canvas = np.zeros(image.shape[:2], np.uint8)
    cv2.line(canvas, _pixel(start), _pixel(end), 255, thickness)
    _lay(image, canvas, shade)


def _plain(image: np.ndarray, colour: np.ndarray, random: np.random.Generator) -> None:
    """A box or a blob of the skin's colour or any other."""
    shade = colour if random.random() < 0.7 else random.uniform(0, 255, 3)
    centre, reach = random.uniform(0, len(image), 2), random.uniform(8, 70, 2)
    if random.random() < 0.5:
        _ellipse(image, centre, (reach[0], reach[1]), random.uniform(0, 180), shade)
    else:
        canvas = np.zeros(image.shape[:2], np.uint8)
        cv2.rectangle(canvas, _pixel(centre), _pixel(centre + reach), 255, -1)
        _lay(image, canvas, shade)


def _ellipse(image: np.ndarray, centre: np.ndarray, axes: tuple[float, float], turn: float, colour: np.ndarray) -> None:
    canvas = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(canvas, _pixel(centre), _pixel(np.array(axes)), turn, 0, 360, 255, -1)
    _lay(image, canvas, colour)


def _lay(image: np.ndarray, shape: np.ndarray, colour: np.ndarray) -> None:
    """Lay a shape (0 to 255) of one colour on the view with a soft edge and light from above."""
    cover = cv2.GaussianBlur(shape, (0, 0), 1.0)[..., None].astype(np.float32) / 255
    light = np.linspace(1.1, 0.85, len(image), dtype=np.float32)[:, None, None]
    image += cover * (np.asarray(colour, np.float32) * light - image)


def _pixel(place: np.ndarray) -> tuple[int, int]:
    return int(place[0]), int(place[1])
