"""The hand's outline in the picture: which pixels are hand."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.synth.anatomy import HandShape, palm_discs
from palmbench.synth.pose import Camera, Pose, Tube

_SHIFT = 4
_FILLET = 0.011  # radius, in hand lengths, to which corners of the outline are rounded


def outline(pose: Pose, shape: HandShape, size: tuple[int, int]) -> np.ndarray:
    """Coverage of the hand with its forearm, float32 (height, width) in [0, 1]; above one half is hand.

    Parameters
    ----------
    size : (int, int)
        Width and height of the photo.
    """
    canvas = np.zeros(size[::-1], np.uint8)
    camera, joints = pose.camera, pose.joints
    centres, radii = palm_discs(shape)
    around = _circle(24)
    rim = centres[:, None] + radii[:, None, None] * around
    _fill(canvas, cv2.convexHull(camera.project(rim.reshape(-1, 2)).astype(np.float32))[:, 0])
    _fill(canvas, _forearm(camera, shape))
    thumb_web = joints[2, :2] * 0.55 + joints[5, :2] * 0.45 + (0.035, 0.02)
    _fill(canvas, camera.project(np.array([joints[2, :2], thumb_web, joints[5, :2], (-0.02, -0.3)])))
    for pair, web in enumerate(pose.webs):
        first, second = joints[5 + 4 * pair], joints[9 + 4 * pair]
        ends = [base + (web - (first + second) / 2) for base in (first, second)]
        _fill(canvas, camera.project(np.array([first, ends[0], web, ends[1], second])))
    for tube in (*pose.fingers, pose.thumb):
        _fill_tube(canvas, tube)
    # Blurring and cutting at one half rounds the webs, as skin does.
    fillet = _FILLET * camera.unit
    soft = cv2.GaussianBlur(canvas, (0, 0), fillet).astype(np.float32)
    return np.clip((soft / 255 - 0.5) * max(1.0, 2.5 * fillet) + 0.5, 0, 1, dtype=np.float32)


def bounding_rows_and_columns(coverage: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of the part of a picture that `coverage` touches, with a margin in pixels."""
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _forearm(camera: Camera, shape: HandShape) -> np.ndarray:
    wrist = shape.wrist
    half_widths = ((wrist, -0.06), (wrist * 1.10, 0.35), (wrist * 1.35, 0.9), (wrist * 1.5, 3.0))
    edge = np.array(half_widths)
    return camera.project(np.vstack([edge * (-1, 1), edge[::-1]]))


def _fill(canvas: np.ndarray, polygon: np.ndarray) -> None:
    scaled = np.clip(np.round(polygon * (1 << _SHIFT)), -(1 << 20), 1 << 20).astype(np.int32)
    cv2.fillPoly(canvas, [scaled.reshape(-1, 1, 2)], 255, lineType=cv2.LINE_AA, shift=_SHIFT)


def _fill_tube(canvas: np.ndarray, tube: Tube) -> None:
    tangent = np.gradient(tube.centre, axis=0)
    tangent /= np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * tube.half_width[:, None]
    _fill(canvas, np.vstack([tube.centre + normal, (tube.centre - normal)[::-1]]))
    for end in (0, -1):
        _fill(canvas, tube.centre[end] + tube.half_width[end] * _circle(40))


def _circle(count: int) -> np.ndarray:
    around = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(around), np.sin(around)], axis=1)
