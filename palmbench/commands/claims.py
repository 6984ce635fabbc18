"""`palmbench claims`: the paper's findings on finished runs, or on the paper's own tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palmbench import methods
from palmbench.base.status import CANNOT, DONE
from palmbench.paper.claims.catalogue import CLAIMS
from palmbench.paper.claims.claim import Claim
from palmbench.paper.claims.consistency import checks
from palmbench.paper.claims.evidence import Evidence, Finding, judge
from palmbench.paper.claims.printed import ABLATION_DATASET, DATASETS, Printed
from palmbench.paper.claims.writing import counted, to_csv, to_markdown
from palmbench.paper.one_run import require_one_run_each
from palmbench.paper.request import Override, parse_overrides, value_of, with_overrides
from palmbench.paper.rows import OURS, ablation_points, method_points
from palmbench.paper.sources import (
    base_point,
    choose_attacks,
    choose_datasets,
    composed,
    describe_conventions,
    describe_methods,
)
from palmbench.report.labels import METRICS, dataset_label
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RecognizerConfig, RunConfig
    from palmbench.engine.pipeline import Pipeline

_ENOUGH_PALMS = 30  # a percentile bootstrap of fewer covers less than it says
_HOW = (
    "A comparison holds if the 95 % interval of the difference lies on its side of zero, fails if it lies on the "
    "other, and is undecided in between. Identities are resampled, the same ones for two settings of one data set."
)
_COUNTS = (
    "A claim of several comparisons needs all of them, unless it speaks of most or only denies an extreme. Each is "
    "judged on its own, without a correction for their number: of a hundred differences that are not there, about five "
    "come out as decided."
)


class _Attacks:
    """The recognizers that the claims are about."""

    groups = ()
    attacks = ("mtcc", "ccnet", "eehnet")


def claims_command(overrides: Sequence[str], run: bool = False, paper: bool = False) -> int:
    """Judge the paper's findings, print them, and write them below `results_dir`/tables.

    Parameters
    ----------
    overrides : sequence of str
        Settings of every run, as `key=value`, with the meaning they have for `palmbench table`. `dataset=` may name
        several sets: ablations are judged on each. Without it, findings across data sets are judged on the synthetic
        hands and what is present of the paper's, and ablations on IITD, for which the synthetic hands stand in.
    run : bool
        Compute what is missing first, the photos from ten seeds of `palmbench.paper.diversity` among it.
    paper : bool
        Judge the paper's own tables instead of runs; the only setting is `results_dir` then.

    Returns
    -------
    int
        Exit status: 0 if anything was judged, 2 if there is not a single finished run, 3 if samples failed in a run
        made here.

    Raises
    ------
    RequestError
        If a setting is not understood, has no meaning here, or gives several runs where a claim is about one.
    """
    given = parse_overrides(overrides)
    return _on_paper(given) if paper else _on_runs(given, run)


def judged(
    evidence: Evidence, across: Sequence[str], within: Sequence[str], claims: Sequence[Claim] = CLAIMS
) -> list[Finding]:
    """Every claim judged: those about all data sets once, those about an ablation once for each set in `within`."""
    findings = []
    for claim in claims:
        places = [across] if claim.across else [[name] for name in within]
        findings += [judge(claim, datasets, evidence) for datasets in places]
    return findings


def _on_paper(overrides: Sequence[Override]) -> int:
    from palmbench.base.paths import paper_dir

    for override in overrides:
        if override.key != "results_dir":
            raise RequestError(
                f"{override.text}: the paper's tables are printed; only results_dir= has a meaning here."
            )
    findings = judged(Printed(), DATASETS, [ABLATION_DATASET])
    notes = ["Numbers are taken as printed; equal ones are no contradiction of best, worst or strongest."]
    for check in checks(paper_dir()):
        notes.append(f"{'Agrees' if check.agrees else '**Inconsistent**'}: {check.statement}; {check.found}.")
    folder = Path(base_point(overrides).results_dir) / "tables"
    _write(folder, "claims-paper", findings, "The paper's claims on its own tables:", notes, printed=True)
    return DONE


def _on_runs(overrides: Sequence[Override], run: bool) -> int:
    from palmbench.engine.run import outstanding
    from palmbench.engine.run import run as run_points

    across, within, notes = _datasets(overrides)
    recognizers, absent = choose_attacks(_Attacks(), overrides, absent="Not attacked with")
    points = _points(across, within, recognizers, overrides)
    require_one_run_each("A claim", points, overrides)
    records = _finished(points)
    status = DONE
    if run and (missing := outstanding(points)):
        status = run_points(missing) or DONE
        records = _finished(points)
    elif run:
        print(f"claims: all {len(points)} runs reused, nothing to compute", file=sys.stderr)
    repeating = _of_diversity(overrides)
    if run:
        from palmbench.paper.diversity import measure_diversity

        status = max(status, measure_diversity([f"dataset={','.join(dict.fromkeys([*across, *within]))}", *repeating]))
    command = " ".join(["palmbench claims --run", *(each.text for each in overrides)])
    if not records:
        print(f"palmbench: none of the {len(points)} runs behind the claims is there; `{command}` computes them.",
              file=sys.stderr)  # fmt: skip
        return CANNOT
    if len(records) < len(points):
        left = f"{len(points) - len(records)} of {len(points)} runs are not there; `{command}` computes them."
        notes = [*notes, left]
    from palmbench.paper.claims.runs import Runs

    evidence = Runs(((pipeline, record) for _, pipeline, record in records), repeating)
    findings = judged(evidence, across, within)
    few = [f"{dataset_label(name)} has {n} palms here: intervals from so few are too narrow, and verdicts too sure."
           for name, n in evidence.palms.items() if n < _ENOUGH_PALMS]  # fmt: skip
    measured = [*describe_methods(points), *describe_conventions(points, METRICS)]
    said = [_HOW, _COUNTS, *few, *measured, *evidence.stand_ins, *notes, *absent]
    names = ", ".join(dataset_label(name) for name in dict.fromkeys([*across, *within]))
    folder = Path(base_point(overrides).results_dir) / "tables"
    _write(folder, "claims", findings, f"The paper's claims on {names}:", said, printed=False)
    _write_account(folder / "claims.json", overrides)
    return status


def _datasets(overrides: Sequence[Override]) -> tuple[list[str], list[str], list[str]]:
    """Data sets that are compared, data sets of the ablation, and what to say about those that are not there."""
    data_dir = base_point(overrides).data_dir
    across = choose_datasets("The claims", "dataset", overrides, data_dir)
    if value_of(overrides, "dataset"):
        return across.datasets, across.datasets, across.notes
    return across.datasets, choose_datasets("The claims", "setting", overrides, data_dir).datasets, across.notes


def _points(
    across: Sequence[str],
    within: Sequence[str],
    recognizers: Sequence[RecognizerConfig],
    overrides: Sequence[Override],
) -> list[RunConfig]:
    # The ablation has the rows of Tables II to IV, too.
    others = [name for name in across if name not in within]
    words = with_overrides([*ablation_points(within), *method_points(others)], overrides)
    points: list[RunConfig] = []
    for point in (point for each in words for point in composed(*each)):
        points += [attacked for each in recognizers if (attacked := replace(point, recognizer=each)) not in points]
    return points


def _of_diversity(overrides: Sequence[Override]) -> list[str]:
    """Settings for `palmbench.paper.diversity`, which knows no method but the paper's and is told the data sets."""
    known = {f"method.{item.name}" for item in fields(methods.find(OURS.method))}
    return [
        each.text
        for each in overrides
        if each.key != "dataset" and (not each.key.startswith("method.") or ".".join(each.key.split(".")[:2]) in known)
    ]


def _finished(points: Sequence[RunConfig]) -> list[tuple[RunConfig, Pipeline, dict[str, Any]]]:
    from palmbench.engine.pipeline import Pipeline
    from palmbench.engine.run import record_of

    found = ((point, record_of(point)) for point in points)
    return [(point, Pipeline.of(point), record) for point, record in found if record is not None]


def _write(
    folder: Path, name: str, findings: Sequence[Finding], title: str, notes: Sequence[str], printed: bool
) -> None:
    from palmbench.base.outputs import put_result

    text = to_markdown(findings, title, notes, printed)
    contents = {folder / f"{name}.md": text, folder / f"{name}.csv": to_csv(findings, printed)}
    try:
        for path, content in contents.items():
            put_result(path, content.encode("utf-8"))
    finally:  # a folder that others share may be there to read only
        print(text)
    print("\n".join(map(str, contents)))
    print(counted(findings, printed))


def _write_account(path: Path, overrides: Sequence[Override]) -> None:
    """When the claims were judged and with which settings, for the report."""
    from recognizers.common.writing import write_json

    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(path, {"written": written, "settings": sorted(each.text for each in overrides)})
