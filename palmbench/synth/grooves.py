"""Creases in the picture: where they run in one photo, and how deep they are pressed into the skin."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from palmbench.synth.creases import PRINCIPAL, WRINKLE, palm_creases
from palmbench.synth.fingerlines import FingerLine, WristLine, finger_lines, wrist_lines
from palmbench.synth.pose import Pose, Tube
from palmbench.synth.profiles import Profile
from recognizers.common.jit import compiled

KINDS = ("principal", "secondary", "wrinkle", "finger", "wrist")
FINGER, WRIST = 3, 4


class Crease(NamedTuple):
    """One crease of a photo: its kind (of `KINDS`) and its polyline, float32 (n, 2) pixels."""

    kind: str
    points: np.ndarray


class Grooves(NamedTuple):
    """All creases of a photo as one list of points.

    Attributes
    ----------
    points : ndarray of shape (n, 2)
        Pixels.
    width : ndarray of shape (n,)
        Half width in pixels (standard deviation of the groove).
    depth : ndarray of shape (n,)
        0 to about 1.
    line, kind : ndarray of shape (n,), int
        Which crease a point belongs to, and its place in `KINDS`.
    """

    points: np.ndarray
    width: np.ndarray
    depth: np.ndarray
    line: np.ndarray
    kind: np.ndarray

    def polylines(self) -> tuple[Crease, ...]:
        """The creases as polylines, without the strands that thicken them."""
        lines, kinds = self.line.tolist(), self.kind.tolist()
        starts = [0, *(i for i in range(1, len(lines)) if lines[i] != lines[i - 1]), len(lines)]
        points = self.points.astype(np.float32)
        creases: dict[int, Crease] = {}
        for start, stop in pairwise(starts):
            creases.setdefault(lines[start], Crease(KINDS[kinds[start]], points[start:stop]))
        return tuple(creases.values())


def lay_grooves(identity: int, pose: Pose, profile: Profile, dryness: float, generator: np.random.Generator) -> Grooves:
    """Creases of an identity's palm as one photo shows them: moved with the pose, some fainter, some wrinkles gone.

    Parameters
    ----------
    dryness : float
        Multiplies the depth of all creases of the palm; 1 is usual.
    """
    creases = palm_creases(identity)
    lines = int(creases.line.max()) + 1
    kind = np.zeros(lines, int)
    kind[creases.line] = creases.kind
    strength = dryness * np.clip(generator.normal(1, profile.fade * profile.nuisance, lines), 0.15, 2.0)
    gone = generator.random(lines) < min(0.9, profile.dropout * profile.nuisance)
    strength[(kind == WRINKLE) & gone] = 0
    strength[kind == PRINCIPAL] = np.clip(strength[kind == PRINCIPAL], 0.75, 1.25)
    shown = strength[creases.line] > 0
    unit = pose.camera.unit
    palm = Grooves(
        pose.camera.project(creases.points[shown]),
        creases.width[shown] * unit,
        (creases.depth * strength[creases.line])[shown],
        creases.line[shown],
        creases.kind[shown],
    )
    parts = [palm]
    for part in chain(
        _finger_grooves(pose, finger_lines(identity)), _seams(pose), _wrist_grooves(pose, wrist_lines(identity))
    ):
        parts.append(part._replace(line=np.full(len(part.points), lines + len(parts))))
    return Grooves(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def press(grooves: Grooves, size: tuple[int, int], offset: tuple[int, int]) -> np.ndarray:
    """Depth of the creases, float32 (height, width), about 1 at the bottom of a principal line.

    Parameters
    ----------
    size : (int, int)
        Height and width of the canvas.
    offset : (int, int)
        Pixel (x, y) of the photo at the canvas's corner.
    """
    depth = np.zeros(size, np.float32)
    # What is finer than a pixel is seen wider and fainter.
    width = np.maximum(grooves.width, 0.55)
    faint = np.minimum(grooves.width / width, 1) ** 0.5
    _stamp(depth, grooves.points - np.array(offset, float), width, grooves.depth * faint)
    return depth


def _finger_grooves(pose: Pose, lines: tuple[FingerLine, ...]) -> Iterator[Grooves]:
    tubes = (*pose.fingers, pose.thumb)
    frames = [_frame(tube) for tube in tubes]
    for line in lines:
        tube, (at, normal) = tubes[line.finger], frames[line.finger]
        centre, aside, half = (_along(values, at, line.along) for values in (tube.centre, normal, tube.half_width))
        points = centre + aside * (half * line.across)[:, None]
        yield one_line(points, line.width * pose.camera.unit, line.depth, FINGER)


def _seams(pose: Pose) -> Iterator[Grooves]:
    unit = pose.camera.unit
    for first, second in pairwise(pose.fingers):
        seam = _seam(first, second, unit)
        if len(seam):
            yield _of_points(seam, 0.0050 * unit, np.linspace(1.2, 2.0, len(seam)), FINGER)


def _wrist_grooves(pose: Pose, lines: tuple[WristLine, ...]) -> Iterator[Grooves]:
    for line in lines:
        points = pose.camera.project(line.points)
        yield one_line(points, line.width * pose.camera.unit, line.depth, WRIST)


def one_line(points: np.ndarray, width: float, depth: np.ndarray, kind: int) -> Grooves:
    """A line of the given half width (pixels) along points (n, 2) in pixels, with a depth at each, as line 0."""
    return _of_points(_dense(points), width, _dense(depth, points), kind)


def _of_points(points: np.ndarray, width: float, depth: np.ndarray, kind: int) -> Grooves:
    count = len(points)
    return Grooves(points, np.full(count, width), depth, np.zeros(count, int), np.full(count, kind))


def _frame(tube: Tube) -> tuple[np.ndarray, np.ndarray]:
    """Share of the way along a finger at each of its points, and the unit vector across it there."""
    tangent = np.gradient(tube.centre, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    return np.linspace(0, 1, len(tube.centre)), np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def _along(values: np.ndarray, at: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if values.ndim == 1:
        return np.interp(wanted, at, values)
    return np.column_stack([np.interp(wanted, at, column) for column in values.T])


def _dense(values: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
    """`values` along a polyline at every pixel; `points` is the polyline if `values` are not its own."""
    line = values if points is None else points
    travelled = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    wanted = np.linspace(0, travelled[-1], max(2, int(1.3 * travelled[-1])))
    return _along(values, travelled, wanted)


def _seam(first: Tube, second: Tube, unit: float) -> np.ndarray:
    """The line (n, 2) along which two neighbouring fingers touch, from the web to where they part."""
    apart = np.linalg.norm(first.centre[:, None] - second.centre, axis=2)
    nearest = apart.argmin(axis=1)
    gap = apart[np.arange(len(nearest)), nearest] - first.half_width - second.half_width[nearest]
    share = (first.half_width / (first.half_width + second.half_width[nearest]))[:, None]
    middle = first.centre * (1 - share) + second.centre[nearest] * share
    # Below a tenth of the finger lies the web.
    touching = (gap < 0.006 * unit) & (np.arange(len(gap)) > len(gap) // 10)
    if not touching.any():
        return np.zeros((0, 2))
    start = int(np.argmax(touching))
    stop = start + int(np.argmin(np.append(touching[start:], False)))
    part = middle[start:stop]
    if len(part) < 2:
        return np.zeros((0, 2))
    count = max(2, int(np.linalg.norm(part[-1] - part[0])))
    at = np.linspace(0, len(part) - 1, count)
    return np.column_stack([np.interp(at, np.arange(len(part)), part[:, axis]) for axis in (0, 1)])


@compiled
def _stamp(canvas: np.ndarray, points: np.ndarray, width: np.ndarray, depth: np.ndarray) -> None:
    """Press a groove of Gaussian profile along points: the deepest wins where grooves meet."""
    rows, columns = canvas.shape
    for i in range(points.shape[0]):
        x, y, sigma, peak = points[i, 0], points[i, 1], width[i], depth[i]
        reach = int(np.ceil(2.6 * sigma))
        column, row = int(np.round(x)), int(np.round(y))
        for r in range(max(0, row - reach), min(rows, row + reach + 1)):
            for c in range(max(0, column - reach), min(columns, column + reach + 1)):
                value = peak * np.exp(-0.5 * ((r - y) ** 2 + (c - x) ** 2) / sigma**2)
                if value > canvas[r, c]:
                    canvas[r, c] = value
