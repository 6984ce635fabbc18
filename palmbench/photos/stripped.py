"""A JPEG file without its metadata, its picture coded as it was: no pixel of it changes."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import JpegImagePlugin

from palmbench.base.photo_files import opened, orientation
from palmbench.photos.reading import decode
from recognizers.common.errors import SampleError

VERSION = 2
_START, _END = b"\xff\xd8", b"\xff\xd9"
_LAST, _SCAN, _JFIF, _EXIF, _ADOBE, _COMMENT = 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
_APPLICATIONS = range(0xE0, 0xF0)
# What decoding needs: frames, tables, scans and restart intervals. Anything else may hold anything.
_NEEDED = {*range(0xC0, 0xD0), _SCAN, 0xDB, 0xDD} - {0xC8}
_ALONE = (0x01, *range(0xD0, 0xD8))  # markers without contents
_JFIF_LENGTH, _ADOBE_LENGTH = 14, 12  # what the two hold that a decoder needs; a thumbnail may follow the first
_UPRIGHT = 1
# The end of a scan, and other bytes in place of each of its bytes, those of markers and stuffed ones left alone.
_TAIL = 16
_OTHER_BYTES = [bytes((byte ^ mask) % 0xFF for byte in range(256)) for mask in (0xFF, 0x5A, 0x33, 0x81)]
_PLAIN = re.compile(rb"\xff.|[^\xff]+", re.DOTALL)


class _Segment(NamedTuple):
    marker: int
    contents: bytes
    scan: bytes  # coded pixels that follow a start of scan


def without_metadata(data: bytes, orientation: int = _UPRIGHT) -> bytes | None:
    """The same picture in a file that holds nothing beside it.

    Parameters
    ----------
    data : bytes
        A JPEG file; of several pictures in it (MPO) the first is taken.
    orientation : int
        As EXIF numbers it. Other than 1 it is kept, alone in an EXIF block: the picture is to be seen as before.

    Returns
    -------
    bytes or None
        None if the file is not understood, or has parts that neither describe it nor are needed to decode it.
    """
    try:
        segments = list(_segments(data))
    except (IndexError, struct.error, ValueError):
        return None
    needed = [one.marker for one in segments if one.marker not in _APPLICATIONS and one.marker != _COMMENT]
    if not _NEEDED.issuperset(needed) or needed[-1:] != [_SCAN]:
        return None
    kept = [_START]
    jfif = next((one.contents[:_JFIF_LENGTH] for one in segments if one.contents.startswith(b"JFIF\0")), None)
    if jfif and len(jfif) == _JFIF_LENGTH:
        kept.append(_coded(_JFIF, jfif[:-2] + b"\0\0"))
    if orientation != _UPRIGHT:
        kept.append(_coded(_EXIF, _exif(orientation)))
    for marker, contents, scan in segments:
        if marker == _ADOBE and contents.startswith(b"Adobe"):
            kept.append(_coded(marker, contents[:_ADOBE_LENGTH]))
        elif marker not in _APPLICATIONS and marker != _COMMENT:
            kept.append(_coded(marker, contents) + scan)
    return b"".join([*kept, _END])


def unchanged_jpeg(data: bytes, pixels: np.ndarray) -> bytes | None:
    """A JPEG file without its metadata; None unless it shows exactly some pixels, uint8 (height, width[, 3]).

    None also if a scan of it goes on after the last pixel, as where a header tells less than the file's height.

    Parameters
    ----------
    data : bytes
        The file, of whatever format.
    pixels : ndarray
        The photo upright, as it was decoded.
    """
    name = Path("photo.jpg")
    if not data.startswith(_START):
        return None
    with opened(name, data, decode=False) as image:
        stripped = without_metadata(data, orientation(image))
    if stripped is None:
        return None
    try:
        same = np.array_equal(decode(stripped, name).pixels, pixels)
        return stripped if same and _all_is_seen(stripped) else None
    except (SampleError, OSError):
        return None


def _all_is_seen(data: bytes) -> bool:
    """Whether other bytes at the end of each scan would be other pixels: what nobody sees may be anything."""
    seen = _decoded(data)
    start = 0
    for one in _segments(data):
        if one.marker != _SCAN:
            continue
        start = data.index(one.scan, start)
        end = start + len(one.scan)
        # One byte of a marker or a stuffed one is not to be parted from the other.
        tail = end - _TAIL
        tail -= data[tail - 1] == 0xFF
        others = (_other(data[tail:end], other) for other in _OTHER_BYTES)
        # A shorter scan, as of a flat picture, has no room for anything.
        if tail > start and all(_decoded(data[:tail] + other + data[end:]) == seen for other in others):
            return False
        start = end
    return True


def _other(data: bytes, other: bytes) -> bytes:
    return _PLAIN.sub(lambda found: found[0] if found[0][0] == 0xFF else found[0].translate(other), data)


def _decoded(data: bytes) -> bytes:
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
        return image.tobytes()


def _segments(data: bytes) -> Iterator[_Segment]:
    if data[:2] != _START:
        raise ValueError("no JPEG")
    place = 2
    while True:
        if data[place] != 0xFF:
            raise ValueError("no marker")
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        place += 1
        if marker == _LAST:
            return
        if marker in _ALONE:
            continue
        (length,) = struct.unpack(">H", data[place : place + 2])
        contents = data[place + 2 : place + length]
        if length < 2 or len(contents) < length - 2:
            raise ValueError("a segment is cut short")
        place += length
        end = _end_of_scan(data, place) if marker == _SCAN else place
        yield _Segment(marker, contents, data[place:end])
        place = end


def _end_of_scan(data: bytes, place: int) -> int:
    """Where the next marker stands that is neither a stuffed byte nor a restart."""
    while True:
        place = data.index(b"\xff", place)
        if data[place + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8)):
            return place
        place += 1 if data[place + 1] == 0xFF else 2


def _coded(marker: int, contents: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(contents) + 2) + contents


def _exif(orientation: int) -> bytes:
    tag = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + tag + struct.pack(">I", 0)
