"""A photo of a hand that nobody has, with exact ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from palmbench.hands.geometry import palm_polygon, recognition_corners
from palmbench.hands.hand import Hand
from palmbench.synth import paint
from palmbench.synth.anatomy import hand_shape
from palmbench.synth.creases import palm_creases
from palmbench.synth.pose import Pose, pose_hand
from palmbench.synth.profiles import PROFILES, Profile
from palmbench.synth.seeds import hand_generator, person_generator, sample_generator, side_of

# Light and dark palms, and the redness between which a person's skin lies (sRGB, 0 to 1).
_FAIR, _DARK = np.array([0.91, 0.745, 0.655]), np.array([0.60, 0.420, 0.325])
_TEXTURE_SIZE = 384


@dataclass(frozen=True)
class Render:
    """One rendered photo and what is true of it.

    Attributes
    ----------
    image : ndarray of shape (height, width, 3), uint8
        RGB.
    keypoints_2d : ndarray of shape (21, 2), float32
        (x, y) in pixels, pixel centres at integers.
    keypoints_3d : ndarray of shape (21, 3), float32
        Relative to the wrist, in hand lengths, x right, y down, z away from the camera.
    mask : ndarray of shape (height, width), bool
        The hand with its forearm.
    valleys : ndarray of shape (2, 2), float32
        Valley points between index and middle, and between ring and little finger, in pixels.
    box : ndarray of shape (4,), float32
        Left, top, right, bottom about the keypoints, widened by the fingers' thickness.
    hand : {"left", "right"}
    identity, sample : int
    profile : str
    """

    image: np.ndarray
    keypoints_2d: np.ndarray
    keypoints_3d: np.ndarray
    mask: np.ndarray
    valleys: np.ndarray
    box: np.ndarray
    hand: str
    identity: int
    sample: int
    profile: str

    @property
    def palm(self) -> np.ndarray:
        """Palm polygon, (6, 2) pixels."""
        return palm_polygon(self.keypoints_2d)

    @property
    def recognition_roi(self) -> np.ndarray:
        """Corners of the recognition ROI, (4, 2) pixels."""
        return recognition_corners(self.valleys, self.hand)

    def as_hand(self) -> Hand:
        """The ground truth in the form in which detectors report a hand."""
        return Hand(1.0, self.box, self.hand, self.keypoints_2d, self.keypoints_3d, self.valleys, self.mask)


def render(identity: int, sample: int, profile: str = "controlled") -> Render:
    """Render one photo of one hand.

    Parameters
    ----------
    identity : int
        Which palm: 2 p and 2 p + 1 are the left and right hand of person p.
    sample : int
        Which photo of that palm.
    profile : str
        Capture conditions, a key of `PROFILES`.

    Returns
    -------
    Render
        The same for the same arguments, whatever was rendered before.

    Raises
    ------
    ValueError
        If the profile is unknown, or identity or sample is negative.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there is {', '.join(PROFILES)}")
    if identity < 0 or sample < 0:
        raise ValueError(f"identity and sample must not be negative, got {identity} and {sample}")
    conditions = PROFILES[profile]
    generator = sample_generator(identity, sample, profile)
    shape, side = hand_shape(identity), side_of(identity)
    pose = pose_hand(shape, side, conditions, generator)
    coverage = paint.outline_mask(pose, shape, conditions)
    image = _photograph(identity, pose, coverage, conditions, generator)
    keypoints = pose.camera.project(pose.joints)
    placed = pose.camera.place(pose.joints)
    return Render(
        image=image,
        keypoints_2d=keypoints.astype(np.float32),
        keypoints_3d=(placed - placed[0]).astype(np.float32),
        mask=coverage > 0.5,
        valleys=pose.camera.project(pose.webs[[0, 2]]).astype(np.float32),
        box=_box(keypoints, pose, conditions),
        hand=side,
        identity=identity,
        sample=sample,
        profile=profile,
    )


def _photograph(
    identity: int, pose: Pose, coverage: np.ndarray, conditions: Profile, generator: np.random.Generator
) -> np.ndarray:
    shape = hand_shape(identity)
    texture, mottle = _warped_texture(identity, pose, conditions)
    height = paint.relief(coverage, pose, shape, 0.20 * texture)
    depth = paint.crease_depth(pose, palm_creases(identity), conditions, generator)
    side_light = generator.normal(0, 0.5 * conditions.light, 2)
    light = np.append(np.clip(side_light, -0.9, 0.9), 1.0)
    light /= np.linalg.norm(light)
    skin = _skin(identity, pose, mottle, texture, generator)
    groove = generator.uniform(1.3, 2.1) * pose.camera.focal / 3.4 / 380
    lit = paint.shade(coverage, height, depth, skin, light.astype(np.float32), groove)
    background = _background(coverage, light, conditions, generator)
    photo = background + (lit - background) * coverage[..., None]
    return _camera(photo, conditions, generator)


