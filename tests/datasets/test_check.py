"""`palmbench data check` lists what was planted, and nothing else, and counts what is there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.images import encode_photo, write_png
from palmbench.commands import cli
from palmbench.datasets import read_card
from palmbench.datasets.check import Report, check
from palmbench.datasets.check_text import report_text
from palmbench.datasets.export import Export, export_synth
from palmbench.datasets.file_names import SCHEMES
from palmbench.datasets.findings import Finding, SeenHand, of_hands, of_sides
from palmbench.datasets.folder_scan import FoundPhoto
from palmbench.datasets.layout import PhotoLabel
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.synth import render
from recognizers.common.errors import RequestError

GREY = np.full((6, 8, 3), 90, np.uint8)


def exported(tmp_path: Path, layout: str, defects: str = "all", identities: int = 4) -> Path:
    out = tmp_path / layout
    export_synth(Export(layout, str(out), identities=identities, samples=4, size="128x96", defects=defects))
    return out


def sharp_eyes(root: Path, paths: Sequence[str]) -> Mapping[str, SeenHand]:
    """Hands as the ground truth of an export has them, in place of the network's; of spoilt photos it tells no side."""
    truths = {path: root / "ground_truth" / Path(path).with_suffix("") / "photo.json" for path in paths}
    sides = {path: json.loads(file.read_text())["side"] if file.is_file() else "" for path, file in truths.items()}
    return {path: SeenHand(side, "palm") for path, side in sides.items()}


def checked(name: str, root: Path, decode: bool = True, eyes: bool = False) -> Report:
    return check(FolderDatasetConfig(name, root=str(root)), "data", 2, decode, sharp_eyes if eyes else None)  # type: ignore[arg-type]


def listed(findings: Sequence[Finding]) -> list[tuple[str, tuple[str, ...]]]:
    return sorted((finding.kind, tuple(sorted(finding.paths))) for finding in findings)


def planted(out: Path) -> list[tuple[str, tuple[str, ...]]]:
    """What defects.json says that the check has to list."""
    expected = []
    for defect in json.loads((out / "defects.json").read_text()):
        together = defect["kind"] in ("duplicate", "copy", "thumbs")
        files = [tuple(sorted(defect["paths"]))] if together else [(path,) for path in defect["paths"]]
        expected += [(defect["found_as"], paths) for paths in files]
    return sorted(expected)


def pictures(root: Path, *paths: str) -> None:
    """Photos of 8 by 6 pixels, no two of them alike."""
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(encode_photo(GREY + np.uint8(number), Path(path).suffix.lower()))


@pytest.mark.parametrize("layout", sorted(SCHEMES))
def test_every_planted_defect_is_listed_and_nothing_else(tmp_path: Path, layout: str) -> None:
    out = exported(tmp_path, layout)
    report = checked(SCHEMES[layout].dataset, out / SCHEMES[layout].below, eyes=True)
    assert listed(report.findings) == planted(out)
    assert {finding.kind for finding in report.remarks} <= {"extension", "clutter", "depth", "unlisted"}


@pytest.mark.parametrize("layout", sorted(SCHEMES))
def test_an_export_without_defects_has_nothing_to_look_at(tmp_path: Path, layout: str) -> None:
    out = exported(tmp_path, layout, defects="", identities=2)
    report = checked(SCHEMES[layout].dataset, out / SCHEMES[layout].below, eyes=True)
    assert report.findings == ()
    assert "Nothing to look at." in report_text(report)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["iitd", "11k"])
