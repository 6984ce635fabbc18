"""The same points of two places: paired where persons are the same, and what differs is named."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.commands import cli
from palmbench.engine.bundle import Kept, kept_in, packed
from palmbench.methods.blur import BlurConfig
from palmbench.report.side_by_side import INDEPENDENT, PAIRED, Pair, side_by_side
from palmbench.scoring.number import Number
from tests.attacks.drawn_templates import point
from tests.report.kept_results import attack_on, results, run_of


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same three methods; the blur of the second leaks more."""
    shares = {"identity": 0.8, "blur": 0.3}
    return (
        results(tmp_path_factory.mktemp("a"), {**shares, "mask": 0.0}),
        results(tmp_path_factory.mktemp("b"), {**shares, "blur": 0.5}),
    )


def pairs_of(places: tuple[Path, Path]) -> dict[str, Pair]:
    return {each.name: each for each in side_by_side(*map(kept_in, places)).pairs}


def test_points_are_matched_by_what_they_are_called(places: tuple[Path, Path]) -> None:
    found = side_by_side(*map(kept_in, places))
    assert len(found.pairs) == 6
    assert found.only_after == () and {name.split(" ")[0] for name in found.only_before} == {"mask"}
    equal = {each.name.split(" ")[0] for each in found.pairs if each.equal}
    assert "identity" in equal and "blur" in equal  # whose floor leaks what it did


def test_attacks_on_the_same_persons_are_paired(places: tuple[Path, Path]) -> None:
    blur = pairs_of(places)["blur sigma 4 on synth, ccnet compact, unchanged o-a"]
    rank_1 = next(each for each in blur.differences if each.metric.name == "rank_1")
    assert rank_1.pairing == PAIRED
    assert rank_1.more.value == pytest.approx(rank_1.after.value - rank_1.before.value) and rank_1.more.value > 0
    apart = replace(blur, after=other_persons(blur))
    loose = next(each for each in apart.differences if each.metric.name == "rank_1")
    assert loose.pairing == INDEPENDENT and loose.more.value == rank_1.more.value
    assert "other persons evaluated" in apart.differs


def other_persons(pair: Pair) -> Kept:
    record = pair.after.record
    return replace(pair.after, record=replace(record, content={**record.content, "people_digest": "others"}))


def test_runs_have_no_draws_and_are_independent(places: tuple[Path, Path]) -> None:
    run = pairs_of(places)["blur sigma 4 on synth, ccnet compact"]
    assert {each.pairing for each in run.differences} == {INDEPENDENT}
    assert {each.metric.name for each in run.differences} == {"rr", "ssim", "acc_nn"}


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    for number, seed in enumerate((0, 5)):
        run_of(replace(point(str(tmp_path / str(number)), method=BlurConfig()), seed=seed), {"ssim": Number.of(0.5)})
    (pair,) = side_by_side(*(kept_in(tmp_path / str(number)) for number in (0, 1))).pairs
    assert pair.differs == ["seed 0 / 5"] and not pair.equal


def test_the_command_prints_a_table_and_writes_every_number(
    places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, out = tmp_path / "b.zip", tmp_path / "compared.csv"
    bundle.write_bytes(packed(kept_in(places[1])))
    assert cli.main(["compare", str(places[0]), str(bundle), "--csv", str(out)]) == 0
    told = capsys.readouterr().out
    assert "\nblur sigma 4 on synth, ccnet compact, unchanged o-a\n" in told and "B less A" in told
    assert "paired: 95 % interval of the difference" in told and "In A alone: mask" in told
    with open(out, newline="") as stream:
        rows = {(row["point"], row["metric"]): row for row in csv.DictReader(stream)}
    row = rows["blur sigma 4 on synth, ccnet compact, unchanged o-a", "rank_1"]
    assert float(row["difference"]) == pytest.approx(float(row["b"]) - float(row["a"])) and row["interval"] == PAIRED


def test_places_without_a_point_in_common_end_with_status_2(
    places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attack_on(tmp_path, BlurConfig(sigma=9), UnchangedConfig(), 0.1)
    assert cli.main(["compare", str(places[0]), str(tmp_path)]) == 2
    assert "No point is in both." in capsys.readouterr().out
    assert cli.main(["compare", str(places[0])]) == 2
    assert "compare needs two" in capsys.readouterr().err
