"""What a hand wears that is seen from all sides: gloves of wool, rubber and leather, sleeves and watches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.back import Coat
from palmbench.synth.fields import hue
from palmbench.synth.gestures import Gesture
from palmbench.synth.pose import Camera
from palmbench.synth.seen import Surface
from palmbench.synth.solid import ARM, FINGER, PALM

GLOVES = ("knit", "rubber", "leather", "work")
_RUBBER = np.array([(0.90, 0.92, 0.93), (0.25, 0.45, 0.80), (0.12, 0.12, 0.14), (0.93, 0.80, 0.25), (0.55, 0.75, 0.88),
                    (0.85, 0.35, 0.45), (0.30, 0.60, 0.45)])  # fmt: skip
_LEATHER = np.array(
    [(0.30, 0.18, 0.11), (0.10, 0.09, 0.09), (0.52, 0.33, 0.18), (0.68, 0.52, 0.34), (0.35, 0.10, 0.10)]
)
_STRAPS = np.array([(0.12, 0.10, 0.09), (0.40, 0.24, 0.14), (0.75, 0.75, 0.77), (0.83, 0.70, 0.42), (0.16, 0.22, 0.40)])


def wear_glove(coat: Coat, surface: Surface, camera: Camera, kind: str, generator: Generator) -> None:
    """Put a glove of one of the kinds `GLOVES` over a hand's skin, in place; it ends some way up the arm."""
    hem = generator.uniform(0.0, 0.32)
    worn = (surface.part != ARM) | (surface.along < hem)
    worn &= surface.part >= 0
    unit = camera.unit
    if kind == "rubber":
        colour = _RUBBER[int(generator.integers(len(_RUBBER)))] * generator.uniform(0.85, 1.05)
        gloss = generator.uniform(0.08, 0.35)
    elif kind == "leather":
        colour = _LEATHER[int(generator.integers(len(_LEATHER)))] * generator.uniform(0.8, 1.2)
        gloss = generator.uniform(0.05, 0.2)
    else:
        colour, gloss = hue(generator, 0.9, 0.08), 0.0
    rise = _folds(surface, unit, kind, generator)
    tone = np.ones(surface.part.shape, np.float32)
    if kind == "knit":
        tone = _knit(surface, generator)
        rise += np.float32(0.003 * unit) * (tone - 1)
    paint = tone[..., None] * colour.astype(np.float32)
    if kind == "work":  # another colour on palm and fingertips
        second = hue(generator, 1.0, 0.08).astype(np.float32)
        dipped = surface.dorsal < generator.uniform(-0.3, 0.2)
        if generator.random() < 0.5:
            dipped |= (surface.part >= FINGER) & (surface.along > generator.uniform(1.5, 2.3))
        paint[dipped] = second
    if kind in ("knit", "work") and generator.random() < 0.5:  # a rib or a band at the hem
        band = (surface.part == ARM) & (surface.along > hem - 0.08)
        paint[band] *= hue(generator, 0.6, 0.5).astype(np.float32)
    if kind == "leather":
        seam = (surface.part >= FINGER) & (np.abs(surface.dorsal) < 0.07)
        paint[seam] *= np.float32(0.65)
    coat.albedo[worn] = np.clip(paint[worn], 0.02, 0.97)
    coat.gloss[worn] = gloss
    coat.rise[worn] = rise[worn]


