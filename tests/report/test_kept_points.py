"""Points as their records tell them: what they are called, what belongs together, and whether attacks are in health."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store
from palmbench.commands import cli
from palmbench.config.attacks import TrialConfig
from palmbench.config.schema import RecognizerConfig
from palmbench.engine.attack_health import controls_of, health_of
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import Attacked, attacked, write_settings
from palmbench.engine.attacking import measure
from palmbench.engine.bundle import kept_in
from palmbench.methods.blur import BlurConfig
from palmbench.methods.swap import SwapConfig
from palmbench.quality.settings import QualityConfig
from palmbench.report.comparison import of_records
from palmbench.report.kept_points import points_of
from palmbench.scoring.number import Number
from tests.attacks.drawn_templates import enrolled, leaking, pipeline, point
from tests.golden.modules import raise_version, versioned
from tests.report.kept_results import FLOOR, attack_on, results, rewrite_record, run_of


def tried(wired: AttackPipeline, folder: Path) -> Attacked:
    store = Store.of(folder)
    write_settings(wired)
    measure(wired, enrolled(wired, store, leaking(0.8, 0.3)), store, [])
    return attacked(wired)


def test_an_attack_that_learns_has_the_health_that_its_controls_say(tmp_path: Path) -> None:
    wired = pipeline(point(str(tmp_path), method=BlurConfig()), TrialConfig(WhitenedConfig()))
    own, controls = tried(wired, tmp_path), controls_of(wired)
    assert controls is not None
    alone = next(each for each in points_of(kept_in(tmp_path)) if each.method == "blur")
    assert alone.unchecked == (own.called,) and not alone.health
    found = [tried(each, tmp_path) for each in controls]
    blur = next(each for each in points_of(kept_in(tmp_path)) if each.method == "blur")
    assert blur.health == {own.called: health_of(own, *found)} and not blur.unchecked
    # The permuted one is a control, and no attack of its own.
    assert {each.point["attack"] for each in blur.attacks} == {own.called, controls.untrained.trial.attack.called}


def test_a_point_has_its_run_whichever_recognizer_that_was_attacked_by(tmp_path: Path) -> None:
    attack_on(tmp_path, BlurConfig(), UnchangedConfig(), 0.3)
    config = point(str(tmp_path), method=BlurConfig())
    other = replace(config, recognizer=replace(config.recognizer, name="mtcc", options={"variant": "yan"}))
    run_of(other, {"ssim": Number.of(0.9), "rr": Number.of(1.0), "acc_nn": Number.of(1.0)})
    found = {each.recognizer: each for each in points_of(kept_in(tmp_path))}
    assert found["ccnet compact"].numbers["ssim"] == Number.of(0.9) and len(found["ccnet compact"].attacks) == 1
    assert found["mtcc yan"].resisted is None


def test_points_that_would_be_called_alike_are_told_by_what_they_differ_in(tmp_path: Path) -> None:
    for seed in (0, 5):
        run_of(replace(point(str(tmp_path), method=SwapConfig()), seed=seed), {"ssim": Number.of(0.5)})
    run_of(point(str(tmp_path), method=BlurConfig()), {"ssim": Number.of(0.5)})
    assert [each.name for each in points_of(kept_in(tmp_path))] == [
        "blur sigma 4", *(f"swap surrogate photo shading 1 seed {seed}" for seed in (0, 5)),
    ]  # fmt: skip


def test_a_row_holds_runs_of_one_setting_whichever_recognizers_looked_on(tmp_path: Path) -> None:
    swap, mtcc = point(str(tmp_path), method=SwapConfig()), RecognizerConfig("mtcc", {"variant": "yan"})
    run_of(swap, {"ssim": Number.of(0.9), "rr": Number.of(10.0)})
    run_of(replace(swap, recognizer=mtcc), {"ssim": Number.of(0.9), "rr": Number.of(20.0)})
    other = replace(swap, recognizer=mtcc, seed=1, quality=QualityConfig("torchmetrics"))
    run_of(other, {"ssim": Number.of(0.8), "rr": Number.of(30.0)})
    ((_, comparison),) = of_records(points_of(kept_in(tmp_path)))
    found = {(row.cell.method, row.cell.recognizer, row.cell.metric): row.value for row in comparison.table().rows}
    one, two = (f"swap surrogate photo shading 1 quality {name}" for name in ("paper seed 0", "torchmetrics seed 1"))
    assert {place: value for place, value in found.items() if place[2] in ("ssim", "rr")} == {
        (one, "ccnet-compact", "rr"): 10, (one, "mtcc", "rr"): 20, (one, "", "ssim"): 0.9,
        (two, "mtcc", "rr"): 30, (two, "", "ssim"): 0.8,
    }  # fmt: skip


def test_a_run_has_the_name_of_its_own_point_where_another_shares_its_photos(tmp_path: Path) -> None:
    attack_on(tmp_path, BlurConfig(), UnchangedConfig(), 0.3)
    config = replace(point(str(tmp_path), method=BlurConfig()), eer="grid")
    mtcc = replace(config, recognizer=RecognizerConfig("mtcc", {"variant": "yan"}))
    run_of(mtcc, {"ssim": Number.of(0.9), "rr": Number.of(1.0)})
    points = points_of(kept_in(tmp_path))
    assert {(each.recognizer, each.name) for each in points if each.run is not None} == {
        ("ccnet compact", "blur sigma 4 eer exact"), ("mtcc yan", "blur sigma 4 eer grid"),
    }  # fmt: skip
    ((_, comparison),) = of_records(points)
    assert [(each.recognizer, each.name) for each in comparison.compared] == [("mtcc", "blur sigma 4 eer grid")]


def test_a_record_that_was_changed_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results(tmp_path, {"blur": 0.2})
    (metrics, *_) = sorted(tmp_path.glob("attacks/*/metrics.json"))
    metrics.write_bytes(metrics.read_bytes().replace(b"5", b"6"))
    (blur,) = points_of(kept_in(tmp_path))
    assert len(blur.attacks) == 1 and "is not used" in capsys.readouterr().err


def test_floors_are_told_from_attacks_on_the_palm(tmp_path: Path) -> None:
    results(tmp_path, {"blur": 0.2})
    (blur,) = points_of(kept_in(tmp_path))
    assert blur.resisted is not None and blur.resisted.floor is not None
    assert blur.resisted.floor.called == FLOOR.called


def test_what_another_attacker_drew_is_another_point(tmp_path: Path) -> None:
    store = Store.of(tmp_path)
    for seed in (1_000_003, 7):
        wired = pipeline(point(str(tmp_path), method=SwapConfig()), TrialConfig(UnchangedConfig(), attacker_seed=seed))
        write_settings(wired)
        measure(wired, enrolled(wired, store, leaking(0.8, 0.2)), store, [])
    found = points_of(kept_in(tmp_path))
    assert [len(each.attacks) for each in found] == [1, 1] and len({each.people for each in found}) == 2


def test_of_records_that_were_made_again_the_last_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever key comes first: it says nothing of when a record was made."""
    for version, leak in ((98, 0.8), (99, 0.2), (100, 0.5)):
        raise_version(versioned()["palmbench.scoring.leak"], monkeypatch, to=version)
        raise_version(versioned()["palmbench.stages.enrol"], monkeypatch, to=version)
        attack_on(tmp_path, BlurConfig(), UnchangedConfig(), leak)
    kept = sorted(kept_in(tmp_path), key=lambda each: each.key)
    for last in kept:
        for each in kept:
            year = 2027 if each is last else 2026
            rewrite_record(each.record.path, lambda content, year=year: content.update(written=f"{year}-01-31"))
        (blur,) = points_of(kept_in(tmp_path))
        assert [each.key for each in blur.attacks] == [last.key]
    assert "Left out: 2 records" in capsys.readouterr().err


