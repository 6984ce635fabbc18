"""RGB profiles of a matrix and three curves (ICC.1:2022), applied at 16 bits, where Pillow's converter has only 8."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from PIL import ImageCms

VERSION = 1
_LEVELS = 65536
_ROWS = 256  # converted at a time, so that memory does not grow with the photo
_HEADER = 128
# Parameters of a parametric curve of each type, in the order of the standard (table 68).
_PARAMETERS = (1, 3, 4, 5, 7)


class MatrixProfile(NamedTuple):
    """What the channels of a device mean.

    Attributes
    ----------
    matrix : ndarray of shape (3, 3)
        From linear channels to XYZ relative to D50.
    curves : ndarray of shape (3, 65536)
        Linear value, in [0, 1], of each level of each channel.
    """

    matrix: np.ndarray
    curves: np.ndarray


def matrix_profile(data: bytes) -> MatrixProfile | None:
    """A profile's matrix and curves; None if it has tables instead, or is for other colours than RGB."""
    try:
        if data[16:20] != b"RGB " or data[20:24] != b"XYZ ":
            return None
        tags = _tags(data)
        if any(name in tags for name in (b"A2B0", b"A2B1")):
            return None
        matrix = np.array([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T
        with np.errstate(all="ignore"):
            curves = np.array([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
    except Exception:  # a profile is a stranger's bytes
        return None
    if not np.isfinite(curves).all():
        return None
    return MatrixProfile(matrix, np.clip(curves, 0, 1))


def to_srgb(pixels: np.ndarray, profile: MatrixProfile) -> np.ndarray:
    """16-bit pixels of a device as sRGB, relative to white; what sRGB does not reach is clipped.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3 or 4), uint16
        RGB; a fourth channel is alpha, and stays.
    profile : MatrixProfile
    """
    target = matrix_profile(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if target is None:
        raise RuntimeError("the sRGB profile of LittleCMS is not one of a matrix and curves")
    matrix = np.linalg.inv(target.matrix) @ profile.matrix
    levels = np.arange(_LEVELS)
    converted = pixels.copy()
    for start in range(0, len(pixels), _ROWS):
        block = pixels[start : start + _ROWS]
        linear = np.stack([profile.curves[k][block[..., k]] for k in range(3)], axis=-1) @ matrix.T
        for k in range(3):
            encoded = np.interp(linear[..., k], target.curves[k], levels)
            converted[start : start + _ROWS, :, k] = np.round(encoded).astype(np.uint16)
    return converted


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, _HEADER)
    entries = [struct.unpack_from(">4sII", data, _HEADER + 4 + 12 * k) for k in range(min(count, 100))]
    return {name: data[offset : offset + size] for name, offset, size in entries}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> np.ndarray:
    """Linear value of each level."""
    x = np.arange(_LEVELS) / (_LEVELS - 1)
    if tag[:4] == b"para":
        return _parametric(x, struct.unpack_from(">H", tag, 8)[0], tag)
    if tag[:4] != b"curv":
        raise ValueError(f"{tag[:4]!r} is not a curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return x
    points = np.array(struct.unpack_from(f">{count}H", tag, 12))
    if count == 1:
        return x ** (points[0] / 256)
    return np.interp(x, np.linspace(0, 1, count), points / 65535)


def _parametric(x: np.ndarray, kind: int, tag: bytes) -> np.ndarray:
    given = np.array(struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = np.concatenate([given, np.zeros(7 - len(given))])
    if kind == 0:
        return x**g
    if kind in (1, 2):
        # c is what is added, and what the part below the threshold is.
        d, e, f, c = -b / a, c, c, 0.0
    return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
