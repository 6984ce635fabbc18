"""Exports of the synthetic hands: what is read back is what was rendered, and planted defects are where they say."""

from __future__ import annotations

import csv
import errno
import json
import shlex
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from palmbench.base.images import read_image
from palmbench.datasets import Dataset, export, open_dataset
from palmbench.datasets.export import Export, export_synth
from palmbench.datasets.file_names import SCHEMES
from palmbench.datasets.planted_defects import KINDS
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.synth import Render, render
from recognizers.common.errors import RequestError, SampleError

LAYOUTS = sorted(SCHEMES)
SIZE = (128, 96)


def written(tmp_path: Path, layout: str, **request: Any) -> Path:
    """A small export."""
    out = tmp_path / layout
    export_synth(Export(layout, **{"out": str(out), "identities": 2, "samples": 2, "size": "128x96", **request}))
    return out


def read(out: Path, layout: str) -> Dataset:
    scheme = SCHEMES[layout]
    return open_dataset(FolderDatasetConfig(scheme.dataset, root=str(out / scheme.below)), "data")  # type: ignore[arg-type]


def truths(out: Path) -> dict[str, dict[str, Any]]:
    """Contents of every photo.json, by the photo's path without its extension."""
    folder = out / "ground_truth"
    return {
        path.parent.relative_to(folder).as_posix(): json.loads(path.read_text()) for path in folder.rglob("photo.json")
    }


def truth(out: Path, photo: str, name: str) -> Any:
    return json.loads((out / "ground_truth" / Path(photo).with_suffix("") / f"{name}.json").read_text())


def defects(out: Path) -> dict[str, list[str]]:
    return {defect["kind"]: defect["paths"] for defect in json.loads((out / "defects.json").read_text())}


def refusal(tmp_path: Path, layout: str, **request: Any) -> str:
    with pytest.raises(RequestError) as caught:
        written(tmp_path, layout, **request)
    assert list(tmp_path.iterdir()) == []
    return str(caught.value)


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """All photos are one: for what concerns neither pixels nor truth."""
    shot = render(0, 0, size=(64, 64))
    monkeypatch.setattr(export, "render", lambda *_, **__: shot)


@pytest.mark.parametrize(
    ("layout", "first", "last"),
    [
        ("iitd", "IITD Palmprint V1/Left Hand/001_1.JPG", "IITD Palmprint V1/Right Hand/001_4.JPG"),
        ("polyu", "2D/001_F/01.bmp", "2D/002_S/01.bmp"),
        ("rest", "REST database/p1/Hand/Left/p1_l_1.jpg", "REST database/p1/Hand/Right/p1_r_4.jpg"),
        ("zhou", "0001_0001.jpg", "0002_0004.jpg"),
        ("ntupi", "img/1-L1.jpg", "img/1-R4.jpg"),
        ("tongji", "session1/00001.tiff", "session2/00011.tiff"),
        ("casia", "0001/0001_m_l_01.jpg", "0001/0001_m_r_04.jpg"),
        ("mpdv2", "PalmSet01/001_1_h_l_01.jpg", "PalmSet01/001_2_h_r_01.jpg"),
        ("11k", "Hands/Hand_0000001.jpg", "Hands/Hand_0000104.jpg"),
        ("nnnn_ssss", "0001_0001.png", "0002_0004.png"),
        ("manifest", "photos/0000/0000.png", "photos/0001/0003.png"),
    ],
)
def test_a_layout_names_photos_as_the_real_set_does_and_reads_back_as_rendered(
    tmp_path: Path, layout: str, first: str, last: str
) -> None:
    out = written(tmp_path, layout, samples=4)
    known = truths(out)
    assert (out / first).is_file() and (out / last).is_file()
    assert len(known) == 8 and {str(Path(path).with_suffix("")) for path in (first, last)} < set(known)

    data = read(out, layout)
    paths = [str(Path(data.source.paths[sample.id]).with_suffix("")) for sample in data.samples]  # type: ignore[attr-defined]
    assert sorted(paths) == sorted(known)
    # Each palm that the loader sees is one palm of the renderer, and each person one person.
    palms = {(sample.identity, known[path]["identity"]) for sample, path in zip(data.samples, paths, strict=True)}
    assert len(palms) == len({seen for seen, _ in palms}) == len({true for _, true in palms}) == 2
    told = [(sample.side, known[path]["side"]) for sample, path in zip(data.samples, paths, strict=True)]
    assert all(seen in ("", true) for seen, true in told)
    assert any(seen for seen, _ in told) == (SCHEMES[layout].sides != "untold" or layout == "polyu")
    people = {(sample.person, known[path]["person"]) for sample, path in zip(data.samples, paths, strict=True)}
    # One hand each in PolyU; where names tell palms alone, each stands for a person of its own.
    assert len(people) == len({seen for seen, _ in people}) == (2 if layout in ("polyu", "zhou", "nnnn_ssss") else 1)
    assert defects(out) == {}


