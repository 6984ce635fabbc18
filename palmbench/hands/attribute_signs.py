"""What in a photo tells an attribute of a hand: which of the two it is, its skin's tone, whether it wears rings."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import INDEX, LITTLE, MIDDLE, RING, WRIST, Hand
from palmbench.hands.palm import Region, palm_mask
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length
from palmbench.hands.skin_tone import angle_of
from palmbench.hands.traits import colour_of, skin_colour

VERSION = 1
_ALONG, _ACROSS = np.linspace(0.2, 0.9, 29), np.linspace(-0.5, 0.5, 5)  # shares of the first phalanx, of its half width


def pose_in_plane(hand: Hand) -> np.ndarray:
    """Keypoints in the picture, (42,) float64: wrist at the origin, knuckles above it, hand length 1."""
    points = np.asarray(hand.keypoints_2d, np.float64)
    points = points - points[WRIST]
    up = points[[finger[0] for finger in (INDEX, MIDDLE, RING, LITTLE)]].mean(axis=0)
    up /= max(float(np.hypot(*up)), 1e-9)
    turn = np.array([[-up[1], up[0]], [-up[0], -up[1]]])  # up becomes (0, -1)
    return (points @ turn.T / max(hand_length(hand.keypoints_2d), 1e-9)).ravel()


def skin_beside_and_inside(image: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
    """Colour of the skin, (14,) float64: seven numbers of that beside what a method repaints, seven of that inside.

    Mean and standard deviation in CIELAB, and the typology angle of the mean in degrees.

    Parameters
    ----------
    image : (height, width, 3) uint8
        RGB.
    hand : Hand
    region : {"paper", "palm"}
        See `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    SampleError
        If there are fewer than 50 pixels of either.
    """
    own = colour_of(image, palm_mask(hand, region), "palm")
    beside = skin_colour(image, hand, region)
    return np.concatenate([beside, [angle_of(beside)], own, [angle_of(own)]])


def bands_across_fingers(image: np.ndarray, hand: Hand) -> np.ndarray:
    """How far a band of another colour lies across the first phalanges, (6,) float64.

    Along index, middle and ring finger the colour is taken in strips across; of each finger the largest distance of a
    strip from the finger's median, the same of how strips bend away from their neighbours, and of colour without
    lightness; of each the two largest of the three fingers, as logarithms of CIELAB units.

    Parameters
    ----------
    image : (height, width, 3) uint8
        RGB.
    hand : Hand
    """
    points = np.asarray(hand.keypoints_2d, np.float64)
    half = FINGER_RADIUS * hand_length(hand.keypoints_2d)
    told = []
    for finger in (INDEX, MIDDLE, RING):
        start, end = points[finger[0]], points[finger[1]]
        along = end - start
        aside = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
        places = start + _ALONG[:, None, None] * along + half * _ACROSS[:, None] * aside
        x, y = np.moveaxis(places.astype(np.float32), -1, 0)
        seen = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
        strips = cv2.cvtColor(seen, cv2.COLOR_RGB2LAB).astype(np.float64).mean(axis=1)
        away = strips - np.median(strips, axis=0)
        bend = strips[4:-4] - (strips[:-8] + strips[8:]) / 2
        told.append([np.linalg.norm(each, axis=1).max() for each in (away, bend, away[:, 1:])])
    return np.log1p(np.sort(np.array(told), axis=0)[:0:-1].ravel())
