"""Signs and textures: text, diagrams, plots, maps, coins, x-rays, galaxies; marble, mud, brick and bare skin."""

from __future__ import annotations

import cv2
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
)

_LETTERS = np.array(list("ABCDEFGHKLMNOPRSTUVWXYZabcdefghiklmnoprstuvwxyz0123456789     .,:-?!&"))


def signs(sheet: Sheet) -> None:
    """Something drawn, printed, plotted or seen through an instrument."""
    backdrop(sheet)
    kind = int(sheet.generator.choice(8, p=(0.28, 0.14, 0.12, 0.08, 0.1, 0.08, 0.1, 0.1)))
    (_text, _diagram, _plot, _map, _pattern, _coins, _xray, _specks)[kind](sheet)


def _ink(colour: np.ndarray) -> tuple[float, ...]:
    return tuple(float(level) for level in np.clip(colour, 0, 1))


def _paper(sheet: Sheet) -> np.ndarray:
    """Lay plain ground and give an ink that stands out from it."""
    paper = any_colour(sheet.generator, 0.5)
    if sheet.generator.random() < 0.6:
        paper = np.clip(paper + 0.6, 0, 1)
    sheet.picture[:] = paper * (1 + 0.03 * noise(sheet, sheet.unit * 0.4)[..., None])
    return (
        any_colour(sheet.generator, 1.0) * 0.5
        if paper.mean() > 0.5
        else np.clip(any_colour(sheet.generator) + 0.5, 0, 1)
    )