def test_polyu_has_right_hands_and_its_sessions_are_the_renderers(tmp_path: Path) -> None:
    known = truths(written(tmp_path, "polyu", samples=5))
    assert {path.split("/")[1][4:]: entry["session"] for path, entry in known.items()} == {"F": 0, "S": 1}
    assert {entry["identity"] for entry in known.values()} == {1, 3}


@pytest.mark.parametrize(("layout", "size"), [("iitd", (1600, 1200)), ("polyu", (640, 480)), ("zhou", (1080, 1920))])
def test_photos_are_rendered_at_the_size_of_the_real_set(
    tmp_path: Path, layout: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def small(identity: int, sample: int, profile: str, size: tuple[int, int]) -> object:
        asked.append(size)
        return render(identity, sample, profile=profile, size=SIZE)

    monkeypatch.setattr(export, "render", small)
    written(tmp_path, layout, samples=1, size=None)
    assert asked == [size, size]


def test_a_photo_holds_the_rendered_pixels_and_its_truth_lies_beside_it(tmp_path: Path) -> None:
    out = written(tmp_path, "manifest", identities=1, samples=1)
    shot = render(0, 0, size=SIZE)
    photo = "photos/0000/0000.png"
    np.testing.assert_array_equal(read_image(out / photo), shot.image)
    mask = cv2.imread(str(out / "ground_truth/photos/0000/0000/mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, np.where(shot.mask, 255, 0))

    joints = truth(out, photo, "keypoints")
    np.testing.assert_allclose(joints["keypoints_2d"], shot.keypoints_2d, atol=1e-3)
    np.testing.assert_allclose(joints["keypoints_3d"], shot.keypoints_3d, atol=1e-5)
    assert joints["visibility"] == shot.visibility.tolist() and len(joints["visibility"]) == 21
    region = truth(out, photo, "roi")
    np.testing.assert_allclose(region["recognition_roi"], shot.recognition_roi, atol=1e-3)
    np.testing.assert_allclose(region["palm"], shot.palm, atol=1e-3)
    np.testing.assert_allclose(region["valleys"], shot.valleys, atol=1e-3)
    creases = truth(out, photo, "creases")
    assert [crease["kind"] for crease in creases] == [crease.kind for crease in shot.creases]
    np.testing.assert_allclose(creases[0]["points"], shot.creases[0].points, atol=1e-2)
    facts = truth(out, photo, "photo")
    assert (facts["side"], facts["width"], facts["height"]) == ("left", *SIZE)


def test_jpegs_are_close_to_the_rendered_pixels_and_bitmaps_are_equal(tmp_path: Path) -> None:
    jpeg = read_image(written(tmp_path, "zhou", identities=1, samples=1) / "0001_0001.jpg")
    assert np.abs(jpeg.astype(float) - render(0, 0, size=SIZE).image).mean() < 4
    bitmap = read_image(written(tmp_path, "polyu", identities=1, samples=1) / "2D/001_F/01.bmp")
    np.testing.assert_array_equal(bitmap, render(1, 0, size=SIZE).image)


def test_ntupi_photos_are_small_squares_about_the_hand_and_the_truth_moves_along(tmp_path: Path) -> None:
    out = written(tmp_path, "ntupi", size=None)
    for path in (out / "img").iterdir():
        height, width, _ = read_image(path).shape
        assert height == width and 190 <= width <= 245
        mask = cv2.imread(str(out / "ground_truth" / "img" / path.stem / "mask.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (height, width)
        joints = truth(out, f"img/{path.name}", "keypoints")
        points, seen = np.array(joints["keypoints_2d"]), np.array(joints["visibility"])
        assert (points[seen] >= 0).all() and (points[seen] <= width - 1).all()
        palm = np.round(truth(out, f"img/{path.name}", "roi")["palm"]).astype(int)
        inside = cv2.fillConvexPoly(np.zeros_like(mask), cv2.convexHull(palm), 255)
        assert (mask[inside > 0] > 0).mean() > 0.95


def test_the_manifest_says_what_each_photo_is(tmp_path: Path) -> None:
    out = written(tmp_path, "manifest", samples=4)
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert rows[7] == {
        "path": "photos/0001/0003.png", "identity": "0001", "person": "0000", "side": "right",
        "session": "1", "sample": "3", "profile": "controlled",
    }  # fmt: skip
    known = truths(out)
    for row in rows:
        entry = known[row["path"].removesuffix(".png")]
        assert all(str(entry[key]) == row[key] for key in ("side", "session", "sample", "profile"))
        assert (entry["identity"], entry["person"]) == (int(row["identity"]), int(row["person"]))


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (written(tmp_path / copy, "rest", identities=4, samples=3, defects="all") for copy in ("a", "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in files)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_planted_defect_is_where_defects_json_says_and_the_scanner_copes(tmp_path: Path, layout: str) -> None:
    out = written(tmp_path, layout, identities=4, samples=4, defects="all")
    planted, clean = defects(out), written(tmp_path / "clean", layout, identities=4, samples=4)
    lacking = {"side"} if SCHEMES[layout].sides == "untold" else set()
    lacking |= {"turned"} if layout == "ntupi" else set()
    lacking |= set() if layout in ("tongji", "nnnn_ssss", "manifest") else {"deep"}
    assert set(planted) == set(KINDS) - lacking

    assert (clean / planted["missing"][0]).is_file() and not (out / planted["missing"][0]).exists()
    assert (out / planted["empty"][0]).read_bytes() == b""
    assert all(Path(path).name == "Thumbs.db" and (out / path).is_file() for path in planted["thumbs"])
    for kind in ("duplicate", "copy"):
        original, copy = planted[kind]
        assert (out / original).read_bytes() == (out / copy).read_bytes() == (clean / original).read_bytes()
    other = Path(planted["uppercase"][0])
    assert (out / other).is_file()
    assert (clean / other.with_suffix(other.suffix.swapcase())).is_file()
    (cut,) = planted["truncated"]
    assert (clean / cut).read_bytes().startswith((out / cut).read_bytes())
    assert SCHEMES[layout].dataset == "manifest" or not SCHEMES[layout].reads(planted["stray"][0])

    # 16 photos, less the missing and the empty one, and two second copies.
    data = read(out, layout)
    notes = " ".join(data.notes)
    assert len(data.samples) == 16
    assert len({sample.identity for sample in data.samples}) == 4
    assert f"{planted['empty'][0]}." in notes
    assert "under two palms" in notes and "under one palm" in notes
    assert ("contradict" in notes) == (layout == "rest")
    assert ("of the table" in notes) == (layout in ("11k", "manifest"))
    paths = data.source.paths  # type: ignore[attr-defined]
    for sample in data.samples:
        if paths[sample.id] == cut:
            with pytest.raises(SampleError):
                data.photo(sample)
        else:
            data.photo(sample)


@pytest.mark.parametrize("layout", [layout for layout, scheme in SCHEMES.items() if scheme.sides != "untold"])
def test_a_wrong_side_contradicts_the_truth(tmp_path: Path, layout: str) -> None:
    out = written(tmp_path, layout, defects="side")
    planted = defects(out)["side"]
    # Where the side is told but once, two photos change places: so no number is left out that would tell.
    assert len(planted) == (2 if SCHEMES[layout].sides == "name" else 1)
    data = read(out, layout)
    assert len(data.samples) == 4
    for sample in data.samples:
        path = data.source.paths[sample.id]  # type: ignore[attr-defined]
        # REST tells the side twice, and its folders are believed.
        assert (sample.side == truth(out, path, "photo")["side"]) == (path not in planted or layout == "rest")


def test_in_a_manifest_the_side_is_wrong_in_its_column(tmp_path: Path, unrendered: None) -> None:
    out = written(tmp_path, "manifest", defects="side")
    (path,) = defects(out)["side"]
    rows = {row["path"]: row["side"] for row in csv.DictReader((out / "manifest.csv").open())}
    assert len(rows) == 4
    right = {name: "left" if "/0000/" in name else "right" for name in rows}
    assert {name for name in rows if rows[name] != right[name]} == {path}


def test_an_export_can_be_planned_as_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from palmbench.commands.cli import main

    out = tmp_path / "a folder"
    words = ["data", "export", "synth", "--layout", "iitd", "--out", str(out), "--identities", "2", "--samples", "2"]
    assert main([*words, "--size", "128x96"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == f"wrote 4 photos of 2 palms (1 person) in the iitd layout to {out}"
    settings = shlex.split(told.splitlines()[-1].removeprefix("read it with: palmbench "))
    assert main(["plan", *settings, "method=mask", f"results_dir={tmp_path / 'results'}"]) == 0
    assert "2 palms" in capsys.readouterr().out


def test_an_export_never_writes_over_something(tmp_path: Path, unrendered: None) -> None:
    out = tmp_path / "iitd"
    out.mkdir()
    assert len(read(written(tmp_path, "iitd"), "iitd").samples) == 4  # an empty folder may be there
    with pytest.raises(RequestError, match=r"iitd.* --out"):
        written(tmp_path, "iitd")
    (tmp_path / "zhou").write_text("a file")
    with pytest.raises(RequestError, match="zhou"):
        written(tmp_path, "zhou")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iitd", "zhou"]


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_stops_half_way_leaves_nothing(
    tmp_path: Path, stop: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = iter([render(0, 0, size=(64, 64))] * 2)

    def fail(*_: object, **__: object) -> Render:
        for shot in shots:
            return shot
        raise stop

    monkeypatch.setattr(export, "render", fail)
    with pytest.raises((RequestError, KeyboardInterrupt)) as caught:
        written(tmp_path, "iitd")
    assert list(tmp_path.iterdir()) == []
    if isinstance(stop, OSError):
        assert "No space left on device" in str(caught.value)


@pytest.mark.parametrize(
    ("layout", "request_", "message"),
    [
        ("iidt", {}, "--layout: there is no layout iidt; did you mean iitd?"),
        ("iitd", {"defects": "empty,tumbs"}, "--defects: there is no defect tumbs; did you mean thumbs?"),
        ("iitd", {"profile": "controled"}, "--profile: there is no profile controled; did you mean controlled?"),
        ("iitd", {"size": "640*480"}, "--size must be a width and a height from 64 to 8192 pixels"),
        ("iitd", {"size": "32x32"}, "--size must be a width and a height from 64 to 8192 pixels"),
        ("iitd", {"identities": 3}, "holds both hands of each person; ask for 4 palms"),
        ("iitd", {"identities": 2000}, "no name for so many palms as 2000"),
        ("zhou", {"identities": 10**12}, "no name for so many palms as 1000000000000"),
        ("polyu", {"samples": 110}, "would be no photo; ask for fewer photos of a palm"),
        ("tongji", {"samples": 14}, "would be no photo; ask for fewer photos of a palm"),
        ("11k", {"samples": 101}, "would be no photo; ask for fewer photos of a palm"),
        ("zhou", {"samples": 0}, "--samples must be"),
        ("polyu", {"defects": "side"}, "side cannot be planted in the polyu layout"),
        ("zhou", {"defects": "side"}, "names do not tell left from right"),
        ("iitd", {"defects": "deep"}, "deep cannot be planted in the iitd layout, whose files have 8 bits a channel"),
        ("ntupi", {"defects": "turned"}, "turned cannot be planted in the ntupi layout, whose photos are square"),
        ("iitd", {"defects": "all"}, "4 photos are too few for these defects"),
        ("zhou", {"identities": 1, "defects": "duplicate"}, "at least 2 identities with 2 samples each"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_before_anything_is_written(
    tmp_path: Path, layout: str, request_: dict[str, Any], message: str
) -> None:
    assert message in refusal(tmp_path, layout, **request_)
