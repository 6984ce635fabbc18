"""A table of the paper from finished runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from palmbench.base.status import DONE
from palmbench.paper.sources import (
    choose_attacks,
    choose_datasets,
    describe_conventions,
    describe_methods,
    describe_samples,
)
from palmbench.paper.tables import TABLES
from palmbench.report.rows import rows_of
from palmbench.report.seeds import over_seeds
from palmbench.report.tables import Table, arrange
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RunConfig
    from palmbench.paper.overrides import Request


@dataclass(frozen=True)
class GatheredTable:
    """A table and where it comes from.

    Attributes
    ----------
    number : int
    table : Table or None
        None where not a single run is finished.
    points : tuple of RunConfig
        Every run behind the table, finished or not.
    status : int
        Exit status of what was computed for it.
    """

    number: int
    table: Table | None
    points: tuple[RunConfig, ...]
    status: int = DONE


def gather_table(number: int, request: Request, run: bool = False, intervals: bool = True) -> GatheredTable:
    """Arrange a table from the store, with or without printed intervals, computing first what is missing if asked to.

    Raises
    ------
    RequestError
        If there is no such table, or a setting is not understood.
    """
    from palmbench.engine.run import Run

    if number not in TABLES:
        raise RequestError(f"There is no table {number} to compute; there are {', '.join(map(str, TABLES))}.")
    spec = TABLES[number]
    datasets, notes = choose_datasets(f"Table {number}", spec.axis, request)
    recognizers, absent = choose_attacks(request, spec.attacks, spec.groups, "No columns of")
    settings = [setting for segment in spec.segments for setting in segment]
    points = tuple(point for dataset in datasets for point in request.points(dataset, settings, recognizers))
    status = run_missing(f"table {number}", points) if run else DONE
    records, seeds = over_seeds((point, Run.of(point).result) for point in points)
    if not records:
        return GatheredTable(number, None, points, status)
    shown = {metric for group in spec.groups for metric in group.metrics}
    said = [*describe_samples(points), *describe_methods(points), *describe_conventions(points, shown)]
    said += [*seeds, *notes, *absent]
    table = arrange(spec, rows_of(records), datasets, said, intervals)
    return GatheredTable(number, table, points, status)


def run_missing(what: str, points: tuple[RunConfig, ...]) -> int:
    """Compute the points that are not finished; the exit status."""
    from palmbench.engine.sweep import outstanding
    from palmbench.report.running import run_points

    if missing := outstanding(points):
        return run_points(missing)
    print(f"{what}: all {len(points)} runs reused, nothing to compute", file=sys.stderr)
    return DONE
