"""Skin tone as dermatology classes it: the individual typology angle (ITA) of a colour.

ITA = arctan((L* - 50) / b*) in degrees, in CIELAB under D65 (Chardon, Cretois and Hourseau, Int. J. Cosmetic Science
13, 1991); its classes part at 55, 41, 28, 10 and -30 degrees (Del Bino and Bernerd, British J. Dermatology 169, 2013).
"""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1
CLASSES = ("dark", "brown", "tan", "intermediate", "light", "very light")
CLASS_EDGES = (-30.0, 10.0, 28.0, 41.0, 55.0)  # degrees, between the classes


def typology_angle(colour: np.ndarray) -> float:
    """ITA in degrees of a colour (3,), sRGB in [0, 1]."""
    return angle_of(cv2.cvtColor(np.asarray(colour, np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)[0, 0])


def angle_of(lab: np.ndarray) -> float:
    """ITA in degrees of a colour (3,), CIELAB."""
    return float(np.degrees(np.arctan2(float(lab[0]) - 50, float(lab[2]))))