def _text(sheet: Sheet) -> None:
    """Lines of letters, large or small, turned a little."""
    generator, (columns, rows) = sheet.generator, sheet.extent.astype(int)
    ink = _paper(sheet)
    drawn = np.zeros((rows, columns), np.uint8)
    scale, font = sheet.log_uniform(0.3, 6), int(generator.integers(8))
    weight = max(1, int(scale * sheet.log_uniform(0.8, 5)))
    for y in np.arange(generator.uniform(0, 25 * scale), rows + 25 * scale, 32 * scale * generator.uniform(1, 1.5)):
        words = "".join(generator.choice(_LETTERS, int(columns / (14 * scale)) + 3))
        cv2.putText(drawn, words, (int(generator.uniform(-30, 30)), int(y)), font, scale, 255, weight, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D(
        (columns / 2, rows / 2), float(generator.normal(0, 12)), float(generator.uniform(0.8, 1.4))
    )
    share = cv2.warpAffine(drawn, turn, (columns, rows))[..., None] * np.float32(1 / 255)
    sheet.picture[:] += (ink.astype(np.float32) - sheet.picture) * share


def _diagram(sheet: Sheet) -> None:
    """Circles, stars, polygons, arrows and boxes, filled or in outline."""
    generator = sheet.generator
    ink = _paper(sheet)
    for _ in range(int(generator.integers(1, 12))):
        at, size = sheet.place(), sheet.unit * sheet.log_uniform(0.05, 0.5)
        points, depth = int(generator.integers(3, 13)), generator.choice([1.0, generator.uniform(0.25, 0.8)])
        angles = generator.uniform(0, 6.3) + np.linspace(0, 2 * np.pi, 2 * points + 1)
        radius = size * np.where(np.arange(2 * points + 1) % 2, depth, 1.0)
        shape = at + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        if generator.random() < 0.3:
            shape = blob(generator, at, size * generator.uniform(0.4, 1, 2), generator.uniform(0, 3), 0.0)
        colour = tint(generator, ink, 0.2) if generator.random() < 0.6 else any_colour(generator, 1.0)
        if generator.random() < 0.5:
            paint(sheet, shape, colour, generator.choice([0.0, 0.4]))
        else:
            wide = int(generator.integers(1, 8))
            cv2.polylines(
                sheet.picture, [np.rint(8 * shape).astype(np.int32)], True, _ink(colour), wide, cv2.LINE_AA, 3
            )


def _plot(sheet: Sheet) -> None:
    """Curves, columns or points between axes."""
    generator, (columns, rows) = sheet.generator, sheet.extent
    ink = _paper(sheet)
    for share in np.linspace(0.1, 0.9, 7):
        for ends in (((0.1, share), (0.95, share)), ((share, 0.1), (share, 0.9))):
            first, last = ((int(x * columns), int(y * rows)) for x, y in ends)
            cv2.line(sheet.picture, first, last, _ink(ink * 0.3 + 0.5), 1)
    x = np.linspace(0.1, 0.95, 60) * columns
    for _ in range(int(generator.integers(1, 6))):
        colour, y = any_colour(generator, 1.0), rows * (0.5 + 0.05 * np.cumsum(generator.normal(0, 0.6, 60)))
        if generator.random() < 0.3:
            for left, top in zip(x[::8], y[::8], strict=True):
                paint(
                    sheet,
                    np.array([(left, top), (left + 9, top), (left + 9, 0.9 * rows), (left, 0.9 * rows)]),
                    colour,
                    0.0,
                )
        else:
            line = np.rint(8 * np.stack([x, y], axis=1)).astype(np.int32)
            cv2.polylines(sheet.picture, [line], False, _ink(colour), int(generator.integers(1, 5)), cv2.LINE_AA, 3)


def _map(sheet: Sheet) -> None:
    """Land and sea, contours and roads."""
    generator = sheet.generator
    height, bands = noise(sheet, sheet.unit * generator.uniform(0.2, 0.6), 1, 5), int(generator.integers(2, 9))
    colours = np.array([any_colour(generator) for _ in range(bands + 1)], np.float32)
    sheet.picture[:] = colours[np.clip((height + 2) / 4 * bands, 0, bands).astype(int)]
    for _ in range(int(generator.integers(0, 9))):
        road = curve(generator, sheet.place(), generator.uniform(0, 6.3), 1.5 * sheet.unit, 1.0, 16)
        paint(sheet, tube(road, np.full(16, generator.uniform(0.5, 3))), any_colour(generator, 1.0), 0.0)


def _pattern(sheet: Sheet) -> None:
    """Stripes, rings, checks, dots and moire."""
    generator = sheet.generator
    y, x = np.indices(sheet.picture.shape[:2], dtype=np.float32)
    total = np.zeros_like(x)
    for _ in range(int(generator.integers(1, 4))):
        period, aim = sheet.log_uniform(2, 60), generator.uniform(0, 3.2)
        middle = sheet.place(-0.3)
        way = int(generator.integers(3))
        if way == 0:
            total += np.sin((x * np.cos(aim) + y * np.sin(aim)) / np.float32(period))
        elif way == 1:
            total += np.sin(np.hypot(x - middle[0], y - middle[1]) / np.float32(period))
        else:
            total += np.sin(np.arctan2(y - middle[1], x - middle[0]) * generator.integers(3, 30))
    share = np.clip(0.5 + generator.choice([0.4, 4.0]) * total, 0, 1)[..., None]
    first, last = any_colour(generator, 1.0).astype(np.float32), any_colour(generator, 1.0).astype(np.float32)
    sheet.picture[:] = first + (last - first) * share


def _coins(sheet: Sheet) -> None:
    generator = sheet.generator
    metal, size = (
        np.array([0.75, generator.uniform(0.5, 0.75), generator.uniform(0.3, 0.75)]),
        sheet.unit * sheet.log_uniform(0.06, 0.4),
    )
    for _ in range(int(np.clip(1.2 * (sheet.unit / size), 1, 12))):
        at, ink = sheet.place(), tint(generator, metal, 0.1)
        stamp = noise(sheet, max(3, size * 0.2)) * np.float32(0.15)
        paint(sheet, blob(generator, at, size * np.full(2, 1.0), 0, 0.0), ink, 0.12, None, 0.3)
        paint(sheet, blob(generator, at, size * np.full(2, 0.85), 0, 0.0), ink * 0.85, 0.06, stamp, 0.2)
        paint(sheet, blob(generator, at, size * np.array([0.35, 0.5]), 0, 0.1), ink, 0.6, stamp, 0.3)


def _xray(sheet: Sheet) -> None:
    """A grey picture of a chest, a skull or a long bone."""
    generator = sheet.generator
    sheet.picture[:] = np.float32(generator.uniform(0, 0.15))
    bone, at = np.full(3, generator.uniform(0.5, 0.9)), sheet.place(0.35)
    if generator.random() < 0.6:
        paint(sheet, blob(generator, at, sheet.unit * np.array([0.5, 0.55]), 0), bone * 0.45, 0.8)
        for side in (-1, 1):
            paint(
                sheet,
                blob(generator, at + sheet.unit * np.array([side * 0.22, 0]), sheet.unit * np.array([0.17, 0.38]), 0),
                bone * 0.2,
                0.5,
            )
            for y in np.linspace(-0.4, 0.35, int(generator.integers(6, 11))):
                rib = at + sheet.unit * np.array([(0, y), (side * 0.25, y - 0.02), (side * 0.42, y + 0.1)])
                paint(sheet, tube(rib, sheet.unit * np.array([0.018, 0.014, 0.01])), bone * 0.6, 1.0)
        for y in np.linspace(-0.6, 0.6, 13):
            paint(
                sheet, box(at + sheet.unit * np.array([0, y]), sheet.unit * np.array([0.045, 0.035])), bone * 0.8, 0.6
            )
    else:
        for _ in range(int(generator.integers(1, 3))):
            path = curve(generator, sheet.place(0.1), generator.uniform(0, 6.3), 0.9 * sheet.unit, 0.2, 5)
            paint(sheet, tube(path, sheet.unit * np.full(5, 0.13)), bone * 0.35, 1.0)
            paint(
                sheet,
                tube(path, sheet.unit * np.array([0.08, 0.05, 0.045, 0.05, 0.08])),
                bone,
                0.7,
                noise(sheet, 12) * np.float32(0.1),
            )


def _specks(sheet: Sheet) -> None:
    """Stars and a galaxy, or cells under a microscope."""
    generator = sheet.generator
    if generator.random() < 0.5:
        sheet.picture[:] = np.float32(0.02) + 0.1 * np.clip(noise(sheet, sheet.unit * 0.5, 1, 5), 0, 3)[
            ..., None
        ] * any_colour(generator)
        y, x = np.indices(sheet.picture.shape[:2], dtype=np.float32)
        at, size = sheet.place(0.2), sheet.unit * generator.uniform(0.08, 0.3)
        far = np.hypot(x - at[0], (y - at[1]) / generator.uniform(0.3, 1)) / size
        arms = 1 + 0.6 * np.cos(2 * np.arctan2(y - at[1], x - at[0]) - 4 * np.log(far + 0.1))
        sheet.picture[:] += (np.exp(-1.4 * far) * arms)[..., None] * np.clip(any_colour(generator) + 0.3, 0, 1)
        for px, py in generator.uniform(0, 1, (120, 2)) * sheet.extent:
            cv2.circle(
                sheet.picture,
                (int(8 * px), int(8 * py)),
                int(generator.exponential(6) + 2),
                _ink(np.full(3, generator.random())),
                -1,
                cv2.LINE_AA,
                3,
            )
        return
    cell, size = any_colour(generator, 0.8), sheet.unit * sheet.log_uniform(0.03, 0.15)
    for _ in range(int(np.clip(8 * sheet.unit / size / 4, 6, 45))):
        at = sheet.place(-0.05)
        paint(
            sheet,
            blob(generator, at, size * generator.uniform(0.6, 1.2, 2), generator.uniform(0, 3), 0.08),
            tint(generator, cell, 0.08),
            0.3,
        )
        paint(sheet, blob(generator, at, size * np.full(2, 0.3), 0, 0.1), cell * 0.5, 0.5)


def textures(sheet: Sheet) -> None:
    """A surface that fills the picture."""
    generator = sheet.generator
    backdrop(sheet)
    y, x = np.indices(sheet.picture.shape[:2], dtype=np.float32)
    first, last = any_colour(generator).astype(np.float32), any_colour(generator).astype(np.float32)
    kind, cell = int(generator.integers(6)), sheet.log_uniform(4, 120)
    field = noise(sheet, cell, sheet.log_uniform(0.3, 3), 5)
    if kind == 0:
        share = np.clip(0.5 + generator.uniform(0.15, 0.6) * field, 0, 1)
    elif kind == 1:  # marble and wood
        share = 0.5 + 0.5 * np.sin(x / np.float32(cell) + y / np.float32(2 * cell) + generator.uniform(1, 4) * field)
    elif kind == 2:  # veined stone
        share = np.exp(-np.abs(noise(sheet, cell + 12, 1, 5)) * np.float32(generator.uniform(4, 14)))
    elif kind == 3:  # cracked mud: how near the two nearest of many places are
        spots = generator.uniform(-0.1, 1.1, (int(generator.integers(12, 60)), 2)) * sheet.extent
        seeds = np.ones(x.shape, np.uint8)
        inside = np.clip(spots.astype(int), 0, np.array(x.shape[::-1]) - 1)
        seeds[inside[:, 1], inside[:, 0]] = 0
        _, nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, cv2.DIST_MASK_5)
        edge = cv2.morphologyEx(nearest.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        away = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        share = np.exp(-away * np.float32(generator.uniform(0.2, 1)))
    elif kind == 4:  # brick
        tall = np.float32(cell * 0.5 + 6)
        row = np.floor(y / tall)
        along = (x + (row % 2) * tall) / (2 * tall)
        share = ((np.abs(along - np.round(along)) * 2 * tall < 1.5) | (y % tall < 2.5)).astype(np.float32)
        first = first * (0.9 + 0.2 * np.sin(row * 12.9 + np.round(along) * 78.2))[..., None].astype(np.float32)
    else:
        _skin_close(sheet, first)
        return
    grain = 1 + np.float32(generator.uniform(0.0, 0.08)) * noise(sheet, 2, 1, 2)[..., None]
    sheet.picture[:] = (first + (last - first) * share[..., None]) * grain


def _skin_close(sheet: Sheet, mark: np.ndarray) -> None:
    """Skin from close by: pores, a mesh of fine lines, wrinkles, spots and hairs."""
    generator = sheet.generator
    pores = noise(sheet, sheet.log_uniform(2, 8), 1, 2) * np.float32(0.04) + noise(
        sheet, sheet.unit * 0.5
    ) * np.float32(0.08)
    mesh = np.abs(noise(sheet, sheet.log_uniform(6, 25), generator.uniform(0.5, 3), 2))
    relief = pores - np.float32(0.10) * np.exp(-6 * mesh)
    paint(sheet, box(sheet.extent / 2, sheet.extent), skin_tone(generator), 0.0, relief)
    aim = generator.uniform(0, 3.2)
    for _ in range(int(generator.integers(0, 8))):
        path = curve(
            generator, sheet.place(), aim + generator.normal(0, 0.2), sheet.unit * generator.uniform(0.2, 1.2), 0.4, 9
        )
        wide = sheet.unit * sheet.log_uniform(0.002, 0.012)
        shade = sheet.picture.mean(axis=(0, 1)) * generator.uniform(0.6, 0.9)
        paint(sheet, tube(path, wide * np.sin(np.linspace(0.2, 2.9, 9))), shade, 0.0)
    if generator.random() < 0.3:
        for _ in range(int(generator.integers(1, 40))):
            path = curve(generator, sheet.place(), aim, sheet.unit * 0.15, 0.8, 5)
            paint(sheet, tube(path, np.full(5, 0.7)), mark * 0.3, 0.0)
