"""The paper's claims: how a comparison is judged, what the paper's tables say, and where a run's numbers come from."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.paths import paper_dir
from palmbench.commands.claims import claims_command
from palmbench.commands.cli import main
from palmbench.config.compose import compose_points
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.paper.claims.catalogue import CLAIMS
from palmbench.paper.claims.check import judged
from palmbench.paper.claims.consistency import checks, sizes
from palmbench.paper.claims.evidence import Finding, Measured, Verdict, compare, judge, side
from palmbench.paper.claims.printed import Printed
from palmbench.paper.claims.runs import Runs
from palmbench.paper.claims.terms import Claim, Comparison, Quantity, Ranking, bounded
from palmbench.paper.claims.writing import to_csv, to_markdown
from palmbench.paper.rows import BASELINES, OURS, PRIORS
from palmbench.paper.sources import PAPERS_DATASETS
from palmbench.report.paper import Cell, paper_values
from palmbench.report.running import run_points
from palmbench.scoring import Number
from recognizers.common.errors import RequestError

MASK, BLUR, PIXELATE = BASELINES
ONE, OTHER = Quantity("synth", OURS, "rr", "mtcc"), Quantity("synth", MASK, "rr", "mtcc")

# Where the paper's text and its tables part; each was looked up in the tables.
INCONSISTENT = {
    "ntupi-weakest-accuracy",  # 60.97 %; PolyU 69.72 and Zhou 72.21 are identified more often
    "always-effective-eehnet",  # NTU-PI: DIR 0.26 %
    "sm-not-weakest-mtcc",  # 96.85 %, the least of the four fusions
    "sm-not-weakest-ccnet",  # 69.35 %, likewise
    "alpha-01-strongest-accuracy-ccnet",  # 0.27 % at 0.1, 0.23 % at 0.2 and 0.3
    "baselines-weak-accuracy-ccnet",  # blurring 0.23 %, pixelating 0.12 %, diffusion 0.27 %
    "mask-dir-above-100-ccnet",  # 74.36 %
    "mask-perfect-ccnet",  # 99.46 %
    "mask-worst-lpips",  # 0.0764 beside 0.1064 of diffusion
    "s-best-fid",  # 11.32, the worst of the three
    "f-worst-fid",  # 8.02
    "sm-best-fid",  # 7.43, the worst of the four
    "mf-worst-fid",  # 6.71, the best of the four
    "alpha-improves-fid",  # 6.88 at 0.3, 6.77 at 0.2
    "alpha-improves-hand-detection",  # 0.238 at 0.3, 0.233 at 0.2
    "more-usable-than-blur",  # ROI 0.146 beside 0.116, segmentation 0.182 beside 0.140
    "more-usable-than-pixelate",  # 2D 0.258 beside 0.231, 3D 0.186 beside 0.156
}


class Given:
    """Evidence by hand."""

    def __init__(self, **numbers: Measured) -> None:
        self._numbers = numbers

    def number(self, quantity: Quantity) -> Measured:
        return self._numbers.get(quantity.setting.method, Measured(None, missing="nobody measured it"))


@pytest.fixture(scope="module")
def on_paper() -> dict[str, Finding]:
    return {finding.claim.name: finding for finding in judged(Printed(), PAPERS_DATASETS, ["iitd"])}


@pytest.fixture(scope="module")
def small_words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings of a store in which two methods are computed."""
    place = tmp_path_factory.mktemp("results")
    words = ["dataset.identities=6", "dataset.samples=2", "executor.workers=1", f"results_dir={place}"]
    run_points(compose_points(["method=mask,blur", *words]))
    return words


@pytest.fixture(scope="module")
def small_runs(small_words: list[str]) -> tuple[Runs, dict[str, dict[str, Number]]]:
    points = compose_points(["method=mask,blur", *small_words])
    records = {point.method.name: Run.of(point).result for point in points}
    pairs = [(Pipeline.of(point), records[point.method.name]) for point in points]
    return Runs(pairs, small_words), {name: record["metrics"] for name, record in records.items()}


