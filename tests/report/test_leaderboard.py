"""Methods by utility within classes of leak, each row with its attackers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.base.store import Store
from palmbench.commands import cli
from palmbench.commands.leaderboard import names_of
from palmbench.config.attacks import TrialConfig
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.attack_health import Health
from palmbench.engine.attack_pipeline import Wanted
from palmbench.engine.attack_record import write_settings
from palmbench.engine.attacking import measure
from palmbench.engine.bundle import kept_in, packed
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.quality.settings import QualityConfig
from palmbench.report.attack_matrix import matrix
from palmbench.report.attack_table import attack_lines
from palmbench.report.kept_points import points_of
from palmbench.report.leaderboard import CLASSES, HEAD, boards, class_of, to_markdown
from palmbench.report.suites import suite_of
from palmbench.scoring.number import Number
from tests.attacks.drawn_templates import attacked, enrolled, leaking, pipeline, point
from tests.report.kept_results import attack_on, results, run_of


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beside the three, a weaker blur that leaks as much as untouched photos and is more useful than none of them."""
    folder = results(tmp_path_factory.mktemp("here"))
    weak = BlurConfig(sigma=1)
    run_of(point(str(folder), method=weak), {"ssim": Number.of(0.98, (0.97, 0.99), 8), "rr": Number.of(1.0)})
    attack_on(folder, weak, UnchangedConfig(), 0.8)
    return folder