def _skin(
    identity: int, pose: Pose, mottle: np.ndarray, texture: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    person = person_generator(identity).spawn(1)[0]
    melanin = float(person.beta(1.1, 1.5))
    base = _FAIR + (_DARK - _FAIR) * melanin + person.normal(0, 0.012, 3)
    flush = np.zeros(mottle.shape, np.float32)
    unit = pose.camera.focal / 3.4
    tips = pose.camera.project(pose.joints)[[4, 8, 12, 16, 20, 2, 17, 5, 9]]
    for centre, reach in zip(tips, [0.05] * 5 + [0.10, 0.08, 0.05, 0.05], strict=True):
        paint.add_bump(flush, centre, reach * unit, 1.0)
    warmth = float(np.clip(generator.normal(0.040, 0.018), 0, 0.09))
    redness = np.minimum(flush, 1) * warmth + 0.018 * mottle
    grain = 1 + 0.012 * texture
    base *= 1 + generator.normal(0, 0.02)
    tints = zip(base, (0.10, -0.80, -0.70), strict=True)
    return cv2.merge([((level + share * redness) * grain).astype(np.float32) for level, share in tints])


@lru_cache(maxsize=32)
def _texture(identity: int) -> np.ndarray:
    """Skin relief and mottling of a hand in palm coordinates, float32 (2, n, n), unit variance each."""
    generator = hand_generator(identity).spawn(2)[1]
    white = generator.standard_normal((3, _TEXTURE_SIZE, _TEXTURE_SIZE), dtype=np.float32)
    fine = cv2.GaussianBlur(white[0], (0, 0), 0.8) - cv2.GaussianBlur(white[0], (0, 0), 2.2)
    coarse = cv2.GaussianBlur(white[1], (0, 0), 2.0) - cv2.GaussianBlur(white[1], (0, 0), 6.0)
    mottle = cv2.GaussianBlur(white[2], (0, 0), 6.0) + 2.5 * cv2.GaussianBlur(white[2], (0, 0), 22.0)
    relief = 0.75 * fine / fine.std() + 0.65 * coarse / coarse.std()
    return np.stack([relief, mottle / mottle.std()])


def _warped_texture(identity: int, pose: Pose, conditions: Profile) -> tuple[np.ndarray, np.ndarray]:
    # The texture covers the square from (-0.6, -1.1) to (0.6, 0.1) of palm coordinates.
    corners = np.array([(-0.6, -1.1), (0.6, -1.1), (0.6, 0.1), (-0.6, 0.1)])
    side = _TEXTURE_SIZE - 1
    source = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    transform = cv2.getPerspectiveTransform(source, pose.camera.project(corners).astype(np.float32))
    size = (conditions.width, conditions.height)
    layers = [
        cv2.warpPerspective(layer, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for layer in _texture(identity)
    ]
    return layers[0], layers[1]


def _background(
    coverage: np.ndarray, light: np.ndarray, conditions: Profile, generator: np.random.Generator
) -> np.ndarray:
    dark = generator.random() < 0.6
    level = generator.uniform(0.04, 0.16) if dark else generator.uniform(0.70, 0.90)
    colour = level * (1 + generator.normal(0, 0.03, 3))
    rows = np.linspace(-0.5, 0.5, conditions.height)[:, None] * generator.normal(0, 0.12)
    columns = np.linspace(-0.5, 0.5, conditions.width)[None] * generator.normal(0, 0.12)
    shadow = cv2.GaussianBlur(coverage, (0, 0), 9)
    offset = np.array([[1, 0, -22 * light[0]], [0, 1, -22 * light[1]]], np.float32)
    shadow = cv2.warpAffine(shadow, offset, (conditions.width, conditions.height))
    even = (1 + rows + columns) * (1 - 0.30 * shadow)
    return (even[..., None] * colour).astype(np.float32)


def _camera(photo: np.ndarray, conditions: Profile, generator: np.random.Generator) -> np.ndarray:
    balance = 1 + generator.normal(0, 0.015, 3)
    exposure = 1 + generator.normal(0, 0.05)
    exposed = photo * (balance * exposure).astype(np.float32)
    sharp = cv2.GaussianBlur(exposed, (0, 0), generator.uniform(*conditions.blur))
    levels = generator.standard_normal(photo.shape, dtype=np.float32)
    levels *= generator.uniform(*conditions.noise)
    levels += sharp * 255
    return np.clip(np.rint(levels, out=levels), 0, 255, out=levels).astype(np.uint8)


def _box(keypoints: np.ndarray, pose: Pose, conditions: Profile) -> np.ndarray:
    tubes = (*pose.fingers, pose.thumb)
    points = np.vstack([keypoints, *(tube.centre for tube in tubes)])
    pad = np.concatenate([np.zeros(len(keypoints)), *(tube.half_width for tube in tubes)])[:, None]
    limit = np.array([conditions.width - 1, conditions.height - 1])
    low, high = np.clip((points - pad).min(axis=0), 0, limit), np.clip((points + pad).max(axis=0), 0, limit)
    return np.concatenate([low, high]).astype(np.float32)
