"""`palmbench attack` on a few rendered palms: a table to read, records that are reused, and sentences for the rest."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from palmbench.base.store import Store
from palmbench.commands import cli
from palmbench.config.compose import compose_points
from palmbench.engine import attack_flow, attacking
from palmbench.engine.attack_flow import Tried
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import attacked
from palmbench.scoring.number import Number
from recognizers.common.errors import RequestError
from tests.attacks.drawn_templates import enrolled, leaking
from tests.report.kept_results import run_of

FEW = ["dataset.identities=10", "dataset.samples=2", "people.evaluated=0.4", "people.validation=0.4",
       "executor.workers=1", "method=pixelate", "method.block=24"]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacked")


@pytest.mark.slow
def test_attacks_are_tried_recorded_and_not_tried_again(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["attack", *FEW, f"results_dir={results}", "attack=floor,unchanged,restored"]
    assert cli.main(words) == 0
    first = capsys.readouterr()
    rows = [line.split("  ")[0] for line in first.out.splitlines() if "[" in line and "interval" not in line]
    assert rows == ["by chance", "floor o-a", "unchanged o-a", "restored o-a", "worst case", "above the floor"]
    records = sorted((results / "attacks").glob("*/record.json"))
    assert len(records) == 3
    told = [json.loads((record.parent / "metrics.json").read_text())["point"] for record in records]
    assert {point["method"] for point in told} == {"pixelate"}
    tables = results / "attacks" / "tables"
    assert {path.name for path in tables.iterdir()} == {
        *(f"attacks-synth.{suffix}" for suffix in ("csv", "md", "tex")), "gallery-synth.png", "gallery-synth.pdf",
    }  # fmt: skip
    assert "Methods against attackers" not in first.out and "for want of a run: pixelate" in first.err

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(attack_flow, "measure", never)
    assert cli.main(words) == 0
    assert capsys.readouterr().out == first.out


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attacks on templates that are drawn, not enrolled."""

    def tried(pipelines: Sequence[Sequence[AttackPipeline]], disclosures: Sequence[object]) -> Tried:
        for each in itertools.chain(*pipelines):
            store = Store.of(tmp_path)
            attacking.measure(each, enrolled(each, store, leaking(0.5, 0.5)), store, [])
        return Tried([[attacked(each) for each in of_point] for of_point in pipelines], [])

    monkeypatch.setattr("palmbench.commands.attack.try_attacks", tried)


@pytest.mark.usefixtures("drawn")
def test_several_methods_are_set_against_attackers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["method=blur", "method.sigma=2,4", "recognizer=ccnet", "attack=unchanged,linkage"]
    few = ["dataset.identities=16", f"results_dir={tmp_path}"]
    assert cli.main(["attack", "--measure", "tar_fmr100", *words, *few]) == 0
    told = capsys.readouterr()
    text = (tmp_path / "attacks" / "tables" / "attacks-synth.md").read_text()
    assert text in told.out and "TAR at FMR 1 %" in text
    assert [line.split(" | ")[0] for line in text.splitlines() if "[" in line and line.startswith("|")] == [
        "| blur sigma 2", "| blur sigma 4",
    ]  # fmt: skip
    assert "for want of a run: blur sigma 2, blur sigma 4" in told.err


