"""A photo file is read as it is meant to be seen, at its own depth, or refused with a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from palmbench.base.images import photo_facts
from palmbench.photos.matrix_profile import matrix_profile
from palmbench.photos.reading import decode, read_bytes
from recognizers.common.errors import SampleError

RANDOM = np.random.default_rng(0)
COLOURS = RANDOM.integers(0, 256, (6, 8, 3), dtype=np.uint8)
DEEP = RANDOM.integers(0, 65536, (6, 8, 3), dtype=np.uint16)
# What a viewer does for each value of the EXIF orientation.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def deep_png(pixels: np.ndarray, orientation: int = 1) -> bytes:
    data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels)[1].tobytes()
    exif = turned(orientation).tobytes()[6:]
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    return data[:33] + chunk + data[33:]


def deep_tiff(pixels: np.ndarray, orientation: int = 1, **options: object) -> bytes:
    buffer = io.BytesIO()
    shown = {"photometric": "rgb" if pixels.ndim == 3 else "minisblack", **options}
    tifffile.imwrite(buffer, pixels, extratags=[(0x0112, 3, 1, orientation, True)], **shown)
    return buffer.getvalue()


def read(data: bytes) -> np.ndarray:
    return decode(data, Path("photo")).pixels


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_every_orientation_is_applied_at_every_depth(orientation: int) -> None:
    upright, exif = UPRIGHT[orientation], turned(orientation)
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        data = saved(Image.fromarray(COLOURS), kind, exif=exif, **options)
        np.testing.assert_array_equal(read(data), upright(COLOURS), err_msg=kind)
    blocks = np.kron(COLOURS[:2, :3], np.ones((16, 16, 1), np.uint8))
    jpeg = read(saved(Image.fromarray(blocks), "JPEG", quality=100, subsampling=0, exif=exif))
    assert np.abs(jpeg.astype(int) - upright(blocks)).max() <= 3
    for pixels in (DEEP, DEEP[..., 0].copy()):
        np.testing.assert_array_equal(read(deep_png(pixels, orientation)), upright(pixels))
        np.testing.assert_array_equal(read(deep_tiff(pixels, orientation)), upright(pixels))


def test_exif_that_is_no_exif_spoils_no_photo() -> None:
    chunk = b"eXIf" + b"garbage!"
    chunk = struct.pack(">I", 8) + chunk + struct.pack(">I", zlib.crc32(chunk))
    for pixels in (COLOURS, DEEP):
        plain = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
        data = plain[:33] + chunk + plain[33:]
        np.testing.assert_array_equal(read(data), pixels)
        assert photo_facts("a.png", data).width == 8


def test_depth_channels_and_alpha_are_the_files_own() -> None:
    rgba = np.dstack([COLOURS, COLOURS[..., :1]])
    for pixels in (COLOURS[..., 0], COLOURS[..., :2], COLOURS, rgba):
        found = read(saved(Image.fromarray(np.ascontiguousarray(pixels)), "PNG"))
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, pixels)
    assert read(deep_tiff(DEEP)).dtype == np.uint16


def test_colours_multiplied_with_alpha_are_whole_again_at_16_bits() -> None:
    alpha = np.array([[0, 20_000, 65_535]], np.uint16)
    colours = np.array([[[7, 0, 9], [5000, 20_000, 30_000], [1, 2, 65_535]]], np.uint16)
    found = read(deep_tiff(np.dstack([colours, alpha]), photometric="rgb", extrasamples=["assocalpha"]))
    np.testing.assert_array_equal(found[..., 3], alpha)
    np.testing.assert_array_equal(found[0, :, :3], [[7, 0, 9], [16_384, 65_535, 65_535], [1, 2, 65_535]])


def test_a_grey_that_means_transparent_is_told_at_16_bits() -> None:
    grey = DEEP[..., 0]
    found = decode(saved(Image.fromarray(grey), "PNG", transparency=int(grey[0, 0])), Path("a.png"))
    np.testing.assert_array_equal(found.pixels, grey)
    assert found.notes == ("its transparent grey was made opaque",)


def test_other_colour_spaces_become_rgb_and_it_is_said() -> None:
    white = Image.new("RGB", (4, 3), (255, 255, 255))
    cmyk = decode(saved(white.convert("CMYK"), "TIFF"), Path("a.tif"))
    assert cmyk.pixels.tolist() == [[[255] * 3] * 4] * 3
    assert cmyk.notes == ("colours converted from CMYK to RGB",)
    palette = Image.fromarray(COLOURS).convert("P")
    np.testing.assert_array_equal(read(saved(palette, "PNG")), np.asarray(palette.convert("RGB")))
    assert read(saved(palette, "PNG", transparency=0)).shape == (6, 8, 4)
    assert read(saved(Image.new("1", (4, 3), 1), "PNG")).tolist() == [[255] * 4] * 3


def swapped_profile() -> bytes:
    """An RGB profile in which red light is called green, and green light red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")  # signatures in the table of tags
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_a_profile_of_srgb_is_left_out_and_another_one_is_applied() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode(saved(Image.fromarray(COLOURS), "PNG", icc_profile=srgb), Path("a.png"))
    np.testing.assert_array_equal(plain.pixels, COLOURS)
    assert plain.notes == ()
    red = Image.new("RGBA", (2, 1), (255, 0, 0, 77))
    other = decode(saved(red, "PNG", icc_profile=swapped_profile()), Path("a.png"))
    assert np.abs(other.pixels[0, 0].astype(int) - (0, 255, 0, 77)).max() <= 1
    (note,) = other.notes
    assert note.startswith("colours converted from ") and note.endswith(" to sRGB")


