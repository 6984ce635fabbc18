"""One photo's pose: how the hand is held and where it appears, with exact keypoints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from palmbench.synth.anatomy import HandShape, finger_half_width, thumb_half_width
from palmbench.synth.profiles import Profile

_CAMERA_DISTANCE = 3.4
_SAMPLES_PER_TUBE = 36
_LEAST_SPREAD = np.radians(4.0)
_PALM_CENTRE = np.array([0.01, -0.27, 0.0])


@dataclass(frozen=True)
class Tube:
    """A finger in the picture: centre line (n, 2) and half width (n,), in pixels."""

    centre: np.ndarray
    half_width: np.ndarray


@dataclass(frozen=True)
class Camera:
    """Takes palm coordinates (hand lengths, left palm) to pixels.

    Attributes
    ----------
    rotation : ndarray of shape (3, 3)
        How the hand is turned.
    focal : float
        Focal length in pixels per unit of slope.
    centre : ndarray of shape (2,)
        Pixel at which the palm's centre appears.
    mirrored : bool
        True for right hands.
    stretch : ndarray of shape (n, 5)
        Long waves of skin stretch: wave vector (2), phase, displacement (2).
    """

    rotation: np.ndarray
    focal: float
    centre: np.ndarray
    mirrored: bool
    stretch: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (n, 2) of palm coordinates (n, 2) or (n, 3)."""
        return self.pixels(self.place(points))

    def place(self, points: np.ndarray) -> np.ndarray:
        """Camera coordinates (n, 3), in hand lengths from the palm's centre, of palm coordinates (n, 2) or (n, 3)."""
        points = np.asarray(points, np.float64)
        waves = np.sin(points[:, :2] @ self.stretch[:, :2].T + self.stretch[:, 2])
        placed = np.zeros((len(points), 3))
        placed[:, : points.shape[1]] = points
        placed[:, :2] += waves @ self.stretch[:, 3:]
        placed -= _PALM_CENTRE
        if self.mirrored:
            placed[:, 0] *= -1
        return placed @ self.rotation.T

    def pixels(self, placed: np.ndarray) -> np.ndarray:
        """Perspective projection of camera coordinates (n, 3) to pixels (n, 2)."""
        return self.centre + self.focal * placed[:, :2] / (placed[:, 2:] + _CAMERA_DISTANCE)


@dataclass(frozen=True)
class Pose:
    """How the hand is held in one photo.

    Attributes
    ----------
    camera : Camera
    joints : ndarray of shape (21, 3)
        Keypoints in palm coordinates; bent fingers come towards the camera (z < 0).
    fingers : tuple of Tube
        Index, middle, ring and little finger in the picture.
    thumb : Tube
    webs : ndarray of shape (3, 3)
        Valley points between neighbouring fingers, in palm coordinates.
    """

    camera: Camera
    joints: np.ndarray
    fingers: tuple[Tube, ...]
    thumb: Tube
    webs: np.ndarray


def pose_hand(shape: HandShape, side: str, profile: Profile, generator: np.random.Generator) -> Pose:
    """Draw the pose of one photo."""
    scale = generator.uniform(*profile.scale) * profile.height
    roll, tilt, turn = np.radians(generator.normal(0, (profile.roll, profile.tilt, profile.tilt)))
    stretch = np.column_stack(
        [
            generator.normal(0, 7.0, (4, 2)),
            generator.uniform(0, 2 * np.pi, 4),
            generator.normal(0, profile.warp / np.sqrt(2), (4, 2)),
        ]
    )
    joints = _joints(shape, profile, generator)
    camera = Camera(
        rotation=_rotation(*np.clip((roll, tilt, turn), -0.5, 0.5)),
        focal=scale * _CAMERA_DISTANCE,
        centre=np.zeros(2),
        mirrored=side == "right",
        stretch=stretch,
    )
    camera = replace(camera, centre=_centre(camera.project(joints), profile, generator))
    thumb_line = _smooth_line(joints[1:5])
    thumb_width = thumb_half_width(np.linspace(0, 1, len(thumb_line))) * shape.thumb_width
    return Pose(
        camera=camera,
        joints=joints,
        fingers=tuple(_finger(camera, joints[5 + 4 * k : 9 + 4 * k], shape.radii[k]) for k in range(4)),
        thumb=_tube(camera, thumb_line, thumb_width),
        webs=_webs(joints, shape.webs + np.clip(generator.normal(0, 0.0025, 3), -0.005, 0.005)),
    )


