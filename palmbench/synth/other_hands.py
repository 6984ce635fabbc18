"""Photos of hands drawn as solids: backs, fists, half-closed and holding hands, gloves, and among them palms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from palmbench.hands.hand import Hand, View
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.palm_or_back import CLOSED_FINGERS, closed_fingers
from palmbench.synth import camera as photography
from palmbench.synth import scene, wear
from palmbench.synth.anatomy import HandShape, hand_shape
from palmbench.synth.back import skin_coat
from palmbench.synth.creases import palm_creases
from palmbench.synth.gestures import Gesture
from palmbench.synth.grooves import Grooves, press
from palmbench.synth.held import THINGS, Held, held_thing
from palmbench.synth.odd_light import odd_light
from palmbench.synth.outline import bounding_rows_and_columns
from palmbench.synth.pose import Camera, held_as
from palmbench.synth.posture import place, posture
from palmbench.synth.profiles import Profile, asked_for
from palmbench.synth.seeds import sample_generator, session_generator, side_of
from palmbench.synth.seen import Surface, see
from palmbench.synth.solid import ARM, FINGER, THUMB, solid_hand
from palmbench.synth.solid_light import light_solid
from palmbench.synth.worn import GLOVES, wear_glove, wear_sleeve, wear_watch

TRUTH = 2  # version of what is told of a photo beside its pixels
KINDS = ("back", "fist", "closed", "holding", "glove", "open", "pressed")
# A hand shows its palm when more than this share of the palm polygon's skin is seen, and no three fingers are closed
# over it; a sign made with fewer shows its back from behind.
PALM_SHOWN = 0.25
_ODD_LIGHT, _SLEEVES = 0.33, 0.4
_PALM_SKIN = -0.062  # z of the palm's skin in hand lengths


@dataclass(frozen=True)
class OtherRender:
    """One photo of a hand of some kind, and what is true of it.

    Attributes
    ----------
    image : ndarray of shape (height, width, 3), uint8
        RGB.
    mask : ndarray of shape (height, width), bool
        The hand with its forearm, a glove, ring or watch included, as far as no sleeve or thing covers it.
    palm : ndarray of shape (height, width), bool
        Skin of the palm that is seen, inside the palm polygon; all False for backs, fists and gloves.
    keypoints_2d : ndarray of shape (21, 2), float32
        (x, y) in pixels, pixel centres at integers; outside the picture where the hand is cut, or hidden.
    keypoints_3d : ndarray of shape (21, 3), float32
        Relative to the wrist, in hand lengths, x right, y down, z away from the camera.
    valleys : ndarray of shape (2, 2), float32
        Valley points between index and middle, and between ring and little finger, in pixels.
    box : ndarray of shape (4,), float32
        Left, top, right, bottom of the hand without its arm, inside the picture.
    hand : {"left", "right"}
    kind : str
        One of `KINDS`.
    view : {"palm", "back", "closed"}
    identity, sample : int
    profile : str
    """

    image: np.ndarray
    mask: np.ndarray
    palm: np.ndarray
    keypoints_2d: np.ndarray
    keypoints_3d: np.ndarray
    valleys: np.ndarray
    box: np.ndarray
    hand: str
    kind: str
    view: View
    identity: int
    sample: int
    profile: str

    def as_hand(self) -> Hand:
        """The ground truth in the form in which detectors report a hand."""
        return Hand(1.0, self.box, self.hand, self.keypoints_2d, self.keypoints_3d, self.valleys, self.mask, self.view)


def render_other(
    kind: str, identity: int, sample: int, profile: str = "controlled", size: tuple[int, int] | None = None
) -> OtherRender:
    """Render one photo of one hand as a solid, its palm hidden or not; open palms are drawn finer by `render.render`.

    Parameters
    ----------
    kind : str
        What is shown, one of `KINDS`.
    identity, sample : int
        Which hand, and which photo of it; see `render.render`.
    profile : str
        Capture conditions, a key of `PROFILES`.
    size : (int, int), optional
        Width and height in pixels, each at least 64; None is the profile's own.

    Returns
    -------
    OtherRender
        The same for the same arguments.

    Raises
    ------
    ValueError
        If kind or profile is unknown, identity or sample is negative, or the size is too small.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; there is {', '.join(KINDS)}")
    conditions, (width, height) = asked_for(identity, sample, profile, size)
    shape, side = hand_shape(identity), side_of(identity)
    session = session_generator(identity, sample, f"{profile}/{kind}")
    generator = sample_generator(identity, sample, f"{profile}/{kind}")
    gesture, turn = posture(kind, shape, side, generator)
    view = place(gesture, turn, side, conditions, (width, height), generator)
    glove = kind == "glove"
    padding = generator.uniform(0.003, 0.010) if glove else 0.0
    hem = generator.uniform(0.08, 0.5) if generator.random() < _SLEEVES else np.inf
    surface = see(solid_hand(shape, gesture, padding, hem), view, (width, height))
    keypoints = view.project(gesture.joints)
    closed = kind == "fist" and closed_fingers(gesture.joints) >= CLOSED_FINGERS
    hidden = closed or kind in ("back", "glove")
    inside = np.zeros(surface.part.shape, bool) if hidden else _palm_skin(surface, keypoints)
    image, mask, covered = _photograph(
        kind, identity, shape, gesture, view, surface, hem, conditions, session, generator
    )
    palm = inside & mask & ~covered
    placed = view.place(gesture.joints)
    hand = held_as(view, gesture.joints, shape, shape.webs)
    return OtherRender(
        image=image,
        mask=mask,
        palm=palm,
        keypoints_2d=keypoints.astype(np.float32),
        keypoints_3d=(placed - placed[0]).astype(np.float32),
        valleys=view.project(hand.webs[[0, 2]]).astype(np.float32),
        box=_box(keypoints, view, (width, height)),
        hand=side,
        kind=kind,
        view=_view(kind, closed, _seen_from_behind(view), palm, keypoints),
        identity=identity,
        sample=sample,
        profile=profile,
    )