@pytest.mark.parametrize(
    ("relation", "lo", "hi", "verdict"),
    [
        (">", 0.1, 2.0, "holds"),
        (">", 0.0, 2.0, "undecided"),
        (">", 0.0, 0.0, "fails"),  # a tie is not better
        (">=", 0.0, 0.0, "holds"),
        (">=", -1.0, -0.1, "fails"),
        ("<", -2.0, -0.1, "holds"),
        ("<", 0.0, 1.0, "fails"),
        ("<=", -1.0, 0.5, "undecided"),
        (">", math.nan, math.nan, "undecided"),  # without an interval nothing is known
    ],
)
def test_the_interval_of_the_difference_decides(relation: str, lo: float, hi: float, verdict: Verdict) -> None:
    assert side(relation, lo, hi) == verdict  # type: ignore[arg-type]


def test_numbers_of_the_same_draws_are_compared_pairwise() -> None:
    # Both vary by ten points, and the first is always one point above the second.
    draws = np.linspace(40, 50, 101)
    shared = Given(
        diffusion=Measured(46, 40.25, 50.75, draws + 1, "synth"), mask=Measured(45, 40.25, 49.75, draws, "synth")
    )
    paired = compare(Comparison(ONE, ">", OTHER), shared)
    assert (paired.difference, paired.lo, paired.hi, paired.verdict) == (1, 1, 1, "holds")


def test_shares_that_no_draw_moves_are_not_certain_for_all_that() -> None:
    # All rejected and none, of two palms: each share may be off by 84 points.
    extremes = Given(
        diffusion=Measured(100, 15.8, 100, np.full(9, 100.0), "synth"), mask=Measured(0, 0, 84.2, np.zeros(9), "synth")
    )
    part = compare(Comparison(ONE, ">", OTHER), extremes)
    assert part.lo == pytest.approx(100 - math.hypot(84.2, 84.2)) and part.verdict == "undecided"
    # What is said of the photos at hand needs no interval.
    assert compare(Comparison(ONE, ">=", 100, observed=True), extremes).verdict == "holds"
    assert compare(Comparison(OTHER, ">=", 100, observed=True), extremes).verdict == "fails"


def test_a_tie_in_every_draw_is_no_proof_of_a_tie() -> None:
    # Of twelve photos the same one was identified under both: neither is known to be the better one, nor the equal.
    draws = np.repeat([0.0, 25 / 3, 25.0], 3)
    tie = Given(diffusion=Measured(25 / 3, 0, 25, draws, "synth"), mask=Measured(25 / 3, 0, 25, draws, "synth"))
    verdicts = {relation: compare(Comparison(ONE, relation, OTHER), tie).verdict for relation in (">", ">=", "<=")}
    assert set(verdicts.values()) == {"undecided"}
    # Numbers without any uncertainty are equal when they are.
    sure = Given(diffusion=Measured(50, 50, 50, np.full(9, 50.0), "synth"), mask=Measured(50, 50, 50))
    assert compare(Comparison(ONE, ">=", OTHER), sure).verdict == "holds"


def test_numbers_of_different_draws_add_their_uncertainties_in_squares() -> None:
    apart = Given(diffusion=Measured(50, 47, 54), mask=Measured(45, 41, 48))
    part = compare(Comparison(ONE, ">", OTHER), apart)
    # 5 - sqrt(3^2 + 3^2) and 5 + sqrt(4^2 + 4^2)
    assert (part.lo, part.hi) == pytest.approx((5 - math.sqrt(18), 5 + math.sqrt(32)))
    assert part.verdict == "holds"


def test_a_bound_is_judged_by_the_interval_of_the_number() -> None:
    verdicts = [
        compare(Comparison(ONE, ">", 100), Given(diffusion=Measured(*number))).verdict
        for number in ((125.0, 120.0, 130.0), (101.0, 99.0, 103.0), (74.0, 70.0, 78.0))
    ]
    assert verdicts == ["holds", "undecided", "fails"]


def test_one_failing_comparison_refutes_a_claim_and_a_missing_one_keeps_it_from_holding() -> None:
    sure = Measured(50, 50, 50)
    claim = Claim("best", "", "", Ranking(("rr",), "mtcc").best(OURS, BASELINES))
    assert judge(claim, ["synth"], Given(diffusion=sure, mask=Measured(60, 60, 60))).verdict == "fails"
    finding = judge(claim, ["synth"], Given(diffusion=sure, mask=Measured(40, 40, 40)))
    assert (finding.verdict, finding.missing) == ("not measured", "nobody measured it")


