"""`palmbench attack`: methods against attackers, from those who know nothing to those who know all but the seed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.config.attacks import Asked, compose_attacks
from palmbench.engine.attack_health import controls_of, health_of
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import record_path
from palmbench.engine.attacking import try_attacks
from palmbench.report.attack_table import attack_lines
from palmbench.report.summary import failure_lines
from recognizers.common.errors import RequestError


def attack_command(words: Sequence[str]) -> int:
    """Try attacks on the points of a sweep, and print a table for each.

    Parameters
    ----------
    words : sequence of str
        Settings, see `palmbench.config.attacks.compose_attacks`.

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
    tried = try_attacks([*pipelines, *beside])
    checked = iter(tried.attacked[len(pipelines) :])
    for of_point, wanted in zip(tried.attacked[: len(pipelines)], controls, strict=True):
        health = {
            each.called: health_of(each, *next(checked))
            for each, control in zip(of_point, wanted, strict=True)
            if control is not None
        }
        print("\n".join(attack_lines(of_point, health)))
    folder = record_path(pipelines[0][0]).parents[1]
    print(f"\nAll numbers: {folder}")
    every = (each for of_point in (*pipelines, *beside) for each in of_point)
    for line in failure_lines(tried.failures, {stage.name: stage.title for each in every for stage in each.stages}):
        print(line)
    return SAMPLES_FAILED if tried.failures else DONE


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
