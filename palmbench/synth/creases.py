"""The lines of a palm: principal lines, secondary lines, wrinkles, finger and wrist creases.

A crease is a polyline in palm coordinates (hand lengths, left palm, see `anatomy`) with a width and a depth along
it. Principal lines follow the spread of hand-labelled palms: start, end and bend of life, head and heart line in
a unit square over the palm (summary statistics of a public set of 1000 palms).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from palmbench.synth.seeds import hand_generator

PRINCIPAL, SECONDARY, WRINKLE = 0, 1, 2
_STEP = 0.0026
_WEAK_PLACES = 0.045  # from one to the next along a line, in hand lengths
_LENGTHS = 1024  # of lines, in points, that what depends on them alone is kept for: a palm has hundreds, of few lengths
# Unit square of the crease statistics, laid over the palm: left, top, width, height in hand lengths.
PALM_SQUARE = (-0.190, -0.545, 0.385, 0.430)


@dataclass(frozen=True)
class Creases:
    """All creases of a palm as one list of points.

    Attributes
    ----------
    points : ndarray of shape (n, 2)
        Palm coordinates, in hand lengths.
    width, depth : ndarray of shape (n,)
        Half width in hand lengths (standard deviation of the groove), and depth from 0 to about 1.
    line, kind : ndarray of shape (n,), int
        Which crease a point belongs to, and whether that is PRINCIPAL, SECONDARY or WRINKLE.
    """

    points: np.ndarray
    width: np.ndarray
    depth: np.ndarray
    line: np.ndarray
    kind: np.ndarray


@lru_cache(maxsize=256)
def palm_creases(identity: int) -> Creases:
    """Creases of an identity's palm. Both hands of a person have creases of their own."""
    # A stream apart from the one that shapes the hand: a change of one leaves the other as it is.
    return drawn_creases(hand_generator(identity).spawn(1)[0])


def drawn_creases(generator: np.random.Generator) -> Creases:
    """Creases of the palm that a generator draws, of nobody."""
    drawing = _Drawing(generator)
    _principal_lines(drawing, generator)
    _secondary_lines(drawing, generator)
    _thumb_folds(drawing, generator)
    _wrinkles(drawing, generator)
    return drawing.creases()


