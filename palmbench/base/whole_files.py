"""Whether a PNG or JPEG file came through whole: what decoders pass over, and fill with grey or with what was not sent.

Pillow does not check the last checksum of a PNG's pixels, nor that it has an end, and libjpeg paints grey what a file
that ends too early does not tell.
"""

from __future__ import annotations

import io
import re
import zlib

from PIL import JpegImagePlugin

_PNG_HEAD = 8
# Markers that end the pixel data of a scan: not a stuffed FF 00, a restart, or one of several FF.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_START, _END, _SCAN, _PROGRESSIVE = 0xD8, 0xD9, 0xDA, (0xC2, 0xC6, 0xCA, 0xCE)
_WITHOUT_LENGTH = (0x01, _START)
_OTHER_DATA = bytes((37 * k * k + 11 * k + 5) % 251 for k in range(2048))
# With every restart, twice: a decoder that waits for one goes on from it.
_OTHER_TAIL = b"".join(_OTHER_DATA + bytes([0xFF, 0xD0 + number % 8]) for number in range(16)) + _OTHER_DATA


class NotWhole(Exception):
    """A file is not whole; the message says where, as the end of a sentence."""


def require_whole(data: bytes, form: str | None) -> None:
    """Make sure that a file holds all its pixels as they were written, as far as its format tells and Pillow does not.

    Parameters
    ----------
    data : bytes
    form : str or None
        Pillow's name of the format; only PNG and JPEG (of a phone's MPO the first picture) need a look.

    Raises
    ------
    NotWhole
        If a part is missing or another than was written.
    """
    if form == "PNG":
        _require_whole_png(data)
    elif form in ("JPEG", "MPO"):
        _require_whole_jpeg(data)


def _require_whole_png(data: bytes) -> None:
    view, at, kind = memoryview(data), _PNG_HEAD, b""
    while kind != b"IEND":
        kind, end = bytes(view[at + 4 : at + 8]), at + 8 + int.from_bytes(view[at : at + 4], "big")
        if len(data) < end + 4:
            raise NotWhole("it is truncated: its last part is cut off")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise NotWhole(f"it is damaged: the checksum of its part {kind.decode('ascii', 'replace')} is wrong")
        at = end + 4


def _require_whole_jpeg(data: bytes) -> None:
    at, scans, progressive = 2, 0, False
    while (found := _MARKER.search(data, at)) is not None:
        at, marker = found.start(), data[found.start() + 1]
        if marker == _END:
            break
        scans += marker == _SCAN
        progressive |= marker in _PROGRESSIVE
        at += 2 if marker in _WITHOUT_LENGTH else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    else:
        raise NotWhole("it is truncated: it has no end")
    # Who needs no more than there is decodes the same whatever follows.
    small = scans == 1 and not progressive
    if _decoded(data[:at], small) != _decoded(data[:at] + _OTHER_TAIL, small):
        raise NotWhole("it is truncated: its pixel data end too early")


def _decoded(start: bytes, small: bool) -> bytes:
    """Grey pixels of a JPEG that ends after `start`; if `small`, one for each block of 8 x 8, which costs little."""
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(start + b"\xff\xd9"))
    if small:
        image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
    return image.tobytes()
