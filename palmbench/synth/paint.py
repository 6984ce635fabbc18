"""Turns a posed hand into pixels: outline, relief, light, skin, background, camera."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.jit import compiled
from palmbench.synth.anatomy import HandShape, palm_discs
from palmbench.synth.creases import PRINCIPAL, WRINKLE, Creases
from palmbench.synth.pose import Pose, Tube
from palmbench.synth.profiles import Profile

_SUPERSAMPLE = 2
_SHIFT = 4


def outline_mask(pose: Pose, shape: HandShape, profile: Profile) -> np.ndarray:
    """Coverage of the hand, float32 (height, width) in [0, 1]; above one half is hand."""
    size = (profile.height * _SUPERSAMPLE, profile.width * _SUPERSAMPLE)
    canvas = np.zeros(size, np.uint8)
    camera = pose.camera
    centres, radii = palm_discs(shape)
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rim = centres[:, None] + radii[:, None, None] * np.stack([np.cos(around), np.sin(around)], axis=-1)
    _fill(canvas, cv2.convexHull(camera.project(rim.reshape(-1, 2)).astype(np.float32))[:, 0])
    wrist, arm = shape.wrist, shape.wrist * 1.12
    _fill(canvas, camera.project(np.array([(-wrist, -0.06), (wrist, -0.06), (arm, 0.5), (-arm, 0.5)])))
    joints = pose.joints
    thumb_web = joints[2, :2] * 0.55 + joints[5, :2] * 0.45 + (0.035, 0.02)
    _fill(canvas, camera.project(np.array([joints[2, :2], thumb_web, joints[5, :2], (-0.02, -0.3)])))
    for pair, web in enumerate(pose.webs):
        first, second = joints[5 + 4 * pair], joints[9 + 4 * pair]
        ends = [base + (web - (first + second) / 2) for base in (first, second)]
        _fill(canvas, camera.project(np.array([first, ends[0], web, ends[1], second])))
    for tube in (*pose.fingers, pose.thumb):
        _fill_tube(canvas, tube)
    # Blurring and cutting at one half rounds the webs, as skin does.
    fillet = 0.011 * camera.focal / 3.4 * _SUPERSAMPLE
    soft = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), fillet)
    slope = fillet * 2.5 / _SUPERSAMPLE
    small = cv2.resize(soft, (profile.width, profile.height), interpolation=cv2.INTER_AREA)
    return np.clip((small / 255 - 0.5) * slope + 0.5, 0, 1).astype(np.float32)


def relief(coverage: np.ndarray, pose: Pose, shape: HandShape, texture: np.ndarray) -> np.ndarray:
    """Height of the skin above the picture's plane, in pixels, without its creases."""
    unit = pose.camera.focal / 3.4
    inside = cv2.distanceTransform((coverage > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    edge = 0.055 * unit
    climb = 1 - np.minimum(inside / edge, 1)
    height = edge * 0.8 * np.sqrt(np.maximum(1 - climb * climb, 0))
    for place, reach, lift in _mounds(pose, shape):
        add_bump(height, pose.camera.project(np.array([place]))[0], reach * unit, lift * unit)
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 0.008 * unit)
    return height + texture


def crease_depth(pose: Pose, creases: Creases, profile: Profile, generator: np.random.Generator) -> np.ndarray:
    """Depth of the creases, float32 (height, width), about 1 at the bottom of a principal line."""
    lines = int(creases.line.max()) + 1
    kind = np.zeros(lines, int)
    kind[creases.line] = creases.kind
    strength = np.clip(generator.normal(1, profile.fade, lines), 0.2, 2.0)
    strength[(kind == WRINKLE) & (generator.random(lines) < profile.dropout)] = 0
    strength[kind == PRINCIPAL] = np.clip(strength[kind == PRINCIPAL], 0.65, 1.35)
    shown = strength[creases.line] > 0
    unit = pose.camera.focal / 3.4
    depth = np.zeros((profile.height, profile.width), np.float32)
    _stamp(
        depth,
        pose.camera.project(creases.points[shown]),
        np.maximum(creases.width[shown] * unit, 0.55),
        (creases.depth * strength[creases.line])[shown],
    )
    points, width, dark = _joint_creases(pose, unit)
    _stamp(depth, points, width, dark)
    return depth


def shade(
    coverage: np.ndarray, height: np.ndarray, depth: np.ndarray, skin: np.ndarray, light: np.ndarray, groove: float
) -> np.ndarray:
    """Lit skin, float32 (height, width, 3) in [0, 1] before the camera.

    Parameters
    ----------
    skin : ndarray of shape (height, width, 3)
        Colour of the skin under white light.
    light : ndarray of shape (3,)
        Direction to the light, z towards the camera.
    groove : float
        Depth in pixels of a crease of depth 1.
    """
    surface = (height - groove * depth).astype(np.float32)
    slope_x = cv2.Sobel(surface, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    slope_y = cv2.Sobel(surface, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    facing = (light[2] - light[0] * slope_x - light[1] * slope_y) / np.sqrt(1 + slope_x**2 + slope_y**2)
    lit = 0.42 + 0.66 * np.maximum(facing, 0)
    shadow = np.minimum(depth, 1.2)[..., None] * np.array([0.20, 0.30, 0.31], np.float32)
    return skin * lit[..., None] * (1 - shadow)


def _fill(canvas: np.ndarray, polygon: np.ndarray) -> None:
    scaled = np.round((polygon * _SUPERSAMPLE + (_SUPERSAMPLE - 1) / 2) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [scaled.reshape(-1, 1, 2)], 255, lineType=cv2.LINE_AA, shift=_SHIFT)


def _fill_tube(canvas: np.ndarray, tube: Tube) -> None:
    tangent = np.gradient(tube.centre, axis=0)
    tangent /= np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * tube.half_width[:, None]
    _fill(canvas, np.vstack([tube.centre + normal, (tube.centre - normal)[::-1]]))
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for end in (0, -1):
        _fill(canvas, tube.centre[end] + tube.half_width[end] * np.stack([np.cos(around), np.sin(around)], axis=1))


def _mounds(pose: Pose, shape: HandShape) -> list[tuple[np.ndarray, float, float]]:
    joints = pose.joints[:, :2]
    pads = [(joints[5 + 4 * k] + (0.0, 0.02), 0.045, 0.011) for k in range(4)]
    return [
        ((joints[1] + joints[2]) / 2 + (0.035, -0.01), 0.085, 0.055),
        (np.array([shape.bases[3][0] - 0.02, -0.20]), 0.085, 0.034),
        (np.array([0.02, -0.30]), 0.10, -0.020),
        *pads,
    ]


def add_bump(height: np.ndarray, centre: np.ndarray, reach: float, lift: float) -> None:
    """Add a Gaussian bump to `height` in place: centre (x, y) and standard deviation `reach` in pixels."""
    rows = np.exp(-0.5 * ((np.arange(height.shape[0]) - centre[1]) / reach) ** 2)
    columns = np.exp(-0.5 * ((np.arange(height.shape[1]) - centre[0]) / reach) ** 2)
    height += lift * rows[:, None] * columns[None]


def _joint_creases(pose: Pose, unit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Creases across the fingers at their joints, and across the wrist: points, widths (pixels), depths."""
    points, width, depth = [], [], []

    def across(tube: Tube, at: float, bow: float, share: float, dark: float) -> None:
        index = at * (len(tube.centre) - 1)
        low = int(np.clip(index, 1, len(tube.centre) - 3))
        middle = tube.centre[low] + (tube.centre[low + 1] - tube.centre[low]) * (index - low)
        along = tube.centre[low + 1] - tube.centre[low - 1]
        along = along / np.hypot(*along)
        reach = tube.half_width[low] * share
        t = np.linspace(-1, 1, max(5, int(2.2 * reach)))
        normal = np.array([-along[1], along[0]])
        points.append(middle + t[:, None] * normal * reach + (bow * reach * (1 - t * t))[:, None] * along)
        width.append(np.full(len(t), max(0.0028 * unit, 0.6)))
        depth.append(dark * np.clip((1 - np.abs(t)) * 3, 0, 1))

    for tube in pose.fingers:
        for at, dark in ((0.125, 0.70), (0.465, 0.75), (0.495, 0.50), (0.785, 0.65)):
            across(tube, at, -0.10, 0.88, dark)
    for at, dark in ((0.36, 0.5), (0.66, 0.8), (0.69, 0.5)):
        across(pose.thumb, at, -0.10, 0.80, dark)
    for drop, dark in ((0.012, 0.55), (0.036, 0.40)):
        t = np.linspace(-1, 1, 60)
        line = np.stack([t * 0.085, drop - 0.012 * t * t], axis=1)
        points.append(pose.camera.project(line))
        width.append(np.full(60, max(0.003 * unit, 0.6)))
        depth.append(dark * np.clip((1 - np.abs(t)) * 3, 0, 1))
    return np.concatenate(points), np.concatenate(width), np.concatenate(depth)


@compiled
def _stamp(canvas, points, width, depth):
    """Press a groove of Gaussian profile along points: the deepest wins where grooves meet."""
    rows, columns = canvas.shape
    for i in range(points.shape[0]):
        x, y, sigma, peak = points[i, 0], points[i, 1], width[i], depth[i]
        reach = int(np.ceil(2.8 * sigma))
        column, row = int(np.round(x)), int(np.round(y))
        for r in range(max(0, row - reach), min(rows, row + reach + 1)):
            for c in range(max(0, column - reach), min(columns, column + reach + 1)):
                value = peak * np.exp(-0.5 * ((r - y) ** 2 + (c - x) ** 2) / sigma**2)
                if value > canvas[r, c]:
                    canvas[r, c] = value
