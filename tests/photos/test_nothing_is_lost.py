"""`palmbench deid` costs nobody a file, mixes nothing, and tells photos apart whatever they are called."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from known_photos import deid
from PIL import Image

from palmbench.photos import one_photo
from palmbench.photos.ledger import NAME, Ledger
from palmbench.photos.painter import Painter
from recognizers.common.errors import SampleError

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "pbe-tiny" / "pipeline"
DIFFUSION = (f"method.weights={TINY}", "method.size=64", "method.steps=2")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def appearing(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Puts a stranger's file in a result's place while the photo is being painted."""

    def appear(path: Path, data: bytes) -> None:
        draw = Painter.draw

        def drawn(self: Painter, *words: object) -> object:
            path.unlink(missing_ok=True)
            path.write_bytes(data)
            return draw(self, *words)  # type: ignore[arg-type]

        monkeypatch.setattr(Painter, "draw", drawn)

    return appear


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_an_account_never_takes_the_place_of_another_file(
    force: tuple[str, ...], album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = album.parent / "others"
    others.mkdir()
    Image.new("RGB", (9, 9)).save(others / "photo.png")
    (others / "mine.json").write_text('{"photos": []}')
    (others / "link.json").symlink_to(others / "mine.json")
    before = contents(album.parent)
    for name in ("photo.png", "mine.json", "link.json"):
        assert deid("--report", others / name, album / "a.png", album.parent / "out", *force) == 2
    os.mkfifo(others / "pipe")
    assert deid("--report", others / "pipe", album / "a.png", album.parent / "out", *force) == 2
    assert contents(album.parent) == before and (others / "pipe").is_fifo()
    assert (others / "link.json").is_symlink()
    assert "mine.json is there" in capsys.readouterr().err


def test_an_account_of_another_run_is_replaced_by_force_alone(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, out = album.parent / "report.json", album.parent / "out"
    assert deid(album, out, "--report", report) == 0
    first = report.read_bytes()
    assert deid(album, out, "--report", report) == 2
    assert "report.json is there already; choose another --report FILE, or replace it with --force" in (
        capsys.readouterr().err
    )
    assert report.read_bytes() == first
    assert deid(album / "a.png", out, "--report", report, "--force") == 0
    assert len(json.loads(report.read_text())["photos"]) == 1


def test_force_replaces_images_alone(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes, picture = album.parent / "notes.png", album.parent / "picture.png"
    notes.write_bytes(b"BM, a text about palms")
    Image.new("RGB", (9, 9)).save(picture, "WEBP")
    assert deid(album / "a.png", notes, "--force") == 2
    assert "notes.png is not an image, and --force replaces only images" in capsys.readouterr().err
    assert notes.read_bytes() == b"BM, a text about palms"
    assert deid(album / "a.png", picture, "--force") == 0
    link = album.parent / "link.png"
    link.symlink_to(picture)
    assert deid(album / "a.png", link, "--force") == 2 and link.is_symlink()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_file_that_appears_during_the_run_is_not_replaced(
    force: tuple[str, ...],
    album: Path,
    appearing,  # type: ignore[no-untyped-def]
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = album.parent / "out"
    if force:
        assert deid(album, out) == 0
    stranger = (album / "a.png").read_bytes()
    out.mkdir(exist_ok=True)
    appearing(out / "a.png", stranger)
    assert deid(album, out, *force) == 3
    assert (out / "a.png").read_bytes() == stranger and (out / "trip" / "b.jpg").is_file()
    said = capsys.readouterr().out
    assert "not hidden: a.png: a.png has appeared in OUT since the run began, and is not replaced; not written" in said
    assert "2 photos: 1 de-identified, 1 not hidden" in said
    assert deid(album, out) == 2  # and does not pass for a result then


def test_two_runs_do_not_write_into_one_folder_at_once(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "out"
    with Ledger(out).alone():
        assert deid(album, out, "method.fill=9") == 2
        assert "Another deid is writing into" in capsys.readouterr().err
    assert contents(out) == {}
    assert deid(album, out) == 0


def test_a_disk_without_locks_is_said(
    album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_locks(stream: object, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert deid(album, album.parent / "out") == 0
    assert "out knows no locks: let no other deid write there" in capsys.readouterr().err


def test_what_a_run_with_other_settings_left_in_the_folder_is_said(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = album.parent / "out"
    assert deid(album / "a.png", out) == 0
    assert "also in OUT" not in capsys.readouterr().out
    assert deid(album / "trip", out, "method.fill=9") == 0
    assert "also in OUT: 1 result of other runs, of other photos or made with other settings" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["link", "text", "folder", "pipe"])
def test_a_list_of_results_that_is_none_stays_as_it_is(
    kind: str, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = album.parent / "out"
    (out / NAME).mkdir(parents=True) if kind == "folder" else out.mkdir()
    mine = album.parent / "mine" if kind == "link" else out / NAME
    if kind in ("link", "text"):
        mine.write_bytes(b"my list")
    if kind == "link":
        (out / NAME).symlink_to(mine)
    if kind == "pipe":
        os.mkfifo(mine)
    assert deid(album, out) == 2
    assert f"{NAME}, the list of results, cannot be read and written" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == [NAME]
    assert kind in ("folder", "pipe") or mine.read_bytes() == b"my list"


def test_a_damaged_list_of_results_costs_its_damaged_lines(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "out"
    assert deid(album, out) == 0
    with open(out / NAME, "ab") as stream:
        stream.write(b'\n[1]\n{"result": [1], "key": 2, "sha256": 3}\n\xff\n' + b"[" * 100_000 + b'\n{"resul')
    capsys.readouterr()
    assert deid(album, out) == 0
    assert "2 photos: 2 already there" in capsys.readouterr().out


def test_results_keep_the_umask(private: None, album: Path) -> None:
    report, out = album.parent / "report.json", album.parent / "out"
    assert deid(album, out, "--report", report) == 0
    made = [report, *(path for path in out.rglob("*") if path.is_file())]
    assert len(made) == 4 and {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_photos_are_told_apart_whatever_they_are_called(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        *(os.fsdecode(b"caf\xe9.png"), os.fsdecode(b"caf\xea.png"), r"caf\xe9.png"),
        *("a\u0085b.png", "c\u2028d.png", "two\nlines.png", "\u624b.png"),
        *("n" * 251 + ".png", "n" * 243 + ".png"),
    ]
    for name in names[1:]:
        Image.new("RGB", (80, 60)).save(album / "trip" / "nothing.png")
        (album / "trip" / "nothing.png").rename(album / name)
    (album / "a.png").rename(album / names[0])
    (album / "trip" / "b.jpg").unlink()
    out, report = album.parent / "out", album.parent / "report.json"
    assert deid(album, out, "--report", report, "--keep-unchanged") == 0
    assert sorted(path.name for path in out.iterdir()) == sorted([NAME, *names])
    photos = json.loads(report.read_bytes())["photos"]
    assert [photo["photo"] for photo in photos if photo["hands"]] == [r"caf\xe9.png"]
    assert len({photo["photo"] for photo in photos}) == len(names)
    capsys.readouterr()
    assert deid(album, out, "--keep-unchanged") == 0
    assert "9 photos: 9 already there" in capsys.readouterr().out


def test_photos_of_one_name_are_numbered_said_and_found_again(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (80, 60)).save(album / "trip" / "a.png")
    words = (album / "a.png", album / "trip" / "a.png", album.parent / "out", "--keep-unchanged")
    assert deid(*words) == 0
    said = capsys.readouterr().out
    assert "named otherwise: the result of trip/a.png is a-2.png" in said
    sizes = {name: Image.open(album.parent / "out" / name).size for name in ("a.png", "a-2.png")}
    assert sizes == {"a.png": (320, 240), "a-2.png": (80, 60)}
    assert deid(*words) == 0
    assert "2 photos: 2 already there" in capsys.readouterr().out


def test_a_name_that_begins_with_a_dash_is_a_path_after_two_dashes(
    album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(album)
    settings = ("executor.devices=cpu", "method=mask", "executor.workers=1")
    (album / "a.png").rename("-x.png")
    from palmbench.commands import cli

    assert cli.main(["deid", *settings, "--", "-x.png", "seed=1"]) == 0
    assert (album / "seed=1" / "-x.png").is_file()
    assert cli.main(["deid", *settings, "--", "--help", "out"]) == 2
    assert "--help: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "trouble", [ValueError("odd"), MemoryError(), AttributeError("x"), SystemExit(0), SampleError("a.png: bad")]
)
def test_a_photo_that_palmbench_stumbles_over_is_a_failure_of_its_own(
    trouble: BaseException, album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = one_photo.decode

    def decode(data: bytes, path: Path) -> object:
        if path.name == "a.png":
            raise trouble
        return read(data, path)

    monkeypatch.setattr(one_photo, "decode", decode)
    assert deid(album, album.parent / "out") == 3
    said = capsys.readouterr().out
    assert "not hidden: a.png: " in said and "2 photos: 1 de-identified, 1 unreadable" in said


def test_a_drawing_that_fails_costs_one_result(
    album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(self: Painter, number: int = 1, *words: object) -> object:
        if number == 2:
            raise MemoryError
        return draw_it(self, number, *words)  # type: ignore[arg-type]

    draw_it = Painter.draw
    monkeypatch.setattr(Painter, "draw", draw)
    out, report = album.parent / "out", album.parent / "report.json"
    words = (album / "a.png", out, "--count", 2, "--report", report, *DIFFUSION)
    assert deid(*words, method="diffusion") == 3
    states = [result["state"] for result in json.loads(report.read_bytes())["photos"][0]["results"]]
    assert states == ["written", "not written"]
    assert sorted(contents(out)) == [NAME, "a-1.png"]
    assert "not hidden: a.png: a-2.png: there is not enough memory for it; not written" in capsys.readouterr().out


def test_a_folder_that_is_a_file_costs_the_results_below_it_alone(
    album: Path, photo: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    out = album.parent / "out"
    out.mkdir()
    (out / "trip").write_bytes(b"mine")
    assert deid(album, out) == 3
    assert (out / "trip").read_bytes() == b"mine" and (out / "a.png").is_file()
    assert "trip/b.jpg cannot be written (" in capsys.readouterr().out
