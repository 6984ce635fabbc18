"""Things: rolls in a bundle, cutlery, cups, wheels, scissors, keys, bags, food, folds of cloth and paper."""

from __future__ import annotations

import numpy as np

from palmbench.synth.handless.brush import (
    Sheet,
    any_colour,
    backdrop,
    blob,
    box,
    cast,
    curve,
    noise,
    paint,
    tint,
    tube,
    turned,
)


def things(sheet: Sheet) -> None:
    """A few things of one or two kinds on some ground."""
    generator = sheet.generator
    backdrop(sheet)
    if generator.random() < 0.3:
        _cloth(sheet)
    kinds = generator.choice(len(_KINDS), 2, p=np.array(_OFTEN) / sum(_OFTEN))
    for _ in range(int(generator.integers(1, 4))):
        _KINDS[int(generator.choice(kinds))](sheet)


def _rolls(sheet: Sheet) -> None:
    """Pencils, sausages, bananas, candles or cables, side by side or fanned out from one end."""
    generator = sheet.generator
    count, size = int(generator.integers(2, 9)), sheet.unit * sheet.log_uniform(0.2, 0.8)
    wide, fan = (
        size * sheet.log_uniform(0.03, 0.13),
        generator.choice([0.0, 0.05, 0.2, 0.5]) * generator.uniform(0.5, 1.2),
    )
    warm = np.array([0.80, 0.55, 0.40]) * generator.uniform((0.5, 0.5, 0.4), (1.2, 1.2, 1.2))
    colour, mixed, bend = (
        (any_colour(generator, 0.9) if generator.random() < 0.5 else warm),
        generator.random() < 0.3,
        generator.normal(0, 0.25),
    )
    at, turn, gloss = sheet.place(0.2), generator.uniform(0, 6.3), generator.uniform(0, 0.5)
    pointed = generator.random() < 0.35
    for index in range(count):
        aim = turn + fan * (index - (count - 1) / 2)
        side = turned(np.array([[0, (index - (count - 1) / 2) * wide * 2.0]]), turn)[0]
        long = size * generator.uniform(0.8, 1.1)
        run = np.linspace(0, 1, 7)
        path = at + side + turned(np.stack([run * long, bend * long * run * (1 - run) * 2], axis=1), aim)
        radii = wide * np.where(pointed & (run > 0.85), 0.2, 1.0) * generator.uniform(0.8, 1.05)
        outline = tube(path, radii)
        cast(sheet, outline, wide, 0.3)
        paint(
            sheet,
            outline,
            any_colour(generator, 1.0) if mixed else tint(generator, np.clip(colour, 0, 1)),
            1.0,
            None,
            gloss,
        )


def _cutlery(sheet: Sheet) -> None:
    """Forks, combs, rakes and brushes: a handle with teeth."""
    generator, size, turn = sheet.generator, sheet.unit * sheet.log_uniform(0.3, 0.9), sheet.generator.uniform(0, 6.3)
    at, teeth, colour = sheet.place(0.25), int(generator.choice([2, 3, 4, 4, 5, 6, 12, 20])), any_colour(generator, 0.3)
    half, long = size * generator.uniform(0.07, 0.25), size * generator.uniform(0.15, 0.4)
    handle = at + turned(np.array([(0.0, 0), (-0.4 * size, 0), (-size, 0)]), turn)
    paint(sheet, tube(handle, size * np.array([0.05, 0.02, 0.045])), colour, 1.0, None, 0.6)
    paint(sheet, box(at, np.array([0.06 * size, half]), turn), colour, 0.8, None, 0.6)
    for y in np.linspace(-half, half, teeth):
        tooth = at + turned(np.array([(0, y), (long, y * generator.uniform(0.9, 1.1))]), turn)
        paint(sheet, tube(tooth, np.array([0.4, 0.25]) * 2 * half / teeth), colour, 1.0, None, 0.5)