def _photograph(
    kind: str,
    identity: int,
    shape: HandShape,
    gesture: Gesture,
    view: Camera,
    surface: Surface,
    hem: float,
    conditions: Profile,
    session: Generator,
    generator: Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image and mask of the photo, and where a thing covers the hand."""
    height, width = surface.part.shape
    surroundings, clothes, body = session.spawn(3)
    heading, lean = surroundings.uniform(0, 2 * np.pi), surroundings.uniform(0.3, 1.0) * conditions.light
    light = np.array([lean * np.cos(heading), lean * np.sin(heading), 1.0])
    light /= np.linalg.norm(light)
    behind = scene.background(str(surroundings.choice(conditions.surroundings)), height, width, surroundings)
    photo = scene.cast_shadow(
        behind, surface.coverage, light, generator.uniform(0.04, 0.16), generator.uniform(0.2, 0.4)
    )
    from_behind = _seen_from_behind(view)
    inside_seen = kind in ("fist", "closed", "holding", "open", "pressed") and not from_behind
    window = bounding_rows_and_columns(surface.coverage, margin=2)
    part = Surface(*(np.ascontiguousarray(layer[window]) for layer in surface))
    near = replace(view, centre=view.centre - (window[1].start, window[0].start))
    creases = _creases(identity, near, part.part.shape, generator) if inside_seen else None
    coat = skin_coat(identity, part, gesture, near, creases, generator)
    if kind == "glove":
        wear_glove(coat, part, near, str(clothes.choice(GLOVES)), clothes)
    elif clothes.random() < 0.2 and hem > 0.3:
        wear_watch(coat, part, gesture, near, from_behind, clothes)
    if np.isfinite(hem):
        wear_sleeve(coat, part, near, hem, clothes)
    light_solid(photo[window], part, coat, light, view.unit, generator.uniform(0.2, 1.6), kind != "glove")
    mask = surface.coverage > 0.5
    pose = held_as(view, gesture.joints, shape, shape.webs)
    if kind in ("back", "open", "pressed") and clothes.random() < 0.25:
        ring = wear.ring(pose, height, width, clothes)
        if ring is not None:
            ring.put_over(photo)
    mask &= ~((surface.part == ARM) & (surface.along > hem))
    covered = np.zeros_like(mask)
    if kind == "holding":
        thing = held_thing(str(generator.choice(THINGS)), view, light, (width, height), generator)
        covered = _lay(photo, thing, surface, light, view.unit)
        mask &= ~covered
    if generator.random() < _ODD_LIGHT:
        odd_light(photo, mask, generator)
    exposure = photography.draw_exposure(conditions, body, generator)
    return photography.photograph(photo, exposure, generator), mask, covered


def _lay(photo: np.ndarray, thing: Held, surface: Surface, light: np.ndarray, unit: float) -> np.ndarray:
    """Put a thing over the photo, below the fingers and the thumb that are nearer; where it covers the hand or more."""
    over = (surface.part >= FINGER) & (surface.height > thing.height) & (surface.coverage > 0.5)
    coverage = thing.coverage * ~over
    shadow = scene.cast_shadow(np.ones_like(photo), thing.coverage, light, 0.03 * unit / photo.shape[0], 0.5)
    photo *= np.where(over[..., None], 1, shadow)
    photo += (thing.colour - photo) * coverage[..., None]
    return coverage > 0.5


def _creases(identity: int, view: Camera, size: tuple[int, int], generator: Generator) -> np.ndarray:
    """Depth of the palm's creases where the palm's skin is, float32 (height, width)."""
    creases = palm_creases(identity)
    points = np.column_stack([creases.points, np.full(len(creases.points), _PALM_SKIN)])
    strength = np.clip(generator.normal(1, 0.3, int(creases.line.max()) + 1), 0.2, 2)[creases.line]
    pixels = view.project(points)
    grooves = Grooves(pixels, creases.width * view.unit, creases.depth * strength, creases.line, creases.kind)
    return press(grooves, size, (0, 0))


def _seen_from_behind(view: Camera) -> bool:
    return float(view.rotation[2, 2]) < 0


def _palm_skin(surface: Surface, keypoints: np.ndarray) -> np.ndarray:
    """Where the skin of the palm is seen inside the palm polygon, bool (height, width)."""
    own = (surface.part >= 0) & ((surface.part < FINGER) | ((surface.part == THUMB) & (surface.along < 1)))
    return own & (surface.dorsal < 0) & fill_polygon(palm_polygon(keypoints), surface.part.shape)


def _view(kind: str, closed: bool, from_behind: bool, palm: np.ndarray, keypoints: np.ndarray) -> View:
    if kind == "back" or (kind == "fist" and from_behind and not closed):
        return "back"
    corners = palm_polygon(keypoints)
    x, y = corners[:, 0], corners[:, 1]
    area = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
    return "palm" if palm.sum() > PALM_SHOWN * area else "closed"


def _box(keypoints: np.ndarray, view: Camera, size: tuple[int, int]) -> np.ndarray:
    pad, limit = 0.045 * view.unit, np.array(size) - 1
    low, high = keypoints.min(axis=0) - pad, keypoints.max(axis=0) + pad
    return np.concatenate([np.clip(low, 0, limit), np.clip(high, 0, limit)]).astype(np.float32)