def _joints(shape: HandShape, profile: Profile, generator: np.random.Generator) -> np.ndarray:
    """The 21 joints in palm coordinates (hand lengths); bent fingers come towards the camera (z < 0)."""
    joints = np.zeros((21, 3))
    joints[0, 0] = 0.03
    common = generator.normal(0, 2.0)
    swing = np.radians(np.clip(generator.normal(0, 6.0), -12, 10))
    pivot = shape.thumb[0]
    turn = np.array([[np.cos(swing), -np.sin(swing)], [np.sin(swing), np.cos(swing)]])
    joints[1:5, :2] = pivot + (shape.thumb - pivot) @ turn.T
    joints[1:5, 2] = -np.array([0.01, 0.03, 0.04, 0.05]) * generator.uniform(0.4, 1.8)
    fan = 1 + np.clip(generator.normal(0, 0.15), -0.3, 0.4)
    directions = shape.spread * fan + np.radians(generator.normal(0, profile.spread / 2, 4) + common)
    for finger in range(4):
        if finger > 0:
            directions[finger] = max(directions[finger], directions[finger - 1] + _LEAST_SPREAD)
        direction = directions[finger]
        upright = np.array([np.sin(direction), -np.cos(direction)])
        bends = np.radians(np.clip(np.array([3, 7, 5]) + generator.normal(0, profile.flexion, 3), 0, 40))
        point = np.append(shape.bases[finger], -0.01)
        joints[5 + 4 * finger] = point
        for joint, (length, bend) in enumerate(zip(shape.phalanges[finger], np.cumsum(bends), strict=True)):
            point = point + length * np.append(upright * np.cos(bend), -np.sin(bend))
            joints[6 + 4 * finger + joint] = point
    return joints


def _centre(seen: np.ndarray, profile: Profile, generator: np.random.Generator) -> np.ndarray:
    """The pixel to which the palm's centre goes, so that the hand stands in the middle, a little off it."""
    middle = (seen.min(axis=0) + seen.max(axis=0)) / 2 + (0, 0.015 * profile.height)
    jitter = np.clip(generator.normal(0, 1, 2), -2, 2) * profile.shift * profile.height
    return np.array([profile.width, profile.height]) / 2 - middle + jitter


def _webs(joints: np.ndarray, reaches: np.ndarray) -> np.ndarray:
    reach = []
    for pair in range(3):
        ends = []
        for finger in (pair, pair + 1):
            base, knuckle = joints[5 + 4 * finger], joints[6 + 4 * finger]
            ends.append(base + (knuckle - base) / np.linalg.norm(knuckle - base) * reaches[pair])
        reach.append((ends[0] + ends[1]) / 2)
    return np.array(reach)


def _finger(camera: Camera, joints: np.ndarray, radius: float) -> Tube:
    line = _smooth_line(joints)
    # The fingertip keypoint lies a little inside the outline, as annotators place it.
    position = np.linspace(0, 1, len(line))
    half_width = finger_half_width(position) * radius
    inside = line[-1] + (line[-2] - line[-1]) / np.linalg.norm(line[-2] - line[-1]) * half_width[-1] * 0.75
    keep = np.linalg.norm(line - line[-1], axis=1) >= half_width[-1] * 0.75
    return _tube(camera, np.vstack([line[keep], inside]), np.append(half_width[keep], half_width[-1]))


def _tube(camera: Camera, line: np.ndarray, half_width: np.ndarray) -> Tube:
    placed = camera.place(line)
    return Tube(camera.pixels(placed), half_width * camera.focal / (placed[:, 2] + _CAMERA_DISTANCE))


def _smooth_line(joints: np.ndarray) -> np.ndarray:
    """Catmull-Rom curve through four joints, evenly spaced."""
    padded = np.vstack([2 * joints[0] - joints[1], joints, 2 * joints[-1] - joints[-2]])
    t = np.linspace(0, 1, _SAMPLES_PER_TUBE, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3))
    dense = np.vstack([*pieces, joints[-1:]])
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    even = np.linspace(0, travelled[-1], _SAMPLES_PER_TUBE)
    return np.column_stack([np.interp(even, travelled, dense[:, axis]) for axis in range(3)])


def _rotation(roll: float, tilt: float, turn: float) -> np.ndarray:
    cr, sr, ct, st, cu, su = np.cos(roll), np.sin(roll), np.cos(tilt), np.sin(tilt), np.cos(turn), np.sin(turn)
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    about_y = np.array([[cu, 0, su], [0, 1, 0], [-su, 0, cu]])
    return about_z @ about_x @ about_y
