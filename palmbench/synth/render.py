"""A photo of a hand that nobody has, with exact ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.palm import palm_polygon
from palmbench.hands.recognition_roi import recognition_corners
from palmbench.synth import camera, scene, wear
from palmbench.synth.anatomy import HandShape, hand_shape
from palmbench.synth.grooves import Crease, Grooves, lay_grooves, press
from palmbench.synth.outline import bounding_rows_and_columns, outline
from palmbench.synth.pose import Pose, pose_hand
from palmbench.synth.profiles import PROFILES, Profile, asked_for
from palmbench.synth.seeds import person_generator, sample_generator, session_generator, session_of, side_of
from palmbench.synth.shading import body_height, shade
from palmbench.synth.skin import complexion, palm_mounds, skin_layers


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
    visibility : ndarray of shape (21,), bool
        Whether the joint lies inside the picture and on skin that can be seen.
    mask : ndarray of shape (height, width), bool
        The hand with its forearm, as far as no sleeve covers it; a ring counts as hand.
    valleys : ndarray of shape (2, 2), float32
        Valley points between index and middle, and between ring and little finger, in pixels.
    box : ndarray of shape (4,), float32
        Left, top, right, bottom about the keypoints, widened by the fingers' thickness.
    grooves : Grooves
        Where the creases run.
    hand : {"left", "right"}
    identity, sample, session : int
    profile : str
    """

    image: np.ndarray
    keypoints_2d: np.ndarray
    keypoints_3d: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    valleys: np.ndarray
    box: np.ndarray
    grooves: Grooves
    hand: str
    identity: int
    sample: int
    session: int
    profile: str

    @property
    def palm(self) -> np.ndarray:
        """Palm polygon, (6, 2) pixels."""
        return palm_polygon(self.keypoints_2d)

    @property
    def recognition_roi(self) -> np.ndarray:
        """Corners of the recognition ROI, (4, 2) pixels."""
        return recognition_corners(self.valleys, self.hand)

    @cached_property
    def creases(self) -> tuple[Crease, ...]:
        """Every crease that the photo shows, as a polyline in pixels with its kind."""
        return self.grooves.polylines()

    def as_hand(self) -> Hand:
        """The ground truth in the form in which detectors report a hand."""
        return Hand(1.0, self.box, self.hand, self.keypoints_2d, self.keypoints_3d, self.valleys, self.mask)


def render(identity: int, sample: int, profile: str = "controlled", size: tuple[int, int] | None = None) -> Render:
    """Render one photo of one hand.

    Parameters
    ----------
    identity : int
        Which palm: 2 p and 2 p + 1 are the left and right hand of person p.
    sample : int
        Which photo of that palm; three in a row are one session.
    profile : str
        Capture conditions, a key of `PROFILES`.
    size : (int, int), optional
        Width and height in pixels, each at least 64; None is the profile's own.

    Returns
    -------
    Render
        The same for the same arguments, whatever was rendered before. The bytes of the image are the same on every
        x86-64 machine with AVX2; where OpenCV has other kernels, about one value in a thousand may differ by a few
        grey levels.

    Raises
    ------
    ValueError
        If the profile is unknown, identity or sample is negative, or the size is too small.
    """
    conditions, (width, height) = asked_for(identity, sample, profile, size)
    shape, side = hand_shape(identity), side_of(identity)
    # Session first: photos of one session draw the same numbers from their own copies of it.
    session = session_generator(identity, sample, profile)
    generator = sample_generator(identity, sample, profile)
    pose = pose_hand(shape, side, conditions, (width, height), generator)
    coverage = outline(pose, shape, (width, height))
    photo = _Photographer(identity, conditions, (width, height), session, generator)
    image, mask, grooves = photo.take(pose, shape, coverage)
    keypoints = pose.camera.project(pose.joints)
    placed = pose.camera.place(pose.joints)
    return Render(
        image=image,
        keypoints_2d=keypoints.astype(np.float32),
        keypoints_3d=(placed - placed[0]).astype(np.float32),
        visibility=_visible(keypoints, mask),
        mask=mask,
        valleys=pose.camera.project(pose.webs[[0, 2]]).astype(np.float32),
        box=_box(keypoints, pose, (width, height)),
        grooves=grooves,
        hand=side,
        identity=identity,
        sample=sample,
        session=session_of(sample),
        profile=profile,
    )


def wears_ring(identity: int, profile: str) -> bool:
    """Whether an identity's person wears a ring under capture conditions of `PROFILES`, on both hands."""
    return _ring_habit(identity, PROFILES[profile]) is not None


