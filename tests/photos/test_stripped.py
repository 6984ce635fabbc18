"""A JPEG photo without its metadata: the same picture, bit for bit, and nothing else."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from known_photos import deid
from PIL import Image, ImageOps

from palmbench.photos.stripped import unchanged_jpeg, without_metadata

SECRET = b"a place and a name"


def jpeg(pixels: np.ndarray, orientation: int = 1, **options: object) -> bytes:
    """A file full of what is not the picture: EXIF, a comment, a thumbnail's worth of bytes after its end."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010E] = orientation, SECRET.decode()
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif, comment=SECRET, **options)  # type: ignore[arg-type]
    return buffer.getvalue() + SECRET


def seen(data: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (70, 90, 3), dtype=np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 3}])
def test_no_pixel_changes_and_nothing_else_is_left(noise: np.ndarray, orientation: int, options: dict) -> None:
    data = jpeg(noise, orientation, **options)
    assert data.count(SECRET) == 3
    stripped = unchanged_jpeg(data, seen(data))
    assert stripped is not None and SECRET not in stripped and len(stripped) < len(data)
    np.testing.assert_array_equal(seen(stripped), seen(data))
    with Image.open(io.BytesIO(stripped)) as image:
        assert dict(image.getexif()) == ({} if orientation == 1 else {0x0112: orientation})
        assert "comment" not in image.info and "icc_profile" not in image.info


def test_grey_and_cmyk_come_through(noise: np.ndarray) -> None:
    for mode in ("L", "CMYK"):
        buffer = io.BytesIO()
        Image.fromarray(noise).convert(mode).save(buffer, "JPEG", comment=SECRET)
        stripped = without_metadata(buffer.getvalue())
        assert stripped is not None and SECRET not in stripped
        np.testing.assert_array_equal(seen(stripped), seen(buffer.getvalue()))


def test_what_is_not_understood_or_shows_something_else_is_not_passed_on(noise: np.ndarray) -> None:
    data = jpeg(noise)
    for cut in (1, 3, 10, 200, len(data) // 2):
        assert without_metadata(data[:cut]) is None
    assert without_metadata(b"GIF89a" + data) is None
    assert unchanged_jpeg(data, noise[::-1]) is None


def lower(data: bytes, height: int) -> bytes:
    """The same file, whose header tells another height."""
    frame = next(place for marker in (b"\xff\xc0", b"\xff\xc2") if (place := data.find(marker)) > 0)
    return data[: frame + 5] + struct.pack(">H", height) + data[frame + 7 :]


@pytest.mark.parametrize("height", [35, 64, 69])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True, "subsampling": 0}])
def test_a_picture_that_goes_on_below_its_height_is_not_passed_on(
    noise: np.ndarray, height: int, options: dict
) -> None:
    data = jpeg(noise, **options)
    cut = lower(data, height)
    assert len(seen(cut)) == height
    goes_on = -(-height // 16) < -(-len(noise) // 16)
    assert (unchanged_jpeg(cut, seen(cut)) is None) == goes_on


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 1}])
@pytest.mark.parametrize("kind", ["one colour", "white below", "smooth", "grey"])
def test_pictures_that_end_evenly_are_passed_on(kind: str, options: dict) -> None:
    rows = np.linspace(0, 255, 150).astype(np.uint8)
    pixels = np.repeat(np.repeat(rows[:, None, None], 170, axis=1), 3, axis=2)
    if kind == "one colour":
        pixels[...] = (200, 30, 90)
    elif kind == "white below":
        pixels[40:] = 255
    elif kind == "grey":
        pixels = pixels[..., 0]
    data = jpeg(np.ascontiguousarray(pixels), **options)
    assert unchanged_jpeg(data, seen(data)) is not None


@pytest.mark.parametrize("marker", [0xDC, 0xC8, 0xF0, 0x02, 0xDE, 0xDF])
def test_a_part_that_decoding_does_not_need_is_not_passed_on(noise: np.ndarray, marker: int) -> None:
    data = jpeg(noise)
    end = data.rindex(b"\xff\xd9")
    part = struct.pack(">BBH", 0xFF, marker, 2 + len(SECRET)) + SECRET
    tables = data[data.index(b"\xff\xdb") :][: 2 + 67]
    assert without_metadata(data) is not None
    for place, added in ((2, part), (end, part), (end, tables)):
        assert without_metadata(data[:place] + added + data[place:]) is None


def test_a_photo_without_a_hand_keeps_its_pixels_when_it_is_kept(tmp_path: Path, noise: np.ndarray) -> None:
    (tmp_path / "in").mkdir()
    smooth = np.full((200, 300, 3), (90, 120, 60), np.uint8)
    smooth[::7] += 9
    for orientation in (1, 6):
        (tmp_path / "in" / f"{orientation}.jpg").write_bytes(jpeg(smooth, orientation))
    Image.fromarray(smooth).save(tmp_path / "in" / "photo.png")
    assert deid(tmp_path / "in", tmp_path / "out", "--keep-unchanged") == 0
    for photo in (tmp_path / "in").iterdir():
        result = (tmp_path / "out" / photo.name).read_bytes()
        assert SECRET not in result
        np.testing.assert_array_equal(seen(result), seen(photo.read_bytes()))
