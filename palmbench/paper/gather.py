"""A table of the paper from finished runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from palmbench.paper.one_run import require_one_run_each
from palmbench.paper.request import Override, with_overrides
from palmbench.paper.sources import (
    base_point,
    choose_attacks,
    choose_datasets,
    composed,
    describe_conventions,
    describe_methods,
    describe_samples,
)
from palmbench.report.rows import recognizer_name, rows_of
from palmbench.report.seeds import over_seeds
from palmbench.report.tables import Table, TableSpec, arrange
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RecognizerConfig, RunConfig

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
    from palmbench.engine.run import outstanding, record_of
    from palmbench.engine.run import run as run_points

    if number not in TABLES:
        raise RequestError(f"There is no table {number} to compute; there are {', '.join(map(str, TABLES))}.")
    module = importlib.import_module(f"palmbench.paper.table{number}")
    spec: TableSpec = module.SPEC
    datasets, notes = choose_datasets(f"Table {number}", spec.axis, overrides, base_point(overrides).data_dir)
    lists = with_overrides(module.points(datasets), overrides)
    attacks, absent = choose_attacks(spec, overrides)
    points = tuple(
        replace(point, recognizer=recognizer) for words in lists for point in composed(*words) for recognizer in attacks
    )
    _require_one_run_a_cell(number, points, overrides)
    status = 0
    if run and (missing := outstanding(points)):
        status = run_points(missing) or 0
    elif run:
        print(f"table {number}: all {len(points)} runs reused, nothing to compute", file=sys.stderr)
    records, seeds = over_seeds((point, record_of(point)) for point in points)
    if not records:
        return GatheredTable(number, None, points, status)
    shown = {metric for group in spec.groups for metric in group.metrics}
    said = [*describe_samples(points), *describe_methods(points), *describe_conventions(points, shown)]
    said += [*seeds, *notes, *absent]
    table = arrange(spec, rows_of(records), datasets, said, intervals)
    return GatheredTable(number, table, points, status)


def _require_one_run_a_cell(number: int, points: Sequence[RunConfig], overrides: Sequence[Override]) -> None:
    """Refuse settings other than the seed that give two runs for a row, and two recognizers of one name."""
    from palmbench.stages.enrol import load_recognizer

    title = f"Table {number}"
    attacks: dict[str, RecognizerConfig] = {}
    for attack in (point.recognizer for point in points):
        if attack in attacks.values():
            continue
        name = recognizer_name(
            {"recognizer": attack.name, "variant": load_recognizer(attack).settings().get("variant")}
        )
        if name in attacks:
            raise RequestError(f"{title} has one place for {name}; draw two of them as two tables, a results_dir each.")
        attacks[name] = attack
        alike = [replace(point, seed=0) for point in points if point.recognizer == attack]
        require_one_run_each(title, alike, overrides)