def test_most_means_more_than_half_and_any_means_one() -> None:
    numbers = Given(
        diffusion=Measured(50, 50, 50),
        mask=Measured(40, 40, 40),
        blur=Measured(60, 60, 60),
        pixelate=Measured(60, 60, 60),
    )
    parts = Ranking(("rr",), "mtcc").better(OURS, BASELINES)
    found = {
        how: judge(Claim("c", "", "", parts, enough=how), ["synth"], numbers).verdict for how in ("all", "most", "any")
    }
    assert found == {"all": "fails", "most": "fails", "any": "holds"}


def test_a_claim_about_a_data_set_that_is_not_there_is_not_measured() -> None:
    claim = Claim("c", "", "", bounded(OURS, "rr", ">", 1.0, "mtcc"), across=True, needs=("ntupi",))
    finding = judge(claim, ["iitd"], Given(diffusion=Measured(5, 5, 5)))
    assert (finding.verdict, finding.missing) == ("not measured", "it is about NTU-PI")


def test_the_catalogue_has_more_than_twenty_claims_with_names_and_sources() -> None:
    assert len(CLAIMS) > 20
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all("Table" in claim.source or "Figure" in claim.source for claim in CLAIMS)


def test_the_papers_tables_bear_out_its_claims_but_for_known_inconsistencies(on_paper: dict[str, Finding]) -> None:
    verdicts = {name: finding.verdict for name, finding in on_paper.items()}
    assert {name for name, verdict in verdicts.items() if verdict == "fails"} == INCONSISTENT
    without = {name for name, verdict in verdicts.items() if verdict == "not measured"}
    assert without == {finding for finding in verdicts if finding.startswith(("diverse", "less-diverse", "unlinkable"))}
    assert "undecided" not in verdicts.values()


@pytest.mark.parametrize(
    "name",
    [
        "sm-best-structure",
        "sm-best-lpips",
        "mask-dir-above-100-mtcc",
        "rr-falls-mtcc",
        "rr-falls-ccnet",
        "usability-below-1",
    ],
)
def test_well_known_findings_hold_on_the_paper(name: str, on_paper: dict[str, Finding]) -> None:
    assert on_paper[name].verdict == "holds"


def test_another_number_refutes_the_claim() -> None:
    values = dict(paper_values())
    cell = Cell("iitd", "diffusion", "s+m", 0.2, "mtcc", "rr")
    values[cell] = values[cell]._replace(value=96.0)  # above the 95.42 of alpha = 0.1
    claim = next(claim for claim in CLAIMS if claim.name == "rr-falls-mtcc")
    finding = judge(claim, ["iitd"], Printed(values))
    assert finding.verdict == "fails"
    assert [(part.comparison.left.setting.label, part.verdict) for part in finding.parts] == [
        ("α=0.2", "holds"),
        ("α=0.1", "fails"),
    ]


def test_the_paper_checked_against_itself() -> None:
    disagreeing = [check.statement for check in checks(paper_dir()) if not check.agrees]
    assert [statement.partition("'")[0] for statement in disagreeing] == ["IITD", "Zhou"]


def test_rates_tell_how_many_photos_they_are_over() -> None:
    # 1 of 3 is 33.33 %, 1 of 7 is 14.29 %: both are counts over 21 and its double only.
    assert sizes([33.33], 9) == [3, 6, 9]
    assert sizes([33.33, 14.29], 50) == [21, 42]


def test_the_tables_have_a_row_a_claim_and_a_row_a_comparison(on_paper: dict[str, Finding]) -> None:
    findings = list(on_paper.values())
    text = to_markdown(findings, "Claims:", ["a note"], printed=True)
    counts = Counter(finding.verdict for finding in findings)
    assert f"{counts['holds']} holds, {counts['fails']} inconsistent, {counts['not measured']} not measured" in text
    assert sum(line.startswith("| ") for line in text.splitlines()) == len(findings) + 2
    rows = list(csv.DictReader(io.StringIO(to_csv(findings, printed=True))))
    assert len(rows) == sum(max(1, len(finding.parts)) for finding in findings)
    (row,) = [row for row in rows if row["claim"] == "mask-perfect-ccnet"]
    assert (row["left"], row["left_value"], row["relation"], row["right_value"], row["verdict"]) == (
        "iitd/mask/ccnet/rr", "99.46", ">=", "100", "inconsistent",
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["rr", "dir", "acc_nn", "ssim", "keypoints_2d", "fd_hand"])
@pytest.mark.parametrize("setting", [MASK, BLUR], ids=["mask", "blur"])
def test_the_draws_of_a_run_give_the_interval_that_its_record_has(
    small_runs: tuple[Runs, dict[str, dict[str, Number]]], setting, metric: str
) -> None:
    runs, records = small_runs
    recorded = records[setting.method][metric]
    found = runs.number(Quantity("synth", setting, metric, "mtcc" if metric in ("rr", "dir", "acc_nn") else ""))
    assert found.value == recorded.value
    assert (found.lo, found.hi) == pytest.approx((recorded.lo, recorded.hi))
    assert found.n == recorded.n


