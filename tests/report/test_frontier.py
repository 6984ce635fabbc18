"""Utility between a masked and an untouched palm, privacy between a guess and untouched photos, and their area."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from palmbench.engine.bundle import kept_in
from palmbench.report.attack_matrix import Resisted
from palmbench.report.figures.attackers import draw_two_attackers
from palmbench.report.frontier import areas_of, curve_of, palm_alone, privacy_of, scale_of, to_csv
from palmbench.report.kept_points import KeptPoint, points_of
from palmbench.report.utility import LABEL, UtilityScale
from palmbench.scoring.number import Number
from tests.report.kept_results import SSIM, results

ENDS = UtilityScale(
    identity={
        "ssim": Number.of(1.0, (1.0, 1.0)),
        "keypoints_2d": Number.of(0.0, (0.0, 0.0)),
        "gesture": Number.of(100.0, (90.0, 100.0)),
    },
    mask={
        "ssim": Number.of(0.6, (0.5, 0.7)),
        "keypoints_2d": Number.of(2.0, (1.8, 2.2)),
        "gesture": Number.of(98.0, (88.0, 100.0)),
    },
)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[KeptPoint]:
    return points_of(kept_in(results(tmp_path_factory.mktemp("here"))))


@pytest.fixture(scope="module")
def resisted(points: list[KeptPoint]) -> list[Resisted]:
    return [each.resisted for each in points if each.resisted is not None]


def test_utility_is_the_mean_of_measures_between_masked_and_untouched() -> None:
    assert ENDS.of(ENDS.identity).value == 1 and ENDS.of(ENDS.mask).value == 0
    found = ENDS.of({"ssim": Number.of(0.9, (0.8, 1.0)), "keypoints_2d": Number.of(0.5, (0.4, 0.6))})
    # (0.9 - 0.6) / 0.4 and (0.5 - 2) / (0 - 2): 0.75 each.
    assert found.value == pytest.approx(0.75)
    assert (found.lo, found.hi) == pytest.approx(((0.5 + 0.7) / 2, (1.0 + 0.8) / 2))


def test_a_measure_that_a_masked_palm_does_as_well_in_says_nothing_and_is_named() -> None:
    assert ENDS.measures == ("ssim", "keypoints_2d")
    assert "Gesture agreement" in ENDS.words.partition("Left out")[2]


def test_gesture_agreement_counts_where_a_mask_costs_it() -> None:
    scale = UtilityScale(ENDS.identity, {**ENDS.mask, "gesture": Number.of(40.0, (30, 50))})
    numbers = {"ssim": Number.of(0.9), "keypoints_2d": Number.of(0.5), "gesture": Number.of(70.0)}
    assert scale.scaled(numbers)["gesture"].value == pytest.approx(0.5)
    assert scale.of(numbers).value == pytest.approx((0.75 + 0.75 + 0.5) / 3)


def test_worse_than_a_mask_counts_as_a_mask_and_what_was_not_measured_is_said() -> None:
    assert ENDS.scaled({"ssim": Number.of(0.2)})["ssim"].value == 0
    assert ENDS.of({"ssim": Number.of(0.9)}).missing == "2D Keypoint Detection of its run"


def test_untouched_photos_have_no_privacy_and_no_area(points: list[KeptPoint], resisted: list[Resisted]) -> None:
    scale = scale_of(resisted, {each.name: each.numbers for each in points})
    assert scale is not None and scale.identity["ssim"] == SSIM["identity"] and scale.mask["ssim"] == SSIM["mask"]
    utility = {each.name: scale.of(each.numbers) for each in points}
    assert {name: number.value for name, number in utility.items()} == pytest.approx(
        {"blur sigma 4": 0.75, "identity": 1.0, "mask": 0.0}
    )
    assert privacy_of(resisted)["identity"].value == 0
    areas = {curve[0]: area for curve, area in areas_of(resisted, utility).items()}
    assert areas["identity"].value == areas["Masking"].value == 0


def test_the_area_of_one_setting_is_its_privacy_times_its_utility(
    points: list[KeptPoint], resisted: list[Resisted]
) -> None:
    found = {each.name: each for each in resisted}
    blur, plain = found["blur sigma 4"], found["identity"]
    assert blur.worst is not None and plain.worst is not None and plain.winner is not None
    chance = plain.winner.by_chance["rank_1"].value
    private = 1 - (blur.worst.numbers["rank_1"].value - chance) / (plain.worst.numbers["rank_1"].value - chance)
    assert 0 < private < 1
    assert privacy_of(resisted)["blur sigma 4"].value == pytest.approx(private)
    area = areas_of(resisted, {"blur sigma 4": Number.of(0.75)})[curve_of(blur)]
    assert area.value == pytest.approx(0.75 * private)
    assert area.lo is not None and area.lo < area.value < area.hi


def test_the_interval_is_of_the_draws_that_all_attacks_share(resisted: list[Resisted]) -> None:
    found = {each.name: each for each in palm_alone(resisted)}
    blur, plain = (found[name].attacked[0].replicated()["rank_1"] for name in ("blur sigma 4", "identity"))
    chance = found["identity"].attacked[0].by_chance["rank_1"].value
    draws = np.clip(1 - (blur.draws - chance) / (plain.draws - chance), 0, 1)
    private = privacy_of(palm_alone(resisted))["blur sigma 4"]
    assert (private.lo, private.hi) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))


def test_without_untouched_photos_there_is_no_area_and_it_is_said_why(resisted: list[Resisted]) -> None:
    blur = [each for each in resisted if each.label != "identity"]
    (area,) = areas_of(blur, {"blur sigma 4": Number.of(0.75)}).values()
    assert area.value is None and area.missing == "the same attacks on method=identity"


def test_the_file_holds_a_line_a_method(points: list[KeptPoint], resisted: list[Resisted]) -> None:
    measured = {each.name: each.numbers for each in points}
    scale = scale_of(resisted, measured)
    assert scale is not None
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(to_csv(resisted, measured, scale)))}
    assert set(rows) == {"blur sigma 4", "identity", "mask"}
    blur = rows["blur sigma 4"]
    assert float(blur["u_ssim"]) == float(blur["utility"]) == pytest.approx(0.75)
    assert float(blur["hypervolume"]) == pytest.approx(0.75 * float(blur["privacy"]), rel=1e-6)
    assert float(rows["mask"]["hypervolume"]) == 0


def test_the_figure_is_over_utility_and_its_legend_says_the_area(resisted: list[Resisted]) -> None:
    utility = {"blur sigma 4": Number.of(0.75), "mask": Number.of(0.0)}
    figure = draw_two_attackers(resisted, utility, LABEL, areas_of(resisted, utility))
    assert figure.axes[0].get_xlabel() == LABEL
    (blur,) = [area for curve, area in areas_of(resisted, utility).items() if curve[0] == "Blurring"]
    texts = [each.get_text() for each in figure.legends[0].get_texts()]
    assert texts == [f"Blurring ({blur.value:.2f} [{blur.lo:.2f}, {blur.hi:.2f}])", "Masking"]
