"""Skin that is no hand: faces, heads with shoulders, arms, knees, legs, torsos and feet with toes."""

from __future__ import annotations

import numpy as np

from palmbench.synth.handless.brush import (
    Sheet,
    any_colour,
    backdrop,
    blob,
    box,
    curve,
    noise,
    paint,
    skin_tone,
    tint,
    tube,
    turned,
)


def faces(sheet: Sheet) -> None:
    """One head or several, close up or small."""
    generator = sheet.generator
    backdrop(sheet)
    count = int(generator.choice([1, 1, 1, 2, 3, 6]))
    largest = {1: 0.9, 2: 0.4, 3: 0.3, 6: 0.17}[count]
    usual = sheet.unit * largest / 2
    strands = noise(sheet, usual * 0.08, generator.uniform(0.15, 4)) * np.float32(0.18)
    pores = noise(sheet, max(usual * 0.25, 3)) * np.float32(generator.uniform(0.0, 0.06))
    for _ in range(count):
        _head(sheet, sheet.place(0.2), sheet.unit * sheet.log_uniform(largest / 4, largest), strands, pores)


def _head(sheet: Sheet, centre: np.ndarray, size: float, strands: np.ndarray, pores: np.ndarray) -> None:
    """A head `size` pixels from its middle to its crown."""
    generator = sheet.generator
    skin, turn = skin_tone(generator), generator.normal(0, 0.2)
    hair = np.array([0.30, 0.20, 0.13]) * sheet.log_uniform(0.2, 3.0) * generator.uniform(0.85, 1.15, 3)
    look = generator.normal(0, 0.12)

    def at(x: float, y: float) -> np.ndarray:
        return centre + turned(np.array([[x, y]]) * size, turn)[0]

    def oval(x: float, y: float, rx: float, ry: float, colour: np.ndarray, rounding: float = 1.0) -> None:
        paint(sheet, blob(generator, at(x, y), np.array([rx, ry]) * size, turn, 0.02), colour, rounding, pores)

    shirt = any_colour(generator)
    if generator.random() < 0.45:
        paint(
            sheet,
            blob(generator, at(0, 0.5), np.array([1.0, 1.3 + generator.random()]) * size, turn),
            hair,
            0.8,
            strands,
        )
    paint(sheet, tube(np.array([at(0, 0.4), at(0, 1.6)]), np.array([0.42, 0.5]) * size), skin * 0.8, 1.0)
    trunk = tube(np.array([at(0, 2.9), at(0, 4.0), at(0, 14.0)]), np.array([1.6, 1.75, 1.7]) * size)
    paint(sheet, trunk, shirt if generator.random() < 0.8 else skin, 0.8)
    bald = generator.random() < 0.12
    if not bald:
        crown = np.array([generator.uniform(0.8, 0.98), generator.uniform(0.9, 1.1)]) * size
        paint(sheet, blob(generator, at(0, -0.25), crown, turn, 0.06), hair, 0.8, strands)
    for side in (-1, 1):
        oval(side * 0.76, 0.08, 0.13, 0.24, skin * 0.9)
    oval(0, 0.02, generator.uniform(0.64, 0.78), generator.uniform(0.92, 1.05), skin, generator.uniform(0.5, 1.0))
    if generator.random() < 0.3:  # a beard
        jaw = blob(generator, at(0, 0.66), np.array([0.6, 0.38]) * size, turn, 0.06)
        paint(sheet, jaw, hair * 0.6 + skin * 0.25, 0.6, strands)
    if not bald and generator.random() < 0.6:
        fringe = blob(generator, at(generator.normal(0, 0.15), -0.78), np.array([0.66, 0.28]) * size, turn, 0.12)
        paint(sheet, fringe, hair, 0.7, strands)
    white, iris = np.array([0.92, 0.90, 0.88]), any_colour(generator) * 0.5
    closed = generator.random() < 0.15
    for side in (-1, 1):
        x = side * 0.29 + look
        oval(x, -0.08, 0.18, 0.12, skin * 0.78, 0.8)
        if not closed:
            oval(x, -0.08, 0.13, 0.065, white, 0.0)
            oval(x + 0.3 * look, -0.08, 0.06, 0.062, iris, 0.0)
        brow = tube(
            np.array([at(x - 0.15, -0.24), at(x, -0.29), at(x + 0.15, -0.24)]), np.array([0.02, 0.035, 0.02]) * size
        )
        paint(sheet, brow, hair * 0.8, 0.0)
    nose = tube(np.array([at(0.6 * look, -0.05), at(1.3 * look, 0.22)]), np.array([0.06, 0.13]) * size)
    paint(sheet, nose, skin * 1.03, 1.0)
    for side in (-1, 1):
        oval(1.3 * look + side * 0.07, 0.31, 0.04, 0.025, skin * 0.45, 0.0)
    lips, gape = skin * generator.uniform((0.7, 0.4, 0.4), (1.0, 0.7, 0.7)), sheet.log_uniform(0.03, 0.14)
    oval(look, 0.52, generator.uniform(0.18, 0.32), gape + 0.04, lips, 0.9)
    oval(look, 0.52, 0.17, gape * 0.5, white if gape > 0.08 else lips * 0.5, 0.0)
    if generator.random() < 0.3:
        frame = any_colour(generator) * 0.4
        for side in (-1, 1):
            rim = blob(generator, at(side * 0.3 + look, -0.07), np.array([0.24, 0.2]) * size, turn, 0.02)
            ring = np.vstack(
                [rim, rim[:1], (0.86 * rim + 0.14 * rim.mean(axis=0))[::-1], 0.86 * rim[-1:] + 0.14 * rim.mean(axis=0)]
            )
            paint(sheet, ring, frame, 0.0)
        paint(
            sheet, tube(np.array([at(look - 0.07, -0.08), at(look + 0.07, -0.08)]), np.full(2, 0.03 * size)), frame, 0.0
        )


