"""Photos' files: a short list of formats, one limit of size before memory is taken, and damage of any kind told."""

from __future__ import annotations

import io
import os
import re
import resource
import stat
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from palmbench.base.images import decode_png, encode_png, photo_facts, read_image
from palmbench.base.photo_files import FORMATS, LARGEST, contents, opened
from palmbench.commands.cli import main
from palmbench.datasets.check import check
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.photos.reading import decode
from palmbench.synth import render
from recognizers.common.errors import SampleError

PHOTO = render(31, 1).image
REAL = Path(__file__).parents[3] / "shared" / "photos"
# The doors: a run, `data check` and `deid`.
DOORS: dict[str, Callable[[Path, bytes], object]] = {
    "run": lambda path, data: read_image(path, data),
    "data check": lambda path, data: photo_facts(path, data),
    "deid": lambda path, data: decode(data, path),
}
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n%%EOF\n"


def saved(form: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or Image.fromarray(PHOTO)).save(buffer, form, **options)
    return buffer.getvalue()


def refused(data: bytes, name: str = "photo.jpg") -> str:
    """The one sentence in which every door refuses a file."""
    sentences = set()
    for door in DOORS.values():
        with pytest.raises(SampleError) as caught:
            door(Path(name), data)
        sentences.add(str(caught.value))
    (sentence,) = sentences
    assert sentence.startswith(f"{name}: ") and "\n" not in sentence
    return sentence


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trace that is there once a program called gs was started."""
    program, trace = tmp_path / "bin" / "gs", tmp_path / "trace"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho started >> '{trace}'\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    return trace


def test_no_photo_reaches_ghostscript(
    ghostscript: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set" / "palm").mkdir(parents=True)
    (tmp_path / "set" / "palm" / "photo.jpg").write_bytes(POSTSCRIPT)
    refused(POSTSCRIPT)
    monkeypatch.chdir(tmp_path)
    for words in (["deid", "set", "out"], ["data", "check", "folder", "dataset.root=set"]):
        assert main(words) == 3
    assert "photo.jpg" in capsys.readouterr().out
    assert not ghostscript.exists()
    # The file is as dangerous as it was meant to be.
    with pytest.raises(Exception), Image.open(io.BytesIO(POSTSCRIPT)) as image:  # noqa: B017
        image.load()
    assert ghostscript.exists()


def test_only_what_photographs_are_stored_in_is_read() -> None:
    Image.init()
    assert set(FORMATS) >= {"JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"}
    for form in ["PCX", "TGA", "ICO", "PDF", "EPS", "SGI", "IM", "MSP", "SPIDER", "ICNS", "DDS", "XBM"]:
        mode = {"MSP": "1", "XBM": "1", "SPIDER": "F"}.get(form, "RGB")
        refused(saved(form, Image.new(mode, (64, 64))))
    for form in ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM"):
        shown = read_image("whatever.it.is.called", saved(form))
        assert np.abs(shown.astype(int) - PHOTO).mean() < 12


def png_of_size(width: int, height: int, depth: int = 8) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    chunks = [struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG, TIFF, BMP or GIF that claims another size."""
    if data[:2] == b"\xff\xd8":
        at = data.index(b"\xff\xc0") + 5
        return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
    if data[:2] == b"BM":
        return data[:18] + struct.pack("<ii", width, height) + data[26:]
    if data[:3] == b"GIF":
        return data[:6] + struct.pack("<HH", width, height) + data[10:]
    changed = bytearray(data)
    start = int.from_bytes(data[4:8], "little")
    for k in range(int.from_bytes(data[start : start + 2], "little")):
        at = start + 2 + 12 * k
        if (tag := int.from_bytes(data[at : at + 2], "little")) in (256, 257):
            changed[at + 2 : at + 12] = struct.pack("<HII", 4, 1, (width, height)[tag - 256])
    return bytes(changed)