def profile_of(curves: list[bytes], tags: dict[bytes, bytes] | None = None) -> bytes:
    """A profile with the primaries of Adobe RGB (1998), relative to D50, and these curves."""
    primaries = {
        b"r": (0.60974, 0.31111, 0.01947),
        b"g": (0.20528, 0.62567, 0.06087),
        b"b": (0.14919, 0.06322, 0.74457),
    }
    found = {b"wtpt": struct.pack(">4sIiii", b"XYZ ", 0, 63190, 65536, 54061), **(tags or {})}
    for (name, xyz), curve in zip(primaries.items(), curves, strict=True):
        found[name + b"XYZ"] = struct.pack(">4sIiii", b"XYZ ", 0, *(round(65536 * v) for v in xyz))
        found[name + b"TRC"] = curve + b"\0" * (-len(curve) % 4)
    table, body = b"", b""
    start = 132 + 12 * len(found)
    for name, tag in found.items():
        table += struct.pack(">4sII", name, start + len(body), len(tag))
        body += tag
    header = struct.pack(
        ">I4sI4s4s4s12s4s", start + len(body), b"test", 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"", b"acsp"
    )
    white = struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(68, b"\0") + white.ljust(60, b"\0") + struct.pack(">I", len(found)) + table + body


GAMMA = struct.pack(">4sIIH", b"curv", 0, 1, round(2.2 * 256))
CURVES = {
    "a gamma": GAMMA,
    "a table": struct.pack(">4sII5H", b"curv", 0, 5, 0, 3000, 14000, 34000, 65535),
    "a line": struct.pack(">4sII", b"curv", 0, 0),
    "a power": struct.pack(">4sIHHi", b"para", 0, 0, 0, round(65536 * 1.8)),
    "a power with an offset": struct.pack(">4sIHH4i", b"para", 0, 2, 0, 131072, 60000, 3000, 2000),
    "the curve of sRGB": struct.pack(
        ">4sIHH5i", b"para", 0, 3, 0, *(round(65536 * v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    ),
    "seven parameters": struct.pack(
        ">4sIHH7i", b"para", 0, 4, 0, *(round(65536 * v) for v in (2.2, 0.9, 0.08, 0.1, 0.1, 0.02, 0.004))
    ),
}


@pytest.mark.parametrize("curve", CURVES)
def test_a_foreign_profile_is_applied_at_16_bits_as_littlecms_does_at_8(curve: str) -> None:
    profile = profile_of([CURVES[curve]] * 3)
    levels = np.random.default_rng(4).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    shallow = decode(saved(Image.fromarray(levels), "PNG", icc_profile=profile), Path("a.png"))
    deep = decode(deep_tiff(levels.astype(np.uint16) * 257, iccprofile=profile), Path("a.tif"))
    assert deep.pixels.dtype == np.uint16 and shallow.pixels.dtype == np.uint8
    assert deep.notes == shallow.notes and "to sRGB" in deep.notes[0]
    assert (np.abs(deep.pixels / 257 - shallow.pixels) <= 1).mean() > 0.999


def test_16_bits_stay_16_bits_in_another_profile() -> None:
    """By hand: grey needs no matrix, 2.2 to 1 and back by the curve of sRGB."""
    grey = np.linspace(3000, 65535, 200).astype(np.uint16)
    found = read(deep_tiff(np.repeat(grey[None, :, None], 3, axis=2), iccprofile=profile_of([GAMMA] * 3)))
    linear = (grey / 65535) ** (round(2.2 * 256) / 256)
    wanted = 65535 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    assert np.abs(found[0] - wanted[:, None]).max() < 40  # the primaries' five digits
    assert len(np.unique(found[0, :, 1])) == 200


def test_a_broken_profile_is_left_out_at_every_depth_and_it_is_said() -> None:
    broken = profile_of([GAMMA] * 3, {b"A2B0": b"mft2".ljust(40, b"\0")})
    assert matrix_profile(broken) is None  # its tables, which come first, are empty
    for pixels, data in (
        (COLOURS, saved(Image.fromarray(COLOURS), "PNG", icc_profile=broken)),
        (DEEP, deep_tiff(DEEP, iccprofile=broken)),
    ):
        found = decode(data, Path("a"))
        np.testing.assert_array_equal(found.pixels, pixels)
        assert found.notes == ("its colour profile is broken or for other pixels, and was left out",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", ""),
        (b"text, and no photo at all", ""),
        (saved(Image.fromarray(np.tile(COLOURS, (20, 20, 1))), "JPEG")[:-600], ""),
        (deep_png(np.tile(DEEP, (20, 20, 1)))[:-9000], ""),
        (saved(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF"), ""),
        (deep_tiff(DEEP[..., 0], photometric="miniswhite"), "16-bit negative"),
        (deep_tiff(np.full((2, 2), 70_000, np.uint32)), "32-bit"),
        (deep_tiff(DEEP.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"), "in separate planes"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(SampleError, match=rf"holiday.*{reason}"):
        decode(data, Path("holiday"))


def test_an_animation_is_refused() -> None:
    frames = [Image.new("RGB", (4, 4), (80 * n, 0, 0)) for n in range(3)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        with pytest.raises(SampleError, match="several pictures"):
            decode(data, Path("film"))


def test_a_photo_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"gone\.png: cannot be read \(No such file"):
        read_bytes(tmp_path / "gone.png", "gone.png")


@pytest.mark.parametrize("name", ["IMG_1.heic", "IMG_1.dng", "IMG_1.txt", "IMG_1"])
def test_what_a_file_holds_counts_and_not_what_it_is_called(name: str) -> None:
    for kind in ("JPEG", "PNG"):
        data = saved(Image.fromarray(COLOURS), kind)
        np.testing.assert_array_equal(decode(data, Path(name)).pixels, decode(data, Path("IMG_1.jpg")).pixels)


def test_the_preview_in_a_raw_photo_does_not_pass_for_the_photo() -> None:
    beside, buffer = io.BytesIO(), io.BytesIO()
    with tifffile.TiffWriter(beside) as writer:
        writer.write(COLOURS, photometric="rgb", subfiletype=1, subifds=1)
        writer.write(np.tile(COLOURS, (4, 4, 1)), photometric="rgb")
    tifffile.imwrite(buffer, COLOURS, photometric="rgb", extratags=[(50706, 1, 4, (1, 4, 0, 0), True)])
    plain = deep_tiff(DEEP)
    for data, name in ((beside, "raw"), (beside, "raw.tif"), (buffer, "raw.tif"), (io.BytesIO(plain), "raw.NEF")):
        with pytest.raises(SampleError, match="a raw photo is not read here; save it as"):
            decode(data.getvalue(), Path(name))


def test_an_iphones_photo_is_read_where_pillow_heif_is_there() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    blocks = np.kron(COLOURS[:2, :3], np.ones((64, 64, 1), np.uint8))
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(blocks)).save(buffer, quality=-1)
    found = decode(buffer.getvalue(), Path("IMG_1.HEIC")).pixels
    assert found.shape == blocks.shape and np.abs(found.astype(int) - blocks).mean() < 4
