"""`palmbench attack`: methods against attackers, from those who know nothing to those who know all but the seed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.commands.attack_files import write_attacks
from palmbench.commands.table import write_table
from palmbench.config.attacks import Asked, compose_attacks
from palmbench.config.schema import RunConfig
from palmbench.engine.attack_flow import try_attacks
from palmbench.engine.attack_health import controls_of, health_of
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import FOLDER
from palmbench.engine.disclosure_pipeline import DisclosurePipeline, Wired
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.engine.sweep import outstanding
from palmbench.report.attack_matrix import Resisted
from palmbench.report.attack_table import attack_lines
from palmbench.report.disclosure_table import disclosure_lines, disclosure_matrix
from palmbench.report.names import by_name
from palmbench.report.publish_attacks import publish_attacks
from palmbench.report.running import run_points
from palmbench.report.summary import failure_lines
from palmbench.report.tracking_groups import Sweep
from recognizers.common.errors import RequestError


def attack_command(words: Sequence[str], measure: str = "rank_1", utility: bool = False) -> int:
    """Try attacks on the points of a sweep, look for what is disclosed beside identity, and print a table of each.

    The attack matrix, the table of disclosures and the figures are written below `results_dir`/attacks/tables, one of
    each for a data set; where there is more than one method, the matrix is printed too.

    Parameters
    ----------
    words : sequence of str
        Settings, see `palmbench.config.attacks.compose_attacks`.
    measure : str
        Of `palmbench.scoring.leak_table.LEAKS`, the cells of the matrix.
    utility : bool
        Compute the runs of the points first, whose SSIM the figure of privacy against quality wants.

    Returns
    -------
    int
        Exit status: 0 done, 3 if samples failed.

    Raises
    ------
    RequestError
        If a setting is not understood, an attack that was named cannot be tried on any of the methods, or data or
        weights are missing.
    """
    asked = compose_attacks(words)
    if not asked.points:
        return DONE
    runs = [Pipeline.of(point) for point in asked.points]
    for note in dict.fromkeys(note for run in runs for note in run.dataset.notes):
        print(note, file=sys.stderr)
    pipelines = _attacks(asked, asked.points) if asked.trials else []
    looked_for = _disclosures(asked, runs) if asked.disclosures else []
    disclosures = [each.pipelines for each in looked_for]
    controls = [[controls_of(each) for each in of_point] for of_point in pipelines]
    beside = [list(each) for of_point in controls for each in of_point if each is not None]
    status = run_points(missing) if utility and (missing := outstanding(asked.points)) else DONE
    tried = try_attacks([*pipelines, *beside], disclosures)
    checked = iter(tried.attacked[len(pipelines) :])
    names = _names(runs)
    resisted: list[Resisted] = []
    for place, (name, run) in enumerate(zip(names, runs, strict=True)):
        if pipelines:
            of_point = tried.attacked[place]
            health = {
                each.called: health_of(each, *next(checked))
                for each, control in zip(of_point, controls[place], strict=True)
                if control is not None
            }
            label = run.config.method.label or run.config.method.called
            resisted.append(Resisted(name, label, tuple(of_point), health))
            print("\n".join(attack_lines(of_point, health)))
        if disclosures and tried.disclosed[place]:
            print("\n".join(disclosure_lines(tried.disclosed[place])))
    folder = Path(runs[0].config.results_dir) / FOLDER
    for dataset in dict.fromkeys(run.config.dataset.name for run in runs):
        places = [place for place, run in enumerate(runs) if run.config.dataset.name == dataset]
        paths: list[Path] = []
        if resisted:
            results = [(names[place], Run.of(runs[place]).result) for place in places]
            measured = by_name((name, result["metrics"]) for name, result in results if result is not None)
            methods = [resisted[place] for place in places]
            written = write_attacks(methods, measured, folder / "tables", dataset, measure)
            for note in written.notes:
                print(note, file=sys.stderr)
            paths += written.paths
            publish_attacks([runs[place] for place in places], written.table, written.paths)
        if any(tried.disclosed[place] for place in places if disclosures):
            found = by_name((names[place], tried.disclosed[place]) for place in places)
            why = dict.fromkeys(reason for place in places for reason in looked_for[place].left_out)
            table = disclosure_matrix(found, dataset, tuple(why))
            paths += write_table(table, folder / "tables", f"disclosures-{dataset}")
        print("\n" + "\n".join(map(str, paths)))
    print(f"\nAll numbers: {folder}")
    wired: list[Wired] = [each for of_point in (*pipelines, *beside) for each in of_point]
    wired += (each for of_point in disclosures for each in of_point)
    for line in failure_lines(tried.failures, {stage.name: stage.title for each in wired for stage in each.stages}):
        print(line)
    return max(status, SAMPLES_FAILED if tried.failures else DONE)


def _names(runs: Sequence[Pipeline]) -> list[str]:
    """Points' methods with everything that the points are told by; the recognizer where there are several."""
    sweep = Sweep(tuple(runs))
    seen = {(run.point["recognizer"], run.point["variant"]) for run in runs}
    variants = Counter(name for name, _ in seen)
    names = []
    for run in runs:
        name, variant = run.point["recognizer"], run.point["variant"]
        recognizer = f", {name}{f' {variant}' if variants[name] > 1 else ''}" if len(variants) > 1 else ""
        names.append(f"{sweep.name_of(run)}{recognizer}")
    return names


class _LookedFor(NamedTuple):
    """What is looked for beside identity on a point, and why the rest is not, a sentence each."""

    pipelines: list[DisclosurePipeline]
    left_out: list[str]


def _attacks(asked: Asked, points: Sequence[RunConfig]) -> list[list[AttackPipeline]]:
    """By point, its attacks: of those that were asked for, what can be tried on its method."""
    told = [[trial.attack.why_not(point.method) for trial in asked.trials] for point in points]
    _say_what_cannot_be(told, asked.named)
    return [
        [AttackPipeline.of(point, trial) for trial, reason in zip(asked.trials, reasons, strict=True) if reason is None]
        for point, reasons in zip(points, told, strict=True)
    ]


def _disclosures(asked: Asked, runs: Sequence[Pipeline]) -> list[_LookedFor]:
    """By point, what is looked for: of what was asked for, what its method and its data set allow."""
    told = [[trial.disclosure.why_not(run.config.method, run.dataset) for trial in asked.disclosures] for run in runs]
    _say_what_cannot_be(told, asked.named)
    return [
        _LookedFor(
            [
                DisclosurePipeline.of(run.config, trial)
                for trial, reason in zip(asked.disclosures, reasons, strict=True)
                if reason is None
            ],
            [f"{reason[0].upper()}{reason[1:]}." for reason in reasons if reason],
        )
        for run, reasons in zip(runs, told, strict=True)
    ]


def _say_what_cannot_be(told: Sequence[Sequence[str | None]], named: bool) -> None:
    """Say what is left out of a point; an error where it was named, and no point has it.

    Parameters
    ----------
    told : sequence of sequence of str or None
        By point, of each that was asked for, why it cannot be tried there; None if it can.
    named : bool
        Whether it was asked for by name.
    """
    for reasons in zip(*told, strict=True):
        if named and all(reasons):
            raise RequestError(f"{reasons[0]}; leave it out.")
    if left_out := dict.fromkeys(reason for reasons in told for reason in reasons if reason):
        print(f"Left out: {'; '.join(left_out)}.", file=sys.stderr)
