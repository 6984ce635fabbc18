"""The paper's claims checked: on finished runs, or on the paper's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from palmbench.base.paths import paper_dir
from palmbench.base.status import CANNOT, DONE
from palmbench.paper.claims.catalogue import CLAIMS
from palmbench.paper.claims.consistency import checks
from palmbench.paper.claims.evidence import Evidence, Finding, judge
from palmbench.paper.claims.printed import Printed
from palmbench.paper.claims.terms import Claim
from palmbench.paper.gather import run_missing
from palmbench.paper.overrides import Request
from palmbench.paper.rows import ABLATION, ATTACKS, METHODS, OURS
from palmbench.paper.sources import (
    ABLATION_DATASET,
    PAPERS_DATASETS,
    choose_attacks,
    choose_datasets,
    describe_conventions,
    describe_methods,
)
from palmbench.report.labels import dataset_label
from palmbench.scoring.metric_table import (
    METRICS,
)

_ENOUGH_PERSONS = 30  # a percentile bootstrap of fewer covers less than it says
_HOW = (
    "A comparison holds if the 95 % interval of the difference lies on its side of zero, fails if it lies on the "
    "other, and is undecided in between. Persons are resampled, the same ones for two settings of one data set."
)
_COUNTS = (
    "A claim of several comparisons needs all of them, unless it speaks of most or only denies an extreme. Each is "
    "judged on its own, without a correction for their number: of a hundred differences that are not there, about five "
    "come out as decided."
)


class Checked(NamedTuple):
    """Findings, their heading, what to say below them, and the exit status of what was computed for them.

    Without a single finished run there are no findings, and the note says what would compute one.
    """

    findings: list[Finding]
    title: str
    notes: list[str]
    status: int


def judged(
    evidence: Evidence, across: Sequence[str], within: Sequence[str], claims: Sequence[Claim] = CLAIMS
) -> list[Finding]:
    """Every claim judged: those about all data sets once, those about an ablation once for each set in `within`."""
    findings = []
    for claim in claims:
        places = [across] if claim.across else [[name] for name in within]
        findings += [judge(claim, datasets, evidence) for datasets in places]
    return findings


def check_printed() -> Checked:
    """The claims on the paper's own tables, and whether the tables agree with one another."""
    findings = judged(Printed(), PAPERS_DATASETS, [ABLATION_DATASET])
    notes = ["Numbers are taken as printed; equal ones are no contradiction of best, worst or strongest."]
    for check in checks(paper_dir()):
        notes.append(f"{'Agrees' if check.agrees else '**Inconsistent**'}: {check.statement}; {check.found}.")
    return Checked(findings, "The paper's claims on its own tables:", notes, DONE)


def check_runs(request: Request, run: bool = False) -> Checked:
    """The claims on finished runs.

    Parameters
    ----------
    request : Request
        May name several data sets: ablations are judged on each. Where it names none, findings across data sets are
        judged on the synthetic hands and what is present of the paper's, and ablations on IITD, for which the
        synthetic hands stand in.
    run : bool
        Compute what is missing first, the photos from ten seeds of `palmbench.paper.diversity` among it.

    Raises
    ------
    RequestError
        If a setting is not understood.
    """
    from palmbench.engine.pipeline import Pipeline
    from palmbench.engine.run import Run
    from palmbench.paper.claims.runs import Runs
    from palmbench.paper.diversity import measure_diversity

    across, notes = choose_datasets("The claims", "dataset", request)
    within = across if request.named("dataset") else choose_datasets("The claims", "setting", request).datasets
    recognizers, absent = choose_attacks(request, ATTACKS)
    # The ablation has the rows of Tables II to IV, too.
    wanted = {name: ABLATION if name in within else METHODS for name in dict.fromkeys([*within, *across])}
    points = tuple(
        point
        for name, segments in wanted.items()
        for point in request.points(name, [setting for segment in segments for setting in segment], recognizers)
    )
    status = DONE
    if run:
        status = run_missing("claims", points)
        repeated = [point for name in wanted for point in request.points(name, [OURS], recognizers)]
        status = max(status, measure_diversity(repeated))
    pipelines = [Pipeline.of(point) for point in points]
    records = [(pipeline, result) for pipeline in pipelines if (result := Run.of(pipeline).result) is not None]
    command = " ".join(["palmbench claims --run", *request.texts])
    if not records:
        nothing = f"none of the {len(points)} runs behind the claims is there; `{command}` computes them."
        return Checked([], "", [nothing], CANNOT)
    if len(records) < len(points):
        left = f"{len(points) - len(records)} of {len(points)} runs are not there; `{command}` computes them."
        notes = [*notes, left]
    evidence = Runs(records, request.texts_of(OURS.method))
    few = [f"{dataset_label(name)} has {n} persons here: intervals from so few are too narrow, and verdicts too sure."
           for name, n in evidence.persons.items() if n < _ENOUGH_PERSONS]  # fmt: skip
    measured = [*describe_methods(points), *describe_conventions(points, METRICS)]
    said = [_HOW, _COUNTS, *few, *measured, *evidence.stand_ins, *notes, *absent]
    names = ", ".join(dataset_label(name) for name in dict.fromkeys([*across, *within]))
    return Checked(judged(evidence, across, within), f"The paper's claims on {names}:", said, status)
