"""`palmbench attack`: methods against attackers, from those who know nothing to those who know all but the seed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.commands.table import write_table
from palmbench.config.attacks import Asked, compose_attacks
from palmbench.engine.attack_flow import try_attacks
from palmbench.engine.attack_health import controls_of, health_of
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import record_path
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.engine.sweep import outstanding
from palmbench.report.attack_matrix import Resisted, matrix
from palmbench.report.attack_table import attack_lines
from palmbench.report.markdown import to_markdown
from palmbench.report.running import run_points
from palmbench.report.summary import failure_lines
from palmbench.report.tracking_groups import Sweep
from recognizers.common.errors import RequestError


def attack_command(words: Sequence[str], measure: str = "rank_1", utility: bool = False) -> int:
    """Try attacks on the points of a sweep, print a table for each, and set methods against attackers.

    The attack matrix and the figures are written below `results_dir`/attacks/tables, one of each for a data set; where
    there is more than one method, the matrix is printed too.

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
        If a setting is not understood, an attack that was named cannot be tried on a method, or data or weights are
        missing.
    """
    asked = compose_attacks(words)
    if not asked.points:
        return DONE
    pipelines = _pipelines(asked)
    for note in dict.fromkeys(note for of_point in pipelines for each in of_point for note in each.run.dataset.notes):
        print(note, file=sys.stderr)
    controls = [[controls_of(each) for each in of_point] for of_point in pipelines]
    beside = [list(each) for of_point in controls for each in of_point if each is not None]
    status = run_points(missing) if utility and (missing := outstanding(asked.points)) else DONE
    tried = try_attacks([*pipelines, *beside])
    checked = iter(tried.attacked[len(pipelines) :])
    resisted: list[Resisted] = []
    runs = [of_point[0].run for of_point in pipelines]
    for run, of_point, wanted in zip(runs, tried.attacked[: len(pipelines)], controls, strict=True):
        health = {
            each.called: health_of(each, *next(checked))
            for each, control in zip(of_point, wanted, strict=True)
            if control is not None
        }
        resisted.append(Resisted(_name(run, runs), run.config.method.label or run.config.method.called,
                                 tuple(of_point), health))  # fmt: skip
        print("\n".join(attack_lines(of_point, health)))
    folder = record_path(pipelines[0][0]).parents[1]
    for dataset in dict.fromkeys(run.config.dataset.name for run in runs):
        of_set = {
            each.name: run for each, run in zip(resisted, runs, strict=True) if run.config.dataset.name == dataset
        }
        methods = [each for each, run in zip(resisted, runs, strict=True) if run.config.dataset.name == dataset]
        print("\n" + "\n".join(map(str, _written(methods, of_set, folder / "tables", dataset, measure))))
    print(f"\nAll numbers: {folder}")
    every = (each for of_point in (*pipelines, *beside) for each in of_point)
    for line in failure_lines(tried.failures, {stage.name: stage.title for each in every for stage in each.stages}):
        print(line)
    return max(status, SAMPLES_FAILED if tried.failures else DONE)


def _name(run: Pipeline, runs: Sequence[Pipeline]) -> str:
    """A point's method with everything that the points are told by; the recognizer where there are several."""
    several = len({each.config.recognizer.name for each in runs}) > 1
    return Sweep(tuple(runs)).name_of(run) + (f", {run.config.recognizer.name}" if several else "")


def _written(
    resisted: Sequence[Resisted], runs: Mapping[str, Pipeline], folder: Path, dataset: str, measure: str
) -> list[Path]:
    """The matrix of a data set, printed where it has more than one line, and the figures; where they lie."""
    from palmbench.report.figures.attackers import draw_over_gallery, draw_two_attackers
    from palmbench.report.figures.style import write_figure

    table = matrix(resisted, dataset, measure)
    if len(resisted) > 1:
        print("\n" + to_markdown(table))
    paths = write_table(table, folder, f"attacks-{dataset}")
    paths += write_figure(draw_over_gallery(resisted), f"gallery-{dataset}", folder)
    results = {name: Run.of(run).result for name, run in runs.items()}
    quality = {name: result["metrics"]["ssim"] for name, result in results.items() if result is not None}
    if without := [name for name in runs if name not in quality]:
        print(f"No SSIM in the figure of privacy against quality, for want of a run: {', '.join(without)}; with "
              "--utility the runs are computed too.", file=sys.stderr)  # fmt: skip
    if quality:
        paths += write_figure(draw_two_attackers(resisted, quality), f"tradeoff-{dataset}", folder)
    return paths


def _pipelines(asked: Asked) -> list[list[AttackPipeline]]:
    """By point, its attacks: those that were named, or all that can be tried on its method."""
    found = []
    for point in asked.points:
        told = {trial: trial.attack.why_not(point.method) for trial in asked.trials}
        possible = [trial for trial, reason in told.items() if reason is None]
        if asked.named and len(possible) < len(told):
            raise RequestError(f"{next(reason for reason in told.values() if reason)}; leave it out.")
        if left_out := [reason for reason in told.values() if reason]:
            print(f"Left out: {'; '.join(left_out)}.", file=sys.stderr)
        found.append([AttackPipeline.of(point, trial) for trial in possible])
    return found
