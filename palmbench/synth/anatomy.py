"""The shape of a hand: skeleton, widths and outline, in hand lengths.

Coordinates are those of a left palm that faces the camera, fingers up: x to the right, y down, z away from the
camera, wrist at the origin, middle fingertip near (0, -1). Right hands are mirrored when they are projected.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from palmbench.synth.seeds import hand_generator, person_generator

_BASES = np.array([(-0.138, -0.508), (-0.030, -0.526), (0.070, -0.513), (0.162, -0.478)])
_LENGTHS = np.array([0.412, 0.469, 0.430, 0.330])
_PHALANGES = np.array([0.46, 0.29, 0.25])
_SPREAD = np.radians([-8.5, -1.5, 5.5, 14.0])
# Index and little finger lean towards the middle finger at their outer joints.
_CROOK = np.array([(0.0, 1.6, 1.6), (0.0, 0.3, 0.4), (0.0, -0.8, -0.8), (0.0, -2.4, -2.4)])
_THUMB = np.array([(-0.130, -0.100), (-0.238, -0.222), (-0.306, -0.330), (-0.352, -0.432)])
_RADII = np.array([0.0495, 0.0500, 0.0475, 0.0420])
# Half width of a finger from base to tip, as a multiple of its radius at the base.
_PROFILE_AT = np.array([0.0, 0.12, 0.27, 0.46, 0.60, 0.75, 0.86, 0.94, 1.0])
_PROFILE = np.array([1.00, 0.985, 0.95, 0.955, 0.89, 0.875, 0.83, 0.745, 0.62])
_THUMB_PROFILE_AT = np.array([0.0, 0.20, 0.36, 0.52, 0.64, 0.72, 0.84, 0.94, 1.0])
_THUMB_PROFILE = np.array([0.088, 0.076, 0.064, 0.0555, 0.0535, 0.0545, 0.0515, 0.044, 0.035])
_WRIST_HALF_WIDTH = 0.128


@dataclass(frozen=True)
class HandShape:
    """Proportions of one hand.

    Attributes
    ----------
    bases : ndarray of shape (4, 2)
        Finger bases (keypoints 5, 9, 13, 17), index to little.
    phalanges : ndarray of shape (4, 3)
        Lengths of the three phalanges of each finger.
    spread : ndarray of shape (4,)
        Resting direction of each finger from straight up, radians, positive to the little finger's side.
    crook : ndarray of shape (4, 3)
        How far each phalanx turns aside from the one before, degrees, positive to the little finger's side.
    radii : ndarray of shape (4,)
        Half width of each finger at its base.
    webs : ndarray of shape (3,)
        How far beyond the finger bases each web reaches.
    thumb : ndarray of shape (4, 2)
        Thumb joints (keypoints 1 to 4) at rest.
    thumb_width, wrist : float
        Multiplier of the thumb's half widths; half width of the wrist.
    """

    bases: np.ndarray
    phalanges: np.ndarray
    spread: np.ndarray
    crook: np.ndarray
    radii: np.ndarray
    webs: np.ndarray
    thumb: np.ndarray
    thumb_width: float
    wrist: float


@lru_cache(maxsize=256)
def hand_shape(identity: int) -> HandShape:
    """Proportions of an identity's hand: those of the person, with small differences between the two hands."""
    person, hand = person_generator(identity), hand_generator(identity)

    def vary(spread: float, own: float, size: int | None = None) -> np.ndarray:
        return 1 + person.normal(0, spread, size) + hand.normal(0, own, size)

    breadth = float(np.clip(vary(0.0225, 0.006), 0.88, 1.12))
    width = float(np.clip(vary(0.0275, 0.008), 0.85, 1.15))
    bases = _BASES * np.array([breadth, 1.0])
    bases[:, 1] += person.normal(0, 0.0030, 4) + hand.normal(0, 0.002, 4)
    lengths = _LENGTHS * np.clip(vary(0.0175, 0.005, 4), 0.9, 1.1)
    shares = _PHALANGES + person.normal(0, 0.0060, (4, 3)) + hand.normal(0, 0.003, (4, 3))
    phalanges = lengths[:, None] * shares / shares.sum(axis=1, keepdims=True)
    # Neighbouring fingers may touch at their bases but not run into each other.
    radii = _RADII * np.minimum(breadth * 1.01, width) * np.clip(vary(0.0100, 0.004, 4), 0.94, 1.06)
    return HandShape(
        bases=bases,
        phalanges=phalanges,
        spread=_SPREAD + np.radians(person.normal(0, 1.0, 4) + hand.normal(0, 0.4, 4)),
        crook=_CROOK + person.normal(0, 0.45, (4, 3)) + hand.normal(0, 0.4, (4, 3)),
        radii=radii,
        webs=0.036 + np.clip(person.normal(0, 0.004, 3) + hand.normal(0, 0.0015, 3), -0.012, 0.012),
        thumb=_THUMB * np.array([breadth, 1.0]) * float(np.clip(vary(0.0150, 0.006), 0.92, 1.08)),
        thumb_width=width,
        wrist=_WRIST_HALF_WIDTH * float(np.clip(vary(0.04, 0.006), 0.9, 1.1)) * breadth,
    )


def finger_half_width(position: np.ndarray) -> np.ndarray:
    """Half width of a finger as a multiple of its base radius; `position` runs from 0 (base) to 1 (tip)."""
    return np.interp(position, _PROFILE_AT, _PROFILE)


def thumb_half_width(position: np.ndarray) -> np.ndarray:
    """Half width of the thumb in hand lengths; `position` runs from 0 (wrist end) to 1 (tip)."""
    return np.interp(position, _THUMB_PROFILE_AT, _THUMB_PROFILE)


def palm_discs(shape: HandShape) -> tuple[np.ndarray, np.ndarray]:
    """Discs whose convex hull is the palm without thumb: centres (n, 2) and radii (n,)."""
    little, index = shape.bases[3], shape.bases[0]
    centres = np.vstack(
        [
            shape.bases,
            [
                (little[0] - 0.012, -0.33),
                (little[0] - 0.030, -0.17),
                (shape.wrist - 0.060, 0.01),
                (0.060 - shape.wrist, 0.01),
                (-0.085, -0.045),
                (-0.115, -0.13),
                (index[0] + 0.004, -0.40),
            ],
        ]
    )
    radii = np.concatenate([shape.radii * 0.97, [0.056, 0.068, 0.060, 0.060, 0.070, 0.075, 0.047]])
    return centres, radii
