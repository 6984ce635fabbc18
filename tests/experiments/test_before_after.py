"""Palms are drawn beside what became of them, and compared by the same square of both."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments import photographs
from experiments.before_after import Pair, ratios, write_sheets
from palmbench.base.images import read_image, write_png
from palmbench.hands.palm import palm_polygon
from palmbench.synth import render


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    found = []
    for identity in range(3):
        photo = render(identity, 0)
        after = cv2.GaussianBlur(photo.image, (0, 0), 2)
        found.append(Pair(f"palm {identity}", photo.image, after, palm_polygon(photo.as_hand().keypoints_2d)))
    return found


def test_every_pair_is_on_a_sheet(pairs: list[Pair], tmp_path: Path) -> None:
    files = write_sheets([*pairs, *pairs], tmp_path)
    assert [file.name for file in files] == ["palms-1.png", "palms-2.png"]
    sheet = read_image(files[0])
    left, right = sheet[:620, :620], sheet[:620, 620:1240]
    assert not np.array_equal(left, right)
    # What was blurred is seen on the right.
    edges = [float(cv2.Laplacian(side, cv2.CV_64F).std()) for side in (left[100:500, 100:500], right[100:500, 100:500])]
    assert edges[0] > edges[1]


def test_sheets_want_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert photographs.main([str(tmp_path), "--sheets"]) == 2
    assert "[--sheets OUT]" in capsys.readouterr().out


def test_sheets_are_drawn_of_a_folder(pairs: list[Pair], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "sheets"
    write_png(folder / "palm.png", pairs[0].before)
    (folder / photographs.PALMS).write_text(json.dumps({"palm": [pairs[0].polygon.tolist()]}))
    words = ["--method", "mask", "method.fill=128", "executor.workers=1", "executor.devices=cpu"]
    photographs.main([str(folder), "--sheets", str(out), *words])
    assert (out / "palms-1.png").is_file()
    assert "after over before: std " in capsys.readouterr().out


def test_what_was_blurred_has_fainter_lines_and_what_was_not_the_same(pairs: list[Pair]) -> None:
    found = ratios(pairs)
    assert found["fine"] < 0.5 and found["line_q99"] < 0.9 and found["low"] == pytest.approx(1, abs=0.05)
    same = ratios([pair._replace(after=pair.before) for pair in pairs])
    assert all(value == pytest.approx(0 if name == "high_skew" else 1) for name, value in same.items())
