"""`palmbench methods` sets the points of any sweep side by side."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from palmbench.commands.methods import methods_command
from palmbench.report.comparison import Compared, Comparison
from palmbench.report.contact_sheet import GAP, TILE
from palmbench.report.figures.tradeoff import PRIVACY, QUALITY, draw_tradeoff
from palmbench.scoring import Number


@pytest.fixture
def settings(tmp_path: Path) -> list[str]:
    return [f"results_dir={tmp_path / 'results'}", "dataset.identities=2", "dataset.samples=2", "recognizer=mtcc"]


def test_nothing_computed_is_status_2_and_the_command_is_named(settings: list[str], capsys) -> None:
    assert methods_command([*settings, "method=mask,blur"]) == 2
    said = capsys.readouterr().err
    assert "none of the 2 runs on synth is there" in said
    assert "`palmbench methods --run results_dir=" in said


def test_each_setting_of_a_knob_has_its_line_and_its_numbers(settings: list[str], tmp_path: Path, capsys) -> None:
    words = [*settings, "method=blur", "method.sigma=1,8"]
    assert methods_command(words, run=True) == 0
    folder = tmp_path / "results" / "methods"
    assert {path.name for path in folder.iterdir()} == {
        *(f"methods-synth.{suffix}" for suffix in ("csv", "md", "tex", "png", "pdf")),
        "methods-synth-photos.png",
    }
    with open(folder / "methods-synth.csv", newline="") as stream:
        found = {(row["method"], row["metric"]): row["value"] for row in csv.DictReader(stream)}
    weak, strong = (float(found[f"blur sigma {sigma}", "ssim"]) for sigma in (1, 8))
    assert weak > strong
    assert ("blur sigma 1", "rr") in found and ("blur sigma 8", "acc_nn") in found
    text = (folder / "methods-synth.md").read_text()
    assert "| blur sigma 1 |" in text and "MTCC RR ↑" in text and "Table" not in text
    assert np.asarray(Image.open(folder / "methods-synth.png")).std() > 0
    assert (folder / "methods-synth.tex").read_text().count("blur sigma") == 2
    capsys.readouterr()
    assert methods_command([*words[:-1], "method.sigma=1,2,8"]) == 0
    assert "Not computed: blur sigma 2 (MTCC)." in capsys.readouterr().out
    assert methods_command([*words, "recognizer=mtcc,eehnet"]) == 0
    assert "Not computed: EEHNet (reconstruction, compact)." in capsys.readouterr().out


def test_each_seed_has_its_line_and_its_tile(settings: list[str], tmp_path: Path) -> None:
    words = [*settings, "method=swap"]
    folder = tmp_path / "results" / "methods"
    found: dict[str, dict[tuple[str, str], str]] = {}
    for seeds in ("0", "1", "0,1"):
        assert methods_command([*words, f"seed={seeds}"], run=True) == 0
        with open(folder / "methods-synth.csv", newline="") as stream:
            found[seeds] = {(row["method"], row["metric"]): row["value"] for row in csv.DictReader(stream)}
    called = "swap surrogate photo shading 1"
    alone = {f"{called} seed {seed}": found[seed] for seed in ("0", "1")}
    for name, numbers in alone.items():
        assert {metric: value for (method, metric), value in found["0,1"].items() if method == name} == {
            metric: value for (_, metric), value in numbers.items()
        }
    assert found["0"][called, "ssim"] != found["1"][called, "ssim"]
    # Original and two swaps, each as wide as the other.
    assert Image.open(folder / "methods-synth-photos.png").width == 3 * (TILE + GAP) + GAP


def test_settings_are_joined_that_differ_in_a_number_alone() -> None:
    numbers = {name: Number(0.5) for name in (PRIVACY, QUALITY)}
    names = ("ksame way proxy k 2", "ksame way proxy k 5", "ksame way average k 5")
    compared = tuple(Compared("k-Same", name, "MTCC", numbers) for name in names)
    (panel,) = draw_tradeoff(Comparison("synth", compared, (), ())).axes
    joined = [line for line in panel.get_lines() if line.get_linestyle() == "-"]
    assert [len(line.get_xdata()) for line in joined] == [2, 1]
