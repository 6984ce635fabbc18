"""How a hand that is no open palm is held before the camera: gesture, turn, size and place, cut by the frame or not."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from palmbench.synth import gestures
from palmbench.synth.anatomy import HandShape
from palmbench.synth.gestures import Gesture
from palmbench.synth.pose import Camera, rotation
from palmbench.synth.profiles import Profile

_CUT, _CLOSE, _ANY_TURN = 0.33, 0.10, 0.20


class Turn(NamedTuple):
    """How a hand is turned to the camera, in radians: in the picture, to or from the camera, about its own axis."""

    roll: float
    tilt: float
    turn: float


def posture(kind: str, shape: HandShape, side: str, generator: Generator) -> tuple[Gesture, Turn]:
    """Draw a gesture of a kind (of `other_hands.KINDS`) of a hand ("left" or "right"), and from where it is seen."""
    from_behind = kind == "back"
    upright = 0.0
    if kind in ("back", "open"):
        gesture = gestures.open_hand(shape, generator)
    elif kind == "pressed":
        gesture = gestures.pressed_hand(shape, generator)
    elif kind == "fist":
        if generator.random() < 0.55:
            gesture = gestures.fist(shape, generator)
        else:
            gesture, upright = gestures.sign(shape, generator)
        from_behind = generator.random() < 0.35
    elif kind == "closed":
        gesture = gestures.half_closed(shape, generator)
    elif kind == "holding":
        gesture = (gestures.half_closed if generator.random() < 0.35 else gestures.open_hand)(shape, generator)
    else:
        draw = (gestures.open_hand, gestures.open_hand, gestures.fist, gestures.half_closed)
        gesture = draw[int(generator.integers(4))](shape, generator)
        from_behind = generator.random() < 0.5
    tilt, turn = np.clip(generator.normal(0, np.radians((13, 13))), -0.6, 0.6)
    if kind == "fist" and generator.random() < 0.35:  # from the front, or from the thumb's or the little finger's side
        if generator.random() < 0.6:
            tilt += generator.uniform(0.6, 1.45)
        else:
            turn += generator.choice([-1, 1]) * generator.uniform(0.5, 1.3)
    if kind == "closed" and generator.random() < 0.4:  # from beyond the fingertips, which hide more of the palm
        tilt += generator.uniform(0.3, 1.0)
    if from_behind:
        turn += np.pi
    roll = float(np.clip(generator.normal(0, np.radians(22)), -1.2, 1.2))
    if upright and generator.random() < 0.7:
        # Thumbs up: the thumb, which points to a side of the palm, comes to the top.
        roll += upright * (1 if (side == "left") != from_behind else -1)
    if generator.random() < _ANY_TURN:
        roll = generator.uniform(-np.pi, np.pi)
    return gesture, Turn(roll, float(tilt), float(turn))


def place(
    gesture: Gesture, turn: Turn, side: str, conditions: Profile, size: tuple[int, int], generator: Generator
) -> Camera:
    """Draw where in a photo of `size` (width, height) a hand appears, and how large: whole, cut, or filling it."""
    distance = generator.uniform(*conditions.distance)
    view = Camera(
        rotation(turn.roll, turn.tilt, turn.turn),
        distance,
        distance,
        np.zeros(2),
        side == "right",
        0.0,
        np.zeros((0, 5)),
    )
    seen = view.project(gesture.joints)
    low, high = seen.min(axis=0) - 0.06, seen.max(axis=0) + 0.06
    extent = high - low
    room = np.array(size, float)
    # As large as a hand of the profile would be, or, bent and so smaller, somewhat larger.
    fit = float((room / extent).min())
    draw = generator.random()
    if draw < _CLOSE:
        unit = fit * generator.uniform(1.0, 1.5)
    else:
        unit = min(generator.uniform(*conditions.scale) * size[1] / max(extent.max(), 0.62), 0.97 * fit)
    low, high = low * unit, high * unit
    free = np.maximum(room - (high - low), 0) / 2
    centre = room / 2 - (low + high) / 2 + generator.uniform(-1, 1, 2) * conditions.shift * free
    if _CLOSE <= draw < _CLOSE + _CUT:
        edge = int(generator.integers(4))
        axis, beyond = edge % 2, generator.uniform(0.08, 0.45) * (high - low)[edge % 2]
        centre[axis] = -low[axis] - beyond if edge < 2 else room[axis] - high[axis] + beyond
    return replace(view, focal=unit * distance, centre=centre)
