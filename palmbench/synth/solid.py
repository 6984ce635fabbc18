"""A hand as a solid body seen from any side: which part of it each pixel shows, and how far away it is.

Palms held flat are drawn from their outline. A fist, or a finger bent over the palm, hides parts of the hand from the
camera: here the hand is a crowd of balls along its bones, and the nearest ball is what is seen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from palmbench.synth.anatomy import HandShape, finger_half_width, thumb_half_width
from palmbench.synth.gestures import Gesture

PALM, ARM, FINGER, THUMB = 0, 1, 2, 6  # fingers are 2 to 5
_RAYS = 14  # tubes side by side of which the palm's slab is made
_CLOTH = 0.022  # how much a sleeve stands off the arm, in hand lengths


class Solid(NamedTuple):
    """Balls in palm coordinates (hand lengths), with what the skin on them is.

    Attributes
    ----------
    centre : ndarray of shape (n, 3)
    radius : ndarray of shape (n,)
    part : ndarray of shape (n,), int
        `PALM`, `ARM`, `FINGER` to `FINGER` + 3, or `THUMB`.
    along : ndarray of shape (n,)
        Fingers: 0 at the base to 3 at the tip, a phalanx each (thumb: from its root). Arm: hand lengths from the wrist.
    rate : ndarray of shape (n,)
        Change of `along` a hand length.
    axis, dorsal : ndarray of shape (n, 3)
        Unit vectors along the bone, and to the back of the hand.
    """

    centre: np.ndarray
    radius: np.ndarray
    part: np.ndarray
    along: np.ndarray
    rate: np.ndarray
    axis: np.ndarray
    dorsal: np.ndarray


def solid_hand(shape: HandShape, gesture: Gesture, padding: float = 0.0, hem: float = np.inf) -> Solid:
    """Flesh on the bones of a gesture.

    Parameters
    ----------
    padding : float
        Thickness of a glove, in hand lengths.
    hem : float
        Where on the arm a sleeve begins, in hand lengths from the wrist.
    """
    tubes = [*_slab(shape, gesture), *_thenar(gesture)]
    tubes += [_arm(shape, gesture, aside) for aside in (-0.055, -0.020, 0.020, 0.055)]
    tubes += [_finger(shape, gesture, finger) for finger in range(4)]
    tubes.append(_thumb(shape, gesture))
    solid = Solid(*(np.concatenate(columns) for columns in zip(*tubes, strict=True)))
    clothed = (solid.part == ARM) & (solid.along > hem)
    return solid._replace(radius=solid.radius + padding + np.where(clothed, _CLOTH, 0))


def _tube(
    line: np.ndarray, radius: np.ndarray, part: int, along: np.ndarray, dorsal: np.ndarray, fine: float = 5
) -> tuple[np.ndarray, ...]:
    """Balls along a polyline (n, 3), of the radii (n,) at its points."""
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    travelled = np.concatenate([[0], np.cumsum(step)])
    count = int(np.ceil(travelled[-1] / (float(np.mean(radius)) / fine))) + 2
    at = np.linspace(0, travelled[-1], count)

    def between(values: np.ndarray) -> np.ndarray:
        if values.ndim == 1:
            return np.interp(at, travelled, values)
        return np.column_stack([np.interp(at, travelled, column) for column in values.T])

    centre, along = between(line), between(along)
    axis = np.gradient(centre, axis=0)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    back = between(dorsal)
    back -= axis * (back * axis).sum(axis=1, keepdims=True)
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    rate = np.gradient(along) / np.maximum(np.gradient(at), 1e-9)
    return centre, between(radius), np.full(count, part), along, rate, axis, back


def _slab(shape: HandShape, gesture: Gesture) -> list[tuple[np.ndarray, ...]]:
    """The palm without the thumb: tubes from wrist to knuckles, side by side, and the webs between the fingers."""
    joints = gesture.joints
    knuckles = joints[[5, 9, 13, 17]]
    share = np.linspace(-0.10, 3.10, _RAYS)
    ends = np.column_stack([np.interp(share, range(4), column) for column in knuckles.T])
    ends[:, 0] += np.clip(share, None, 0) * 0.10 + np.clip(share - 3, 0, None) * 0.10
    # The knuckles make an arch, and stand out from the hollows between them.
    between = np.sin(np.pi * np.clip(share, 0, 3)) ** 2
    ends[:, 1] += 0.012 + 0.020 * between
    ends[:, 2] = 0.006 - 0.012 * np.abs(share - 1.1)
    thick = np.interp(share, range(4), shape.radii * (1.06, 1.10, 1.08, 1.04)) * (1 - 0.16 * between)
    across = np.linspace(-1, 1, _RAYS)
    back = np.array([[0.0, 0.0, 1.0]] * 4)
    tubes = []
    for k in range(_RAYS):
        start = np.array([across[k] * (shape.wrist - 0.062), 0.01, 0.004 - 0.012 * across[k] ** 2])
        half = start * 0.55 + ends[k] * 0.45 + (0.010 * across[k] + 0.016 * max(across[k], 0), 0, -0.004)
        line = np.array([start, half, ends[k] * 0.86 + start * 0.14, ends[k]])
        radius = np.array([0.060, 0.066, 0.058, thick[k]])
        tubes.append(_tube(line, radius, PALM, np.array([0, 0.45, 0.86, 1.0]), back, fine=4.5))
    for finger in range(4):
        base, first = joints[5 + 4 * finger], joints[6 + 4 * finger]
        line = np.array([base + np.array([0, 0.03, 0]), base + np.array([0, 0, 0.004]), base + 0.18 * (first - base)])
        radius = shape.radii[finger] * np.array([1.06, 1.05, 0.99])
        tubes.append(_tube(line, radius, PALM, np.array([0.9, 1.0, 1.1]), back[:3]))
        if finger < 3:
            web = [joints[5 + 4 * f] + 0.20 * (joints[6 + 4 * f] - joints[5 + 4 * f]) for f in (finger, finger + 1)]
            line = np.array([web[0], (web[0] + web[1]) / 2 + (0, 0.012, 0), web[1]])
            tubes.append(_tube(line, np.array([0.038, 0.030, 0.036]), PALM, np.full(3, 1.0), back[:3], fine=5))
    return tubes


def _thenar(gesture: Gesture) -> list[tuple[np.ndarray, ...]]:
    """The ball of the thumb, and the web between it and the index finger."""
    joints = gesture.joints
    root, base, knuckle = joints[1], joints[2], joints[5]
    back = np.array([[0.0, 0.0, 1.0]] * 2)
    palmward = np.array([0, 0, -0.022])
    heel = np.array([-0.062, -0.015, -0.012])
    tubes = [
        _tube(
            np.array([heel, root + palmward, base]),
            np.array([0.070, 0.080, 0.062]),
            PALM,
            np.arange(3.0) / 3,
            back[[0, 0, 0]],
        )
    ]
    for share in (0.25, 0.45, 0.65, 0.85):
        far = root + (base - root) * (0.25 + 0.75 * share)
        near = knuckle * share + np.array([-0.045, -0.03, 0.0]) * (1 - share) - (0, 0.0, 0.005)
        middle = (far + near) / 2
        rim = 0.066 - 0.030 * share**2
        tubes.append(
            _tube(
                np.array([far, middle, near]),
                np.array([rim, rim * 0.95, rim]),
                PALM,
                np.full(3, share),
                back[[0, 0, 0]],
            )
        )
    return tubes


def _arm(shape: HandShape, gesture: Gesture, aside: float) -> tuple[np.ndarray, ...]:
    along = np.array([-0.05, 0.0, 0.12, 0.35, 0.9, 1.9, 3.6])
    radius = np.array([0.060, 0.066, 0.070, 0.085, 0.120, 0.15, 0.17]) * shape.wrist / 0.128
    side = np.array([0.8, 1.0, 1.0, 1.2, 1.5, 1.7, 1.9]) * aside * shape.wrist / 0.128
    # The wrist bends: the arm leaves the palm's plane and its line.
    direction = gesture.arm
    across = np.array([direction[1], -direction[0], 0.0])
    line = along[:, None] * direction + side[:, None] * across / np.linalg.norm(across)
    return _tube(line, radius, ARM, along, np.array([[0.0, 0.0, 1.0]] * len(along)), fine=3)


def _finger(shape: HandShape, gesture: Gesture, finger: int) -> tuple[np.ndarray, ...]:
    chain = gesture.joints[5 + 4 * finger : 9 + 4 * finger]
    return _bones(
        chain, gesture.dorsals[finger], lambda at: finger_half_width(at) * shape.radii[finger], FINGER + finger
    )


def _thumb(shape: HandShape, gesture: Gesture) -> tuple[np.ndarray, ...]:
    chain = gesture.joints[1:5]
    return _bones(
        chain, gesture.dorsals[4], lambda at: np.minimum(thumb_half_width(at), 0.064) * shape.thumb_width, THUMB
    )


def _bones(chain: np.ndarray, dorsals: np.ndarray, half_width: Any, part: int) -> tuple[np.ndarray, ...]:
    """Three phalanges, rounded where they bend."""
    count = 15
    share = np.linspace(0, 1, count, endpoint=False)
    line = np.vstack([*(a + (b - a) * share[:, None] for a, b in pairwise(chain)), chain[-1:]])
    along = np.linspace(0, 3, len(line))
    back = np.vstack([np.repeat(dorsals, count, axis=0), dorsals[-1:]])
    position = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    radius = half_width(position / position[-1])
    # Joints are thicker than what is between them, and seen from the side fingers are bony.
    radius = radius * (1 + 0.035 * np.exp(-0.5 * ((along - 1) / 0.13) ** 2))
    line[1:-1] = (line[:-2] + line[1:-1] + line[2:]) / 3
    back[1:-1] = (back[:-2] + back[1:-1] + back[2:]) / 3
    # The fingertip keypoint lies a little inside the outline.
    keep = np.linalg.norm(line - line[-1], axis=1) >= radius[-1] * 0.75
    return _tube(line[keep], radius[keep], part, along[keep], back[keep], fine=9)
