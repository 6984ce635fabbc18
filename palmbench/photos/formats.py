"""Formats that results are written in, and which of them a photo's suffix asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from palmbench.base.photo_kinds import read_kind, unread_kind

JPEG_QUALITY = 95


class Format(NamedTuple):
    """A format that results are written in.

    Attributes
    ----------
    pillow : str
        Pillow's name of it.
    suffix : str
        Of a file whose own says another format.
    depth : {8, 16}
        Bits that a channel may have.
    alpha, grey : bool
        Whether it holds transparency, and one channel instead of three.
    longest : int
        Greatest side in pixels.
    options : dict
        How Pillow writes it.
    """

    pillow: str
    suffix: str
    depth: int
    alpha: bool
    grey: bool
    longest: int
    options: dict[str, Any]


FORMATS = {
    "jpeg": Format("JPEG", ".jpg", 8, False, True, 65_500, {"quality": JPEG_QUALITY, "subsampling": 0}),
    "png": Format("PNG", ".png", 16, True, True, 2**31 - 1, {"compress_level": 3}),
    "tiff": Format("TIFF", ".tiff", 16, True, True, 2**31 - 1, {"compression": "tiff_adobe_deflate"}),
    "webp": Format(
        "WEBP", ".webp", 8, True, False, 16_383, {"lossless": True, "exact": True, "quality": 20, "method": 2}
    ),
    "bmp": Format("BMP", ".bmp", 8, False, True, 2**31 - 1, {}),
}

# What a photo's suffix says about the format of its result, where nothing else is asked for.
SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), "jpeg"),
    ".png": "png",
    **dict.fromkeys((".tif", ".tiff"), "tiff"),
    ".webp": "webp",
    **dict.fromkeys((".bmp", ".dib"), "bmp"),
    **dict.fromkeys((".heic", ".heif", ".avif"), "jpeg"),
    **dict.fromkeys((".gif", ".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".tga"), "png"),
}
# Suffixes that a result keeps.
OWN_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp", ".dib"}

# The same where a suffix says nothing, by Pillow's name of what the file holds.
_CONTENTS = {
    **dict.fromkeys(("JPEG", "HEIF", "AVIF"), "jpeg"),
    "TIFF": "tiff",
    "WEBP": "webp",
    "BMP": "bmp",
    **dict.fromkeys(("PNG", "GIF", "PPM"), "png"),
}


def format_of(name: Path, head: bytes) -> str | None:
    """Format of a photo's result, where nothing else is asked for; None if the file is no photo.

    Parameters
    ----------
    name : Path
        What the file is called. A suffix of a photo counts for more than what is in it.
    head : bytes
        Its first bytes, `palmbench.base.photo_kinds.HEAD` or all.
    """
    suffix = name.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    # A photo that is not read here is one all the same: it is told, and nothing is written.
    return _CONTENTS.get(read_kind(head) or "") or ("png" if unread_kind(head, suffix) else None)


def begins_like_result(head: bytes) -> bool:
    """Whether a file with these first bytes, 16 or more, is an image of one of `FORMATS`."""
    return (read_kind(head) or "").lower() in FORMATS
