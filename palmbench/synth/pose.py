"""One photo's pose: how the hand is held and where it appears, with exact keypoints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from palmbench.synth.anatomy import HandShape, finger_half_width, thumb_half_width
from palmbench.synth.profiles import Profile

_SAMPLES_PER_TUBE = 36
_LEAST_SPREAD = np.radians(5.0)
_RESTING_BENDS = np.array([4.0, 9.0, 6.0])
_FARTHEST_ARM = 3.0
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
    distance : float
        From the camera to the palm's centre, in hand lengths.
    centre : ndarray of shape (2,)
        Pixel at which the palm's centre appears.
    mirrored : bool
        True for right hands.
    cup : float
        How far the rims of the palm rise towards the camera, in hand lengths.
    stretch : ndarray of shape (n, 5)
        Long waves of skin stretch: wave vector (2), phase, displacement (2).
    """

    rotation: np.ndarray
    focal: float
    distance: float
    centre: np.ndarray
    mirrored: bool
    cup: float
    stretch: np.ndarray

    @property
    def unit(self) -> float:
        """Pixels a hand length at the palm."""
        return self.focal / self.distance

    def flat(self) -> Camera:
        """The same camera before a hand that is neither hollow nor stretched: a homography of the palm's plane."""
        return replace(self, cup=0.0, stretch=np.zeros((0, 5)))

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
        placed[:, 1] = np.minimum(placed[:, 1], _FARTHEST_ARM)
        placed -= _PALM_CENTRE
        # A hollow palm is bent about the axis of the hand, least at the wrist.
        rise = np.clip(placed[:, 0] / 0.2, -1.5, 1.5) ** 2 * np.clip(0.5 - 2 * placed[:, 1], 0, 1)
        placed[:, 2] -= self.cup * rise
        if self.mirrored:
            placed[:, 0] *= -1
        return placed @ self.rotation.T

    def pixels(self, placed: np.ndarray) -> np.ndarray:
        """Perspective projection of camera coordinates (n, 3) to pixels (n, 2)."""
        return self.centre + self.focal * placed[:, :2] / (placed[:, 2:] + self.distance)


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


def pose_hand(
    shape: HandShape, side: str, profile: Profile, size: tuple[int, int], generator: np.random.Generator
) -> Pose:
    """Draw the pose of one photo of `size` (width, height)."""
    nuisance = profile.nuisance
    # In an upright photo the hand has to fit the width.
    unit = generator.uniform(*profile.scale) * min(size[1], 1.2 * size[0])
    roll, tilt, turn = np.radians(generator.normal(0, (profile.roll, profile.tilt * nuisance, profile.tilt * nuisance)))
    stretch = np.column_stack(
        [
            generator.normal(0, 7.0, (4, 2)),
            generator.uniform(0, 2 * np.pi, 4),
            generator.normal(0, profile.warp * nuisance / np.sqrt(2), (4, 2)),
        ]
    )
    distance = generator.uniform(*profile.distance)
    joints = _joints(shape, profile, generator)
    camera = Camera(
        rotation=rotation(float(np.clip(roll, -1.3, 1.3)), *np.clip((tilt, turn), -0.55, 0.55)),
        focal=unit * distance,
        distance=distance,
        centre=np.zeros(2),
        mirrored=side == "right",
        cup=profile.cup * min(nuisance, 2.0) * generator.uniform(0, 1),
        stretch=stretch,
    )
    camera = replace(camera, centre=_centre(camera.project(joints), unit, size, profile, generator))
    return held_as(camera, joints, shape, shape.webs + np.clip(generator.normal(0, 0.0025, 3), -0.005, 0.005))


def held_as(camera: Camera, joints: np.ndarray, shape: HandShape, webs: np.ndarray) -> Pose:
    """A hand whose joints (21, 3) are given, before a camera; `webs` (3,) is how far each web reaches."""
    thumb_line = _smooth_line(joints[1:5])
    thumb_width = thumb_half_width(np.linspace(0, 1, len(thumb_line))) * shape.thumb_width
    return Pose(
        camera=camera,
        joints=joints,
        fingers=tuple(_finger(camera, joints[5 + 4 * k : 9 + 4 * k], shape.radii[k]) for k in range(4)),
        thumb=_tube(camera, thumb_line, thumb_width),
        webs=_webs(joints, webs),
    )


