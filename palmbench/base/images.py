"""Photos in and pictures out, for the benchmark: 8-bit RGB, whatever the file was.

`palmbench.photos` reads and writes files at their own depth and in their own format, and opens them here.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from palmbench.base.photo_files import bits_of, contents, opened, orientation, pillow, upright
from recognizers.common.errors import SampleError
from recognizers.common.writing import write_bytes

VERSION = 1
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WHITE_16_BIT = 65535
_ON_THEIR_SIDE = (5, 6, 7, 8)
JPEG_QUALITY = 95
# A seventh of the time of Pillow's default for a seventh more bytes; a filter chosen for each row doubles the time.
_QUICKLY = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]


class PhotoFacts(NamedTuple):
    """What a photo's file is: size in pixels as the photo is seen, bits of a channel, and whether it has colours."""

    width: int
    height: int
    bits: int
    colour: bool


def read_image(path: str | Path, data: bytes | None = None) -> np.ndarray:
    """Read a photo as it is meant to be seen.

    The EXIF orientation is applied; 16-bit grey is scaled to 8 bits; palettes, CMYK and other colour
    spaces become RGB; transparent pixels are laid over black.

    Parameters
    ----------
    path : str or Path
        JPEG, PNG, BMP, TIFF, WebP, GIF, PPM or AVIF by its contents; HEIF with the package pillow-heif.
    data : bytes, optional
        The file's contents, where they have been read already.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.

    Raises
    ------
    SampleError
        If the file is missing, truncated, damaged, no image, too large, an animation, or holds floating-point pixels.
    """
    path = Path(path)
    with opened(path, data) as image:
        return _as_rgb(upright(image), path)


def photo_facts(path: str | Path, data: bytes | None = None, decode: bool = True) -> PhotoFacts:
    """What a photo's file is.

    Parameters
    ----------
    path : str or Path
    data : bytes, optional
        The file's contents, where they have been read already.
    decode : bool
        Whether every pixel is decoded, which alone finds a damaged file; else the header is believed.

    Raises
    ------
    SampleError
        As `read_image`.
    """
    path = Path(path)
    data = contents(path) if data is None else data
    with opened(path, data, decode) as image:
        bits = bits_of(image, data)
        turned = orientation(image) in _ON_THEIR_SIDE
        width, height = image.size[::-1] if turned else image.size
        return PhotoFacts(width, height, bits, image.mode not in (*_DEEP_GREY, "1", "L", "LA", "La", "F"))


def write_png(path: str | Path, image: np.ndarray) -> None:
    """Write a PNG without metadata, complete or not at all; folders are made as needed.

    Parameters
    ----------
    path : str or Path
    image : ndarray of shape (height, width, 3) or (height, width), uint8
        RGB or grey.

    Raises
    ------
    ValueError
        If `image` is not such an array.
    RequestError
        If the disk is full or the folder cannot be written.
    """
    write_bytes(Path(path), encode_png(image))


def encode_png(image: np.ndarray) -> bytes:
    """A PNG file's bytes, without metadata; see `write_png` for the array."""
    colour = image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or not (colour or image.ndim == 2) or not image.size:
        raise ValueError(f"a picture is uint8 (height, width, 3) or (height, width), not {image.dtype} {image.shape}")
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if colour else image
    done, data = cv2.imencode(".png", pixels, _QUICKLY)
    if not done:
        raise ValueError(f"OpenCV writes no PNG of {image.shape}")
    return data.tobytes()


def encode_photo(image: np.ndarray, suffix: str) -> bytes:
    """A photo's bytes in the format that a file name's ending stands for, without metadata.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3) or (height, width), uint8, or (height, width), uint16
        RGB or grey; 16 bits only as PNG or TIFF.
    suffix : {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}

    Raises
    ------
    ValueError
        If there is no such ending.
    """
    kind = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"}.get(suffix)
    if kind is None:
        raise ValueError(f"photos are not written as {suffix}")
    if kind == "PNG" and image.dtype == np.uint8:
        return encode_png(image)
    buffer = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image))
    if kind == "JPEG":
        picture.save(buffer, kind, quality=JPEG_QUALITY)
    else:
        picture.save(buffer, kind)
    return buffer.getvalue()


def decode_png(data: bytes) -> np.ndarray:
    """The uint8 array, (height, width, 3) or (height, width), that `encode_png` was given.

    Raises
    ------
    ValueError
        If the bytes are not such a file.
    """
    try:
        with pillow(data, ["PNG"]) as image:
            image.load()
            mode, pixels = image.mode, np.asarray(image).copy()
    except Exception as error:  # a decoder that is given any bytes may raise anything
        raise ValueError(f"not a whole PNG: {error}") from error
    if mode not in ("RGB", "L"):
        raise ValueError(f"a PNG of mode {mode} was not written here")
    return pixels


def _as_rgb(image: Image.Image, path: Path) -> np.ndarray:
    if image.mode in _DEEP_GREY:
        grey = _eight_bits(np.asarray(image), path)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode == "F":
        raise SampleError(f"{path}: holds floating-point pixels, whose white is unknown")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (0, 0, 0, 255)), over)
    return np.asarray(image.convert("RGB")).copy()


def _eight_bits(grey: np.ndarray, path: Path) -> np.ndarray:
    if grey.min() < 0 or grey.max() > _WHITE_16_BIT:
        raise SampleError(f"{path}: holds 32-bit pixels, whose white is unknown")
    return np.round(grey.astype(np.float64) * (255 / _WHITE_16_BIT)).astype(np.uint8)