class _Drawing:
    """Collects strokes."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, int, int]] = []
        self._lines = 0

    def crease(
        self, curve: np.ndarray, width: float, depth: float, kind: int, strands: int = 1, pointed: bool = False
    ) -> None:
        """Add one crease: a bundle of wandering strands along a curve, tapered at its ends, with weak places.

        A `pointed` one is widest and deepest at its start.
        """
        generator, count = self._generator, len(curve)
        frailty = 0.18 if kind == PRINCIPAL else 0.30
        # Weak places lie some way apart on every line: with as many on a short one it would look like beads.
        knots = max(2, round(count * _STEP / _WEAK_PLACES))
        normal = _normals(curve)
        along = _even(count)
        for strand in range(strands):
            first, last = (0.0, 1.0) if strand == 0 else np.sort(generator.uniform(0, 1, 2))
            if last - first < 0.15:
                continue
            wander = _smooth_noise(generator, count, 2 * knots) * width * (0.35 if strand == 0 else 0.8)
            offset = 0.0 if strand == 0 else generator.normal(0, 1.5) * width
            inside = (along - first) / (last - first)
            taper = _thinner(count) if strand == 0 else _taper(inside)
            if pointed:
                taper = taper * (1 - inside)
            weak = np.clip(1 + frailty * _smooth_noise(generator, count, knots), 0.25, 1.4)
            keep = (inside >= 0) & (inside <= 1)
            share = 1.0 if strand == 0 else generator.uniform(0.3, 0.6)
            self._parts.append(
                (
                    (curve + normal * (offset + wander)[:, None])[keep],
                    (width * share * (0.45 + 0.55 * taper))[keep],
                    (depth * share * taper * weak)[keep],
                    self._lines,
                    kind,
                )
            )
        self._lines += 1

    def creases(self) -> Creases:
        lengths = [len(part[0]) for part in self._parts]
        return Creases(
            points=np.concatenate([part[0] for part in self._parts]),
            width=np.concatenate([part[1] for part in self._parts]),
            depth=np.concatenate([part[2] for part in self._parts]),
            line=np.repeat([part[3] for part in self._parts], lengths),
            kind=np.repeat([part[4] for part in self._parts], lengths),
        )


def _principal_lines(drawing: _Drawing, generator: np.random.Generator) -> None:
    def near(centre: tuple[float, float], spread: tuple[float, float]) -> np.ndarray:
        return np.asarray(centre) + np.clip(generator.normal(0, 1, 2), -2, 2) * spread

    life_start = near((0.04, 0.37), (0.035, 0.045))
    joined = generator.random() < 0.35
    apart = generator.normal(0, 0.012, 2) if joined else generator.normal((0.0, -0.07), (0.02, 0.03))
    head_start = life_start + apart
    topology = generator.random()
    head_end = near((0.83, 0.60), (0.11, 0.075)) if topology > 0.05 else near((0.97, 0.52), (0.02, 0.04))
    life = _arc(life_start, near((0.60, 0.96), (0.085, 0.030)), generator.normal(-0.150, 0.030), generator)
    head = _arc(head_start, head_end, generator.normal(-0.075, 0.035), generator)
    heart_start, heart_end = near((0.99, 0.33), (0.015, 0.045)), near((0.33, 0.13), (0.085, 0.050))
    heart = _arc(heart_start, heart_end, generator.normal(-0.085, 0.035), generator)
    strength = generator.uniform(0.6, 1.25)
    single_transverse = 0.05 < topology < 0.09
    for curve in (life, head) if single_transverse else (life, head, heart):
        drawing.crease(
            curve,
            width=generator.uniform(0.0018, 0.0032),
            depth=strength * generator.uniform(0.34, 0.75),
            kind=PRINCIPAL,
            strands=int(generator.integers(1, 4)),
        )
    for curve in (life, head, heart):
        # Forks and islands: short branches that leave a principal line at a small angle.
        for _ in range(int(generator.integers(1, 4))):
            at = int(generator.uniform(0.15, 0.9) * (len(curve) - 2))
            along = np.arctan2(*(curve[at + 1] - curve[at])[::-1])
            heading = along + generator.choice([-1, 1]) * generator.uniform(0.3, 0.8)
            end = curve[at] + generator.uniform(0.04, 0.10) * np.array([np.cos(heading), np.sin(heading)])
            drawing.crease(
                _bow(curve[at], end, generator.normal(0, 0.1)),
                generator.uniform(0.0015, 0.0026), generator.uniform(0.12, 0.35), SECONDARY,
            )  # fmt: skip


def _secondary_lines(drawing: _Drawing, generator: np.random.Generator) -> None:
    tracks = (
        ((0.50, 0.98), (0.47, 0.25), 0.04),  # fate line
        ((0.72, 0.90), (0.80, 0.30), 0.05),  # sun line
        ((0.55, 0.92), (0.93, 0.40), 0.08),  # hepatic line
        ((0.20, 0.55), (0.48, 0.93), 0.10),  # inner life line
        ((0.38, 0.10), (0.72, 0.12), -0.15),  # girdle below middle and ring finger
    )
    for start, end, bend in tracks:
        if generator.random() < 0.5:
            first, last = generator.normal(start, 0.05), generator.normal(end, 0.05)
            cut = np.sort(generator.uniform(0, 1, 2))
            cut = cut if cut[1] - cut[0] > 0.4 else np.array([0.1, 0.9])
            curve = _bow(_to_palm(first), _to_palm(last), bend + generator.normal(0, 0.04))
            curve = curve[int(cut[0] * len(curve)) : int(cut[1] * len(curve))]
            drawing.crease(
                curve, generator.uniform(0.0017, 0.0032), generator.uniform(0.15, 0.45), SECONDARY,
                strands=int(generator.integers(1, 3)),
            )  # fmt: skip


def _thumb_folds(drawing: _Drawing, generator: np.random.Generator) -> None:
    """Where the thumb draws the skin together: short deep folds that run from its side into the palm."""
    if generator.random() < 0.3:
        return
    root = generator.normal((0.11, 0.46), (0.02, 0.04))
    deep = generator.uniform(0.6, 2.2)
    for _ in range(int(generator.integers(3, 8))):
        heading = generator.normal(0.3, 0.35)
        start = _to_palm(root + generator.normal(0, (0.015, 0.06)))
        arm = generator.uniform(0.06, 0.13) * np.array([np.cos(heading), np.sin(heading)])
        curve = _bow(start, start + arm, generator.normal(0, 0.08))
        width = generator.uniform(0.0018, 0.0036)
        drawing.crease(curve, width, deep * generator.uniform(0.5, 1.2), SECONDARY, pointed=True)


def _wrinkles(drawing: _Drawing, generator: np.random.Generator) -> None:
    # Regions of the unit square with their usual wrinkle directions (radians from x, y down) and share.
    regions = (
        ((0.22, 0.68), (0.13, 0.16), -0.5, 0.35, 0.24),  # thenar: across the life line's bow
        ((0.22, 0.68), (0.13, 0.16), 1.0, 0.25, 0.12),  # thenar: along it
        ((0.82, 0.72), (0.10, 0.14), 0.5, 0.40, 0.18),  # hypothenar
        ((0.60, 0.22), (0.22, 0.07), 1.5, 0.25, 0.20),  # below the fingers, upright
        ((0.52, 0.50), (0.20, 0.14), 0.3, 0.80, 0.26),  # hollow of the hand
    )
    shares = np.array([region[-1] for region in regions])
    strength = generator.uniform(0.6, 1.3)
    for _ in range(int(generator.integers(130, 210))):
        centre, spread, direction, turn, _ = regions[int(generator.choice(len(regions), p=shares / shares.sum()))]
        # Where the skin folds it folds one way; more wrinkles than not lie anyhow.
        angle = direction + generator.normal(0, turn) if generator.random() < 0.4 else generator.uniform(0, np.pi)
        _sheaf(drawing, _to_palm(generator.normal(centre, spread)), angle, strength, generator)


def _sheaf(
    drawing: _Drawing, middle: np.ndarray, angle: float, strength: float, generator: np.random.Generator
) -> None:
    """One wrinkle, or some that run side by side."""
    count = 1 if generator.random() < 0.7 else int(generator.integers(3, 9))
    step = generator.uniform(0.005, 0.011)
    bend = float(np.clip(generator.normal(0, 0.08), -0.2, 0.2))
    faint = strength * float(np.clip(np.exp(generator.normal(np.log(0.07), 0.9)), 0.015, 0.42))
    for number in range(count):
        turned = angle + generator.normal(0, 0.07)
        half = 0.5 * float(np.clip(np.exp(generator.normal(np.log(0.065), 0.5)), 0.02, 0.20))
        along = np.array([np.cos(turned), np.sin(turned)])
        aside = np.array([-along[1], along[0]]) * step * (number - (count - 1) / 2)
        place = middle + aside + generator.normal(0, 0.35 * step, 2) * (count > 1)
        curve = _bow(place - half * along, place + half * along, bend + generator.normal(0, 0.02))
        drawing.crease(curve, generator.uniform(0.0009, 0.0019), faint * generator.uniform(0.6, 1.2), WRINKLE)


def _to_palm(unit: np.ndarray) -> np.ndarray:
    left, top, width, height = PALM_SQUARE
    return np.asarray(unit) * (width, height) + (left, top)


def _arc(start: np.ndarray, end: np.ndarray, bend: float, generator: np.random.Generator) -> np.ndarray:
    """A principal line in palm coordinates: a cubic with its bulge off the middle, slightly wavy."""
    first, last = _to_palm(start), _to_palm(end)
    chord = last - first
    normal = np.array([-chord[1], chord[0]])
    early, late = generator.normal(0.33, 0.04), generator.normal(0.70, 0.04)
    bulge = bend * 4 / 3 * np.array([generator.normal(1, 0.12), generator.normal(1, 0.12)])
    controls = [first, first + early * chord + bulge[0] * normal, first + late * chord + bulge[1] * normal, last]
    t = _even(max(8, int(np.hypot(*chord) * 1.15 / _STEP)))[:, None]
    weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    curve = sum(weight * control for weight, control in zip(weights, controls, strict=True))
    return curve + _normals(curve) * (_smooth_noise(generator, len(curve), 6) * 0.0035)[:, None]


def _bow(first: np.ndarray, last: np.ndarray, bend: float) -> np.ndarray:
    """A shallow bow between two points; `bend` is the sagitta as a share of the chord."""
    chord = last - first
    control = (first + last) / 2 + 2 * bend * np.array([-chord[1], chord[0]])
    start, middle, end = _parabola(max(6, int(np.hypot(*chord) / _STEP)))
    return start * first + middle * control + end * last


def _normals(curve: np.ndarray) -> np.ndarray:
    tangent = np.empty_like(curve)
    tangent[1:-1] = (curve[2:] - curve[:-2]) / 2
    tangent[0], tangent[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def _smooth_noise(generator: np.random.Generator, count: int, knots: int) -> np.ndarray:
    """Unit-variance noise along a line, smooth between `knots` random values."""
    values = generator.normal(0, 1, knots + 2)
    index, blend = _between_knots(count, knots)
    return values[index] * (1 - blend) + values[index + 1] * blend


@lru_cache(_LENGTHS)
def _even(count: int) -> np.ndarray:
    """Places along a line of so many points, from 0 to 1."""
    return _shared(np.linspace(0, 1, count))


@lru_cache(_LENGTHS)
def _thinner(count: int) -> np.ndarray:
    """`_taper` of a whole line of so many points."""
    return _shared(_taper(_even(count)))


@lru_cache(_LENGTHS)
def _between_knots(count: int, knots: int) -> tuple[np.ndarray, np.ndarray]:
    """For each point of a line the knot before it, and how far it is on the way to the next, eased."""
    position = np.linspace(0, knots - 1e-9, count)
    index = position.astype(int)
    blend = position - index
    return _shared(index), _shared(blend * blend * (3 - 2 * blend))


@lru_cache(_LENGTHS)
def _parabola(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares that the three control points of a bow have in each of its points, (count, 1)."""
    t = _even(count)[:, None]
    return _shared((1 - t) ** 2), _shared(2 * (1 - t) * t), _shared(t**2)


def _taper(inside: np.ndarray) -> np.ndarray:
    """How wide and deep a line is, from 0 at its ends to 1."""
    return np.asarray(np.clip(np.minimum(inside, 1 - inside) * 5, 0, 1) ** 0.7)


def _shared(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values
