"""Skin of a hand from all sides: the darker back with nails, knuckles, tendons, veins and hair, and the pale inside."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.fields import hue
from palmbench.synth.gestures import Gesture
from palmbench.synth.pose import Camera
from palmbench.synth.seeds import person_generator
from palmbench.synth.seen import Surface
from palmbench.synth.skin import complexion
from palmbench.synth.solid import FINGER
from recognizers.common.jit import compiled

# Backs of fair, olive and dark hands under white light: palms of dark skin are pale, backs are not.
_TONES = np.array([(0.890, 0.700, 0.610), (0.730, 0.535, 0.420), (0.330, 0.225, 0.175)])
_INSIDE = np.array([(0.930, 0.765, 0.690), (0.835, 0.645, 0.525), (0.560, 0.400, 0.315)])
_TONES_AT = (0.0, 0.5, 1.0)
_VEIN_FAIR, _VEIN_DARK = np.array([-0.10, -0.03, 0.01]), np.array([-0.05, -0.04, -0.03])


class Coat(NamedTuple):
    """What covers a hand: its colours, and how it differs from a smooth body.

    Attributes
    ----------
    albedo : ndarray of shape (height, width, 3), float32
        Colour under white light, 0 to 1.
    gloss : ndarray of shape (height, width), float32
        Strength of the highlights.
    rise : ndarray of shape (height, width), float32
        Height above the body, in pixels.
    """

    albedo: np.ndarray
    gloss: np.ndarray
    rise: np.ndarray


class _Nails(NamedTuple):
    bed: np.ndarray
    lunula: np.ndarray
    rim: np.ndarray
    start: float
    reach: float
    gloss: float


def skin_coat(
    identity: int, surface: Surface, gesture: Gesture, camera: Camera, creases: np.ndarray | None, generator: Generator
) -> Coat:
    """Skin on what the camera sees.

    Parameters
    ----------
    identity : int
        Whose skin and nails.
    surface : Surface
    gesture : Gesture
    camera : Camera
    creases : ndarray of shape (height, width), float32, or None
        Depth of the creases of the palm; None where no palm is seen.
    generator : numpy.random.Generator
        Draws what changes from photo to photo.
    """
    height, width = surface.part.shape
    palmar, melanin = complexion(identity).colour, complexion(identity).melanin
    person = person_generator(identity).spawn(9)[8]
    tone = np.array([np.interp(melanin, _TONES_AT, column) for column in _TONES.T])
    inside = np.array([np.interp(melanin, _TONES_AT, column) for column in _INSIDE.T])
    dorsal = np.clip((tone + 0.8 * (palmar - inside)) * person.normal(1, 0.05), 0.08, 0.97)
    unit = camera.unit
    coat = Coat(
        np.zeros((height, width, 3), np.float32),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
    )
    patches = _patches(height, width, unit, generator)
    nails = _nails(dorsal, melanin, person)
    depth = np.zeros((1, 1), np.float32) if creases is None else creases
    lines = _wrinkles(gesture, person)
    fold = 0.34 if melanin < 0.7 else 0.44
    _paint(
        surface.part, surface.along, surface.dorsal, surface.aside, patches, depth, palmar, dorsal, melanin,
        np.array([*nails.bed, *nails.lunula, *nails.rim, nails.start, nails.reach, nails.gloss]), lines, fold, unit,
        coat.albedo, coat.gloss, coat.rise,
    )  # fmt: skip
    _dorsal_marks(coat, surface, gesture, camera, melanin, person, generator)
    return coat


def _patches(height: int, width: int, unit: float, generator: Generator) -> np.ndarray:
    """Uneven colour and grain of the skin, about unit variance."""
    total = np.zeros((height, width), np.float32)
    for reach, weight in ((0.16, 0.6), (0.05, 0.5), (0.014, 0.55), (0.006, 0.6)):
        knots = (max(int(width / (reach * unit)), 2), max(int(height / (reach * unit)), 2))
        coarse = generator.standard_normal((min(knots[1], height), min(knots[0], width)), dtype=np.float32)
        total += np.float32(weight) * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return total


def _nails(dorsal: np.ndarray, melanin: float, person: Generator) -> _Nails:
    bed = dorsal * 0.55 + np.array([0.93, 0.70, 0.65]) * 0.45 * (1 - 0.45 * melanin)
    lunula, rim = bed * 0.6 + 0.4 * np.array([0.95, 0.86, 0.82]), np.array([0.93, 0.89, 0.83])
    gloss, reach = 0.16, person.uniform(0.86, 1.02)
    if person.random() < 0.18:  # varnish
        colour = hue(person, 1.0, 0.1)
        bed, lunula, rim, gloss = colour, colour, colour, 0.30
        reach = person.uniform(0.95, 1.12)
    return _Nails(bed, lunula, rim, float(person.uniform(2.40, 2.50)), float(reach), gloss)


def _wrinkles(gesture: Gesture, person: Generator) -> np.ndarray:
    """Lines across the fingers (n, 6): finger, place along it, width, strength, side (1 the back), and bow."""
    lines = []
    for finger in range(5):
        for joint in (1, 2):
            # Bending a finger smooths the skin of its knuckle.
            slack = float(np.clip(1 - gesture.bends[finger, joint] / 55, 0.10, 1))
            count = int(person.integers(3, 7)) if joint == 1 else int(person.integers(2, 4))
            spread = 0.20 if joint == 1 else 0.13
            for offset in np.linspace(-spread, spread, count) + person.normal(0, 0.02, count):
                strength = slack * person.uniform(0.25, 1.0) * (0.75 if joint == 1 else 0.6)
                if finger == 4 and joint == 1:  # the thumb's knuckle of the palm
                    strength *= 0.25
                lines.append((finger, joint + offset, person.uniform(0.012, 0.028), strength, 1, 0.9 * offset))
            for offset in (-0.03, 0.05)[: 2 if joint == 1 else 1]:
                lines.append((finger, joint + offset, 0.020, person.uniform(0.6, 1.1), -1, person.normal(0, 0.03)))
        lines.append((finger, 0.40 + person.normal(0, 0.02), 0.022, 0.9, -1, 0.05))
    return np.array(lines)


def _dorsal_marks(
    coat: Coat,
    surface: Surface,
    gesture: Gesture,
    camera: Camera,
    melanin: float,
    person: Generator,
    generator: Generator,
) -> None:
    """Tendons, knuckles, veins and hair on the back of the hand."""
    seen = (surface.dorsal > 0.25) & (surface.part >= 0) & (surface.part < FINGER)
    lean, hairy = person.beta(1.4, 2.0), person.random() < 0.3
    veins = [_vein(person) for _ in range(int(person.integers(3, 7)))]
    if not seen.any():
        return
    unit = camera.unit
    knuckles = gesture.joints[[5, 9, 13, 17]]
    flat = float(np.clip(1 - gesture.bends[:4, 0].mean() / 60, 0, 1))
    tendons = [np.linspace((0.03 * k - 0.045, -0.06, 0.062), knuckles[k] + (0, 0, 0.062), 12) for k in range(4)]
    show = np.clip(surface.dorsal * 2 - 0.5, 0, 1) * seen
    tendon = _strokes(tendons, camera, surface.part.shape, 0.011 * unit)
    vein = _strokes(veins, camera, surface.part.shape, 0.008 * unit)
    coat.rise[:] += np.float32((0.003 + 0.013 * lean) * flat * unit) * tendon * show
    coat.rise[:] += np.float32((0.002 + 0.008 * lean) * unit) * vein * show
    tint = (_VEIN_FAIR + (_VEIN_DARK - _VEIN_FAIR) * melanin) * (0.2 + 0.8 * lean)
    coat.albedo[:] += (vein * show)[..., None] * tint.astype(np.float32)
    if hairy:
        _hair(coat, surface, gesture, camera, generator, person.uniform(0.10, 0.40))


def _vein(person: Generator) -> np.ndarray:
    """A vein over the back of the hand, (n, 3) in palm coordinates."""
    start = np.array([person.uniform(-0.10, 0.14), person.uniform(-0.46, -0.34)])
    end = np.array([person.uniform(-0.07, 0.09), person.uniform(-0.02, 0.20)])
    at = np.linspace(0, 1, 14)[:, None]
    wave = np.cumsum(person.normal(0, 0.010, (14, 2)), axis=0)
    return np.column_stack([start + (end - start) * at + wave - wave[-1] * at, np.full(14, 0.062)])


def _strokes(lines: list[np.ndarray], camera: Camera, size: tuple[int, int], sigma: float) -> np.ndarray:
    """Soft ridges along lines in palm coordinates, float32 in [0, 1], drawn at half the resolution."""
    canvas = np.zeros((size[0] // 2 + 1, size[1] // 2 + 1), np.uint8)
    for line in lines:
        points = np.clip(camera.project(line) * 8, -(1 << 20), 1 << 20).astype(np.int32)
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 255, max(1, round(0.7 * sigma)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), max(sigma / 2, 0.5))
    return cv2.resize(np.minimum(soft * 1.5, 1), size[::-1])


def _hair(
    coat: Coat, surface: Surface, gesture: Gesture, camera: Camera, generator: Generator, strength: float
) -> None:
    canvas = np.zeros(surface.part.shape, np.uint8)
    count = 650
    on_arm = generator.random(count) < 0.55
    x = generator.uniform(-0.17, 0.17, count)
    y = np.where(on_arm, generator.uniform(-0.05, 0.7, count), generator.uniform(-0.45, -0.05, count))
    root = np.column_stack([x, np.zeros(count), np.full(count, 0.06)]) + y[:, None] * np.where(
        on_arm[:, None], gesture.arm, (0.0, 1.0, 0.0)
    )
    length = generator.uniform(0.012, 0.040, count)
    lean = generator.normal(-0.9, 0.35, count)
    tip = root + np.column_stack([length * np.sin(lean) * -1, -length * np.cos(lean), np.zeros(count)])
    ends = np.stack([camera.project(root), camera.project(tip)], axis=1)
    points = np.clip(ends * 16, -(1 << 20), 1 << 20).astype(np.int32)
    cv2.polylines(canvas, list(points), False, 255, max(1, round(camera.unit / 700)), cv2.LINE_AA, 4)
    share = (
        canvas.astype(np.float32)
        * np.float32(strength / 255 * min(1.0, camera.unit / 330))
        * np.clip(surface.dorsal * 4 - 1, 0, 1)
        * (surface.part < FINGER)
    )
    coat.albedo[:] *= (1 - share * np.float32(0.75))[..., None]


@compiled
def _paint(
    part: np.ndarray,
    along: np.ndarray,
    facing: np.ndarray,
    aside: np.ndarray,
    patches: np.ndarray,
    creases: np.ndarray,
    palmar: np.ndarray,
    dorsal: np.ndarray,
    melanin: Any,
    nails: np.ndarray,
    lines: np.ndarray,
    fold: Any,
    unit: Any,
    albedo: np.ndarray,
    gloss: np.ndarray,
    rise: np.ndarray,
) -> None:
    rows, columns = part.shape
    creased = creases.shape[0] == rows
    start, reach, nail_gloss = nails[9], nails[10], nails[11]
    for r in range(rows):
        for c in range(columns):
            where = part[r, c]
            if where < 0:
                continue
            back, at, side = facing[r, c], along[r, c], aside[r, c]
            # The border of the pale skin runs along the sides of fingers and hand.
            share = min(max((back + 0.42) / 0.50, 0.0), 1.0)
            share = share * share * (3 - 2 * share)
            if where == 1:
                pale = 0.45 * min(max(at / 0.35, 0.0), 1.0)
                share = pale + (1 - pale) * share
            flush = 0.0
            if where >= 2:
                flush += max(1 - abs(at - 3) / 0.6, 0.0) * (1 - melanin) * 0.5
                if back > 0:
                    flush += 0.6 * np.exp(-0.5 * ((at - 1) / 0.2) ** 2) * back
            uneven = 1 + 0.030 * patches[r, c]
            line = 0.0
            if where >= 2:
                for i in range(lines.shape[0]):
                    if lines[i, 0] != where - 2 or lines[i, 4] * back < 0.05:
                        continue
                    away = (at - lines[i, 1] - lines[i, 5] * side * side) / lines[i, 2]
                    if abs(away) < 2.6:
                        fade = min(abs(back) * 1.6, 1.0)
                        line += lines[i, 3] * fade * np.exp(-0.5 * away * away)
                # Skin over the knuckles is darker and folded.
                if back > 0 and (abs(at - 1) < 0.3 or abs(at - 2) < 0.2):
                    uneven -= (0.03 + 0.07 * melanin) * back
            if creased and where < 2 and back < 0:
                line += creases[r, c] * 0.8 * min(-2.5 * back, 1.0)
            line = min(line, 1.4)
            for k in range(3):
                tint = -0.06 if k else 0.01
                colour = palmar[k] + (dorsal[k] - palmar[k]) * share
                taken = fold * (0.62 if k == 0 else 1.0)
                albedo[r, c, k] = (colour + tint * flush) * uneven * (1 - taken * line)
            gloss[r, c] = 0.035
            rise[r, c] = -0.004 * unit * line + 0.0006 * unit * patches[r, c]
            if where < 2 or back < 0.3:
                continue
            v = (at - start) / (3.0 - start) / reach
            wide = 0.70
            u = side / wide
            if v < -0.12 or v > 1.05 or abs(u) > 1.15:
                continue
            # Nails are square with round corners: the cuticle is rounder than the rim.
            middle = (v - 0.5) * 2
            power = 2.6 if middle < 0 else 4.5
            edge = abs(u) ** power + abs(middle) ** power
            if edge < 1:
                soft = min((1 - edge) * 6, 1.0)
                for k in range(3):
                    colour = nails[k]
                    moon = 1 - (u / 0.62) ** 2 - ((v - 0.02) / 0.20) ** 2
                    colour += (nails[3 + k] - colour) * 0.7 * min(max(moon * 3, 0.0), 1.0)
                    free = (v - 0.91 + 0.05 * u * u) / 0.05
                    colour += (nails[6 + k] - colour) * 0.85 * min(max(free, 0.0), 1.0)
                    albedo[r, c, k] += (colour - albedo[r, c, k]) * soft
                gloss[r, c] = 0.035 + (nail_gloss - 0.035) * soft
                rise[r, c] += 0.004 * unit * soft
            elif edge < 1.7:
                dark = 1 - 0.22 * (1.7 - edge) / 0.7
                for k in range(3):
                    albedo[r, c, k] *= dark