def wear_watch(
    coat: Coat, surface: Surface, gesture: Gesture, camera: Camera, behind: bool, generator: Generator
) -> None:
    """Put a watch or a bracelet round the wrist, in place; `behind` says that the back of the hand is seen."""
    place, wide = generator.uniform(0.09, 0.20), generator.uniform(0.02, 0.07)
    strap = _STRAPS[int(generator.integers(len(_STRAPS)))] * generator.uniform(0.8, 1.15)
    on = (surface.part == ARM) & (np.abs(surface.along - place) < wide / 2)
    links = 1 + 0.18 * np.sign(np.sin(surface.aside * generator.uniform(8, 24)))
    coat.albedo[on] = np.clip(strap * links[on][:, None], 0.02, 0.97)
    coat.gloss[on] = generator.uniform(0.02, 0.3)
    coat.rise[on] = np.float32(0.012 * camera.unit)
    if wide < 0.04 or generator.random() < 0.15:
        return
    radius = generator.uniform(0.075, 0.105)
    around = np.linspace(0, 2 * np.pi, 40)
    side = 1.0 if behind else -1.0
    middle = gesture.arm * place + np.array([0, 0, 0.085 * side])
    across = np.array([gesture.arm[1], -gesture.arm[0], 0])
    rim = middle + radius * (np.cos(around)[:, None] * across + np.sin(around)[:, None] * gesture.arm)
    square = generator.random() < 0.3
    if square:
        shape = np.maximum(np.abs(np.cos(around)), np.abs(np.sin(around)))[:, None] ** 0.8
        rim = middle + (rim - middle) / shape * 0.9
    dial = hue(generator, 0.4, 0.04) if generator.random() < 0.5 else np.full(3, generator.choice([0.05, 0.92]))
    for share, colour, gloss in ((1.0, strap * 0.8 + 0.15, 0.4), (0.84, dial, 0.12)):
        canvas = np.zeros(surface.part.shape, np.uint8)
        ring = camera.project(middle + (rim - middle) * share)
        cv2.fillPoly(canvas, [np.clip(ring * 16, -(1 << 20), 1 << 20).astype(np.int32)], 255, cv2.LINE_AA, 4)
        face = (canvas > 127) & (surface.part >= PALM)
        coat.albedo[face] = np.clip(colour, 0.02, 0.97)
        coat.gloss[face] = gloss
        coat.rise[face] = np.float32(0.03 * camera.unit)


def wear_sleeve(coat: Coat, surface: Surface, camera: Camera, hem: float, generator: Generator) -> None:
    """Dress the arm beyond the hem, which lies so many hand lengths from the wrist, in place."""
    on = (surface.part == ARM) & (surface.along > hem)
    first, second = hue(generator, 0.8, 0.05), hue(generator, 0.8, 0.05)
    down, across = surface.along[on] - hem, surface.aside[on]
    kind = generator.random()
    wave, twist = generator.uniform(20, 90), generator.uniform(3, 9)
    share = np.zeros(down.shape)
    if kind < 0.25:
        share = (np.sin(wave * down) > generator.uniform(-0.6, 0.8)).astype(float)
    elif kind < 0.4:
        share = 0.5 * (np.sin(wave * down) > 0.2) + 0.5 * (np.sin(twist * 2 * across) > 0.2)
    elif kind < 0.6:
        share = 0.5 + 0.5 * np.sin(2 * wave * down) * np.sin(4 * twist * across)
        second = first * 0.7
    cuff = generator.uniform(0.03, 0.10)
    paint = first + (second - first) * share[:, None]
    paint[(np.abs(down - cuff) < 0.004) | (down < 0.006)] *= 0.65
    coat.albedo[on] = np.clip(paint, 0.02, 0.97)
    coat.gloss[on] = 0
    coat.rise[on] = (_folds(surface, camera.unit, "work", generator) * np.float32(generator.uniform(0.5, 2)))[on]


def _knit(surface: Surface, generator: Generator) -> np.ndarray:
    """Columns of stitches along the fingers and the hand, float32 about 1."""
    rows = np.where(surface.part >= FINGER, surface.along * generator.uniform(5, 9), 0)
    height, width = surface.part.shape
    period = generator.uniform(0.016, 0.03)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    scale = 2 * np.pi / max(period * 380 * height / 480, 3)
    flat = np.sin(x * scale) * np.sin(y * scale + 0.5 * np.sin(x * scale))
    ribs = np.where(surface.part >= FINGER, np.sin(2 * np.pi * rows) * np.cos(9 * surface.aside), flat)
    return (1 + 0.13 * ribs).astype(np.float32)


def _folds(surface: Surface, unit: float, kind: str, generator: Generator) -> np.ndarray:
    """Folds of a glove that does not fit everywhere, in pixels."""
    height, width = surface.part.shape
    loose = {"knit": 0.002, "rubber": 0.006, "leather": 0.006, "work": 0.005}[kind] * generator.uniform(0.4, 1.6)
    total = np.zeros((height, width), np.float32)
    for reach in (0.09, 0.04):
        knots = (max(int(height / (reach * unit)), 2), max(int(width / (reach * unit)), 2))
        coarse = generator.standard_normal(knots, dtype=np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(reach / 0.09)
    sharp = 1 - np.abs(total)
    return sharp * np.float32(loose * unit)