def test_a_run_decides_claims_and_says_what_it_lacks(small_runs: tuple[Runs, dict[str, dict[str, Number]]]) -> None:
    runs, _ = small_runs
    claims = {claim.name: judge(claim, ["synth"], runs) for claim in CLAIMS if not claim.across}
    assert claims["mask-perfect-mtcc"].verdict == "holds"
    assert claims["mask-perfect-ccnet"].missing == "Masking on synth with ccnet was not computed"
    priors = {f"{each.label} on synth with mtcc was not computed" for each in PRIORS}
    assert set(claims["rr-falls-mtcc"].missing.split("; ")) == priors
    assert claims["sm-best-lpips"].verdict == "not measured"
    weights = runs.number(Quantity("synth", MASK, "lpips"))
    assert weights.value is None
    assert "vgg16" in weights.missing


def test_the_verb_judges_the_paper_and_writes_both_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "paper", f"results_dir={tmp_path}"]) == 0
    assert f"{len(INCONSISTENT)} inconsistent" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"claims-paper.md", "claims-paper.csv"}


def test_settings_of_runs_have_no_place_beside_the_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "paper", "dataset=synth"]) == 2
    assert "dataset=synth: the paper's tables are printed" in capsys.readouterr().err
    assert main(["claims", "paper", "--run"]) == 2
    assert "nothing to run" in capsys.readouterr().err
    assert main(["claims", "papr"]) == 2
    assert "papr is neither a setting, written key=value, nor the word paper; did you mean paper?" in (
        capsys.readouterr().err
    )


def test_without_a_run_the_verb_says_what_would_compute_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"results_dir={tmp_path}", "recognizer=mtcc", "dataset.identities=2"]
    assert claims_command(words) == 2
    assert f"`palmbench claims --run {' '.join(words)}` computes them" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_named_with_the_users_settings(
    small_runs: tuple[Runs, dict[str, dict[str, Number]]], small_words: list[str]
) -> None:
    gap, command = Quantity("synth", MASK, "diversity_gap", "mtcc"), f"dataset=synth {' '.join(small_words)}"
    assert f"`palmbench diversity {command}`" in small_runs[0].number(gap).missing
    summary = Path(small_words[-1].removeprefix("results_dir=")) / "diversity" / "synth-mtcc.json"
    summary.parent.mkdir()
    summary.write_text('{"subject": "cut sho')
    assert f"`palmbench diversity {command}`" in small_runs[0].number(gap).missing
    summary.unlink()


def test_the_claims_keep_the_evidence_and_the_settings_they_were_judged_with(small_words: list[str]) -> None:
    words = ["recognizer=mtcc", *small_words]
    assert claims_command(words) == 0
    tables = Path(small_words[-1].removeprefix("results_dir=")) / "tables"
    account = json.loads((tables / "claims.json").read_text(encoding="utf-8"))
    assert account["settings"] == sorted(words)
    rows = list(csv.DictReader(io.StringIO((tables / "claims.csv").read_text(encoding="utf-8"))))
    (row,) = [row for row in rows if row["claim"] == "mask-perfect-mtcc" and "/acc_nn" not in row["left"]][:1]
    assert row["evidence"].startswith("RR of Masking on Synthetic")
    assert all(bool(row["evidence"]) != bool(row["missing"]) for row in rows)


@pytest.mark.parametrize("word", ["seed=0,1", "method.sigma=3,4"])
def test_settings_that_give_a_claim_two_runs_are_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"{word}: A claim "):
        claims_command([word, "recognizer=mtcc", f"results_dir={tmp_path}"])


def test_what_is_computed_for_the_claims_includes_the_diversity(
    small_words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("palmbench.engine.sweep.outstanding", lambda points: [])
    monkeypatch.setattr("palmbench.paper.diversity.measure_diversity", lambda points: asked.extend(points) or 3)
    assert claims_command([*small_words, "recognizer=mtcc", "method.steps=2", "method.sigma=4.0"], run=True) == 3
    assert asked == compose_points(["method=diffusion", *small_words, "method.steps=2"])
