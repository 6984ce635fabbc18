"""Photos in and pictures out, for the benchmark: 8-bit RGB, whatever the file was.

`palmbench.photos` reads and writes files at their own depth and in their own format, and opens them here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from palmbench.errors import SampleError
from palmbench.store import write_bytes

# What Pillow raises on bytes that are not the image they claim to be.
_UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
# Unreadable EXIF says nothing; the pixels are whole.
_UNREADABLE_EXIF = (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error)
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WHITE_16_BIT = 65535
_HEIF = (".heic", ".heif")
_ORIENTATION, _ON_THEIR_SIDE = 0x0112, (5, 6, 7, 8)
_BITS_PER_SAMPLE, _PLANAR = 258, 284
_IN_PLANES = 2
JPEG_QUALITY = 95


class PhotoFacts(NamedTuple):
    """What a photo's file is: size in pixels as the photo is seen, bits of a channel, and whether it has colours."""

    width: int
    height: int
    bits: int
    colour: bool


def read_image(path: str | Path) -> np.ndarray:
    """Read a photo as it is meant to be seen.

    The EXIF orientation is applied; 16-bit grey is scaled to 8 bits; palettes, CMYK and other colour
    spaces become RGB; transparent pixels are laid over black.

    Parameters
    ----------
    path : str or Path
        JPEG, PNG, BMP, TIFF, WebP, or whatever else Pillow decodes; HEIF with the package pillow-heif.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.

    Raises
    ------
    SampleError
        If the file is missing, truncated, no image, an animation, or holds floating-point pixels.
    """
    path = Path(path)
    with opened(path) as image:
        return _as_rgb(upright(image), path)


@contextmanager
def opened(path: Path, data: bytes | None = None, decode: bool = True) -> Iterator[Image.Image]:
    """A photo as Pillow opens it; what is wrong with it is said in a sentence.

    Parameters
    ----------
    path : Path
        Of the file; its name is part of every sentence.
    data : bytes, optional
        The file's contents, where they are at hand.
    decode : bool
        Whether every pixel is decoded before the block begins.

    Raises
    ------
    SampleError
        If the file is missing, truncated, no image or an animation, or if the block fails on its pixels.
    """
    if path.suffix.lower() in _HEIF:
        _enable_heif(path)
    try:
        with Image.open(path if data is None else io.BytesIO(data)) as image:
            _refuse_animation(image, path)
            _refuse_deep_planes(image, path)
            if decode:
                image.load()
            yield image
    except FileNotFoundError as error:
        raise SampleError(f"{path}: there is no such file") from error
    except UnidentifiedImageError as error:
        size = path.stat().st_size if data is None else len(data)
        raise SampleError(f"{path}: {'not an image' if size else 'the file is empty'}") from error
    except _UNDECODABLE as error:
        raise SampleError(f"{path}: cannot be decoded ({error})") from error


def photo_facts(path: str | Path, data: bytes | None = None, decode: bool = True) -> PhotoFacts:
    """What a photo's file is.

    Parameters
    ----------
    path : str or Path
    data : bytes, optional
        The file's contents, where they have been read already.
    decode : bool
        Whether every pixel is decoded, which alone finds a truncated file; else the header is believed.

    Raises
    ------
    SampleError
        As `read_image`.
    """
    path = Path(path)
    with opened(path, data, decode=False) as image:
        bits = _bits(image)
        if decode:
            image.load()
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
    buffer = io.BytesIO()
    # Level 1: a third of the time of the default for a tenth more bytes.
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


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
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
            if image.mode not in ("RGB", "L"):
                raise ValueError(f"a PNG of mode {image.mode} was not written here")
            return np.asarray(image).copy()
    except (OSError, SyntaxError, EOFError, struct.error, zlib.error) as error:
        raise ValueError(f"not a whole PNG: {error}") from error


def _bits(image: Image.Image) -> int:
    if image.mode == "1":
        return 1
    if image.mode in ("I", "F"):
        return 16 if image.format == "PNG" else 32
    if image.mode.startswith("I;16"):
        return 16
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))))  # type: ignore[attr-defined]
    # Pillow reads PNG colours of 16 bits as 8: only the decoder's arguments tell.
    return 16 if image.format == "PNG" and any("16" in str(tile[3]) for tile in image.tile) else 8  # type: ignore[attr-defined]


def _refuse_animation(image: Image.Image, path: Path) -> None:
    # Phones file a photo and its preview as MPO, whose first frame is the photo.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise SampleError(f"{path}: holds several pictures, an animation or pages, and not one photo")


def _refuse_deep_planes(image: Image.Image, path: Path) -> None:
    # Neither Pillow nor OpenCV puts such planes together: what they give is another picture.
    if image.format != "TIFF" or image.tag_v2.get(_PLANAR) != _IN_PLANES:  # type: ignore[attr-defined]
        return
    if _bits(image) > 8 and len(image.getbands()) > 1:
        raise SampleError(f"{path}: holds colours of more than 8 bits in separate planes; save them interleaved")


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says."""
    try:
        return ImageOps.exif_transpose(image)
    except _UNREADABLE_EXIF:
        return image


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where none is told."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except _UNREADABLE_EXIF:
        return 1


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


def _enable_heif(path: Path) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise SampleError(f"{path}: HEIF photos need the package pillow-heif") from error
    register_heif_opener()