def _ring_habit(identity: int, conditions: Profile) -> np.random.Generator | None:
    habit = person_generator(identity).spawn(2)[1]
    return habit if habit.random() < conditions.rings else None


class _Photographer:
    """One session's surroundings, light and camera, and how one photo of it departs from them."""

    def __init__(
        self,
        identity: int,
        conditions: Profile,
        size: tuple[int, int],
        session: np.random.Generator,
        generator: np.random.Generator,
    ) -> None:
        self._identity, self._conditions, self._size, self._generator = identity, conditions, size, generator
        place, clothes, self._camera_of_session = session.spawn(3)
        self._surroundings = str(place.choice(conditions.surroundings))
        # Lamps stand to a side: palms lit from right before them would have no relief.
        heading = place.normal(-0.7 * np.pi, conditions.lamp)
        side = place.uniform(0.55, 1.0) * conditions.light
        self._lean = side * np.array([np.cos(heading), np.sin(heading)])
        self._warmth = place.normal(0.042, 0.016)
        self._dryness = float(np.clip(place.normal(1, 0.10), 0.75, 1.3))
        self._place = place
        self._clothes = clothes
        self._dressed = clothes.random() < conditions.sleeves

    def take(self, pose: Pose, shape: HandShape, coverage: np.ndarray) -> tuple[np.ndarray, np.ndarray, Grooves]:
        """Image, mask and creases of the photo."""
        conditions, generator = self._conditions, self._generator
        width, height = self._size
        light = self._light()
        behind = scene.background(self._surroundings, height, width, self._place)
        photo = scene.cast_shadow(behind, coverage, light, generator.uniform(0.04, 0.16), generator.uniform(0.2, 0.4))
        grooves = lay_grooves(self._identity, pose, conditions, self._dryness, generator)
        self._paint_hand(photo, pose, shape, coverage, light, grooves)
        mask = coverage > 0.5
        ring = self._ring(pose)
        if ring is not None:
            ring.put_over(photo)
        if self._dressed:
            sleeve = wear.sleeve(pose, shape, height, width, self._clothes)
            sleeve.put_over(photo)
            mask &= sleeve.coverage < 0.5
        exposure = camera.draw_exposure(conditions, self._camera_of_session, generator)
        return camera.photograph(photo, exposure, generator), mask, grooves

    def _paint_hand(
        self,
        photo: np.ndarray,
        pose: Pose,
        shape: HandShape,
        coverage: np.ndarray,
        light: np.ndarray,
        grooves: Grooves,
    ) -> None:
        window = bounding_rows_and_columns(coverage, margin=2)
        offset = (window[1].start, window[0].start)
        part = coverage[window]
        unit = pose.camera.unit
        mounds = palm_mounds(pose, shape, part.shape, offset)
        generator = self._generator
        shade(
            photo[window],
            part,
            body_height(part, mounds, unit),
            press(grooves, part.shape, offset),
            skin_layers(self._identity, pose, part.shape, offset),
            complexion(self._identity),
            light,
            unit,
            groove=generator.uniform(0.0014, 0.0024),
            warmth=float(np.clip(self._warmth + generator.normal(0, 0.010), 0, 0.10)),
            sheen=generator.uniform(0.0, 0.09),
        )

    def _light(self) -> np.ndarray:
        spread = 0.2 * self._conditions.light * self._conditions.nuisance
        lean = np.clip(self._lean + self._generator.normal(0, spread, 2), -1.2, 1.2)
        light = np.append(lean, 1.0)
        return light / np.linalg.norm(light)

    def _ring(self, pose: Pose) -> wear.Layer | None:
        habit = _ring_habit(self._identity, self._conditions)
        width, height = self._size
        return None if habit is None else wear.ring(pose, height, width, habit)


def _visible(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    columns, rows = np.round(keypoints).astype(int).T
    height, width = mask.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return inside & mask[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]


def _box(keypoints: np.ndarray, pose: Pose, size: tuple[int, int]) -> np.ndarray:
    tubes = (*pose.fingers, pose.thumb)
    points = np.vstack([keypoints, *(tube.centre for tube in tubes)])
    pad = np.concatenate([np.zeros(len(keypoints)), *(tube.half_width for tube in tubes)])[:, None]
    limit = np.array(size) - 1
    low, high = np.clip((points - pad).min(axis=0), 0, limit), np.clip((points + pad).max(axis=0), 0, limit)
    return np.concatenate([low, high]).astype(np.float32)