def bodies(sheet: Sheet) -> None:
    """Bare limbs, knees, feet, torsos and necks."""
    generator = sheet.generator
    backdrop(sheet)
    skin = skin_tone(generator)
    for _ in range(int(generator.integers(1, 4))):
        part = int(generator.choice(5, p=(0.36, 0.3, 0.12, 0.1, 0.12)))
        (_limb, _foot, _torso, _folds, _legs)[part](sheet, tint(generator, skin))


def _flesh(sheet: Sheet) -> np.ndarray:
    return noise(sheet, sheet.log_uniform(6, 60)) * np.float32(sheet.generator.uniform(0.01, 0.07))


def _limb(sheet: Sheet, skin: np.ndarray) -> None:
    """An arm or a leg that crosses the picture or bends in it and leaves by its rim."""
    generator = sheet.generator
    middle, wide = sheet.place(0.15), sheet.unit * sheet.log_uniform(0.05, 0.3)
    angle = generator.uniform(0, 6.3)
    bend = angle + np.pi + generator.normal(0, 0.9)
    far = 1.6 * sheet.extent.max()
    ends = [middle + far * np.array([np.cos(each), np.sin(each)]) for each in (angle, bend)]
    path = np.vstack([ends[0], 0.25 * ends[0] + 0.75 * middle, middle, 0.25 * ends[1] + 0.75 * middle, ends[1]])
    radii = wide * np.array(
        [1.5, generator.uniform(1.0, 1.4), generator.uniform(0.8, 1.05), generator.uniform(1, 1.3), 1.3]
    )
    x, y = np.arange(sheet.extent[0]) - middle[0], np.arange(sheet.extent[1]) - middle[1]
    spread = 2 * (wide * generator.uniform(0.3, 0.6)) ** 2
    joint = np.outer(np.exp(-y * y / spread), np.exp(-x * x / spread)) * generator.uniform(-0.25, 0.1)
    relief = _flesh(sheet) + joint.astype(np.float32)
    paint(sheet, tube(path, radii), skin, 1.0, relief, generator.uniform(0, 0.15))
    if generator.random() < 0.4:  # a sleeve or a trouser leg
        cloth = path[[0, 1]] + np.array([[0, 0], generator.uniform(0, 0.4) * (middle - path[1])])
        folds = noise(sheet, wide, 2) * np.float32(0.12)
        paint(sheet, tube(cloth, radii[:2] * 1.25), any_colour(generator), 0.9, folds)


def _foot(sheet: Sheet, skin: np.ndarray) -> None:
    """Feet from above or from below: a long sole, and five short toes in a slanting row."""
    generator = sheet.generator
    size, turn = sheet.unit * sheet.log_uniform(0.25, 0.9), generator.uniform(0, 6.3)
    sole, flesh = generator.random() < 0.5, _flesh(sheet)
    origin = sheet.place(0.3)
    for mirror in (-1, 1)[: int(generator.integers(1, 3))]:
        shift = turned(np.array([[mirror * generator.uniform(0.22, 0.4), 0]]), turn)[0]

        def at(points: list[tuple[float, float]], mirror: int = mirror, shift: np.ndarray = shift) -> np.ndarray:
            return origin + size * (turned(np.array(points) * (mirror, 1), turn) + shift)

        if not sole:
            leg = at([(0, 0.25), (generator.normal(0, 0.1), 1.6), (generator.normal(0, 0.3), 8.0)])
            paint(sheet, tube(leg, size * np.array([0.16, 0.24, 0.3])), skin * 0.95, 1.0, flesh)
        waist = generator.uniform(0.12, 0.16)
        body = at([(0.02, 0.42), (0.03, 0.1), (0.0, -0.2), (-0.01, -0.34)])
        paint(sheet, tube(body, size * np.array([0.14, waist, 0.19, 0.19])), skin, 0.9, flesh, 0.05)
        if sole:
            for x, y, rx, ry in ((0.02, 0.42, 0.11, 0.12), (0.0, -0.32, 0.16, 0.10)):
                pad = blob(generator, at([(x, y)])[0], size * np.array([rx, ry]), turn, 0.05)
                paint(sheet, pad, np.clip(skin * (1.08, 0.95, 0.92), 0, 1), 1.0, flesh)
        toes = (
            (-0.135, -0.52, 0.075),
            (-0.04, -0.54, 0.045),
            (0.045, -0.52, 0.042),
            (0.115, -0.48, 0.039),
            (0.17, -0.43, 0.037),
        )
        spread, reach = generator.uniform(0.95, 1.15), generator.uniform(0.04, 0.09)
        for x, y, radius in toes:
            toe = at([(x * 0.95, y + 0.08), (x * spread, y - reach)])
            paint(sheet, tube(toe, size * radius * np.array([0.95, 1.0])), tint(generator, skin, 0.02), 1.0)
            if not sole and generator.random() < 0.8:
                nail = blob(generator, toe[1], size * radius * np.array([0.55, 0.6]), turn, 0.03)
                paint(sheet, nail, np.clip(skin * 1.12, 0, 1), 0.5, None, 0.2)


