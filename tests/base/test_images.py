"""Reading photos as they are meant to be seen, and writing pictures that say nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from palmbench.base.images import decode_png, encode_photo, encode_png, photo_facts, read_image, write_png
from recognizers.common.errors import SampleError

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate clockwise to see the photo upright
    path = saved(tmp_path / "a.png", Image.fromarray(PICTURE), exif=exif)
    np.testing.assert_array_equal(read_image(path), np.rot90(PICTURE, -1))


def test_deep_grey_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    grey = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    read = read_image(saved(tmp_path / "a.png", Image.fromarray(grey)))
    assert read.tolist() == [[[0] * 3, [1] * 3, [128] * 3, [255] * 3]]


def test_transparency_lies_over_black(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (200, 100, 50, 255))
    image.putpixel((1, 0), (200, 100, 50, 0))
    assert read_image(saved(tmp_path / "a.png", image)).tolist() == [[[200, 100, 50], [0, 0, 0]]]


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_every_colour_space_becomes_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (4, 3), (255, 255, 255)).convert(mode)
    read = read_image(saved(tmp_path / "a.tif", image))
    assert read.shape == (3, 4, 3) and read.dtype == np.uint8 and read.min() == 255


def test_what_is_no_photo_is_a_failed_sample_with_its_path(tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", Image.fromarray(np.tile(PICTURE, (20, 20, 1))))
    (tmp_path / "truncated.jpg").write_bytes(photo.read_bytes()[:-2000])
    (tmp_path / "text.jpg").write_text("not an image")
    (tmp_path / "empty.jpg").write_bytes(b"")
    frames = [Image.new("RGB", (4, 4), (n, 0, 0)) for n in range(3)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "float.tif")
    for name, reason in {
        "truncated.jpg": "cannot be decoded",
        "text.jpg": "not an image",
        "empty.jpg": "the file is empty",
        "film.gif": "several pictures",
        "float.tif": "floating-point",
        "absent.jpg": "no such file",
    }.items():
        with pytest.raises(SampleError, match=rf"{name}.*{reason}"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("picture", [PICTURE, PICTURE[..., 0]], ids=["colour", "grey"])
def test_a_written_picture_comes_back_alone(tmp_path: Path, picture: np.ndarray) -> None:
    write_png(tmp_path / "new" / "a.png", picture)
    np.testing.assert_array_equal(decode_png((tmp_path / "new" / "a.png").read_bytes()), picture)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.info == {} and not image.getexif()


def test_only_pictures_are_written(tmp_path: Path) -> None:
    for wrong in (PICTURE.astype(float), PICTURE[..., :2], PICTURE[0, 0], PICTURE[:0]):
        with pytest.raises(ValueError, match="a picture is uint8"):
            write_png(tmp_path / "a.png", wrong)
    assert list(tmp_path.iterdir()) == []


def test_half_a_picture_is_not_decoded() -> None:
    data = encode_png(PICTURE)
    for part in (data[: len(data) // 2], b"", b"text"):
        with pytest.raises(ValueError):
            decode_png(part)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"])
def test_a_photo_is_written_in_the_format_of_its_name(tmp_path: Path, suffix: str) -> None:
    smooth = np.full((16, 24, 3), (200, 120, 90), np.uint8)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode_photo(smooth, suffix))
    with Image.open(path) as image:
        assert image.format == {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
    assert np.abs(read_image(path).astype(int) - smooth).max() <= (3 if suffix.startswith(".j") else 0)
    assert photo_facts(path) == (24, 16, 8, True)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_of_grey_are_kept_and_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode_photo(np.full((2, 3), 32896, np.uint16), suffix))
    assert photo_facts(path) == (3, 2, 16, False)
    assert read_image(path).max() == 128


def test_facts_are_of_the_photo_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert photo_facts(saved(tmp_path / "a.jpg", Image.fromarray(PICTURE), exif=exif)) == (6, 8, 8, True)
    assert photo_facts(saved(tmp_path / "b.png", Image.new("1", (5, 4)))) == (5, 4, 1, False)
    assert photo_facts(saved(tmp_path / "c.png", Image.fromarray(PICTURE).convert("P"))) == (8, 6, 8, True)


def test_only_decoding_finds_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path.write_bytes(encode_photo(noise, ".jpg")[:-200])
    assert photo_facts(path, decode=False) == (64, 64, 8, True)
    with pytest.raises(SampleError, match="truncated"):
        photo_facts(path)
    with pytest.raises(SampleError, match=r"a\.jpg"):
        photo_facts(path, b"something else")
    with pytest.raises(ValueError, match=r"not written as \.gif"):
        encode_photo(noise, ".gif")


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3], np.s_[..., ::-1], np.s_[:1, :1]])
@pytest.mark.parametrize("picture", [PICTURE, PICTURE[..., 0]], ids=["colour", "grey"])
def test_a_view_of_a_picture_is_written_as_it_is(picture: np.ndarray, view: tuple[slice, ...]) -> None:
    np.testing.assert_array_equal(decode_png(encode_png(picture[view])), picture[view])
