"""`palmbench deid`, as a user meets it: what is written, what is not, what is said, and with which exit status."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from known_photos import deid, files, jpeg_markers, pixels, truth
from PIL import Image

from palmbench.commands import cli
from palmbench.photos.ledger import NAME
from palmbench.synth import Render

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "pbe-tiny" / "pipeline"
DIFFUSION = (f"method.weights={TINY}", "method.size=64", "method.steps=2")


@pytest.fixture
def nothing(album: Path) -> Path:
    path = album / "nothing.png"
    Image.new("RGB", (80, 60), (120, 120, 120)).save(path)
    return path


def test_a_folder_becomes_a_folder_and_its_photos_stay(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, out = files(album), album.parent / "out"
    assert deid(album, out) == 0
    assert files(album) == before
    assert list(files(out)) == ["a.png", "trip/b.jpg"]
    original, result = pixels(album / "a.png"), pixels(out / "a.png")
    changed = (original != result).any(axis=2)
    assert 0.03 < changed.mean() < 0.3 and (result[changed] == 0).all()
    assert capsys.readouterr().out.splitlines() == [
        "2 photos: 2 de-identified",
        "2 hands found: 2 repainted, 0 skipped; 2 files written",
    ]


def test_nothing_but_upright_pixels_leaves_the_house(album: Path, photo: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"
    exif[0x8825] = {1: "N", 2: (50.0, 6.0, 30.0)}
    thumbnail = io.BytesIO()
    Image.fromarray(photo).resize((64, 48)).save(thumbnail, "JPEG")
    buffer = io.BytesIO()
    turned = np.ascontiguousarray(np.rot90(photo, 1))
    Image.fromarray(turned).save(buffer, "JPEG", quality=95, exif=exif, comment=b"secret comment", xmp=b"<x>secret</x>")
    claim = b"\xff\xeb" + (2 + 20).to_bytes(2, "big") + b"JP\x00\x01secret-c2pa".ljust(20, b" ")
    preview = b"\xff\xe1" + (2 + len(thumbnail.getvalue())).to_bytes(2, "big") + thumbnail.getvalue()
    data = buffer.getvalue()
    (album / "a.jpg").write_bytes(data[:2] + claim + preview + data[2:])
    assert deid(album / "a.jpg", album.parent / "out.jpg") == 0
    result = (album.parent / "out.jpg").read_bytes()
    assert set(jpeg_markers(result)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    assert b"ecret" not in result
    assert pixels(album.parent / "out.jpg").shape == photo.shape


def test_the_same_command_goes_on_where_it_stopped(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "out"
    assert deid(album, out) == 0
    first = files(out)
    (out / "trip" / "b.jpg").unlink()
    times = (out / "a.png").stat().st_mtime_ns
    capsys.readouterr()
    assert deid(album, out) == 0
    assert "2 photos: 1 de-identified, 1 already there" in capsys.readouterr().out
    assert files(out) == first and (out / "a.png").stat().st_mtime_ns == times
    assert deid(album, out) == 0
    assert "2 photos: 2 already there" in capsys.readouterr().out


def test_what_is_in_the_way_is_replaced_by_force_only(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "out"
    out.mkdir()
    original = (album / "a.png").read_bytes()
    (out / "a.png").write_bytes(original)  # an original, copied there by hand, must not pass as a result
    assert deid(album, out) == 2
    assert "out/a.png is there and was not made by this command; move it, or replace it with --force" in (
        capsys.readouterr().err
    )
    assert files(out) == {"a.png": original}
    assert deid(album, out, "--force") == 0
    assert files(out)["a.png"] != original
    assert deid(album, out, "method.fill=9") == 2
    assert "made of another photo or with other settings" in capsys.readouterr().err
    Image.new("RGB", (9, 9)).save(album / "a.png")
    assert deid(album, out) == 2
    assert "made of another photo or with other settings" in capsys.readouterr().err
    (out / "a.png").write_bytes(b"cut short")
    assert deid(album, out) == 2


def test_a_single_result_is_not_overwritten_either(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "new.png"
    assert deid(album / "a.png", out) == 0
    assert sorted(path.name for path in out.parent.iterdir()) == ["album", "new.png"]
    assert deid(album / "a.png", out) == 2
    assert "new.png is there already; choose another name" in capsys.readouterr().err
    assert deid(album / "a.png", out, "--force") == 0


def test_a_photo_without_a_hand_is_not_written_unless_asked_for(
    album: Path, nothing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = album.parent / "out"
    assert deid(album, out) == 3
    said = capsys.readouterr().out
    assert "not hidden: nothing.png: no hand was found; not written" in said
    assert "3 photos: 2 de-identified, 1 no palm found" in said
    assert list(files(out)) == ["a.png", "trip/b.jpg"]
    assert deid(album, album.parent / "all", "--keep-unchanged") == 0
    assert "3 photos: 2 de-identified, 1 no palm found, written as asked" in capsys.readouterr().out
    np.testing.assert_array_equal(pixels(album.parent / "all" / "nothing.png"), pixels(nothing))


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_a_palm_in_the_transparency_is_hidden_too_and_it_is_said(
    form: str, album: Path, photo: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, out = album.parent / "alone", album.parent / "out"
    alone.mkdir()
    Image.fromarray(np.dstack([photo, photo[..., 1]])).save(alone / "traced.png")
    Image.fromarray(np.dstack([photo, np.full_like(photo[..., 1], 200)])).save(alone / "even.png")
    assert deid(alone, out, "--format", form) == 0
    said = capsys.readouterr().out
    assert "changed beside the palms: traced.png: transparency was made even" in said and "even.png: " not in said
    traced, even = (pixels(out / f"{name}.{form}") for name in ("traced", "even"))
    palm = (even[..., :3] == 0).all(axis=2)
    assert (even[..., 3] == 200).all() and palm.mean() > 0.03
    assert len(np.unique(traced[palm][:, 3])) == 1
    np.testing.assert_array_equal(traced[~palm][:, 3], photo[~palm][:, 1])


def test_unreadable_photos_are_counted_and_the_others_done(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (album / "cut.jpg").write_bytes((album / "trip" / "b.jpg").read_bytes()[:2000])
    (album / "film.png").symlink_to(album / "gone.png")
    (album / "video.mov").touch()
    for name in ("raw.DNG", "layers.psd", "new.jxl"):
        (album / name).write_bytes(b"what only other programs can read")
    assert deid(album, album.parent / "out") == 3
    said = capsys.readouterr().out
    assert "not hidden: cut.jpg: " in said
    assert "not hidden: film.png: cannot be read (No such file or directory)" in said
    assert "not hidden: raw.DNG: a raw photo is not read here; save it as JPEG, PNG or TIFF first" in said
    assert "7 photos: 2 de-identified, 5 unreadable" in said
    assert "passed over: 1 .mov" in said


def test_a_full_disk_is_said_leaves_nothing_and_costs_nothing(
    album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, link, left = album.parent / "out", os.link, [1]

    def until_full(source: Path, target: Path) -> None:
        if not (left.pop() if left else False):
            raise OSError(errno.ENOSPC, "No space left on device")
        link(source, target)

    with monkeypatch.context() as full:
        full.setattr(os, "link", until_full)
        assert deid(album, out) == 2
    said = capsys.readouterr()
    assert "b.jpg cannot be written: No space left on device; free some space there, or choose another OUT." in said.err
    assert "2 photos: 1 de-identified, 1 not come to" in said.out
    assert list(files(out)) == ["a.png"]
    assert deid(album, out) == 0
    assert "1 de-identified, 1 already there" in capsys.readouterr().out


def test_who_interrupts_is_told_what_was_done(
    album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report, link, left = album.parent / "out", album.parent / "report.json", os.link, [False, True]

    def until_interrupted(source: Path, target: Path) -> None:
        if left and left.pop(0):
            raise KeyboardInterrupt
        link(source, target)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(os, "link", until_interrupted)
        assert deid(album, out, "--report", report) == 130
    said = capsys.readouterr()
    assert "2 photos: 1 de-identified, 1 not come to" in said.out
    assert "the same command goes on" in said.err
    assert list(files(out)) == ["a.png"]
    assert [photo["photo"] for photo in json.loads(report.read_text())["photos"]] == ["a.png"]


def test_several_results_differ_and_the_seed_gives_their_bytes_again(album: Path) -> None:
    outs = [album.parent / name for name in ("x", "y", "z")]
    for out, seed in zip(outs, (7, 7, 8), strict=True):
        assert deid(album / "a.png", out, "--count", 2, "--seed", seed, *DIFFUSION, method="diffusion") == 0
    first, second, other = map(files, outs)
    assert list(first) == ["a-1.png", "a-2.png"]
    assert first == second
    assert len({*first.values(), *other.values()}) == 4


@pytest.mark.parametrize(
    "method",
    [
        "blur",
        "pixelate",
        "smooth",
        "ksame method.way=average",
        "diffusion method.alpha=0.3",
        "sdedit method.strength=0.6",
        "dp_pix method.epsilon=10",
    ],
)
def test_what_often_does_not_hide_wants_to_be_checked(
    method: str, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *settings = method.split()
    assert deid(album, album.parent / "out", *settings, method=name) == 2
    said = capsys.readouterr().err
    assert f"recognizers still match many results of method={name} (" in said and "; add --verify" in said


def test_what_never_hides_is_told_so_and_not_written(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = album.parent / "out"
    assert deid(album / "a.png", out, "--verify", method="blur") == 3
    said = capsys.readouterr().out
    assert "a.png: the old lines show in " in said and "of the palm of hand 1; hand 1 still matches at 0." in said
    assert "(threshold 0.375) and one drawing is all there is; not written" in said
    assert files(out) == {}
    assert deid(album / "a.png", out, "--verify", "--keep-matching", method="blur") == 3
    assert "written all the same" in capsys.readouterr().out and list(files(out)) == ["a.png"]
    assert deid(album / "a.png", album.parent / "hidden", "--verify") == 0
    assert "verified with mtcc: a palm is hidden above 0.375" in capsys.readouterr().out


def test_a_palm_that_shows_counts_against_every_run_that_finds_it_there(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (album / "a.png", album.parent / "out", "--verify", "--keep-matching")
    assert deid(*words, method="blur") == 3
    capsys.readouterr()
    assert deid(*words, method="blur") == 3
    said = capsys.readouterr().out
    assert "not hidden: a.png: a palm in it is not hidden" in said and "already there" in said
    assert "1 photo: 1 not hidden" in said
    Image.new("RGB", (80, 60), (120, 120, 120)).save(album / "a.png")
    for _ in range(2):  # a photo without a hand that was to be kept shows none
        assert deid(album / "a.png", album.parent / "none", "--keep-unchanged") == 0


def test_a_palm_that_still_matches_is_drawn_again(album: Path) -> None:
    report = album.parent / "report.json"

    def result(threshold: float, tries: int) -> dict:
        deid(
            *(album / "a.png", album.parent / "out", "--force", "--verify", "--report", report),
            *("--threshold", threshold, "--tries", tries, *DIFFUSION),
            method="diffusion",
        )
        return json.loads(report.read_text())["photos"][0]["results"][0]

    first = result(0.0, 5)
    (distance,) = first["distances"]
    assert first["state"] == "written" and first["tries"] == 1
    again = result(distance, 20)
    assert again["state"] == "written" and again["tries"] > 1
    assert again["distances"][0] > distance and again["seeds"] != first["seeds"]
    never = result(0.9, 3)
    assert never["state"] == "not written" and never["tries"] == 3 and never["sha256"] is None
    assert "after 3 drawings" in never["reason"]


def test_the_account_tells_what_was_done_and_names_no_place(
    album: Path,
    one: Render,
    nothing: Path,
    known_hands,  # type: ignore[no-untyped-def]
) -> None:
    report, out = album.parent / "report.json", album.parent / "out"
    known_hands(truth(one))
    nothing.unlink()
    words = (album, out, "--verify", "--threshold", 0, "--count", 2, "--report", report, *DIFFUSION)
    assert deid(*words, method="diffusion") == 0
    account = json.loads(report.read_text())
    assert str(album.parent) not in report.read_text().replace(str(TINY), "")
    assert account["settings"]["check"]["threshold"] == 0 and account["settings"]["method"]["steps"] == 2
    first, second = account["photos"]
    assert [first["photo"], second["photo"]] == ["a.png", "trip/b.jpg"]
    assert first["hands"][0]["box"] == one.box.round().astype(int).tolist() and first["hands"][0]["skipped"] is None
    for result in first["results"]:
        assert result["sha256"] == hashlib.sha256((out / result["file"]).read_bytes()).hexdigest()
        assert len(result["seeds"]) == len(result["distances"]) == 1
    assert 0 < first["nearest_results"][0] < 0.5


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.png", "out", "--sed", "3"], "deid has no flag --sed; did you mean --seed? Choose from: --alpha"),
        (["a.png", "out", "method.fil=3"], "method.fil is not a setting"),
        (["a.png", "out", "methd=mask"], "methd is not a setting"),
        (["a.png", "out", "dataset=iitd"], "dataset=iitd: deid takes photos, and reads method, detector"),
        (["a.png", "out", "eer=roc"], "eer=roc: deid takes photos, and reads method, detector"),
        (["a.png", "out", "method.fill=1,2"], "give each setting one value, and no sweep"),
        (["a.png", "out", "--seed", "-1"], "seed must be"),
        (["a.png", "out", "--count", "0"], "--count must be"),
        (["a.png", "out", "--count", "2"], "method=mask draws nothing at random: all 2 results would be the same one"),
        (["a.png", "out", "--tries", "2"], "--tries is for --verify"),
        (["a.png", "out", "recognizer=ccnet"], "recognizer=ccnet: a recognizer is asked by --verify only"),
        (["a.png", "out", "--verify", "recognizer=bocv"], "--threshold is needed with recognizer=bocv"),
        (["a.png", "out", "--format", "gif"], "invalid choice: 'gif'"),
        (["a.png", "out.png", "--format", "jpeg"], "out.png names a png file, and --format jpeg says something else"),
        (["a.png", "out", "--report", "trip/b.jpg/r.json"], "trip/b.jpg cannot be written"),
        (["a.png", "out", "--report", "a.png"], "--report a.png is a photo, a result, their list or a folder"),
        (["a.png", "out", "--report", f"out/{NAME}"], f"--report out/{NAME} is a photo, a result, their list"),
        (["a.png"], "deid needs photos and where results go"),
        (["a.png", ""], "one of the words IN and OUT is empty"),
        (["", "out"], "one of the words IN and OUT is empty"),
        (["a.png", "out", "--report", ""], "--report names no file"),
        (["a.png", "out", "--report", "new.jpg"], "is called like one; give it a name of its own"),
        (["b.png", "out"], "b.png: "),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_before_anything_is_done(
    words: list[str], sentence: str, album: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(album)
    before = files(album)
    assert deid(*words) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and captured.out == ""
    assert files(album) == before


def test_pklnet_and_identity_are_refused(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deid(album, album.parent / "out", method="identity") == 2
    assert "method=identity hides nothing" in capsys.readouterr().err
    assert deid(album, album.parent / "out", "detector.valleys=pklnet", "detector.valley_weights=x.pth") == 2
    assert "knows of one hand in a photo" in capsys.readouterr().err


def test_a_photo_may_be_named_like_a_setting(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (album / "a.png").rename(album / "seed=1.png")
    monkeypatch.chdir(album)
    assert deid("seed=1.png", "../out") == 0
    assert list(files(album.parent / "out")) == ["seed=1.png"]


@pytest.mark.slow
def test_several_processes_write_the_same_files(album: Path) -> None:
    outs = {workers: album.parent / str(workers) for workers in (1, 2)}
    for workers, out in outs.items():
        words = ["deid", album, out, f"executor.workers={workers}", "executor.devices=cpu", "--verify", "--tries", 1]
        cli.main([*map(str, words), *DIFFUSION, "--threshold", "0"])
    assert files(outs[1]) == files(outs[2]) and len(files(outs[1])) == 2
