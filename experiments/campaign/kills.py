"""Runs killed at random moments, then resumed: the numbers are those of a run that nobody killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from random import Random

from experiments.campaign.bench import Bench, Undisturbed
from experiments.campaign.verdicts import Trial, Verdict, judged, numbers
from palmbench.base.status import DONE


def kills(bench: Bench, whole: Undisturbed, random: Random, rounds: int) -> Iterator[Trial]:
    """Each round starts with an empty folder, is killed once or twice, and then runs to its end."""
    for _ in range(rounds):
        shutil.rmtree(bench.results, ignore_errors=True)
        moments = [random.uniform(0, whole.seconds) for _ in range(random.choice((1, 1, 2)))]
        for seconds in moments:
            bench.run(kill_after=seconds)
        run, table = bench.run(), bench.table()
        name = "killed after " + " and ".join(f"{seconds:.1f} s" for seconds in moments)
        trial = judged(name, [table, run], whole.numbers, numbers(bench.results))
        if trial.verdict is Verdict.RIGHT and run.status != DONE:
            # Nothing is lost by a kill that a resumed run could not make again.
            trial = trial._replace(verdict=Verdict.WRONG, why=f"status {run.status} when resumed")
        yield trial