def _torso(sheet: Sheet, skin: np.ndarray) -> None:
    """A trunk with arms that leave the picture, a navel and perhaps clothes."""
    generator, size = sheet.generator, sheet.unit * sheet.log_uniform(0.3, 1.0)
    centre = sheet.place(0.3)
    for side in (-1, 1):
        arm = centre + size * np.array([(side * 0.5, -0.5), (side * generator.uniform(0.6, 1.0), 0.2), (side * 0.8, 4)])
        paint(sheet, tube(arm, size * np.array([0.18, 0.15, 0.15])), skin * 0.92)
    trunk = centre + size * np.array([(0, -0.5), (0, 0.1), (0, 0.8), (0, 3.0)])
    paint(sheet, tube(trunk, size * np.array([0.55, 0.45, 0.55, 0.6])), skin, 0.8, _flesh(sheet))
    paint(sheet, tube(centre + size * np.array([(0, -0.8), (0, -2.0)]), size * np.array([0.2, 0.22])), skin * 0.95)
    for x, y, radius in ((-0.25, -0.3, 0.05), (0.25, -0.3, 0.05), (0, 0.5, 0.03)):
        paint(
            sheet,
            blob(generator, centre + size * np.array([x, y]), size * np.full(2, radius), 0),
            skin * (0.75, 0.6, 0.6),
            1.0,
        )
    if generator.random() < 0.5:
        cloth = box(centre + size * np.array([0, 2.0]), size * np.array([0.66, 1.3]), generator.normal(0, 0.05))
        paint(sheet, cloth, any_colour(generator), 0.6, noise(sheet, size * 0.2, 0.3) * np.float32(0.1))


def _folds(sheet: Sheet, skin: np.ndarray) -> None:
    """Skin that fills the picture with folds and hollows: a neck, an armpit, the inside of an elbow."""
    generator = sheet.generator
    paint(
        sheet,
        box(sheet.extent / 2, sheet.extent),
        skin,
        0.0,
        _flesh(sheet) + noise(sheet, sheet.unit * 0.6) * np.float32(0.15),
    )
    for _ in range(int(generator.integers(1, 6))):
        fold = curve(
            generator, sheet.place(), generator.uniform(0, 6.3), sheet.unit * generator.uniform(0.2, 1), 0.6, 8
        )
        width = sheet.unit * sheet.log_uniform(0.004, 0.02)
        paint(sheet, tube(fold, width * np.sin(np.linspace(0.1, 3.0, 8))), skin * generator.uniform(0.55, 0.85), 0.0)


def _legs(sheet: Sheet, skin: np.ndarray) -> None:
    """Two legs side by side, in trousers, in shorts or bare."""
    generator, wide = sheet.generator, sheet.unit * sheet.log_uniform(0.06, 0.22)
    knee, turn, cloth = sheet.place(0.25), generator.normal(0, 0.5), any_colour(generator)
    for side in (-1, 1):
        shin = np.array([(side, -40), (side, -7), (side * generator.uniform(0.9, 1.5), 0), (side, 8), (side, 40)])
        path = knee + turned(wide * shin, turn)
        paint(sheet, tube(path, wide * np.array([1.4, 1.35, 0.85, 0.6, 0.6])), skin, 1.0, _flesh(sheet))
        if generator.random() < 0.8:
            short = np.vstack([path[0], path[1] + generator.uniform(-0.2, 0.9) * (path[2] - path[1])])
            paint(sheet, tube(short, wide * np.array([1.5, 1.2])), cloth, 0.9, noise(sheet, wide) * np.float32(0.1))