def test_the_hand_network_finds_hands_on_the_wrong_side(
    tmp_path: Path, layout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = exported(tmp_path, layout), tmp_path / "report.json"
    words = ["data", "check", layout, f"dataset.root={out}", "executor.workers=1", "--json", str(file)]
    assert cli.main(words) == 3
    report = json.loads(file.read_text())
    found = [Finding(**finding) for finding in (*report["findings"], *report["remarks"])]
    assert listed(found) == planted(out)
    assert "Each hand was looked at; in 0 photos none was found." in capsys.readouterr().out


def test_the_command_prints_the_report_and_writes_it_for_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = exported(tmp_path, "iitd", defects="empty,thumbs"), tmp_path / "report.json"
    (path,) = json.loads((out / "defects.json").read_text())[0]["paths"]
    assert cli.main(["data", "check", "iitd", f"dataset.root={out}", "--no-hands", "--json", str(file)]) == 3
    text = capsys.readouterr().out
    assert "palms              4 of 460 in the full set" in text
    assert "photos             15 of 2601 in the full set" in text
    assert f"empty files: 1\n    {path}: a file of no bytes" in text
    assert "files of an operating system; ignored: 2" in text
    assert "1 finding to look at. Nobody looked whether there are hands, and on their side (--no-hands)." in text
    report = json.loads(file.read_text())
    assert report["findings"] == [{"kind": "empty", "paths": [path], "text": "a file of no bytes"}]
    assert report["photos"] == 15 and report["expected"]["samples"] == 2601 and report["format"] == 3

    assert (
        cli.main(["data", "check", "iitd", f"dataset.root={exported(tmp_path / 'clean', 'iitd', '')}", "--fast"]) == 0
    )
    assert "Photos were not decoded (--fast): truncated files" in capsys.readouterr().out
    assert cli.main(["data", "check", "iitd", f"data_dir={tmp_path / 'nowhere'}"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_report_for_machines_replaces_a_report_and_no_other_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = exported(tmp_path, "iitd", defects=""), tmp_path / "report.json"
    photo = next(path for path in out.rglob("*.*") if path.suffix.lower() in (".bmp", ".jpg"))
    words = ["data", "check", "iitd", f"dataset.root={out}", "--fast", "--json"]
    before = photo.read_bytes()
    assert cli.main([*words, str(photo)]) == 2
    assert str(photo) in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe")
    assert cli.main([*words, str(tmp_path / "pipe")]) == 2
    assert photo.read_bytes() == before and (tmp_path / "pipe").is_fifo()
    assert cli.main([*words, str(file)]) == cli.main([*words, str(file)]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["synth"], "there are no files to check"),
        (["iitdd"], "iitdd"),
        (["iitd,polyu"], "one data set at a time"),
        (["iitd", "executor.workers=1,2"], "one data set in one place"),
        (["iitd", "dataset.root=a,b"], "dataset.root"),
        (["iitd", "dataset.split=iitd-ccnet/test"], "leave dataset.split out"),
        (["iitd", "method=blur"], "method=blur: data check reads dataset, data_dir, detector and executor only"),
        (["iitd", "mehtod=blur"], "mehtod is not a setting"),
        (["iitd", "--json", "/"], "/ cannot be written"),
        ([], "required: NAME;"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data", "check", *words]) == 2
    assert message in capsys.readouterr().err


def test_undecoded_a_truncated_file_stays_unseen_and_the_report_says_so(tmp_path: Path) -> None:
    out = exported(tmp_path, "zhou", defects="truncated,duplicate")
    assert [finding.kind for finding in checked("zhou", out).findings] == ["duplicate", "unreadable"]
    fast = checked("zhou", out, decode=False)
    assert [finding.kind for finding in fast.findings] == ["duplicate"]
    assert "truncated files" in report_text(fast)


def test_pairs_are_counted_as_scoring_counts_them(tmp_path: Path) -> None:
    # Two people with both hands, one with one hand; two photos a palm.
    names = [f"{side} Hand/{person:03d}_{n}.JPG" for person in (1, 2) for side in ("Left", "Right") for n in (1, 2)]
    pictures(tmp_path, *names, "Left Hand/003_1.JPG", "Left Hand/003_2.JPG")
    report = checked("iitd", tmp_path)
    # 10 photos, 45 pairs: 5 palms with a genuine one, 2 people with 2 x 2 of two hands.
    assert report.pairs == (5, 45 - 5 - 8, 8)
    assert (report.people, report.palms, report.one_handed) == (3, 5, 1)
    assert report.people_not_there == "4-230"
    text = report_text(report)
    assert "5 genuine, 32 impostor, 8 of a person's two hands" in text
    assert "the paper, with 460 palms and 3381300 pairs, counts" in text


def test_people_of_whom_there_is_nothing_are_named_where_they_are_numbered(tmp_path: Path) -> None:
    people = [person for person in range(1, 178) if person not in (3, 17, 18, 19)]
    pictures(tmp_path / "polyu", *(f"{person:03d}_F/01.bmp" for person in people))
    report = checked("polyu", tmp_path / "polyu")
    assert report.people_not_there == "3, 17-19"
    assert "people not there   3, 17-19" in report_text(report)
    pictures(tmp_path / "ntupi", "img/20001-L1.jpg")
    assert checked("ntupi", tmp_path / "ntupi").people_not_there == ""


@pytest.mark.parametrize("name", ["zhou", "nnnn_ssss", "folder"])
def test_where_nobody_tells_persons_the_report_says_what_that_means(tmp_path: Path, name: str) -> None:
    files = {"folder": ["a/1.jpg", "b/1.jpg"]}.get(name, ["0001_0001.jpg", "0002_0001.jpg"])
    pictures(tmp_path, *files)
    report = checked(name, tmp_path)
    assert "count as impostors" in " ".join(report_text(report).split())
    assert report.people == 0 and report.pairs == (0, 1, 0)


def test_a_number_left_out_is_missing_and_a_last_one_only_where_all_palms_have_it(tmp_path: Path) -> None:
    pictures(tmp_path / "iitd", *(f"Left Hand/001_{n}.JPG" for n in (1, 3)), "Left Hand/002_1.JPG")
    assert listed(checked("iitd", tmp_path / "iitd").findings) == [("missing", ("Left Hand/001_2.JPG",))]
    # PolyU's palms have the same photos each: here 003 has no second session, and 002 not its last photo.
    visits = [(person, session) for person in (1, 2, 3) for session in "FS" if (person, session) != (3, "S")]
    names = [f"{person:03d}_{session}/{n:02d}.bmp" for person, session in visits for n in (1, 2)]
    pictures(tmp_path / "polyu", *(name for name in names if name != "002_F/02.bmp"))
    assert listed(checked("polyu", tmp_path / "polyu").findings) == [
        ("missing", ("002_F/02.bmp",)), ("missing", ("003_S/01.bmp",)), ("missing", ("003_S/02.bmp",)),
    ]  # fmt: skip
    pictures(tmp_path / "tongji", *(f"session{s}/{k:05d}.tiff" for s in (1, 2) for k in range(1, 21) if k != 13))
    assert listed(checked("tongji", tmp_path / "tongji").findings) == [
        ("missing", ("session1/00013.tiff",)), ("missing", ("session2/00013.tiff",)),
    ]  # fmt: skip


def test_two_files_that_would_be_one_photo_and_a_copy_elsewhere_are_told_apart(tmp_path: Path) -> None:
    pictures(tmp_path, "0001_0001.jpg", "old/0001_0001.jpg", "0002_0001.jpg")
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "0002_0001.jpg").write_bytes((tmp_path / "0002_0001.jpg").read_bytes())
    assert listed(checked("nnnn_ssss", tmp_path).findings) == [
        ("clash", ("0001_0001.jpg", "old/0001_0001.jpg")),
        ("copy", ("0002_0001.jpg", "backup/0002_0001.jpg")),
    ]  # fmt: skip


def test_many_files_that_are_not_understood_are_told_by_the_shape_of_their_names(tmp_path: Path) -> None:
    pictures(tmp_path, "001_1.jpg", "1/new/photo.jpg", *(f"scans/IMG_{n}.jpg" for n in range(30)))
    text = report_text(checked("zhou", tmp_path))
    assert "images that are not understood: 31" in text
    assert "scans/IMG_N.jpg: 30 files, such as scans/IMG_0.jpg" in text
    assert "N/new/photo.jpg: 1 files, such as 1/new/photo.jpg" in text


def test_other_files_are_a_remark(tmp_path: Path) -> None:
    pictures(tmp_path, "PalmSet01/001_1_h_l_01.jpg")
    (tmp_path / "PalmSet01" / "001_1_h_l_01.mat").write_text("annotation")
    report = checked("mpdv2", tmp_path)
    assert (report.wrong, listed(report.remarks)) == ([], [("other", ("PalmSet01/001_1_h_l_01.mat",))])


def test_a_folder_of_another_person_is_found(tmp_path: Path) -> None:
    pictures(tmp_path, "0001/0001_m_l_01.jpg", "0001/0002_m_l_02.jpg", "0002/0002_m_l_01.jpg")
    report = checked("casia", tmp_path)
    assert listed(report.findings) == [("person", ("0001/0002_m_l_02.jpg",))]
    assert report.palms == 2


def test_a_mirrored_set_is_one_finding_and_not_thousands() -> None:
    photos = [FoundPhoto(f"{n}.jpg", PhotoLabel(str(n), str(n), "left", "1")) for n in range(20)]
    right, left = SeenHand("right", "palm"), SeenHand("left", "palm")
    (few,) = of_sides(photos, {f"{n}.jpg": right if n == 3 else left for n in range(20)}, ())
    assert few == ("side", ("3.jpg",), "filed as a left hand, shows a right one")
    (all_,) = of_sides(photos, {f"{n}.jpg": right for n in range(20)}, ())
    assert all_.kind == "mirrored" and "20 of 20 photos show the other hand" in all_.text
    # Where no palm was found, or the photo is known to be misfiled, nothing is said.
    assert (
        of_sides(photos, {"3.jpg": right}, ["3.jpg"])
        == of_sides(photos, {"3.jpg": SeenHand("right", "back")}, ())
        == []
    )


def test_photos_without_a_hand_and_hands_without_a_palm_are_listed() -> None:
    paths = [f"{n}.jpg" for n in range(20)]
    seen = {path: SeenHand("left", "palm") for path in paths} | {"4.jpg": SeenHand("left", "back")}
    seen |= {"5.jpg": SeenHand("left", "closed")}
    del seen["7.jpg"]
    assert [(one.kind, one.paths) for one in of_hands(paths, seen)] == [
        ("handless", ("7.jpg",)),
        ("view", ("4.jpg",)),
        ("view", ("5.jpg",)),
    ]
    (many,) = of_hands(paths, {})
    assert many.kind == "handless" and len(many.paths) == 20 and "in 20 of 20 photos" in many.text


def test_a_folder_of_ones_own_photos_is_looked_through_for_hands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [render(0, 0, size=(320, 240)).image, np.full((240, 320, 3), 90, np.uint8)]
    for number, image in enumerate(photos):
        write_png(tmp_path / "anna left" / f"{number}.png", image)
    assert cli.main(["data", "check", "folder", f"dataset.root={tmp_path}", "executor.workers=1"]) == 3
    said = capsys.readouterr().out
    assert "photos without a hand: 1\n    anna left/1.png: no hand was found" in said
    assert "in 1 photos none was found" in said


def test_either_number_of_photos_that_ntupi_is_said_to_have_is_right(tmp_path: Path) -> None:
    card = read_card("ntupi")
    assert (card.short_of(2035, 7881), card.short_of(2035, 7781)) == ("", "")
    assert "the full set has 2035 and 7881" in card.short_of(2035, 7780)
    assert replace(card, samples=None).short_of(1, 1) == ""
    pictures(tmp_path, "img/1-L1.jpg")
    assert "photos             1 of 7881 or 7781 in the full set" in report_text(checked("ntupi", tmp_path))


def test_a_set_of_crops_alone_is_refused_and_beside_photos_it_is_left_aside(tmp_path: Path) -> None:
    pictures(tmp_path, "session1/00001.tiff", "ROI/session1/00001.bmp")
    assert checked("tongji", tmp_path).companions == {"palm crops (ROIs)": 1}
    (tmp_path / "session1" / "00001.tiff").unlink()
    with pytest.raises(RequestError, match="holds only palm crops"):
        checked("tongji", tmp_path)
