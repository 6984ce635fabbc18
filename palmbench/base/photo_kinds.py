"""The format of a photo's file by its first bytes or its suffix: those that are read here, and those that are not."""

from __future__ import annotations

HEAD = 64  # first bytes of a file that are enough

_READ = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    **dict.fromkeys((b"GIF87a", b"GIF89a"), "GIF"),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
}
# Of ISO base media files; the first one here counts that a file names.
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIF"),
    **dict.fromkeys((b"mif1", b"msf1"), "HEIF"),
}

_RAW, _XL, _2000, _PHOTOSHOP = "a raw photo", "JPEG XL", "JPEG 2000", "a Photoshop document"
_UNREAD = {
    **dict.fromkeys((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), _XL),
    **dict.fromkeys((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"), _2000),
    b"8BPS": _PHOTOSHOP,
    **dict.fromkeys((b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM"), _RAW),
}
_UNREAD_AT = {(8, b"CR\2\0"): _RAW, (4, b"ftypcrx "): _RAW, (6, b"HEAPCCDR"): _RAW}
# fmt: off
RAW_SUFFIXES = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".gpr", ".iiq", ".kdc", ".mef", ".mrw", ".nef",
    ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)
# fmt: on
_UNREAD_SUFFIXES = {
    **dict.fromkeys(RAW_SUFFIXES, _RAW),
    ".jxl": _XL,
    **dict.fromkeys((".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"), _2000),
    **dict.fromkeys((".psd", ".psb"), _PHOTOSHOP),
}


def read_kind(head: bytes) -> str | None:
    """Pillow's name of the format of a file with these first bytes, `HEAD` or all; None if it is none that is read."""
    if unread_kind(head) is not None:
        return None
    for beginning, kind in _READ.items():
        if head.startswith(beginning):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    # The reserved fields of BMP are zero, and PPM has a number or a comment: two letters alone begin many a text.
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "BMP"
    if head[:2] in (b"P4", b"P5", b"P6") and head[2:3].isspace() and (head[3:4].isdigit() or head[3:4] == b"#"):
        return "PPM"
    return _of_brands(head)


def unread_kind(head: bytes, suffix: str = "") -> str | None:
    """What a photo is that is not read here, as the subject of a sentence; None if nothing says that it is one.

    Parameters
    ----------
    head : bytes
        First bytes of the file, `HEAD` or all.
    suffix : str
        Of its name, in small letters, with the dot; asked where the bytes say nothing.
    """
    for beginning, kind in _UNREAD.items():
        if head.startswith(beginning):
            return kind
    for (place, sign), kind in _UNREAD_AT.items():
        if head.startswith(sign, place):
            return kind
    return _UNREAD_SUFFIXES.get(suffix)


def _of_brands(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    named = {head[place : place + 4] for place in (8, *range(16, end, 4))}
    return next((kind for brand, kind in _BRANDS.items() if brand in named), None)