def _cup(sheet: Sheet) -> None:
    """A cup or a bowl of coffee with its handle, from the side or from above."""
    generator, at, size = sheet.generator, sheet.place(0.2), sheet.unit * sheet.log_uniform(0.1, 0.4)
    colour = any_colour(generator)
    drink = np.array([0.30, 0.17, 0.09]) * generator.uniform(0.3, 2.5)
    handle = at + size * np.array([(0.9, -0.4), (1.5, -0.3), (1.5, 0.35), (0.85, 0.5)])
    paint(sheet, tube(handle, np.full(4, size * 0.13)), colour, 1.0, None, 0.3)
    if generator.random() < 0.5:
        wall = at + size * np.array(
            [(-1, -0.8), (1, -0.8), (generator.uniform(0.5, 1), 1), (-generator.uniform(0.5, 1), 1)]
        )
        cast(sheet, wall, size * 0.4)
        paint(sheet, wall, colour, 1.0, None, 0.3)
        flat, top = 0.25, at - np.array([0, 0.8 * size])
    else:
        paint(
            sheet, blob(generator, at, size * np.full(2, 1.7), 0, 0.005), tint(generator, colour, 0.1), 0.2, None, 0.2
        )
        flat, top = 1.0, at
    paint(sheet, blob(generator, top, size * np.array([1.0, flat]), 0, 0.005), colour * 0.85, 0.2)
    paint(sheet, blob(generator, top, size * np.array([0.9, 0.88 * flat]), 0, 0.005), drink, 0.0)
    if generator.random() < 0.5:
        paint(
            sheet, blob(generator, top, size * np.array([0.5, 0.5 * flat]), 0.4, 0.2), np.array([0.9, 0.8, 0.65]), 0.3
        )


def _bottle(sheet: Sheet) -> None:
    generator, at, size = sheet.generator, sheet.place(0.2), sheet.unit * sheet.log_uniform(0.15, 0.5)
    turn, colour, waist = generator.normal(0, 0.4), any_colour(generator, 1.0), generator.uniform(0.2, 0.4)
    path = at + size * turned(np.array([(0, -1.2), (0, -0.7), (0, -0.3), (0, 0.4), (0, 1.0)]), turn)
    paint(sheet, tube(path, size * np.array([0.12, 0.13, waist, waist, waist])), colour, 1.0, None, 0.7)
    paint(sheet, box(path[3], size * np.array([waist * 0.97, 0.35]), turn), any_colour(generator), 0.0)


def _wheel(sheet: Sheet) -> None:
    """A bicycle: two wheels with spokes and a frame of thin tubes; or a wheel alone."""
    generator, at, size = sheet.generator, sheet.place(0.2), sheet.unit * sheet.log_uniform(0.12, 0.45)
    ink, frame, spokes = (
        np.full(3, generator.uniform(0.02, 0.25)),
        any_colour(generator, 1.0),
        int(generator.integers(5, 30)),
    )
    hubs = at + size * np.array([(0.0, 0), (2.6, 0)])[: int(generator.integers(1, 3))]
    for hub in hubs:
        ring = np.linspace(0, 2 * np.pi, 49)
        rim = hub + size * np.stack([np.cos(ring), np.sin(ring)], axis=1)
        paint(sheet, tube(rim, np.full(49, size * generator.uniform(0.04, 0.12))), ink, 1.0)
        for aim in np.linspace(0, 2 * np.pi, spokes, endpoint=False):
            paint(
                sheet,
                tube(np.array([hub, hub + size * np.array([np.cos(aim), np.sin(aim)])]), np.full(2, 0.8)),
                ink + 0.3,
                0.0,
            )
    if len(hubs) > 1:
        joints = at + size * np.array([(0, 0), (1.1, 0.1), (0.8, -1.3), (2.2, -1.3), (1.1, 0.1), (2.2, -1.3), (2.6, 0)])
        for start, end in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (5, 6)):
            paint(sheet, tube(joints[[start, end]], np.full(2, size * 0.06)), frame, 1.0, None, 0.5)
        paint(sheet, blob(generator, joints[2] - size * np.array([0, 0.1]), size * np.array([0.3, 0.1]), 0.1), ink)


def _scissors(sheet: Sheet) -> None:
    """Scissors, pliers or keys: rings with blades."""
    generator, at, size = sheet.generator, sheet.place(0.25), sheet.unit * sheet.log_uniform(0.15, 0.5)
    turn, grip, steel = generator.uniform(0, 6.3), any_colour(generator, 1.0), np.full(3, generator.uniform(0.4, 0.85))
    gape, ring = generator.uniform(0.03, 0.4), np.linspace(0, 2 * np.pi, 25)
    for side in (-1, 1)[: int(generator.integers(1, 3))]:
        blade = np.array([(-0.3, 0.06 * side), (0.4, side * 0.05), (1.0, 0)])
        paint(sheet, at + size * turned(blade, turn + side * gape), steel, 0.8, None, 0.6)
        arm = np.array([(0.0, 0), (-0.6, -0.1 * side)])
        paint(sheet, tube(at + size * turned(arm, turn + side * gape), size * np.full(2, 0.07)), steel, 0.8, None, 0.6)
        eye = np.array([-0.85, -0.12 * side]) + 0.22 * np.stack([np.cos(ring), 0.7 * np.sin(ring)], axis=1)
        paint(sheet, tube(at + size * turned(eye, turn + side * gape), np.full(25, size * 0.06)), grip, 1.0, None, 0.3)