def webp_of_one_colour(width: int, height: int) -> bytes:
    """A lossless WebP of 34 bytes: each of its codes has one symbol, and takes no bits."""
    bits = 0x2F | (width - 1) << 8 | (height - 1) << 22
    body = bits.to_bytes(5, "little") + bytes.fromhex("0788880888880800")[:9]
    body += b"\0" * (14 - len(body))
    return b"RIFF" + struct.pack("<I", 12 + len(body)) + b"WEBPVP8L" + struct.pack("<I", len(body)) + body


SIDE = 16_383
BOMBS = {
    "jpg": with_size(saved("JPEG"), SIDE, SIDE),
    "png": png_of_size(SIDE, SIDE),
    "deep png": png_of_size(SIDE, SIDE, 16),
    "tif": with_size(saved("TIFF"), SIDE, SIDE),
    "bmp": with_size(saved("BMP"), SIDE, SIDE),
    "gif": with_size(saved("GIF"), SIDE, SIDE),
    "webp": webp_of_one_colour(SIDE, SIDE),
    "webp with alpha": saved("WEBP", Image.new("RGBA", (64, 64)))[:24]
    + (SIDE - 1).to_bytes(3, "little") * 2
    + bytes(60),
    "ppm": b"P6 16383 16383 255\n" + bytes(100),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_the_size_is_looked_at_before_memory_is_taken(kind: str) -> None:
    data = BOMBS[kind]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentence = refused(data)
    assert f"{SIDE} x {SIDE} pixels; photos of up to 256 megapixels are read" in sentence
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB; the pixels alone are 800,000


def test_megabytes_of_one_colour_in_a_few_bytes_are_no_photo() -> None:
    for data in (webp_of_one_colour(12_000, 12_000), png_of_size(12_000, 12_000)):
        assert "12000 x 12000 pixels in" in refused(data)
    assert len(webp_of_one_colour(12_000, 12_000)) == 34


def test_two_hundred_megapixels_are_not_too_many_for_any_door(tmp_path: Path) -> None:
    data = with_size(saved("JPEG"), 16_320, 12_240) + bytes(20_000)  # the size of a phone's
    assert LARGEST > 16_320 * 12_240
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert photo_facts("photo.jpg", data, decode=False)[:2] == (16_320, 12_240)
        with opened(Path("photo.jpg"), data, decode=False) as image:
            assert image.size == (16_320, 12_240)
        with pytest.raises(SampleError, match="truncated"):
            read_image("photo.jpg", data)
    limit = Image.MAX_IMAGE_PIXELS
    assert limit is not None  # the process's own setting is left as it is


def test_a_result_that_is_larger_than_pillows_own_limit_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    np.testing.assert_array_equal(decode_png(encode_png(PHOTO)), PHOTO)
    np.testing.assert_array_equal(read_image("a.png", encode_png(PHOTO)), PHOTO)


def test_a_file_that_is_larger_than_any_photo_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "a.tif", "wb") as stream:
        stream.truncate(9 * LARGEST)
    for read in (read_image, contents, lambda path: contents(path, digest="0" * 32), photo_facts):
        with pytest.raises(SampleError, match=r"a\.tif: has 2\.3 GB"):
            read(tmp_path / "a.tif")


def chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk of a PNG."""
    found, at = [], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], at, end))
        at = end
    return found


PNG = saved("PNG", Image.fromarray(PHOTO), compress_level=1)
IDAT = [(start, end) for kind, start, end in chunks(PNG) if kind == b"IDAT"]
PNGS = {
    "the tail is zeros": PNG[: IDAT[-1][0] + 20] + bytes(len(PNG) - IDAT[-1][0] - 20),
    "the last data's checksum": PNG[: IDAT[-1][1] - 1] + bytes([PNG[IDAT[-1][1] - 1] ^ 1]) + PNG[IDAT[-1][1] :],
    "a bit in the middle": PNG[: IDAT[0][0] + 99] + bytes([PNG[IDAT[0][0] + 99] ^ 1]) + PNG[IDAT[0][0] + 100 :],
    "no end": PNG[: IDAT[-1][1]],
    "the last data are missing": PNG[: IDAT[-1][0]] + PNG[IDAT[-1][1] :],
    "cut off": PNG[: len(PNG) // 2],
}


@pytest.mark.parametrize("how", PNGS)
def test_a_png_that_did_not_come_through_whole_is_refused_by_every_door(how: str) -> None:
    assert len(IDAT) > 1
    assert "truncated" in (sentence := refused(PNGS[how], "a.png")) or "damaged" in sentence


def test_a_png_whose_pixels_have_another_checksum_is_refused() -> None:
    (start, end), body = IDAT[-1], PNG[IDAT[-1][0] + 4 : IDAT[-1][1] - 4]
    wrong = body[:-1] + bytes([body[-1] ^ 1])  # of the stream's own checksum; the chunk's is right
    data = PNG[: start + 4] + wrong + struct.pack(">I", zlib.crc32(wrong)) + PNG[end:]
    assert "decoded" in refused(data, "a.png")


JPEGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 2},
    "grey": {"mode": "L"},
    "CMYK": {"mode": "CMYK"},
}


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("share", [0.4, 0.9, 0.99])
def test_a_jpeg_that_ends_too_early_is_refused_whatever_stands_in_the_rest(kind: str, share: float) -> None:
    options = dict(JPEGS[kind])
    data = saved("JPEG", Image.fromarray(PHOTO).convert(str(options.pop("mode", "RGB"))), quality=90, **options)
    assert read_image("a.jpg", data).shape == PHOTO.shape
    start, end = data[: int(share * len(data))].rstrip(b"\xff"), b"\xff\xd9"
    rest = bytes(len(data) - len(start))
    for damaged in (start, start + end, start + rest):
        assert "truncated" in refused(damaged, "a.jpg")
    assert "truncated" in refused(data.removesuffix(end), "a.jpg")


def test_a_jpeg_with_restarts_is_refused_where_a_restart_is_all_that_is_missing() -> None:
    data = saved("JPEG", Image.fromarray(PHOTO), quality=90, restart_marker_rows=2)
    restarts = [match.start() for match in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    assert len(restarts) > 10
    for at in restarts[::3]:
        for missing in (0, 2, 4):
            assert "truncated" in refused(data[: at - missing].rstrip(b"\xff") + b"\xff\xd9", "a.jpg")


@pytest.mark.skipif(not REAL.is_dir(), reason="photographs of people do not come with the code")
def test_photographs_are_whole() -> None:
    for path in sorted(REAL.glob("*.jpg")):
        data = path.read_bytes()
        assert photo_facts(path, data).bits == 8
        assert "truncated" in refused(data[: len(data) * 9 // 10] + b"\xff\xd9", path.name)


def test_damage_is_said_by_data_check_a_run_and_deid_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set" / "palm"
    folder.mkdir(parents=True)
    (folder / "whole.png").write_bytes(PNG)
    (folder / "zeros.png").write_bytes(PNGS["the tail is zeros"])
    (folder / "grey.jpg").write_bytes(saved("JPEG")[:9000] + b"\xff\xd9")
    report = check(FolderDatasetConfig("folder", root=str(tmp_path / "set")), "data", workers=1)
    found = {finding.paths[0]: finding.text for finding in report.findings if finding.kind == "unreadable"}
    assert found.keys() == {"palm/zeros.png", "palm/grey.jpg"}
    deid = ["deid", str(tmp_path / "set"), str(tmp_path / "out"), "method=mask", "--keep-unchanged"]
    assert main([*deid, "executor.workers=1"]) == 3
    said = capsys.readouterr().out
    for path, text in found.items():
        assert f"{path}: {text}" in said
        with pytest.raises(SampleError, match=r"truncated|damaged") as caught:
            read_image(tmp_path / "set" / path)
        assert str(caught.value).endswith(text)


@pytest.mark.parametrize(
    "error",
    [
        *(AttributeError, RuntimeError, MemoryError, RecursionError, KeyError, IndexError, AssertionError, TypeError),
        *(OverflowError, ZeroDivisionError, struct.error, zlib.error, cv2.error, Image.DecompressionBombError),
    ],
)
def test_whatever_a_decoder_raises_is_that_photos_failure(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise error("of its own")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    assert refused(PNG, "photos/a.png").startswith("photos/a.png: ")
