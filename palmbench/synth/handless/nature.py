"""Animals and plants: fur, paws, feathers, leaves with lobes and veins, flowers, branches, cacti and roots."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from palmbench.synth.handless.brush import Sheet, any_colour, backdrop, blob, curve, noise, paint, tint, tube, turned


def animals(sheet: Sheet) -> None:
    """A furry or feathered animal or two; now and then only its fur."""
    generator = sheet.generator
    backdrop(sheet)
    for _ in range(int(generator.choice([1, 1, 1, 2, 3]))):
        size = sheet.unit * sheet.log_uniform(0.12, 0.6)
        coat = _coat(sheet, size)
        if generator.random() < 0.12:
            sheet.picture[:] = coat
        elif generator.random() < 0.2:
            _bird(sheet, coat, size)
        else:
            _beast(sheet, coat, size)


def _coat(sheet: Sheet, size: float) -> np.ndarray:
    """Fur that fills the picture, plain, striped, spotted or patched."""
    generator, (columns, rows) = sheet.generator, sheet.extent.astype(int)
    browns = np.array(
        colorsys.hsv_to_rgb(generator.uniform(0.04, 0.12), generator.uniform(0, 0.65), generator.uniform(0.15, 1))
    )
    base = browns if generator.random() < 0.85 else any_colour(generator)
    other = tint(generator, base * sheet.log_uniform(0.25, 1.5), 0.1)
    way = generator.random()
    field = noise(sheet, size * 0.35, octaves=2)
    if way < 0.3:
        stripes = np.sin(np.indices((rows, columns))[int(generator.integers(2))] / (size * 0.06) + 2 * field).astype(
            np.float32
        )
        share = np.clip(2 * stripes, 0, 1)
    elif way < 0.5:
        share = np.clip(4 * (noise(sheet, size * 0.15, octaves=1) - 0.8), 0, 1)
    else:
        share = np.clip(generator.uniform(0.5, 4) * field, 0, 1)
    hairs = noise(sheet, 4, generator.uniform(0.3, 3), 2) * np.float32(generator.uniform(0.06, 0.2))
    base, other = base.astype(np.float32), other.astype(np.float32)
    coat = (base + (other - base) * share[..., None].astype(np.float32)) * (1 + hairs[..., None])
    return np.clip(coat, 0, 1).astype(np.float32)


def _beast(sheet: Sheet, coat: np.ndarray, size: float) -> None:
    """A cat, a dog, a bear or a mouse: trunk, legs with toes, head with ears, eyes, muzzle and whiskers."""
    generator, at = sheet.generator, sheet.place(0.2)
    lean, ears = generator.normal(0, 0.25), generator.random()
    trunk = at + size * np.array([generator.normal(0, 0.7), generator.uniform(0.8, 1.5)])
    tail = curve(generator, trunk, generator.uniform(0, 6.3), 2.4 * size, 1.0, 7)
    paint(sheet, tube(tail, size * np.linspace(0.2, 0.12, 7)), coat)
    paint(sheet, blob(generator, trunk, size * generator.uniform((0.9, 0.7), (1.6, 1.2)), lean, 0.08), coat, 0.9)
    for side in (-1, 1):
        foot = at + size * np.array([side * generator.uniform(0.3, 0.6), generator.uniform(1.4, 2.3)])
        paint(
            sheet, tube(np.array([trunk + size * np.array([side * 0.4, 0]), foot]), size * np.array([0.32, 0.2])), coat
        )
        paint(sheet, blob(generator, foot, size * np.array([0.26, 0.2]), 0), coat)
        for toe in (-0.15, 0.0, 0.15):
            paint(sheet, blob(generator, foot + size * np.array([toe, 0.1]), size * np.array([0.08, 0.11]), 0), coat)

    def local(x: float, y: float) -> np.ndarray:
        return at + size * turned(np.array([[x, y]]), lean)[0]

    for side in (-1, 1):
        if ears < 0.5:
            ear = np.array([local(side * 0.72, -0.2), local(side * 0.72, -1.05), local(side * 0.15, -0.6)])
        elif ears < 0.75:
            ear = tube(
                np.array([local(side * 0.6, -0.5), local(side * 0.9, generator.uniform(-1.6, 0.4))]),
                size * np.array([0.2, 0.16]),
            )
        else:
            ear = blob(generator, local(side * 0.62, -0.62), size * np.full(2, generator.uniform(0.25, 0.45)), 0)
        paint(sheet, ear, coat * np.float32(0.85))
        paint(
            sheet, 0.6 * ear + 0.4 * ear.mean(axis=0), np.array([0.75, 0.52, 0.48]) * generator.uniform(0.4, 1.1), 0.5
        )
    paint(sheet, blob(generator, at, size * generator.uniform((0.72, 0.65), (0.95, 0.8)), lean, 0.04), coat, 0.9)
    iris = any_colour(generator, 0.9)
    for side in (-1, 1):
        paint(
            sheet, blob(generator, local(side * 0.36, -0.12), size * np.array([0.15, 0.13]), lean), iris, 0.4, None, 0.3
        )
        paint(
            sheet,
            blob(generator, local(side * 0.36, -0.12), size * generator.uniform((0.03, 0.08), (0.1, 0.12)), lean),
            np.zeros(3),
            0.0,
        )
    pale = np.clip(coat * np.float32(1.25) + np.float32(0.08), 0, 1)
    for side in (-1, 1):
        paint(sheet, blob(generator, local(side * 0.14, 0.36), size * np.array([0.2, 0.16]), lean), pale)
    paint(
        sheet,
        blob(generator, local(0, 0.2), size * np.array([0.1, 0.07]), lean),
        np.array([0.35, 0.2, 0.2]) * generator.uniform(0.2, 2.2),
        0.8,
        None,
        0.2,
    )
    canvas = sheet.picture
    for side in (-1, 1):
        for y in np.linspace(-0.1, 0.2, 4):
            ends = [tuple(int(8 * v) for v in np.clip(local(side * x, 0.36 + y * x), -2000, 2000)) for x in (0.2, 1.2)]
            cv2.line(canvas, ends[0], ends[1], (0.9, 0.9, 0.9), 1, cv2.LINE_AA, 3)


def _bird(sheet: Sheet, coat: np.ndarray, size: float) -> None:
    """A bird, or a wing: rows of feathers."""
    generator, at, turn = sheet.generator, sheet.place(0.25), sheet.generator.uniform(0, 6.3)
    paint(sheet, blob(generator, at, size * np.array([1.0, 0.6]), turn, 0.05), coat)
    head = at + size * 1.0 * np.array([np.cos(turn), np.sin(turn)])
    paint(sheet, blob(generator, head, size * np.full(2, 0.4), 0), coat)
    beak = head + size * turned(np.array([(0.3, -0.12), (0.75, 0), (0.3, 0.12)]), turn)
    paint(sheet, beak, np.array([0.9, 0.6, 0.15]) * generator.uniform(0.3, 1))
    paint(sheet, blob(generator, head, size * np.full(2, 0.07), 0), np.full(3, 0.05), 0.0)
    colour = any_colour(generator)
    for row in range(3):
        for angle in np.linspace(0.3, 1.6, 9):
            aim = turn + np.pi - angle + 0.8
            root = at + size * (0.3 - 0.25 * row) * np.array([np.cos(turn), np.sin(turn)])
            tip = root + size * (1.3 - 0.3 * row) * np.array([np.cos(aim), np.sin(aim)])
            feather = tube(np.array([root, 0.4 * root + 0.6 * tip, tip]), size * np.array([0.04, 0.1, 0.03]))
            paint(sheet, feather, tint(generator, colour, 0.12), 1.0)


def plants(sheet: Sheet) -> None:
    """Leaves, flowers, branches, grass, cacti, roots or coral."""
    generator = sheet.generator
    backdrop(sheet)
    if generator.random() < 0.5:
        sheet.picture[:] *= np.array([0.4, 0.55, 0.3], np.float32)
    kind = int(generator.choice(5, p=(0.4, 0.2, 0.15, 0.12, 0.13)))
    (_foliage, _flowers, _branches, _grass, _cactus)[kind](sheet)


def _green(sheet: Sheet) -> np.ndarray:
    generator = sheet.generator
    hue = generator.normal(0.28, 0.06) if generator.random() < 0.75 else generator.uniform(0, 0.15)
    return np.array(colorsys.hsv_to_rgb(hue % 1, generator.uniform(0.2, 0.85), generator.uniform(0.2, 0.9)))


def _foliage(sheet: Sheet) -> None:
    """Leaves of one plant: oval, long, palmate with three to nine lobes, or compound."""
    generator = sheet.generator
    lobes = int(generator.choice([1, 1, 1, 3, 5, 5, 5, 7, 9]))
    colour, size = _green(sheet), sheet.unit * sheet.log_uniform(0.1, 0.6)
    sharp, cut, slim = generator.uniform(0.6, 3), generator.uniform(0.25, 0.85), generator.uniform(0.25, 0.7)
    for _ in range(int(np.clip(2.5 * (sheet.unit / size) ** 1.2, 1, 24))):
        aim, at, reach = generator.uniform(0, 6.3), sheet.place(-0.05), size * generator.uniform(0.6, 1.2)
        ink = tint(generator, colour, 0.12)
        stalk = np.array([at, at - reach * generator.uniform(0.4, 1.2) * np.array([np.cos(aim), np.sin(aim)])])
        paint(sheet, tube(stalk, np.full(2, max(0.7, 0.03 * reach))), ink * 0.8, 1.0)
        angles = np.linspace(-np.pi, np.pi, 160, endpoint=False)
        if lobes == 1:
            run = (1 - np.cos(angles)) / 2
            half = slim * 0.5 * np.sin(np.pi * run**0.8) * np.sign(angles)
            local = np.stack([1 - run, half], axis=1)
            veins = [np.array([(0.1 * k, 0), (0.1 * k + 0.2, s * slim * 0.4)]) for k in range(1, 8) for s in (-1, 1)]
            veins.append(np.array([(0, 0), (0.95, 0)]))
        else:
            fan = generator.uniform(1.9, 2.6)
            phase = np.clip(angles / fan, -1, 1) * (lobes - 1) / 2
            crest = np.abs(np.cos(np.pi * phase)) ** sharp
            taper = 1 - 0.45 * np.abs(angles / np.pi) ** 1.5
            radius = taper * (1 - cut * (1 - crest)) * np.clip((np.pi - np.abs(angles)) / 0.5, 0.1, 1)
            local = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[:, None]
            aims = np.linspace(-fan, fan, lobes)
            veins = [
                np.array([(0, 0), (0.85 * np.cos(a), 0.85 * np.sin(a))]) * (1 - 0.45 * abs(a / np.pi) ** 1.5)
                for a in aims
            ]
        squeeze = np.array([1, generator.uniform(0.6, 1.0)])
        outline = at + reach * turned(local * squeeze, aim)
        outline = outline + generator.normal(0, 0.008 * reach, outline.shape)
        paint(sheet, outline, ink, generator.uniform(0.2, 0.8), None, generator.uniform(0, 0.2))
        pale = tuple(float(v) for v in np.clip(ink * generator.choice([0.7, 1.35]), 0, 1))
        for vein in veins if reach > 25 else ():
            ends = np.clip(at + reach * turned(vein * squeeze, aim), -2000, 2000)
            first, last = ((int(8 * x), int(8 * y)) for x, y in ends)
            cv2.line(sheet.picture, first, last, pale, 1, cv2.LINE_AA, 3)


def _flowers(sheet: Sheet) -> None:
    """Flowers from above: three to twenty petals about a middle."""
    generator, size = sheet.generator, sheet.unit * sheet.log_uniform(0.08, 0.5)
    colour, core = any_colour(generator, 1.0), any_colour(generator, 1.0)
    petals, slim, hole = int(generator.integers(3, 20)), generator.uniform(0.5, 1.4), generator.uniform(0.12, 0.4)
    for _ in range(int(np.clip(1.5 * (sheet.unit / size), 1, 8))):
        at, start, green = sheet.place(0.05), generator.uniform(0, 6.3), _green(sheet)
        stem = curve(generator, at, generator.uniform(0.8, 2.3), 4 * size, 0.4, 6)
        paint(sheet, tube(stem, np.full(6, max(1.0, size * 0.06))), green)
        for petal in range(petals):
            aim = start + 2 * np.pi * petal / petals + generator.normal(0, 0.05)
            middle = at + 0.6 * size * np.array([np.cos(aim), np.sin(aim)])
            axes = size * np.array([0.45, min(0.45, 1.9 * slim / petals)])
            paint(sheet, blob(generator, middle, axes, aim, 0.05), tint(generator, colour), 1.0)
        paint(
            sheet, blob(generator, at, size * np.full(2, hole), 0, 0.04), core, 1.0, noise(sheet, 3) * np.float32(0.2)
        )


def _branches(sheet: Sheet) -> None:
    """Branches, roots or coral that fork again and again."""
    generator = sheet.generator
    bark = (
        any_colour(generator)
        if generator.random() < 0.3
        else np.array([0.42, 0.32, 0.24]) * generator.uniform(0.3, 1.6)
    )
    grain = noise(sheet, 4, 0.4) * np.float32(0.15)
    wild, forks = generator.uniform(0.2, 1.2), int(generator.integers(2, 4))
    stems = [
        (
            sheet.place(),
            generator.uniform(0, 6.3),
            sheet.unit * generator.uniform(0.3, 0.6),
            sheet.unit * sheet.log_uniform(0.015, 0.09),
        )
    ]
    for _ in range(4):
        grown = []
        for at, aim, length, wide in stems[:14]:
            path = curve(generator, at, aim, length, wild * 0.5, 5)
            paint(sheet, tube(path, np.linspace(wide, 0.75 * wide, 5)), tint(generator, bark, 0.04), 1.0, grain)
            for _ in range(forks):
                grown.append(
                    (
                        path[-1],
                        aim + generator.normal(0, 0.4 + 0.5 * wild),
                        length * generator.uniform(0.6, 0.9),
                        wide * 0.68,
                    )
                )
        stems = grown


def _grass(sheet: Sheet) -> None:
    """Blades of grass, reeds or needles."""
    generator, colour = sheet.generator, _green(sheet)
    length, wide = sheet.unit * generator.uniform(0.2, 0.9), sheet.unit * sheet.log_uniform(0.004, 0.03)
    for _ in range(int(np.clip(1.2 * sheet.unit / wide / 2, 10, 55))):
        at = np.array([sheet.extent[0] * generator.random(), sheet.extent[1] * generator.uniform(0.5, 1.2)])
        path = curve(generator, at, -1.57 + generator.normal(0, 0.3), length * generator.uniform(0.5, 1.2), 0.5, 5)
        paint(sheet, tube(path, wide * np.array([1.0, 0.9, 0.7, 0.4, 0.1])), tint(generator, colour, 0.15), 1.0)


def _cactus(sheet: Sheet) -> None:
    """Cacti: thick, ribbed columns with arms and thorns."""
    generator, colour = sheet.generator, _green(sheet)
    for _ in range(int(generator.integers(1, 4))):
        at, wide = sheet.place(0.1), sheet.unit * sheet.log_uniform(0.04, 0.14)
        ribs = np.sin(np.indices(sheet.picture.shape[:2])[1] / (wide * 0.12)).astype(np.float32) * np.float32(0.15)
        paint(sheet, tube(np.array([at + np.array([0, 9 * wide]), at]), np.full(2, wide)), colour, 1.0, ribs)
        for side in (-1, 1)[: int(generator.integers(0, 3))]:
            y = generator.uniform(1, 4)
            arm = at + wide * np.array([(0, y + 1.5), (side * 2.2, y + 1), (side * 2.4, y - generator.uniform(0.5, 4))])
            paint(sheet, tube(arm, wide * np.full(3, 0.6)), colour, 1.0, ribs)
        thorns = at + generator.uniform((-1, -0.5), (1, 7), (40, 2)) * wide
        for x, y in np.clip(thorns, -500, 3000):
            cv2.line(sheet.picture, (int(x), int(y)), (int(x + 3), int(y - 2)), (0.9, 0.88, 0.75), 1, cv2.LINE_AA)