@pytest.mark.usefixtures("drawn")
def test_each_point_has_the_quality_of_its_own_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where points differ in their seed alone."""
    words = ["method=swap,identity,mask", "recognizer=ccnet", "dataset.identities=16", f"results_dir={tmp_path}"]
    for each in compose_points([*words, "seed=0,1"]):
        ssim = {"identity": 1.0, "mask": 0.5}.get(each.method.name, 0.7 + 0.1 * each.seed)
        run_of(each, {"ssim": Number.of(ssim), "rr": Number.of(50.0)})
    assert cli.main(["attack", "attack=unchanged", *words, "seed=0,1"]) == 0
    capsys.readouterr()
    with open(tmp_path / "attacks" / "tables" / "tradeoff-synth.csv", newline="") as stream:
        found = {row["method"]: float(row["u_ssim"]) for row in csv.DictReader(stream) if row["curve"].startswith("Sw")}
    assert found == {f"swap surrogate photo shading 1 seed {seed}": pytest.approx(0.4 + 0.2 * seed) for seed in (0, 1)}


@pytest.mark.slow
def test_an_attack_that_trains_is_tried_with_its_controls_and_trained_once(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["attack", *FEW, f"results_dir={results}", "attack=finetuned", "attack.steps=2", "attack.batch=4"]
    assert cli.main(words) == 0
    first = capsys.readouterr()
    assert "finetuned o-a 2 steps" in first.out and "Health of finetuned" in first.out
    # The attack, with palms exchanged, and on photos that nothing was done to.
    assert "Training the networks of 3 attacks" in first.err and "train attackers" in first.err
    assert len(list((results / "store" / "learnt").glob("*/*.npz"))) == 3
    assert cli.main(words) == 0
    again = capsys.readouterr()
    assert again.out == first.out and "train attackers" not in again.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["method=mask", "attack=restored"], "undoes blur and pixelate, not mask; leave it out"),
        (["method=mask", "attack=unchanged", "attacker_seed=0"], "Choose another"),
        (["method=mask", "attack=unchanged", "dataset.identities=4"], "take more persons"),
        (["method=mask", "attack=unchanged", "attack.photos=4"], "wants 8 photos of a palm"),
        (["method=mask", "attack=unchanged", "executor=slurm"], "leave executor=slurm out and give the command in a"),
        (["method=mask", "--measure=ssim"], "choose from 'rank_1'"),
        (["method=mask", "disclosure=memory"], "mask has no weights; leave it out"),
        (["method=mask", "disclosure=replay", "attacker_seed=0"], "Choose another"),
        (["method=mask", "disclosure=processing", "disclosure.quality=0"], "disclosure.quality"),
    ],
)
def test_what_cannot_be_met_is_said_with_status_2(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["attack", *words, f"results_dir={tmp_path}"]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (
            ["method=mask"],
            [
                "Left out: attack=restored undoes blur and pixelate, not mask.",
                "Left out: disclosure=memory asks for a painter's training, and mask has no weights.",
            ],
        ),
        (
            ["method=mask,blur", "attack=unchanged,restored"],
            ["Left out: attack=restored undoes blur and pixelate, not mask."],
        ),
    ],
)
def test_an_attack_is_left_out_where_it_cannot_be_unless_it_was_named_and_is_nowhere(
    words: list[str],
    sentences: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object) -> None:
        raise RequestError("It would begin here.")

    monkeypatch.setattr("palmbench.commands.attack.try_attacks", stop)
    assert cli.main(["attack", *words, f"results_dir={tmp_path}"]) == 2
    told = capsys.readouterr().err
    assert all(sentence in told for sentence in sentences) and "begin here" in told


@pytest.mark.slow
def test_what_is_disclosed_beside_identity_is_a_table_of_its_own(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["attack", *FEW, f"results_dir={results}", "disclosure=processing,handedness,replay"]
    assert cli.main(words) == 0
    first = capsys.readouterr()
    rows = [line.split("  ")[0] for line in first.out.splitlines() if ": " in line and "[" in line]
    assert rows == [
        "processing: AUC ↓", "handedness: named on originals ↓", "handedness: kept ↑", "handedness: leaked ↓",
        "handedness: without the palm ↓", "replay: traced ↓", "replay: another seed ↓", "replay: not run again ↓",
    ]  # fmt: skip
    assert "processing: TPR at FPR 1 %: wants 100 originals." in first.out and "worst case" not in first.out
    tables = results / "attacks" / "tables"
    assert {f"disclosures-synth.{suffix}" for suffix in ("csv", "md", "tex")} <= {
        path.name for path in tables.iterdir()
    }
    assert cli.main([*words, "attack=unchanged"]) == 0
    again = capsys.readouterr()
    assert "unchanged o-a" in again.out and first.out.splitlines()[2] in again.out
    assert "beside identity" not in again.err
