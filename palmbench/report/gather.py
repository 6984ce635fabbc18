"""A table of the paper from finished runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from palmbench.errors import RequestError
from palmbench.report.labels import dataset_label
from palmbench.report.request import Override, with_overrides
from palmbench.report.rows import recognizer_name, rows_of
from palmbench.report.seeds import over_seeds
from palmbench.report.sources import (
    base_point,
    choose_attacks,
    choose_datasets,
    composed,
    describe_diffusion,
    describe_samples,
)
from palmbench.report.tables import Table, TableSpec, arrange

if TYPE_CHECKING:
    from palmbench.schema import RunConfig

TABLES = (2, 3, 4, 5, 6, 7)


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
    status: int = 0


def gather_table(
    number: int, overrides: Sequence[Override], run: bool = False, intervals: bool = True
) -> GatheredTable:
    """Arrange a table from the store, with or without printed intervals, computing first what is missing if asked to.

    Raises
    ------
    RequestError
        If there is no such table, a setting is not understood, or settings other than the seed give two runs for a row.
    """
    from palmbench.run import outstanding, record_of
    from palmbench.run import run as run_points

    if number not in TABLES:
        raise RequestError(f"There is no table {number} to compute; there are {', '.join(map(str, TABLES))}.")
    module = importlib.import_module(f"experiments.table{number}")
    spec: TableSpec = module.SPEC
    datasets, notes = choose_datasets(f"Table {number}", spec.axis, overrides, base_point(overrides).data_dir)
    lists = with_overrides(module.points(datasets), overrides)
    attacks, absent = choose_attacks(spec, overrides)
    points = tuple(
        replace(point, recognizer=recognizer) for words in lists for point in composed(*words) for recognizer in attacks
    )
    status = 0
    if run and (missing := outstanding(points)):
        status = run_points(missing) or 0
    elif run:
        print(f"table {number}: all {len(points)} runs reused, nothing to compute", file=sys.stderr)
    records, seeds = over_seeds((point, record_of(point)) for point in points)
    if not records:
        return GatheredTable(number, None, points, status)
    _refuse_two_runs_a_row(number, records)
    said = [*describe_samples(points), *describe_diffusion(points), *seeds, *notes, *absent]
    table = arrange(spec, rows_of(records), datasets, said, intervals)
    return GatheredTable(number, table, points, status)


def _refuse_two_runs_a_row(number: int, records: Sequence[Mapping[str, Any]]) -> None:
    seen = set()
    for record in records:
        point = record["point"]
        place = (point["dataset"], point["method"], point.get("fusion"), point.get("alpha"), recognizer_name(point))
        if place in seen:
            raise RequestError(
                f"Table {number} has one run a row, and the settings give two for {point['method']} on "
                f"{dataset_label(point['dataset'])}: draw them as two tables with their own results_dir."
            )
        seen.add(place)
