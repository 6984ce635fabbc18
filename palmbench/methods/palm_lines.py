"""The lines of nobody's palm, laid over the palm in a crop: where palms have them, and as palms have them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from palmbench.hands import Hand
from palmbench.hands.hand import FINGERS
from palmbench.hands.palm_frame import PalmFrame
from palmbench.hands.roi_squares import Square
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length
from palmbench.synth.creases import drawn_creases
from palmbench.synth.fingerlines import SLENDERNESS, drawn_base_lines
from palmbench.synth.grooves import FINGER, Grooves, one_line, press

VERSION = 2
# Laid over one hand, palms of two people would be more alike than they are: each is moved (standard deviation, in hand
# lengths), turned (degrees) and stretched about the middle of the palm.
_MOVED, _TURNED, _STRETCHED = 0.04, 10.0, 0.15
_MIDDLE = np.array([0.0, -0.33])
# Creases at the bases of the fingers: how far to the next joint, a little within a palm's rim, and how deep.
_FINGER_BASE, _BASE_DEPTH = 0.38, 0.6


def palm_lines(hand: Hand, square: Square, size: int, generator: np.random.Generator) -> np.ndarray:
    """Depths of a palm's principal and secondary lines, of its wrinkles and of the creases at the bases of its fingers.

    A generator draws them. Nothing of the hand is used but where its palm lies, which its keypoints tell.

    Parameters
    ----------
    hand : Hand
    square : Square
        The crop's in the hand's photo.
    size : int
        Side of the crop in pixels.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of shape (size, size), float32
        0 where no line runs, about 1 in the middle of a deep one.

    Raises
    ------
    SampleError
        If the keypoints of the palm lie on a line.
    """
    frame, creases = PalmFrame.of(hand), drawn_creases(generator)
    pixels = frame.pixels(_placed(creases.points, generator))
    lines = Grooves(pixels, creases.width * frame.unit, creases.depth, creases.line, creases.kind)
    parts = [lines, *_at_finger_bases(hand, generator)]
    points, width, depth, line, kind = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    scale = size / square.side
    points = (points - (square.x, square.y) + 0.5) * scale - 0.5
    return press(Grooves(points, width * scale, depth, line, kind), (size, size), (0, 0))


def _placed(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Points of lines, (n, 2) in palm coordinates, where another palm might have them."""
    turn = np.radians(generator.normal(0, _TURNED))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    stretch = 1 + generator.normal(0, _STRETCHED, 2)
    return np.asarray((points - _MIDDLE) * stretch @ turned + _MIDDLE + generator.normal(0, _MOVED, 2))


def _at_finger_bases(hand: Hand, generator: np.random.Generator) -> Iterator[Grooves]:
    """Creases across the four long fingers where they leave the palm, in pixels of the hand's photo."""
    unit = hand_length(hand.keypoints_2d)
    radius = FINGER_RADIUS * unit
    for line in drawn_base_lines(generator, _BASE_DEPTH):
        knuckle, joint = hand.keypoints_2d[list(FINGERS[1 + line.finger][:2])].astype(np.float64)
        towards = (joint - knuckle) / max(float(np.hypot(*(joint - knuckle))), 1e-6)
        across, along = np.array([-towards[1], towards[0]]), line.along / SLENDERNESS
        places = np.column_stack([line.across, along]) * radius
        points = knuckle + _FINGER_BASE * (joint - knuckle) + places @ np.array([across, towards])
        yield one_line(points, line.width * unit, line.depth, FINGER)
