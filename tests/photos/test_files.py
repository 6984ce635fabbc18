"""Which photos are meant, where results go, and that no result can take a photo's place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from palmbench.photos.files import Plan, plan, shown
from recognizers.common.errors import RequestError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def results(found: Plan, root: Path) -> dict[str, list[str]]:
    return {job.name: [path.relative_to(root).as_posix() for path in job.outputs] for job in found.jobs}


def test_a_folder_is_searched_wholly_and_its_shape_is_kept(tmp_path: Path) -> None:
    album = tmp_path / "in"
    touch(*(album / n for n in ("a.JPG", "b/c/d.tif", "b/x.heic", "b/e.gif", ".hidden.jpg", ".cache/y.png", "n.txt")))
    found = plan([album], tmp_path / "out")
    assert results(found, tmp_path / "out") == {
        "a.JPG": ["a.JPG"],
        "b/e.gif": ["b/e.png"],
        "b/x.heic": ["b/x.jpg"],
        "b/c/d.tif": ["b/c/d.tif"],
    }
    assert [job.format for job in found.jobs] == ["jpeg", "png", "jpeg", "tiff"]
    assert found.others == {".txt": 1, "name(s) with a leading dot": 2}


CONTENTS = {
    "JPEG": ("jpeg", ".jpg"),
    "PNG": ("png", ".png"),
    "GIF": ("png", ".png"),
    "TIFF": ("tiff", ".tiff"),
    "WEBP": ("webp", ".webp"),
    "BMP": ("bmp", ".bmp"),
    "PPM": ("png", ".png"),
    "AVIF": ("jpeg", ".jpg"),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize(
    "name", ["IMG_0001", "photo.txt", "photo.jpg~", "photo.jpg_original", "photo.jpg ", "at 12.05"]
)
def test_a_photo_is_one_whatever_it_is_called(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (20, 16), (90, 20, 200)).save(tmp_path / "in" / name, kind)
    (job,) = plan([tmp_path / "in"], tmp_path / "out").jobs
    form, suffix = CONTENTS[kind]
    assert (job.format, job.outputs) == (form, (tmp_path / "out" / f"{name}{suffix}",))
    assert plan([tmp_path / "in" / name], tmp_path / "out").jobs == [job]


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1miafheic",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        b"II*\0\x10\0\0\0CR\2\0",
        b"8BPS\0\1",
        b"\0\0\0\x0cJXL \r\n\x87\n",
    ],
)
def test_photos_that_cannot_be_read_are_photos_by_their_first_bytes(head: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(head + bytes(90))
    assert len(plan([tmp_path], tmp_path.parent / "out").jobs) == 1


def test_what_is_no_photo_is_counted_by_what_it_is(tmp_path: Path) -> None:
    touch(tmp_path / "empty")
    for name, head in (
        ("a.txt", b"BMP files begin with BM"),
        ("b.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  "),
        ("c.wav", b"RIFF\0\0\0\0WAVE"),
        ("d.txt", b"P5 is a pupil"),
    ):
        (tmp_path / name).write_bytes(head + bytes(90))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    touch(tmp_path / "e.nef", tmp_path / ".cache" / "f.jpg", tmp_path / ".g.jpg")
    found = plan([tmp_path], tmp_path.parent / "out")
    assert [job.name for job in found.jobs] == ["e.nef"]
    assert found.others == {
        ".txt": 2,
        ".mov": 1,
        ".wav": 1,
        "without a suffix": 1,
        "file(s) that cannot be opened": 1,
        "name(s) with a leading dot": 2,
    }


def test_photos_by_name_with_another_format_and_several_results(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.png", tmp_path / "noname")
    found = plan([tmp_path / n for n in ("a.jpg", "b.png", "noname")], tmp_path / "out", "webp", 10)
    names = results(found, tmp_path / "out")
    assert names["a.jpg"][0] == "a-01.webp" and names["a.jpg"][9] == "a-10.webp" and len(names["noname"]) == 10
    single = plan([tmp_path / "a.jpg"], tmp_path / "new.png", count=2)
    assert single.folder is None
    assert results(single, tmp_path) == {"a.jpg": ["new-1.png", "new-2.png"]}
    assert single.jobs[0].format == "png"
    assert plan([tmp_path / "a.jpg"], tmp_path / "hands-1.2").folder == tmp_path / "hands-1.2"


@pytest.mark.parametrize(
    ("inputs", "out", "sentence"),
    [
        (["album"], "album", "is the folder of the photos"),
        (["album"], "album/out", "lies inside"),
        (["album/a.jpg"], "album", "is the photo .*a.jpg itself"),
        (["album/a.jpg"], "album/a.jpg", "is the photo .*a.jpg itself"),
        (["album/a.jpg"], "soft.jpg", "is the photo .*a.jpg itself"),
        (["album/a.jpg"], "hard.jpg", "is the photo .*a.jpg itself"),
        (["album"], "links", "is the photo .*a.jpg itself"),
        (["nest/in"], "nest", "nest/in lies inside .*nest/in: the next run would take results for photos"),
        (["album"], "into", "into/sub lies inside .*album: the next run"),
        (["circle/a.jpg"], "out", "circle/a.jpg cannot be read: Too many levels of symbolic links"),
        (["album"], "circle", "circle is not a folder"),
        (["album/a.jpg"], "circle/b.jpg", "circle is not a folder: .*b.jpg cannot be made there"),
        (["album"], "soft.jpg/out", "soft.jpg is not a folder"),
        (["pipe"], "out", "pipe is neither a photo nor a folder"),
        (["n" * 300], "out", "cannot be read: File name too long"),
        (["gone.jpg"], "out", "there is no such photo or folder"),
        (["empty"], "out", r"There is no photo in .*empty \(only 1 .txt\)"),
        (["album"], "empty/n.txt", "n.txt is not a folder, and results need one"),
        (["album/a.jpg"], "new.jpgg", "new.jpgg: no image is called .jpgg; did you mean .jpg.* make it first"),
        (["album/a.jpg"], "new.heic", "can be read and not written; end the name with one of .jpg"),
    ],
)
def test_what_would_lose_a_photo_or_cannot_be_is_refused(
    tmp_path: Path, inputs: list[str], out: str, sentence: str
) -> None:
    touch(tmp_path / "album/a.jpg", tmp_path / "other/a.jpg", tmp_path / "empty/n.txt", tmp_path / "links/x")
    (tmp_path / "soft.jpg").symlink_to(tmp_path / "album/a.jpg")
    (tmp_path / "links/a.jpg").symlink_to(tmp_path / "album/a.jpg")
    os.link(tmp_path / "album/a.jpg", tmp_path / "hard.jpg")
    touch(tmp_path / "nest/in/in/b.jpg", tmp_path / "album/sub/c.jpg", tmp_path / "into/x")
    (tmp_path / "album/empty").mkdir()
    (tmp_path / "into/sub").symlink_to(tmp_path / "album/empty")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestError, match=sentence):
        plan([tmp_path / name for name in inputs], tmp_path / out)


@pytest.mark.parametrize(("out", "sentence"), [("ALBUM", "is the folder of the photos"), ("ALBUM/out", "lies inside")])
def test_the_folder_of_the_photos_is_known_under_another_name(
    out: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "album/a.jpg")
    # Stands for a disk that knows no case, where no link shows that the two are one.
    (tmp_path / "ALBUM").symlink_to(tmp_path / "album")
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)
    with pytest.raises(RequestError, match=sentence):
        plan([tmp_path / "album"], tmp_path / out)


def test_photos_whose_results_would_have_one_name_are_numbered_and_said(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("in/a.jpg", "in/a.png", "in/A.heic", "in/b/a.png", "other/b/a.png")))
    album, out = tmp_path / "in", tmp_path / "out"
    assert results(plan([album], out), out) == {
        "A.heic": ["A-2.jpg"],
        "a.jpg": ["a.jpg"],
        "a.png": ["a.png"],
        "b/a.png": ["b/a.png"],
    }
    found = plan([album, tmp_path / "other"], out, "png")
    assert results(found, out) == {
        "A.heic": ["A-2.png"],
        "a.jpg": ["a-3.png"],
        "a.png": ["a.png"],
        "in/b/a.png": ["b/a.png"],
        "other/b/a.png": ["b/a-2.png"],
    }
    assert found.renamed == (
        "the result of A.heic is A-2.png, as another result has the usual name",
        "the result of a.jpg is a-3.png, as another result has the usual name",
        "the result of other/b/a.png is b/a-2.png, as another result has the usual name",
    )


def test_a_photo_that_is_named_twice_is_taken_once(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.jpg", tmp_path / "in/b/c.jpg")
    album = tmp_path / "in"
    found = plan([album, album / "a.jpg", album / "b" / ".." / "b", album / "b" / "c.jpg"], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["a.jpg", "b/c.jpg"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"caf\xe9.png", r"caf\xe9.png"),
        (rb"caf\xe9.png", r"caf\\xe9.png"),
        (b"two\nlines\x1b[31m.png", r"two\x0alines\x1b[31m.png"),
        ("a\u0085b\u2028c.png".encode(), r"a\u0085b\u2028c.png"),
        ("Foto 3.15\u202fPM \u9f8d.png".encode(), "Foto 3.15\u202fPM \u9f8d.png"),
    ],
)
def test_names_are_shown_on_one_line_and_no_two_alike(name: bytes, expected: str) -> None:
    assert shown(os.fsdecode(name)) == expected


def test_a_broken_link_among_the_photos_stops_nothing(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.jpg")
    (tmp_path / "in/b.jpg").symlink_to(tmp_path / "gone")
    assert len(plan([tmp_path / "in"], tmp_path / "out").jobs) == 2


def test_a_link_to_a_folder_and_a_pipe_are_told_and_not_read(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.jpg", tmp_path / "elsewhere/b.jpg")
    (tmp_path / "in/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/circle").symlink_to(tmp_path / "in")
    os.mkfifo(tmp_path / "in/c.jpg")
    found = plan([tmp_path / "in"], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["a.jpg"]
    assert found.others == {"link(s) to a folder": 2, "pipe(s) or device(s)": 1}


def test_a_folder_that_cannot_be_searched_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "in/a.jpg", tmp_path / "in/private/b.jpg")
    scan = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("private"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(RequestError, match="private"):
        plan([tmp_path / "in"], tmp_path / "out")
