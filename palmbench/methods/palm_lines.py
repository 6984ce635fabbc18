"""The lines of nobody's palm, laid over the palm in a crop: where palms have them, and as palms have them."""

from __future__ import annotations

import numpy as np

from palmbench.hands import Hand
from palmbench.hands.palm_frame import PalmFrame
from palmbench.hands.roi_squares import Square
from palmbench.synth.creases import drawn_creases
from palmbench.synth.grooves import Grooves, press

VERSION = 2
# Laid over one hand, palms of two people would be more alike than they are: each is moved (standard deviation, in hand
# lengths), turned (degrees) and stretched about the middle of the palm.
_MOVED, _TURNED, _STRETCHED = 0.04, 10.0, 0.15
_MIDDLE = np.array([0.0, -0.33])


def palm_lines(hand: Hand, square: Square, size: int, generator: np.random.Generator) -> np.ndarray:
    """Depths of a palm's principal and secondary lines and of its wrinkles, as a generator draws them.

    Nothing of the hand is used but where its palm lies, which its keypoints tell.

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
    scale = size / square.side
    points = (frame.pixels(_placed(creases.points, generator)) - (square.x, square.y) + 0.5) * scale - 0.5
    unit = frame.unit * scale
    lines = Grooves(points, creases.width * unit, creases.depth, creases.line, creases.kind)
    return press(lines, (size, size), (0, 0))


def _placed(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Points of lines, (n, 2) in palm coordinates, where another palm might have them."""
    turn = np.radians(generator.normal(0, _TURNED))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    stretch = 1 + generator.normal(0, _STRETCHED, 2)
    return np.asarray((points - _MIDDLE) * stretch @ turned + _MIDDLE + generator.normal(0, _MOVED, 2))
