"""Runs points, gives the finished ones to their trackers, and says what came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.config.schema import RunConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.engine.sweep import sweep
from palmbench.report.publish import Publisher
from palmbench.report.summary import print_summary


def run_points(points: Sequence[RunConfig], ablations: Sequence[str] = (), settings: Sequence[str] = ()) -> int:
    """Compute every point that has no finished run, give all to their trackers, and say what was done.

    Parameters
    ----------
    points : sequence of RunConfig
        As `palmbench.config.compose.compose_points` gives them.
    ablations : sequence of str
        Names of the ablations that they come from, for trackers and to name the paper's tables of them.
    settings : sequence of str
        The user's other words, for the command that draws those tables.

    Returns
    -------
    int
        0, or 3 if samples failed.

    Raises
    ------
    RequestError
        If a data set, weights or a setting is not to be had; before anything is computed.
    """

    def begun(pipelines: Sequence[Pipeline]) -> Callable[[Pipeline, Run], None]:
        return Publisher.of(pipelines, ablations).publish

    swept = sweep(points, begun)
    print_summary(swept, ablations, settings)
    return SAMPLES_FAILED if swept.failures else DONE
