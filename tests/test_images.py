"""Reading photos as they are meant to be seen, and writing pictures that say nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from palmbench.errors import SampleError
from palmbench.images import decode_png, encode_png, read_image, write_png

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
