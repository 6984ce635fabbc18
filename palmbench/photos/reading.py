"""Photo files in: the pixels at their own depth, upright, and nothing else of what the file says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from palmbench.base.photo_files import bits_of, contents, opened, orientation, upright
from palmbench.photos.colour import CONVERTED, profile_note, srgb
from palmbench.photos.matrix_profile import matrix_profile, to_srgb
from recognizers.common.errors import SampleError

VERSION = 1
_PHOTOMETRIC, _EXTRA = 262, 338  # tags of TIFF
_WHITE_IS_ZERO = 0
_PREMULTIPLIED = (1,)
_WHITE_16_BIT = 65535


class Photo(NamedTuple):
    """A photo's pixels.

    Attributes
    ----------
    pixels : ndarray of shape (height, width) or (height, width, 2, 3 or 4), uint8 or uint16
        Grey, grey with alpha, RGB, or RGB with alpha.
    notes : tuple of str
        What reading changed beside the orientation.
    """

    pixels: np.ndarray
    notes: tuple[str, ...]


def read_bytes(path: Path, name: str) -> bytes:
    """A photo file's contents.

    Raises
    ------
    SampleError
        If it is missing, may not be read, or is larger than any photo; the sentence calls it `name`.
    """
    return contents(path, name)


def decode(data: bytes, path: Path) -> Photo:
    """A photo as it is meant to be seen.

    The EXIF orientation is applied. 16-bit PNG and TIFF keep their depth; palettes, CMYK and other colour spaces become
    RGB; a colour profile other than sRGB is applied. Of the pictures in a phone's MPO, the first.

    Parameters
    ----------
    data : bytes
        A file's contents: JPEG, PNG, TIFF, WebP, BMP, GIF, PPM or AVIF; HEIF with the package pillow-heif.
    path : Path
        What the file is called.

    Raises
    ------
    SampleError
        If the file is truncated, damaged, no image, too large, an animation, or holds pixels whose white is unknown.
    """
    with opened(path, data) as image:
        if image.mode == "F":
            raise SampleError(f"{path}: holds floating-point pixels, whose white is unknown")
        if bits_of(image, data) <= 8:
            return _of_eight_bits(image)
        if image.mode.startswith("I"):
            return _grey_of_sixteen_bits(image, path)
        return _colours_of_sixteen_bits(image, data, path)


def _of_eight_bits(image: Image.Image) -> Photo:
    notes = []
    image = upright(image)
    wanted = _mode(image)
    if image.mode == "CMYK":
        image, note = srgb(image)
        notes.append(note or "colours converted from CMYK to RGB")
        image = image.convert("RGB")
    elif image.mode != wanted:
        # A palette's profile is for its colours; a profile of other colours is for none that are left.
        profile = image.info.get("icc_profile") if image.mode in ("P", "PA", "RGBX") else None
        if image.mode not in ("1", "P", "PA", "RGBX"):
            notes.append(f"colours converted from {image.mode} to {wanted}")
        image = image.convert(wanted)
        image.info["icc_profile"] = profile
    image, note = srgb(image)
    return Photo(np.asarray(image).copy(), (*notes, *([note] if note else [])))


def _mode(image: Image.Image) -> str:
    """The mode among L, LA, RGB and RGBA that holds an image of another mode."""
    grey = image.mode in ("1", "L", "LA", "La")
    alpha = image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info
    return ("L" if grey else "RGB") + ("A" if alpha else "")


def _grey_of_sixteen_bits(image: Image.Image, path: Path) -> Photo:
    if image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # type: ignore[attr-defined]
        raise SampleError(f"{path}: holds a 16-bit negative, whose 0 is white; save it as a positive first")
    grey = np.asarray(upright(image))
    if grey.min() < 0 or grey.max() > _WHITE_16_BIT:
        raise SampleError(f"{path}: holds 32-bit pixels, whose white is unknown")
    left_out = {"icc_profile": "its grey profile was left out", "transparency": "its transparent grey was made opaque"}
    notes = tuple(note for key, note in left_out.items() if image.info.get(key) is not None)
    return Photo(grey.astype(np.uint16), notes)


def _colours_of_sixteen_bits(image: Image.Image, data: bytes, path: Path) -> Photo:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise SampleError(f"{path}: holds pixels of more than 8 bits that cannot be read; save it with 16 bits as PNG")
    if image.format == "PNG":  # of TIFF, OpenCV has done it
        pixels = _turned(pixels, orientation(image))
    pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    if image.format == "TIFF" and image.tag_v2.get(_EXTRA) == _PREMULTIPLIED:  # type: ignore[attr-defined]
        pixels = _whole_colours(pixels)
    note = profile_note(image)
    if note is None or not note.startswith(CONVERTED):
        return Photo(pixels, (note,) if note else ())
    profile = matrix_profile(image.info["icc_profile"])
    if profile is None:
        shallow = _of_eight_bits(image)
        return shallow._replace(notes=("16 bits brought to 8, as its profile has tables", *shallow.notes))
    return Photo(to_srgb(pixels, profile), (note,))


def _whole_colours(pixels: np.ndarray) -> np.ndarray:
    """16-bit RGB that was multiplied with alpha, without that: as Pillow does it at 8 bits, and as it is written."""
    alpha = pixels[..., 3:].astype(np.uint64)
    colours = (pixels[..., :3] * np.uint64(_WHITE_16_BIT) + alpha // 2) // np.maximum(alpha, 1)
    colours = np.where(alpha, np.minimum(colours, _WHITE_16_BIT), pixels[..., :3])
    return np.concatenate([colours.astype(np.uint16), pixels[..., 3:]], axis=2)


def _turned(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Pixels as an EXIF orientation says they are to be seen."""
    if turn in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
