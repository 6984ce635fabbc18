"""Methods against attackers: chance and floors first, last the worst case with its attack; and what figures show."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks.floor import FloorConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.commands.table import write_table
from palmbench.engine.attack_health import Health
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.report.attack_matrix import Resisted, matrix
from palmbench.report.attack_table import CHANCE, WORST, strongest_of
from palmbench.report.figures.attackers import draw_over_gallery, draw_two_attackers
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.number import Number
from tests.attacks.drawn_templates import attacked, leaking

LINKAGE, FLOOR = UnchangedConfig(gallery="deidentified"), FloorConfig(recognizer="ccnet")
NAMES = ["unchanged o-a", "unchanged a-a"]


@pytest.fixture(scope="module")
def resisted(tmp_path_factory: pytest.TempPathFactory) -> list[Resisted]:
    """A blur that leaks much, more so from output to output; a mask that leaks little, to which there is a floor."""
    folder = tmp_path_factory.mktemp("matrix")
    blur = [attacked(folder, leaking(0.4, 0.8), attack, method=BlurConfig()) for attack in (None, LINKAGE)]
    mask = [attacked(folder, leaking(0.3, 0.3), attack, method=MaskConfig()) for attack in (None, LINKAGE, FLOOR)]
    return [Resisted("blur sigma 4", "Blur", tuple(blur)), Resisted("mask", "Mask", tuple(mask))]


def test_chance_and_floors_come_first_and_the_worst_case_last_with_its_attack(resisted: list[Resisted]) -> None:
    table = matrix(resisted, "synth", "rank_1")
    assert [column.metric.label for column in table.columns] == [CHANCE, "floor o-a ccnet", *NAMES, WORST]
    blur, mask = table.segments[0]
    assert (blur.setting, mask.setting) == ("blur sigma 4", "mask")
    assert blur.entries[0].value == pytest.approx(100 / 19)
    assert blur.entries[1].row is None and mask.entries[1].row is not None
    worst = strongest_of(resisted[0].attacked)
    assert (blur.entries[-1].value, blur.entries[-1].remark) == (worst.numbers["rank_1"].value, worst.winner)
    assert "A dash: not an attack on this method." in table.notes
    assert "Synthetic hands, not the paper's data." in table.caption


def test_the_cells_are_of_the_measure_that_is_asked_for(resisted: list[Resisted]) -> None:
    table = matrix(resisted, "synth", "tar_fmr100")
    assert table.segments[0][0].entries[0].value == pytest.approx(1)
    assert table.segments[0][0].entries[2].value == resisted[0].attacked[0].numbers["tar_fmr100"].value
    assert "TAR at FMR 1 %" in table.caption


def test_the_files_name_the_winner_and_hold_every_number(resisted: list[Resisted], tmp_path: Path) -> None:
    paths = write_table(matrix(resisted, "synth", "rank_1"), tmp_path, "attacks-synth")
    assert [path.name for path in paths] == ["attacks-synth.csv", "attacks-synth.md", "attacks-synth.tex"]
    winner = strongest_of(resisted[0].attacked).winner
    with open(paths[0], newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = {(row["method"], row["recognizer"], row["metric"]): row for row in rows}
    assert {metric for _, _, metric in found} == set(LEAKS)
    assert float(found["blur sigma 4", "unchanged o-a", "eer"]["value"]) == pytest.approx(
        resisted[0].attacked[0].numbers["eer"].value
    )
    assert ("blur sigma 4", f"{WORST}: {winner}", "rank_1") in found
    assert all(f"({winner})" in path.read_text() for path in paths[1:])


def test_a_void_attack_is_marked_and_is_no_worst_case(resisted: list[Resisted]) -> None:
    winner = strongest_of(resisted[0].attacked).winner
    (other,) = {*NAMES} - {winner}
    method = Resisted("blur", "Blur", resisted[0].attacked, {winner: Health(True, "does not reach its baseline")})
    table = matrix([method], "synth", "rank_1")
    remarks = {
        column.metric.label: entry.remark
        for column, entry in zip(table.columns, table.segments[0][0].entries, strict=True)
    }
    assert remarks == {CHANCE: "", winner: "void", other: "", WORST: other}
    assert f"Void on blur: {winner} (does not reach its baseline)." in table.notes


def test_arrows_lead_from_the_naive_attacker_to_the_worst(resisted: list[Resisted]) -> None:
    figure = draw_two_attackers(resisted, {"blur sigma 4": Number.of(0.9, (0.88, 0.92)), "mask": Number.of(0.5)})
    left, right = figure.axes
    naive, worst = (
        [each.numbers["rank_1"].value for each in of_methods]
        for of_methods in ([each.naive for each in resisted], [each.worst for each in resisted])
    )
    assert [tuple(map(float, each)) for line in left.lines[1:4:2] for each in line.get_xydata()] == [
        (0.9, naive[0]), (0.5, naive[1]),
    ]  # fmt: skip
    assert naive[0] < worst[0]
    assert [(each.xyann, each.xy) for each in right.texts] == [
        ((like, before), (like, after)) for like, before, after in zip((0.9, 0.5), naive, worst, strict=True)
    ]
    only = draw_two_attackers(resisted, {"mask": Number.of(0.5)})
    assert [text.get_text() for text in only.legends[0].get_texts()] == ["Mask"]


def test_curves_over_the_gallery_are_those_of_the_record(resisted: list[Resisted]) -> None:
    figure = draw_over_gallery(resisted)
    blur, mask = figure.axes
    sizes, rates = blur.lines[0].get_data()
    curve = resisted[0].winner.rank_1_curve
    np.testing.assert_allclose(sizes, list(curve))
    np.testing.assert_allclose(rates, [number.value for number in curve.values()])
    assert [len(axes.lines) for axes in (blur, mask)] == [3, 4]  # a floor was tried on the mask alone
    assert blur.get_title().endswith(f"worst case: {resisted[0].winner.called}")
