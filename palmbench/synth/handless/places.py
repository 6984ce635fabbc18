"""Places: mountains, sea and sky, streets, rooms, stairs, fences, crowds and lights at night."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.synth.clutter import clutter, room
from palmbench.synth.handless.brush import Sheet, any_colour, backdrop, blob, box, noise, paint, skin_tone, tint, tube


def places(sheet: Sheet) -> None:
    """One place, indoors or out of doors."""
    backdrop(sheet)
    kind = int(sheet.generator.choice(7, p=(0.3, 0.12, 0.13, 0.13, 0.1, 0.1, 0.12)))
    (_landscape, _street, _room, _built, _fence, _crowd, _night)[kind](sheet)


def _landscape(sheet: Sheet) -> None:
    """A sky with clouds or a sunset, ranges of hills one before the other, water or rocks in front."""
    generator, (columns, rows) = sheet.generator, sheet.extent.astype(int)
    top, low = any_colour(generator) * (0.6, 0.8, 1.0), np.clip(any_colour(generator) + 0.35, 0, 1)
    sheet.picture[:] = (top + (low - top) * np.linspace(0, 1.4, rows).clip(0, 1)[:, None])[:, None]
    clouds = np.clip(noise(sheet, 0.5 * sheet.unit, 3, 5) - generator.uniform(-0.5, 1.5), 0, 1)[..., None]
    sheet.picture[:] += (np.float32(generator.uniform(0.6, 1)) - sheet.picture) * clouds * np.float32(0.8)
    if generator.random() < 0.3:
        sun = blob(generator, sheet.place(), sheet.unit * np.full(2, generator.uniform(0.02, 0.08)), 0, 0.0)
        paint(sheet, sun, np.array([1.0, 0.92, 0.7]), 0.0)
    rock, jagged = any_colour(generator, 0.4) * 0.7, generator.uniform(0.15, 1.0)
    x = np.linspace(-5, columns + 5, 130)
    layers, horizon = int(generator.integers(1, 6)), generator.uniform(0.25, 0.6)
    for layer in range(layers):
        near = (layer + 1) / layers
        rough = np.zeros(130)
        for octave in range(6):
            knots = generator.normal(0, 1, 3 + 2**octave * 2)
            rough += (
                jagged**octave * np.interp(np.linspace(0, 1, 130), np.linspace(0, 1, len(knots)), knots) * 0.6**octave
            )
        crest = rows * (horizon + (0.95 - horizon) * layer / layers) - 0.13 * sheet.unit * rough
        outline = np.vstack([np.stack([x, crest], axis=1), [(columns + 5, rows + 5), (-5, rows + 5)]])
        ink = low * (1 - near) + tint(generator, rock, 0.1) * near
        stone = noise(sheet, sheet.unit * 0.12, 1.5, 4) * np.float32(generator.uniform(0.05, 0.3) * near)
        paint(sheet, outline, ink, 0.0, stone)
    if generator.random() < 0.35:
        shore = int(rows * generator.uniform(0.6, 0.9))
        water = any_colour(generator) * (0.5, 0.75, 0.9)
        ripples = noise(sheet, 8, 6) * np.float32(0.18)
        paint(
            sheet,
            np.array([(-5, shore), (columns + 5, shore), (columns + 5, rows + 5), (-5, rows + 5)]),
            water,
            0.0,
            ripples,
        )
    for _ in range(int(generator.integers(0, 9))):
        size = sheet.unit * sheet.log_uniform(0.03, 0.2)
        boulder = blob(
            generator,
            np.array([columns * generator.random(), rows * generator.uniform(0.75, 1)]),
            np.array([size, 0.7 * size]),
            0,
            0.15,
        )
        paint(sheet, boulder, tint(generator, rock, 0.15), 0.8, noise(sheet, 8) * np.float32(0.15))


def _street(sheet: Sheet) -> None:
    rows, columns = sheet.picture.shape[:2]
    sheet.picture[:] = clutter(rows, columns, sheet.generator)


def _room(sheet: Sheet) -> None:
    """A room; furniture in front of it is sharp."""
    generator, (rows, columns) = sheet.generator, sheet.picture.shape[:2]
    sheet.picture[:] = room(rows, columns, generator)
    for _ in range(int(generator.integers(1, 5))):
        at, half, colour = sheet.place(), sheet.unit * generator.uniform(0.08, 0.35, 2), any_colour(generator)
        for x in (-0.9, 0.9):
            paint(sheet, box(at + half * (x, 1.6), half * (0.06, 0.8)), colour * 0.6, 1.0)
        paint(sheet, box(at, half), colour, 0.15, noise(sheet, 4, 6) * np.float32(0.05))
        if generator.random() < 0.5:
            paint(sheet, box(at - half * (0, 0.9), half * (1.1, 0.15)), tint(generator, colour, 0.15), 0.3)


def _built(sheet: Sheet) -> None:
    """A facade with windows, or stairs in perspective."""
    generator, (columns, rows) = sheet.generator, sheet.extent
    wall, turn = any_colour(generator, 0.4), generator.normal(0, 0.08)
    if generator.random() < 0.5:
        step, lean = sheet.unit * sheet.log_uniform(0.06, 0.25), generator.uniform(0.3, 0.9)
        for y in np.arange(-step, rows * 1.3, step):
            paint(
                sheet,
                box(np.array([columns / 2, y]), np.array([columns, step * lean / 2]), turn),
                wall,
                0.0,
                noise(sheet, 9) * np.float32(0.06),
            )
            paint(
                sheet,
                box(np.array([columns / 2, y + step / 2]), np.array([columns, step * (1 - lean) / 2]), turn),
                wall * 0.55,
                0.0,
            )
        return
    paint(sheet, box(sheet.extent / 2, sheet.extent, turn), wall, 0.0, noise(sheet, 20) * np.float32(0.08))
    gap, glass = sheet.unit * sheet.log_uniform(0.12, 0.5), any_colour(generator) * 0.5
    share = generator.uniform(0.2, 0.42, 2)
    for x in np.arange(0, columns + gap, gap):
        for y in np.arange(0, rows + gap, gap * 1.25):
            paint(sheet, box(np.array([x, y]), gap * (share + 0.04), turn), np.clip(wall * 1.3, 0, 1), 0.0)
            paint(sheet, box(np.array([x, y]), gap * share, turn), tint(generator, glass, 0.2), 0.0)
            paint(sheet, box(np.array([x, y]), gap * share * (0.06, 1), turn), wall, 0.0)


def _fence(sheet: Sheet) -> None:
    """Posts, bars, slats or wires before something out of focus."""
    generator, (columns, rows) = sheet.generator, sheet.extent
    _street(sheet)
    gap, colour = sheet.unit * sheet.log_uniform(0.06, 0.3), any_colour(generator)
    wide, turn, top = (
        gap * generator.uniform(0.08, 0.35),
        generator.normal(0, 0.15),
        rows * generator.uniform(-0.2, 0.6),
    )
    for y in generator.uniform(top, rows, 2):
        paint(sheet, box(np.array([columns / 2, y]), np.array([columns, wide * 0.7]), turn * 0.3), colour * 0.8, 1.0)
    for x in np.arange(-gap, columns + gap, gap):
        post = np.array([(x, top + gap * generator.normal(0, 0.15)), (x + turn * rows, rows * 1.2)])
        paint(
            sheet,
            tube(post, np.full(2, wide)),
            tint(generator, colour),
            generator.choice([0.2, 1.0]),
            noise(sheet, 3, 0.2, 1) * np.float32(0.08),
        )


def _crowd(sheet: Sheet) -> None:
    """Rows of people far away: a head and shoulders each."""
    generator, (columns, rows) = sheet.generator, sheet.extent
    size = sheet.unit * sheet.log_uniform(0.03, 0.09)
    for y in np.arange(rows * 0.3, rows * 1.1, 4 * size)[:7]:
        for x in np.arange(0, columns, 3.4 * size)[:12]:
            at = np.array([x, y]) + generator.normal(0, 0.7 * size, 2)
            paint(
                sheet,
                blob(generator, at + size * np.array([0, 2.6]), size * np.array([1.7, 2.0]), 0),
                any_colour(generator),
                0.7,
            )
            paint(
                sheet,
                blob(generator, at - size * np.array([0, 0.2]), size * np.array([0.9, 1.0]), 0),
                skin_tone(generator) * 0.2,
                0.5,
            )
            paint(
                sheet,
                blob(generator, at + size * np.array([0, 0.1]), size * np.array([0.7, 0.9]), 0),
                skin_tone(generator),
                1.0,
            )


def _night(sheet: Sheet) -> None:
    """Lamps out of focus in the dark, and their trails."""
    generator = sheet.generator
    sheet.picture[:] *= np.float32(generator.uniform(0.03, 0.3))
    glow, tone = np.zeros_like(sheet.picture), any_colour(generator, 1.0)
    radius = sheet.unit * sheet.log_uniform(0.005, 0.08)
    for _ in range(int(generator.integers(6, 60))):
        x, y = (int(8 * v) for v in sheet.place())
        colour = tuple(float(v) for v in np.clip(tint(generator, tone, 0.3) * 1.3, 0, 1))
        disc = np.zeros_like(glow) if radius > 12 and generator.random() < 0.1 else glow
        cv2.circle(disc, (x, y), int(8 * radius * generator.uniform(0.6, 1.2)), colour, -1, cv2.LINE_AA, 3)
    for _ in range(int(generator.integers(0, 5))):
        ends = [tuple(int(v) for v in sheet.place(-0.2)) for _ in range(2)]
        cv2.line(glow, ends[0], ends[1], (1.0, 0.6, 0.3), int(generator.integers(1, 5)), cv2.LINE_AA)
    sheet.picture[:] += cv2.GaussianBlur(glow, (0, 0), generator.uniform(0.8, 5))