def _bag(sheet: Sheet) -> None:
    """A bag, a cushion or a shoe: a soft body, a seam, a strap."""
    generator, at, size = sheet.generator, sheet.place(0.15), sheet.unit * sheet.log_uniform(0.15, 0.6)
    colour, hide = any_colour(generator), noise(sheet, size * 0.15) * np.float32(0.08)
    strap = at + size * np.array([(-0.7, -0.5), (-0.5, -1.5), (0.5, -1.5), (0.7, -0.5)])
    paint(sheet, tube(strap, np.full(4, size * 0.07)), colour * 0.7)
    body = blob(generator, at, size * np.array([1.0, generator.uniform(0.5, 0.9)]), generator.normal(0, 0.2), 0.1)
    cast(sheet, body, size * 0.3)
    paint(sheet, body, colour, generator.uniform(0.3, 1), hide, generator.uniform(0, 0.4))
    seam = curve(generator, at - size * np.array([0.8, 0]), 0.0, 1.6 * size, 0.3, 7)
    paint(sheet, tube(seam, np.full(7, max(1.0, size * 0.02))), colour * 0.5, 0.0)


def _plate(sheet: Sheet) -> None:
    """Food on a plate: lumps, slices and rolls of warm colours."""
    generator, at, size = sheet.generator, sheet.place(0.25), sheet.unit * sheet.log_uniform(0.2, 0.5)
    china, flat = np.full(3, generator.uniform(0.6, 1)), np.array([1.0, generator.uniform(0.4, 1)])
    dish = blob(generator, at, size * flat, 0, 0.005)
    cast(sheet, dish, size * 0.15)
    paint(sheet, dish, china, 0.2, None, 0.1)
    paint(sheet, blob(generator, at, 0.75 * size * flat, 0, 0.005), china * 0.93, 0.1)
    warm = np.array([generator.uniform(0.5, 0.95), generator.uniform(0.2, 0.7), generator.uniform(0.05, 0.4)])
    for _ in range(int(generator.integers(3, 14))):
        spot = at + size * 0.5 * generator.uniform(-1, 1, 2) * flat
        axes = size * generator.uniform(0.06, 0.28, 2)
        paint(
            sheet,
            blob(generator, spot, axes, generator.uniform(0, 6), 0.12),
            tint(generator, warm, 0.2),
            1.0,
            None,
            0.3,
        )


def _cloth(sheet: Sheet) -> None:
    """Folds of cloth, crumpled paper, wood, leather or knitted wool over the whole picture."""
    generator = sheet.generator
    rows, columns = np.indices(sheet.picture.shape[:2], dtype=np.float32)
    cell, kind = sheet.log_uniform(5, 60), int(generator.integers(4))
    bent = noise(sheet, sheet.unit * 0.4) * np.float32(1.5)
    if kind == 0:
        folds = np.sin(columns / cell + bent) + 0.5 * np.sin(rows / (1.7 * cell) + 1.4 * bent)
    elif kind == 1:
        folds = np.abs(noise(sheet, cell * 2)) + np.abs(noise(sheet, cell * 3)) - 1.5
    elif kind == 2:
        folds = np.sin(rows / (0.15 * cell + 1) + 2 * bent) + noise(sheet, 3, 12)
    else:
        stitch = 2 + 0.1 * cell
        folds = np.sin(columns / stitch + np.abs(np.sin(rows / stitch)) * 2) * 1.2
    sheet.picture[:] = any_colour(generator) * np.clip(1 + generator.uniform(0.04, 0.25) * folds, 0, 2)[..., None]


_KINDS = (_rolls, _cutlery, _cup, _bottle, _wheel, _scissors, _bag, _plate, _cloth)
_OFTEN = (4, 2.5, 1.5, 1, 1.5, 1.2, 1.2, 1.2, 1)
