"""A result's file holds the pixels and nothing else, byte by byte."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from known_photos import jpeg_markers
from PIL import Image

from palmbench.photos.formats import FORMATS
from palmbench.photos.reading import decode
from palmbench.photos.writing import encode, fitted
from recognizers.common.errors import SampleError

SHAPES = [(30, 40), (30, 40, 2), (30, 40, 3), (30, 40, 4)]
# Everything that a photo may be read as: 16-bit grey with alpha is read as colours.
KINDS = [(shape, kind) for shape in SHAPES for kind in (np.uint8, np.uint16) if (shape[2:], kind) != ((2,), np.uint16)]
# Baseline tags, and what tells colours from transparency: no software, no date, no maker, no second picture.
TIFF_TAGS = {256, 257, 258, 259, 262, 273, 277, 278, 279, 282, 283, 284, 296, 317, 338, 339}


def pixels_of(shape: tuple[int, ...], kind: type) -> np.ndarray:
    return np.random.default_rng(1).integers(0, np.iinfo(kind).max + 1, shape, dtype=kind)


def png_chunks(data: bytes) -> list[bytes]:
    chunks, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunks.append(data[place + 4 : place + 8])
        place += 12 + length
    assert place == len(data)
    return chunks


def riff_chunks(data: bytes) -> list[bytes]:
    chunks, place = [], 12
    while place < len(data):
        (length,) = struct.unpack("<I", data[place + 4 : place + 8])
        chunks.append(data[place : place + 4])
        place += 8 + length + length % 2
    return chunks


@pytest.mark.parametrize(("shape", "kind"), KINDS)
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_is_written_is_read_again_without_loss(name: str, shape: tuple[int, ...], kind: type) -> None:
    pixels = pixels_of(shape, kind)
    fit = fitted(pixels, name)
    again = decode(encode(fit.pixels, name), Path("a")).pixels
    assert again.shape == fit.pixels.shape and again.dtype == fit.pixels.dtype
    if name != "jpeg":
        np.testing.assert_array_equal(again, fit.pixels)
    form = FORMATS[name]
    kept = (form.depth == 16 or kind is np.uint8) and (form.alpha or len(shape) < 3 or shape[2] == 3)
    assert (fit.notes == ()) == kept
    if kept and form.grey:
        assert fit.pixels is pixels


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_no_segment_chunk_or_tag_beside_the_picture(kind: type) -> None:
    for shape in SHAPES:
        if kind is np.uint16 and shape[2:] == (2,):
            continue
        files = {name: encode(fitted(pixels_of(shape, kind), name).pixels, name) for name in FORMATS}
        # The JFIF header, tables, frame and scan; no EXIF or XMP (E1), ICC (E2), C2PA (EB), Adobe (EE), comment (FE).
        assert set(jpeg_markers(files["jpeg"])) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert set(png_chunks(files["png"])) == {b"IHDR", b"IDAT", b"IEND"}
        assert set(riff_chunks(files["webp"])) <= {b"VP8X", b"VP8L", b"ALPH"}
        with tifffile.TiffFile(io.BytesIO(files["tiff"])) as tiff:
            assert len(tiff.pages) == 1 and {tag.code for tag in tiff.pages[0].tags} <= TIFF_TAGS  # type: ignore[union-attr]
        for name, data in files.items():
            with Image.open(io.BytesIO(data)) as image:
                assert name == "tiff" or not image.getexif(), name
                assert not {"icc_profile", "comment", "xmp", "exif"} & set(image.info), name


def test_the_same_pixels_give_the_same_bytes() -> None:
    for name in FORMATS:
        pixels = fitted(pixels_of((30, 40, 3), np.uint16), name).pixels
        assert encode(pixels, name) == encode(pixels, name)


def test_16_bits_are_rounded_to_8_and_transparency_lies_over_black() -> None:
    grey = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    assert fitted(grey, "bmp").pixels.tolist() == [[0, 0, 1, 1, 128, 255]]
    rgba = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 51]]], np.uint8)
    assert fitted(rgba, "jpeg").pixels.tolist() == [[[200, 100, 50], [0, 0, 0], [40, 20, 10]]]


def test_what_does_not_fit_is_refused_with_a_way_out() -> None:
    wide = np.broadcast_to(np.uint8(0), (2, 16_384))
    with pytest.raises(SampleError, match="16384 x 2 pixels do not fit into WEBP; ask for --format png"):
        fitted(wide, "webp")
