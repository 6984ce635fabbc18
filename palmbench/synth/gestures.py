"""Gestures: how fingers are bent in a fist, a half-closed hand, a pointing hand or one seen from behind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from palmbench.synth.anatomy import HandShape

_SIDE = np.array([-0.70, 0.15, 0.70])


class Gesture(NamedTuple):
    """A hand's bones in palm coordinates.

    Attributes
    ----------
    joints : ndarray of shape (21, 3)
        Keypoints, in hand lengths; bent fingers come to z < 0.
    dorsals : ndarray of shape (5, 3, 3)
        For index, middle, ring, little finger and thumb, and each of the three bones: unit vector to the back of it.
    bends : ndarray of shape (5, 3)
        How far each joint is bent, degrees, in the same order.
    arm : ndarray of shape (3,)
        Unit vector from the wrist along the forearm.
    """

    joints: np.ndarray
    dorsals: np.ndarray
    bends: np.ndarray
    arm: np.ndarray


def fist(shape: HandShape, generator: Generator) -> Gesture:
    """All fingers rolled into the palm, the thumb across them, beside them, or below them."""
    thumbs = ("across", "across", "across", "beside", "beside", "under")
    return _closed(shape, generator, (), str(generator.choice(thumbs)))


def sign(shape: HandShape, generator: Generator) -> tuple[Gesture, float]:
    """A gesture whose palm is hidden: thumb up, pointing, victory, and others with some fingers straight.

    Returns
    -------
    Gesture
    float
        By how much it is turned, in radians, from a left hand's palm with fingers up: thumbs point up, not aside.
    """
    straight, thumb = (
        ((), "up"),
        ((), "up"),
        ((0,), "across"),
        ((0,), "up"),
        ((0, 1), "across"),
        ((0, 3), "across"),
        ((3,), "up"),
        ((0, 1, 2), "across"),
    )[int(generator.integers(8))]
    upright = np.pi / 2 if thumb == "up" and not straight else 0.0
    return _closed(shape, generator, straight, thumb), upright


def half_closed(shape: HandShape, generator: Generator) -> Gesture:
    """Fingers bent over the palm, 50 to 170 degrees in all, part of the palm to be seen."""
    most = generator.uniform(50, 100) if generator.random() < 0.5 else generator.uniform(100, 170)
    total = most + generator.normal(0, 7, 4) + np.linspace(-1, 1, 4) * generator.normal(0, 10)
    shares = np.array([0.30, 0.45, 0.25]) + np.array([1, -0.7, -0.3]) * generator.uniform(-0.2, 0.35)
    bends = np.maximum(total[:, None] * shares + generator.normal(0, 3, (4, 3)), 0)
    fan = generator.uniform(0.2, 1.0)
    thumb = str(generator.choice(["open", "open", "opposed", "across"]))
    return _gesture(shape, bends, fan, thumb, generator)


def open_hand(shape: HandShape, generator: Generator) -> Gesture:
    """An open hand, fingers together or spread, straight or hanging a little."""
    fan = generator.uniform(0.15, 0.5) if generator.random() < 0.4 else generator.uniform(0.7, 1.6)
    curl = abs(generator.normal(0, 14)) if generator.random() < 0.6 else 0.0
    bends = np.clip(np.array([3, 8, 5]) + curl + generator.normal(0, 4, (4, 3)), -4, 60)
    return _gesture(shape, bends, fan, str(generator.choice(["open", "open", "open", "along", "opposed"])), generator)


def pressed_hand(shape: HandShape, generator: Generator) -> Gesture:
    """An open hand whose fingers touch, and the thumb too as often as not."""
    curl = abs(generator.normal(0, 8)) if generator.random() < 0.5 else 0.0
    bends = np.clip(np.array([3, 8, 5]) + curl + generator.normal(0, 3, (4, 3)), -4, 40)
    thumb = str(generator.choice(["along", "along", "along", "open", "opposed"]))
    return _gesture(shape, bends, generator.uniform(0.0, 0.35), thumb, generator)


def _closed(shape: HandShape, generator: Generator, straight: tuple[int, ...], thumb: str) -> Gesture:
    loose = generator.uniform(0, 1) ** 1.5
    bends = np.array([84.0, 102.0, 66.0]) - loose * np.array([18.0, 8.0, 14.0]) + generator.normal(0, 3.5, (4, 3))
    bends[:, 0] += np.linspace(-3, 4, 4)
    for finger in straight:
        bends[finger] = np.clip(generator.normal((6, 9, 5), (7, 6, 4)), -5, 40)
    return _gesture(shape, bends, generator.uniform(0.1, 0.4) if len(straight) < 2 else 0.9, thumb, generator)


def _gesture(shape: HandShape, bends: np.ndarray, fan: float, thumb: str, generator: Generator) -> Gesture:
    joints = np.zeros((21, 3))
    joints[0, 0] = 0.03
    dorsals = np.zeros((5, 3, 3))
    headings = shape.spread * fan + np.radians(generator.normal(0, 1.5, 4) + generator.normal(0, 2.0))
    # Neighbours may touch, not run into each other; what is bent away can do as it likes.
    for finger in range(1, 4):
        headings[finger] = max(headings[finger], headings[finger - 1] + np.radians(0.8))
    for finger in range(4):
        point = np.append(shape.bases[finger], -0.01)
        joints[5 + 4 * finger] = point
        bent = np.cumsum(np.radians(bends[finger]))
        # Crook is of fingers that are straight: bent ones roll in one plane.
        aside = headings[finger] + np.cumsum(np.radians(shape.crook[finger])) * np.clip(1 - bent / 1.2, 0, 1)
        for bone in range(3):
            upright = np.array([np.sin(aside[bone]), -np.cos(aside[bone])])
            point = point + shape.phalanges[finger, bone] * np.append(upright * np.cos(bent[bone]), -np.sin(bent[bone]))
            joints[6 + 4 * finger + bone] = point
            dorsals[finger, bone] = np.append(upright * np.sin(bent[bone]), np.cos(bent[bone]))
    joints[1:5], dorsals[4] = _thumb(shape, thumb, generator)
    flex, deviate = np.radians(generator.normal(0, (11, 6)).clip(-25, 25))
    arm = np.array([np.sin(deviate), np.cos(deviate) * np.cos(flex), np.sin(flex)])
    return Gesture(joints, dorsals, np.vstack([bends, np.full((1, 3), 10.0)]), arm)


# Directions of the thumb's three bones, and where its back faces at its root and at its tip.
_THUMBS = {
    "across": ([(-0.30, -0.68, -0.70), (0.18, -0.72, -0.72), (0.88, -0.44, -0.12)], (-0.25, -0.10, -1.0)),
    "beside": ([(-0.36, -0.78, -0.42), (-0.06, -0.85, -0.45), (0.12, -0.95, -0.16)], (-0.85, -0.05, -0.5)),
    "under": ([(0.10, -0.72, -0.60), (0.55, -0.72, -0.40), (0.80, -0.60, 0.10)], (-0.1, -0.3, -1.0)),
    "up": ([(-0.72, -0.66, -0.20), (-0.93, -0.36, -0.05), (-0.97, -0.18, 0.10)], (0.1, 0.95, 0.30)),
    "along": ([(-0.45, -0.85, -0.15), (-0.22, -0.97, -0.05), (-0.06, -0.99, 0.05)], (-0.75, 0.10, 0.60)),
    "opposed": ([(-0.45, -0.62, -0.62), (-0.05, -0.80, -0.60), (0.35, -0.90, -0.30)], (-0.75, -0.20, -0.60)),
}


def _thumb(shape: HandShape, kind: str, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Joints (4, 3) of the thumb and where its bones' backs face (3, 3)."""
    rest = np.column_stack([shape.thumb, [-0.01, -0.03, -0.04, -0.05]])
    bones = np.diff(rest, axis=0)
    lengths = np.linalg.norm(bones, axis=1)
    if kind == "open":
        swing = np.radians(generator.normal(0, 11))
        turn = np.array([[np.cos(swing), -np.sin(swing), 0], [np.sin(swing), np.cos(swing), 0], [0, 0, 1]])
        directions, tip = bones @ turn.T, _SIDE
        directions[:, 2] -= abs(generator.normal(0, 0.03))
    else:
        wanted, facing = _THUMBS[kind]
        directions, tip = np.array(wanted) + generator.normal(0, 0.06, (3, 3)), np.array(facing)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    places = np.vstack([rest[:1], rest[0] + np.cumsum(directions * lengths[:, None], axis=0)])
    dorsals = np.array([_SIDE, 0.5 * (_SIDE + tip), tip])
    dorsals -= directions * (dorsals * directions).sum(axis=1, keepdims=True)
    return places, dorsals / np.linalg.norm(dorsals, axis=1, keepdims=True)
