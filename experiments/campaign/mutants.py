"""Photos of many formats, and what becomes of their files when bytes are lost, changed, doubled or put in."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from random import Random

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms, features

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def photos() -> list[tuple[str, bytes]]:
    """Small photos: a name, whose ending is the format's, and a file with EXIF, ICC profile and XMP where it may."""
    rows, columns = np.mgrid[0:40, 0:52]
    pixels = np.stack([columns * 4, rows * 6, (columns + rows) * 2], axis=-1).astype(np.uint8)
    deep = pixels.astype(np.uint16) * 257
    colour = Image.fromarray(pixels)
    grey, line = colour.convert("L"), colour.convert("1")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    # Red and green exchanged, so that the profile has to be applied.
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    icc = icc.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    told = {"exif": exif.tobytes(), "icc_profile": icc}
    files = [
        ("a.jpg", _saved(colour, "JPEG", xmp=_XMP, **told)),
        ("progressive.jpg", _saved(colour, "JPEG", progressive=True, **told)),
        ("cmyk.jpg", _saved(colour.convert("CMYK"), "JPEG", **told)),
        ("phone.jpg", _saved(colour, "MPO", save_all=True, append_images=[grey.convert("RGB")])),
        ("a.png", _saved(colour, "PNG", **told)),
        ("palette.png", _saved(colour.convert("P"), "PNG", transparency=b"\1\2\3")),
        ("alpha.png", _saved(colour.convert("RGBA"), "PNG")),
        ("grey16.png", _saved(Image.fromarray(deep[..., 0]), "PNG")),
        ("line.png", _saved(line, "PNG")),
        ("deep.png", with_chunk(_deep_png(deep), b"iCCP", b"profile\0\0" + zlib.compress(icc))),
        ("turned.png", with_chunk(_deep_png(deep), b"eXIf", exif.tobytes()[6:])),
        ("fax.tif", _saved(line, "TIFF", compression="group4")),
        ("cmyk.tif", _saved(colour.convert("CMYK"), "TIFF", compression="tiff_lzw")),
        ("a.webp", _saved(colour, "WEBP", xmp=_XMP, **told)),
        ("alpha.webp", _saved(colour.convert("RGBA"), "WEBP", lossless=True)),
        ("a.bmp", _saved(colour, "BMP")),
        ("palette.bmp", _saved(colour.convert("P"), "BMP")),
        ("a.gif", _saved(colour, "GIF")),
        ("a.ppm", _saved(colour, "PPM")),
        ("grey16.tif", _tiff(deep[..., 0], photometric="minisblack")),
        ("premultiplied.tif", _tiff(np.dstack([deep, deep[..., :1]]), photometric="rgb", extrasamples=["assocalpha"])),
    ]
    files += [
        (f"{kind}.tif", _saved(colour, "TIFF", compression=kind, exif=exif, icc_profile=icc))
        for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    ]
    for depth in (pixels, deep):
        files += [
            (f"{depth.dtype}.tif", _tiff(depth, photometric="rgb", iccprofile=icc)),
            (f"{depth.dtype}-deflated.tif", _tiff(depth, photometric="rgb", compression="zlib", predictor=True)),
            (f"{depth.dtype}-tiled.tif", _tiff(depth, photometric="rgb", tile=(16, 16))),
            (f"{depth.dtype}-planes.tif", _tiff(np.moveaxis(depth, 2, 0), photometric="rgb", planarconfig="separate")),
        ]
    if features.check("avif"):
        files.append(("a.avif", _saved(colour, "AVIF", **told)))
    return files


def mutants(seed: int, whole: Sequence[tuple[str, bytes]] | None = None) -> Iterator[tuple[str, bytes]]:
    """Damaged photos without end, always the same of a seed; of `photos` unless others are given."""
    random, whole = Random(seed), photos() if whole is None else whole
    while True:
        name, data = random.choice(whole)
        changed = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
            _damage(changed, random)
        # Most pieces of a PNG with a wrong checksum are passed over.
        fitting = changed[:4] == b"\x89PNG" and random.random() < 0.8
        yield name, _with_checksums(bytes(changed)) if fitting else bytes(changed)


def _damage(data: bytearray, random: Random) -> None:
    if len(data) < 8:
        return
    # More often where headers are.
    at = int(random.random() ** random.choice((1, 2, 4)) * len(data))
    length = random.choice((1, 2, 4, 16, 64))
    kind = random.randrange(8)
    if kind == 0:
        data[at] ^= 1 << random.randrange(8)
    elif kind == 1:
        data[at] = random.randrange(256)
    elif kind == 2:
        size = random.choice((2, 4))
        value = random.choice(_EDGES) & (256**size - 1)
        data[at : at + size] = value.to_bytes(size, random.choice(("big", "little")))
    elif kind == 3:
        del data[at : at + length]
    elif kind == 4:
        data[at:at] = random.randbytes(length)
    elif kind == 5:
        del data[at:]
    elif kind == 6:
        other = random.randrange(len(data))
        data[at : at + length] = data[other : other + length]
    else:
        data[at : at + length] = bytes(length)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _tiff(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, extratags=[(0x0112, 3, 1, 6, True)], **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def _deep_png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with a chunk more, after its header."""
    return _with_checksums(png[:33] + struct.pack(">I", len(body)) + kind + body + bytes(4) + png[33:])


def _with_checksums(png: bytes) -> bytes:
    fitted, at = bytearray(png[:8]), 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        fitted += png[at:end] + struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return bytes(fitted + png[at:])
