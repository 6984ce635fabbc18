"""Photo files out: pixels in a format that can hold them, and nothing beside the pixels."""

from __future__ import annotations

import io
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from palmbench.photos.formats import FORMATS
from recognizers.common.errors import SampleError

VERSION = 1
_HALF = 128


class Fitted(NamedTuple):
    """Pixels that a format can hold, and what had to be changed for that."""

    pixels: np.ndarray
    notes: tuple[str, ...]


def fitted(pixels: np.ndarray, name: str) -> Fitted:
    """Pixels as the format `name` can hold them.

    Raises
    ------
    SampleError
        If the photo is too large for the format.
    """
    form, notes = FORMATS[name], []
    if max(pixels.shape[:2]) > form.longest:
        height, width = pixels.shape[:2]
        raise SampleError(f"{width} x {height} pixels do not fit into {form.pillow}; ask for --format png")
    if pixels.dtype == np.uint16 and form.depth < 16:
        pixels = eight_bits(pixels)
        notes.append(f"16 bits brought to 8, as {form.pillow} holds no more")
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4) and not form.alpha:
        pixels = over_black(pixels)
        notes.append(f"transparency laid over black, as {form.pillow} holds none")
    if not form.grey and (pixels.ndim == 2 or pixels.shape[2] == 2):
        alpha = pixels[..., 1:] if pixels.ndim == 3 else pixels[..., None][..., :0]
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        pixels = np.concatenate([np.repeat(grey[..., None], 3, axis=2), alpha], axis=2)
    return Fitted(pixels, tuple(notes))


def encode(pixels: np.ndarray, name: str) -> bytes:
    """A file's bytes: the pixels and nothing else; the same bytes for the same pixels.

    Parameters
    ----------
    pixels : ndarray
        See `palmbench.photos.reading.Photo`; as `fitted` gives them.
    name : str
        One of `FORMATS`.
    """
    if pixels.dtype == np.uint16:
        return _encode_deep(pixels, name)
    form, buffer = FORMATS[name], io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, form.pillow, **form.options)
    return buffer.getvalue()


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    """16-bit pixels at 8 bits, rounded; 8-bit ones as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    # Exact for all 65536 levels: 255 / 65535 is 1 / 257.
    return ((pixels.astype(np.uint32) + _HALF) // 257).astype(np.uint8)


def over_black(pixels: np.ndarray) -> np.ndarray:
    """8-bit pixels with alpha, (height, width, 2 or 4), as they look on black."""
    share = pixels[..., -1:].astype(np.uint16)
    colours = ((pixels[..., :-1] * share + 127) // 255).astype(np.uint8)
    return colours[..., 0] if colours.shape[2] == 1 else colours


def _encode_deep(pixels: np.ndarray, name: str) -> bytes:
    if name == "tiff":
        return _deep_tiff(pixels)
    if pixels.ndim == 3:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = cv2.cvtColor(pixels, order)
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise SampleError("16-bit pixels could not be encoded as PNG")
    return data.tobytes()


def _deep_tiff(pixels: np.ndarray) -> bytes:
    import tifffile

    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        pixels,
        photometric="minisblack" if pixels.ndim == 2 else "rgb",
        extrasamples=["unassalpha"] if pixels.shape[2:] == (4,) else None,
        compression="zlib",
        software=False,
        metadata=None,
    )
    return buffer.getvalue()