def test_records_of_other_photos_are_another_point(tmp_path: Path) -> None:
    """Of a folder whose photos were exchanged, say: numbers of the one are not set against those of the other."""
    results(tmp_path, {"blur": 0.2})
    (blur,) = points_of(kept_in(tmp_path))
    rewrite_record(blur.attacks[0].record.path, lambda content: content.update(photos="of another day"))
    found = points_of(kept_in(tmp_path))
    assert [len(each.attacks) for each in found] == [1, 1] and len({each.name for each in found}) == 2
    assert sorted(each.run is None for each in found) == [False, True]


@pytest.mark.parametrize("words", [["leaderboard"], ["bundle", "--draw", "drawn"]])
def test_a_record_of_an_attack_that_is_not_installed_is_named(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    results(tmp_path / "results", {"blur": 0.2})
    (blur,) = points_of(kept_in(tmp_path / "results"))
    rewrite_record(blur.attacks[0].record.path, lambda content: content["attack"].update(name="blink"))
    assert cli.main([*words, "results"]) == 2
    said = capsys.readouterr().err
    assert blur.attacks[0].key in said and "blink" in said


def test_settings_of_an_attack_that_is_not_installed_are_named_where_nothing_is_pruned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attack_on(tmp_path, BlurConfig(), UnchangedConfig(), 0.3)
    (settings,) = tmp_path.glob("attacks/*/config.yaml")
    settings.write_text(settings.read_text().replace("name: unchanged", "name: blink"))
    assert cli.main(["store", "prune", f"results_dir={tmp_path}"]) == 2
    assert str(settings) in capsys.readouterr().err
