"""Attacks measured, recorded and set side by side: a leak shows, nothing shows where nothing leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks.floor import FloorConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.engine.attack_record import listed, record_key, record_path, write_settings
from palmbench.engine.attacking import measure
from palmbench.engine.pruning import artefacts_of, needless
from palmbench.engine.resume import Failure
from palmbench.report.attack_table import ABOVE, CHANCE, WORST, above_floor, attack_lines, strongest_of
from palmbench.scoring.leak_table import LEAKS
from recognizers.common.errors import RequestError
from tests.attacks.drawn_templates import attacked, enrolled, leaking, pipeline, point
from tests.golden.modules import raise_version, versioned

A_A = UnchangedConfig(gallery="deidentified")


def test_a_leak_is_recorded_with_its_interval_and_what_a_guess_gets(tmp_path: Path) -> None:
    found = attacked(tmp_path, leaking(2.0, 1.0))
    assert found.numbers.keys() == found.by_chance.keys() == found.replicated().keys() == LEAKS.keys()
    assert found.content["people"] == {"attackers": 6, "validation": 4, "evaluated": 10}
    assert found.by_chance["rank_1"].value == pytest.approx(100 / 19)
    for name, number in found.numbers.items():
        guess = found.by_chance[name]
        assert number.value is not None and guess.value is not None, name
        assert number.lo <= number.value <= number.hi, name
        if guess.lo is not None:
            assert number.value < guess.lo if LEAKS[name].higher_is_better else number.value > guess.hi, name


def test_a_record_has_the_rank_1_rate_of_every_size_of_gallery(tmp_path: Path) -> None:
    draw = leaking(0.3, 0.3)
    found = attacked(tmp_path, draw)
    curve = found.rank_1_curve
    assert min(curve) == 2 and max(curve) == found.content["gallery"] == 19
    assert curve[19] == found.numbers["rank_1"]
    assert curve[5] == attacked(tmp_path, draw, UnchangedConfig(size=5)).numbers["rank_1"]
    assert found.rank_1_curve_by_chance == {size: pytest.approx(100 / size) for size in curve}
    assert found.rank_1_curve_by_chance[19] == pytest.approx(found.by_chance["rank_1"].value)
    rates = [number.value for number in curve.values()]
    assert rates == sorted(rates, reverse=True) and rates[0] > rates[-1]
    assert all(number.lo < number.value < number.hi for number in curve.values())


def test_where_nothing_leaks_the_numbers_are_those_of_a_guess(tmp_path: Path) -> None:
    found = attacked(tmp_path, leaking(0.0, 0.0))
    outside = [
        name
        for name, guess in found.by_chance.items()
        if guess.lo is not None and not guess.lo <= found.numbers[name].value <= guess.hi
    ]
    assert len(outside) <= 1


def test_the_worst_case_names_its_attack_and_knows_of_the_others(tmp_path: Path) -> None:
    draw = leaking(0.3, 2.0)
    across, within = attacked(tmp_path, draw), attacked(tmp_path, draw, A_A)
    worst = strongest_of([across, within])
    assert worst.winner == "unchanged a-a"
    assert worst.numbers["lid"].value == within.numbers["lid"].value
    assert worst.numbers["lid"].hi >= within.numbers["lid"].hi


def test_exact_intervals_of_the_worst_case_count_the_persons_who_are_asked_for(tmp_path: Path) -> None:
    found = [attacked(tmp_path, leaking(9.0, 9.0), attack) for attack in (None, A_A)]
    people = found[0].content["people"]["evaluated"]
    assert [each.persons_asked for each in found] == [people] * 2
    assert "asked for" not in attack_lines(found)[1]
    # As where all but three persons have one photo of each palm.
    few = [replace(each, record=replace(each.record, content={**each.content, "persons_asked": 3})) for each in found]
    for several, persons in ((found, people), (few, 3)):
        worst = strongest_of(several).numbers["rank_1"]
        assert (worst.value, worst.lo) == (100, pytest.approx(100 * 0.025 ** (1 / persons)))
    assert (
        f"{people} persons evaluated (3 asked for: palms of the others have no second photo, or lot of photos)"
        in attack_lines(few)[1]
    )


def test_galleries_of_two_sizes_are_not_set_against_each_other(tmp_path: Path) -> None:
    draw = leaking(0.3, 0.3)
    whole, of_three = attacked(tmp_path, draw), attacked(tmp_path, draw, UnchangedConfig(size=3))
    for tried in ([whole, of_three], [of_three, whole]):
        worst = strongest_of(tried)
        assert worst.winner == tried[0].called
        assert worst.numbers["rank_1"] == tried[0].numbers["rank_1"]
        assert worst.numbers["mean_disclosure"] == tried[0].numbers["mean_disclosure"]
    floor = attacked(tmp_path, leaking(0.1, 0.1), FloorConfig(recognizer="ccnet", size=3))
    above = above_floor([whole, floor], [floor])
    assert above["rank_1"].value is above["mean_disclosure"].value is None
    assert above["eer"].value == pytest.approx(whole.numbers["eer"].value - floor.numbers["eer"].value)


def test_a_table_begins_with_chance_and_the_floor_and_ends_with_the_worst_case(tmp_path: Path) -> None:
    tried = [attacked(tmp_path, leaking(1.0, 1.0)), attacked(tmp_path, leaking(2.0, 2.0), A_A)]
    names = [line.split("  ")[0] for line in attack_lines(tried) if "[" in line]
    assert names == [CHANCE, "unchanged o-a", "unchanged a-a", WORST]
    assert f"Worst case of 2 attacks: {strongest_of(tried).winner}" in "\n".join(attack_lines(tried))
    floor = attacked(tmp_path, leaking(0.2, 0.2), FloorConfig(recognizer="ccnet"))
    names = [line.split("  ")[0] for line in attack_lines([*tried, floor]) if "[" in line]
    assert names == [CHANCE, "floor o-a ccnet", "unchanged o-a", "unchanged a-a", WORST, ABOVE]
    above = above_floor([*tried, floor], [floor])["lid"]
    assert above.value == pytest.approx(strongest_of(tried).numbers["lid"].value - floor.numbers["lid"].value)
    assert above.lo > 0


def test_each_size_of_gallery_has_a_chance_of_its_own(tmp_path: Path) -> None:
    few = attacked(tmp_path, leaking(1.0, 1.0), UnchangedConfig(size=5))
    lines = attack_lines([attacked(tmp_path, leaking(1.0, 1.0)), few])
    rows = {line.split("  ")[0]: line for line in lines if "[" in line}
    assert " 20 [" in rows[f"{CHANCE}, 5 palms"] and " 5 [" in rows[f"{CHANCE}, 19 palms"]
    assert "5 or 19 palms in the gallery" in lines[1]
    assert CHANCE not in rows


def test_a_failure_is_a_guess_and_is_counted(tmp_path: Path) -> None:
    def draw(wanted, sample):
        lost = wanted.seed is not None and sample.id.endswith("0001")
        return np.full(128, np.nan) if lost else leaking(9.0, 9.0)(wanted, sample)

    found = attacked(tmp_path, draw, failures=[Failure("0000_0001", "hands_after", "no hand was found", True)])
    assert (found.numbers["rank_1"].n, found.numbers["rank_1"].failed) == (80, 20)
    assert found.numbers["rank_1"].value == pytest.approx(100 * (0.75 + 0.25 / 19))
    assert found.numbers["tar_fmr100"].value == pytest.approx(75)
    assert found.content["failures"][0]["reason"] == "no hand was found"


def test_too_few_comparisons_are_said_and_not_guessed(tmp_path: Path) -> None:
    found = attacked(tmp_path, leaking(1.0, 1.0), palms=20)
    lacking = found.numbers["tar_fmr1000"]
    assert lacking.value is None and lacking.missing == "1000 strangers' comparisons"
    assert found.numbers["tar_fmr100"].value is not None


@pytest.mark.parametrize(
    "module",
    [
        "palmbench.attacks.people",
        "palmbench.engine.attack_pipeline",
        "palmbench.engine.attacking",
        "palmbench.scoring.hull",
        "palmbench.scoring.leak",
        "palmbench.scoring.trials",
        "palmbench.stages.enrol",
    ],
)
def test_a_raised_version_is_another_record(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = record_key(pipeline(point(str(tmp_path))))
    raise_version(versioned()[module], monkeypatch, to=99)
    assert record_key(pipeline(point(str(tmp_path)))) != before


def test_what_an_attack_is_made_of_is_not_pruned_and_the_rest_is(tmp_path: Path) -> None:
    store, draw = Store.of(tmp_path), leaking(1.0, 1.0)
    kept = pipeline(point(str(tmp_path), 16), TrialConfig(WhitenedConfig()))
    gone = pipeline(point(str(tmp_path), 16), TrialConfig(WhitenedConfig(), attacker_seed=5))
    for each in (kept, gone):
        measure(each, enrolled(each, store, draw), store, [])
    write_settings(kept)
    assert [each.key for each in listed(tmp_path)] == [kept.key]
    paths = {path for _, path in artefacts_of(store)}
    removed = set(needless(tmp_path).paths)
    assert removed == paths - kept.artefact_paths(store, [])
    # Outputs of the other seed, of whom it learns from and whom it is chosen on, and the scores that come of them.
    assert {path.parents[1].name for path in removed} == {"templates_after", "scores"}
    (record_path(kept).parent / "config.yaml").write_text("run: 3")
    with pytest.raises(RequestError, match="Nothing is removed"):
        needless(tmp_path)


def test_the_floor_is_told_by_the_attack(tmp_path: Path) -> None:
    assert FloorConfig().floor and not UnchangedConfig().floor
    assert FloorConfig(recognizer="ccnet").called == "floor o-a ccnet"