def _joints(shape: HandShape, profile: Profile, generator: np.random.Generator) -> np.ndarray:
    """The 21 joints in palm coordinates (hand lengths); bent fingers come towards the camera (z < 0)."""
    flexion = profile.flexion * profile.nuisance
    joints = np.zeros((21, 3))
    joints[0, 0] = 0.03
    common = generator.normal(0, 2.0)
    joints[1:5] = _thumb(shape, flexion, generator)
    fan = 1 + np.clip(generator.normal(0, 0.25), -0.45, 0.6)
    directions = shape.spread * fan + np.radians(generator.normal(0, profile.spread / 2, 4) + common)
    # Fingers curl together, the little finger's side often a little more than the index finger's.
    curl = abs(generator.normal(0, flexion)) * np.linspace(0.75, 1.25, 4) ** generator.normal(0.5, 0.8)
    for finger in range(4):
        if finger > 0:
            directions[finger] = max(directions[finger], directions[finger - 1] + _LEAST_SPREAD)
        direction = directions[finger]
        bends = np.clip(_RESTING_BENDS * (1 + curl[finger] / 9) + generator.normal(0, 0.6 * flexion, 3), 0, 45)
        point = np.append(shape.bases[finger], -0.01)
        joints[5 + 4 * finger] = point
        angles = np.cumsum(np.radians(bends))
        # The outer joints turn a little about the finger, so that no finger is a straight rod.
        aside = direction + np.cumsum(np.radians(shape.crook[finger] + generator.normal(0, 0.8, 3)))
        for joint, (length, bend, heading) in enumerate(zip(shape.phalanges[finger], angles, aside, strict=True)):
            upright = np.array([np.sin(heading), -np.cos(heading)])
            point = point + length * np.append(upright * np.cos(bend), -np.sin(bend))
            joints[6 + 4 * finger + joint] = point
    return joints


def _thumb(shape: HandShape, flexion: float, generator: np.random.Generator) -> np.ndarray:
    """Thumb joints (4, 3): swung about its root, and bent at its outer joints."""
    swing = np.radians(np.clip(generator.normal(-1, 6.5), -14, 9))
    bends = np.radians(np.clip(generator.normal((0, -1, -3), (0, 3, 0.6 * flexion + 3)), -16, 12))
    bones = np.diff(shape.thumb, axis=0, prepend=shape.thumb[:1])
    headings = swing - np.cumsum(np.concatenate([[0], bends]))
    turned = [
        (np.cos(h) * x - np.sin(h) * y, np.sin(h) * x + np.cos(h) * y)
        for h, (x, y) in zip(headings, bones, strict=True)
    ]
    places = shape.thumb[0] + np.cumsum(turned, axis=0)
    return np.column_stack([places, -np.array([0.01, 0.03, 0.04, 0.05]) * generator.uniform(0.4, 1.8)])


def _centre(
    seen: np.ndarray, unit: float, size: tuple[int, int], profile: Profile, generator: np.random.Generator
) -> np.ndarray:
    """The pixel to which the palm's centre goes: the hand wholly in the picture, more or less in its middle."""
    low, high = seen.min(axis=0) - 0.05 * unit, seen.max(axis=0) + 0.05 * unit
    room = np.maximum(np.array(size) - (high - low), 0) / 2
    return np.array(size) / 2 - (low + high) / 2 + generator.uniform(-1, 1, 2) * profile.shift * room


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
    return Tube(camera.pixels(placed), half_width * camera.focal / (placed[:, 2] + camera.distance))


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


def rotation(roll: float, tilt: float, turn: float) -> np.ndarray:
    """How a hand is turned (3, 3): about its own axis, then to or from the camera, then in the picture; radians."""
    cr, sr, ct, st, cu, su = np.cos(roll), np.sin(roll), np.cos(tilt), np.sin(tilt), np.cos(turn), np.sin(turn)
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    about_y = np.array([[cu, 0, su], [0, 1, 0], [-su, 0, cu]])
    return about_z @ about_x @ about_y