def rows(markdown: str) -> list[dict[str, str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ") and ":--" not in line][1:]
    return [dict(zip(HEAD, line.strip("| ").split(" | "), strict=True)) for line in lines]


def test_a_class_is_told_by_bits_and_its_upper_bound_is_the_next_one_s() -> None:
    assert [class_of(bits).letter for bits in (-0.2, 0.0999, 0.1, 0.49, 0.5, 1.0, 1.99, 2.0, 9.0)] == list("AABBCDDEE")
    assert class_of(None) == CLASSES[-1]


def test_utility_ranks_within_a_class_and_never_across(here: Path) -> None:
    (board,) = boards([("mine", points_of(kept_in(here)))], palm=True)
    classes = [CLASSES.index(each.leak_class) for each in board.places]
    assert classes == sorted(classes)
    names = [each.method.name for each in board.places]
    assert names[0] == "mask" and names.index("identity") < names.index("blur sigma 1")
    strong, weak = (board.places[names.index(name)] for name in ("blur sigma 4", "blur sigma 1"))
    assert strong.leak_class != weak.leak_class and names.index("blur sigma 4") < names.index("blur sigma 1")
    assert strong.utility.value < weak.utility.value


def test_rows_of_several_recognizers_have_the_utility_of_their_own_photos(tmp_path: Path) -> None:
    results(tmp_path)
    config = point(str(tmp_path), method=BlurConfig())
    other = replace(
        config, recognizer=RecognizerConfig("eehnet", {"weights": "embedded"}), quality=QualityConfig("torchmetrics")
    )
    run_of(other, {"ssim": Number.of(0.7), "rr": Number.of(1.0)})
    wired = pipeline(other, TrialConfig(UnchangedConfig()))
    store = Store.of(tmp_path)
    write_settings(wired)
    draw = leaking(0.8, 0.2)
    measure(wired, enrolled(wired, store, lambda *which: np.resize(draw(*which), 288)), store, [])
    (board,) = boards([("mine", points_of(kept_in(tmp_path)))])
    found = {each.method.name: each.utility.value for each in board.places}
    assert found["blur sigma 4 quality paper"] == pytest.approx(0.75)
    assert found["blur sigma 4 quality torchmetrics"] == pytest.approx(0.25)


def test_a_row_says_whose_numbers_these_are(here: Path) -> None:
    kept = kept_in(here)
    (board,) = boards([("mine", points_of(kept))])
    found = {row["Method"]: row for row in rows(to_markdown([board]))}
    suite = suite_of(kept)
    people = next(each for each in kept if each.trial is not None).record.content["people"]
    blur = found["blur sigma 4"]
    assert blur["Attacks"] == f"2 of 2 of {suite.version}, {suite.date}" and blur["From"] == "mine"
    assert found["blur sigma 1"]["Attacks"].startswith("1 of 2")
    assert (blur["Persons"], blur["Void"]) == (str(people["evaluated"]), "none")
    assert any(note.startswith(f"mine: Attacks {suite.version}") for note in board.notes)
    assert "Synthetic hands, not the paper's data." in board.notes


def test_what_is_disclosed_is_counted_above_chance(here: Path) -> None:
    (board,) = boards([("mine", points_of(kept_in(here)))])
    place = next(each for each in board.places if each.method.name == "mask")
    worst, winner = place.method.worst, place.method.winner
    assert worst is not None and winner is not None
    chance = winner.by_chance["mean_disclosure"].value
    assert place.leak.value == pytest.approx(worst.numbers["mean_disclosure"].value - chance)


def test_each_attack_has_its_own_chance_taken_off_in_the_interval_of_the_worst_case(tmp_path: Path) -> None:
    """An attack that seldom fails discloses more by chance than one that often does, and is no stronger for that."""
    attacked(tmp_path, _seldom, method=BlurConfig())
    attacked(tmp_path, leaking(0.0, 0.0), UnchangedConfig(gallery="deidentified"), method=BlurConfig())
    for attack in (UnchangedConfig(), UnchangedConfig(gallery="deidentified")):
        write_settings(pipeline(point(str(tmp_path), method=BlurConfig()), TrialConfig(attack)))
    (board,) = boards([("mine", points_of(kept_in(tmp_path)))])
    (place,) = board.places
    winner, other = sorted(place.method.attacked, key=lambda each: each is not place.method.winner)
    assert winner.called == "unchanged o-a"
    draws = {each.called: each.replicated()["mean_disclosure"].draws for each in (winner, other)}
    chance = {each.called: each.by_chance["mean_disclosure"].value for each in (winner, other)}
    assert chance[other.called] > chance[winner.called] + 0.1
    most = np.max([draws[name] - chance[name] for name in draws], axis=0)
    assert place.leak.hi == pytest.approx(np.quantile(most, 0.975), abs=1e-6)


def _seldom(wanted: Wanted, sample: Sample) -> np.ndarray:
    """Templates that leak, but of one in four outputs alone where persons are evaluated."""
    failed = wanted.group == "evaluated" and wanted.seed is not None and not sample.id.endswith("0")
    return leaking(0.8, 0.3)(wanted, sample) * (np.nan if failed else 1)


def test_a_void_attack_is_named_and_does_not_win(here: Path) -> None:
    points = points_of(kept_in(here))
    blur = next(each for each in points if each.name == "blur sigma 4")
    winner = blur.resisted.worst.winner
    others = [each for each in points if each is not blur]
    (board,) = boards([("mine", [*others, replace(blur, health={winner: Health(True, "fails")})])])
    row = next(row for row in rows(to_markdown([board])) if row["Method"] == "blur sigma 4")
    assert row["Void"] == winner and row["Worst attack"] != winner


def test_other_attackers_are_another_suite(here: Path) -> None:
    kept = [each for each in kept_in(here) if each.trial is not None]
    fewer = [each for each in kept if each.record.content["attack"]["name"] == "unchanged"]
    assert suite_of(kept).version != suite_of(fewer).version
    raised = [replace(each, record=replace(each.record, content={**each.record.content, "versions": {"unchanged": 9}}))
              for each in fewer]  # fmt: skip
    assert suite_of(raised).version != suite_of(fewer).version


def test_bundles_that_are_called_alike_are_numbered() -> None:
    assert names_of([Path("a/mine.zip"), Path("b/mine.zip"), Path("yours.zip")]) == ["mine (1)", "mine (2)", "yours"]


def test_the_command_writes_a_page_that_needs_nothing_else(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "mine.zip"
    bundle.write_bytes(packed(kept_in(here)))
    assert cli.main(["leaderboard", str(bundle), str(here), "--out", str(tmp_path / "page")]) == 0
    assert "## Synthetic" in capsys.readouterr().out
    page = (tmp_path / "page" / "leaderboard.html").read_text()
    assert page.startswith("<!doctype html>") and "blur sigma 4" in page
    assert "http" not in page.replace("http-equiv", "") and str(tmp_path) not in page
    assert {row["From"] for row in rows((tmp_path / "page" / "leaderboard.md").read_text())} == {"mine", here.name}
    assert cli.main(["leaderboard"]) == 2 and "needs bundles" in capsys.readouterr().err


def test_a_method_whose_attacks_are_all_void_is_named_below(here: Path) -> None:
    points = points_of(kept_in(here))
    blur = next(each for each in points if each.name == "blur sigma 4")
    assert blur.resisted is not None
    health = {attack.called: Health(True, "fails") for attack in blur.resisted.attacked}
    void = [replace(each, health=health) if each is blur else each for each in points]
    (board,) = boards([("mine", void)])
    assert "blur sigma 4" not in [each.method.name for each in board.places]
    assert "mine: no row for blur sigma 4: every attack on it is void." in board.notes


def test_a_method_without_a_worst_case_is_named_below_and_the_others_stand(tmp_path: Path) -> None:
    """Where no photo of two validation persons was compared no attack can be chosen; that is one method's lot."""
    folder = results(tmp_path, {"blur": 0.2})
    for attack in (UnchangedConfig(), UnchangedConfig(gallery="deidentified")):
        write_settings(pipeline(point(str(folder), method=MaskConfig()), TrialConfig(attack)))
        found = attacked(folder, _nobody_to_choose_on, attack, method=MaskConfig())
    points = points_of(kept_in(folder))
    (board,) = boards([("mine", points)])
    assert [each.method.name for each in board.places] == ["blur sigma 4"]
    assert any(note.startswith("mine: no row for mask: no attack compared photos") for note in board.notes)
    resisted = next(each.resisted for each in points if each.name == "mask")
    assert "No worst case: no attack compared photos" in "\n".join(attack_lines(resisted.attacked))
    assert any(note.startswith("No worst case on mask") for note in matrix([resisted], "synth", "rank_1").notes)
    assert found.numbers["lid"].value is None and found.numbers["rank_1"].value is not None


def _nobody_to_choose_on(wanted: Wanted, sample: Sample) -> np.ndarray:
    return leaking(0.8, 0.8)(wanted, sample) * (np.nan if wanted.group == "validation" else 1)
