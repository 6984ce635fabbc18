"""`palmbench table N`: from the store to results/tables, computing first what is missing if asked to."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palmbench.errors import MissingWeights, RequestError
from palmbench.report.labels import dataset_label
from palmbench.report.latex import to_latex
from palmbench.report.markdown import to_markdown
from palmbench.report.request import Override, attackers, parse_overrides, value_of, with_overrides
from palmbench.report.rows import recognizer_name, rows_of, to_csv
from palmbench.report.tables import Table, TableSpec, arrange

if TYPE_CHECKING:
    from palmbench.schema import RecognizerConfig, RunConfig

TABLES = (2, 3, 4, 5, 6, 7)
_CANNOT = 2
_PAPERS_DATASETS = ("iitd", "polyu", "rest", "zhou", "ntupi")
_ABLATION_DATASET = "iitd"


def table_command(numbers: Sequence[int], overrides: Sequence[str], run: bool = False) -> int:
    """Draw tables of the paper from finished runs, print them, and write them below `results_dir`/tables.

    Parameters
    ----------
    numbers : sequence of int
        Tables of the paper, 2 to 7.
    overrides : sequence of str
        Settings for every run behind the tables, as `key=value`. `dataset=` picks the data sets; without it Tables
        II to IV take the synthetic hands and every set of the paper that is present, and Tables V to VII take IITD,
        for which the synthetic hands stand in. `recognizer=` picks the attacks in the same way; one whose weights
        are not there is left out, and a note says so.
    run : bool
        Compute what is missing first.

    Returns
    -------
    int
        Exit status: 0 done, 2 if a table has not a single finished run, 3 if samples failed in a run made here.

    Raises
    ------
    RequestError
        If there is no such table, or a setting is not understood.
    """
    for number in numbers:
        if number not in TABLES:
            raise RequestError(f"There is no table {number} to compute; there are {', '.join(map(str, TABLES))}.")
    given = parse_overrides(overrides)
    try:
        return max((_draw(number, given, run) for number in numbers), default=0)
    finally:
        _compose.cache_clear()


def write_table(table: Table, folder: Path) -> list[Path]:
    """Write table<N>.csv, .md and .tex into `folder`, each at once; equal tables give equal bytes."""
    from palmbench.store import write_bytes

    texts = {"csv": to_csv(table.rows), "md": to_markdown(table), "tex": to_latex(table)}
    paths = []
    for suffix, text in texts.items():
        paths.append(folder / f"table{table.number}.{suffix}")
        write_bytes(paths[-1], text.encode("utf-8"))
    return paths


def _draw(number: int, overrides: Sequence[Override], run: bool) -> int:
    from palmbench.run import record_of
    from palmbench.run import run as run_points

    module = importlib.import_module(f"experiments.table{number}")
    spec: TableSpec = module.SPEC
    base = _compose(*(each.text for each in overrides if each.key in ("data_dir", "results_dir")))[0]
    datasets, notes = _datasets(spec, overrides, base.data_dir)
    lists = with_overrides(module.points(datasets), overrides)
    attacks, absent = _attacks(spec, overrides)
    points = [
        replace(point, recognizer=recognizer) for words in lists for point in _compose(*words) for recognizer in attacks
    ]
    status = 0
    if run and (missing := [point for point in points if record_of(point) is None]):
        status = run_points(missing) or 0
    elif run:
        print(f"table {number}: all {len(points)} runs reused, nothing to compute", file=sys.stderr)
    records = [record for record in map(record_of, points) if record is not None]
    if not records:
        command = " ".join(["palmbench table", str(number), "--run", *(each.text for each in overrides)])
        print(f"palmbench: none of the {len(points)} runs of table {number} is there; `{command}` computes them.",
              file=sys.stderr)  # fmt: skip
        return max(status, _CANNOT)
    _refuse_two_runs_a_row(number, records)
    table = arrange(spec, rows_of(records), datasets, [*_describe(points), *notes, *absent])
    paths = write_table(table, Path(base.results_dir) / "tables")
    print(to_markdown(table))
    print("\n".join(map(str, paths)))
    return status


@lru_cache
def _compose(*words: str) -> tuple[RunConfig, ...]:
    """Points of a row; tables that are drawn together share their rows, and composing takes Hydra a while."""
    from palmbench.compose import compose_points

    return tuple(compose_points(list(words)))


def _datasets(spec: TableSpec, overrides: Sequence[Override], data_dir: str) -> tuple[list[str], list[str]]:
    """Data sets of the table, and what to say about those that are not there."""
    from palmbench.datasets import present_datasets, read_card

    named = value_of(overrides, "dataset")
    chosen = [name.strip() for name in named.split(",")] if named else []
    if spec.axis == "setting" and len(chosen) > 1:
        raise RequestError(f"Table {spec.number} is about one data set, not {named}.")
    if chosen:
        return chosen, []
    present = [name for name in present_datasets(data_dir) if name != "synth"]
    if spec.axis == "setting":
        wanted, datasets = [_ABLATION_DATASET], [_ABLATION_DATASET if _ABLATION_DATASET in present else "synth"]
    else:
        wanted, datasets = list(_PAPERS_DATASETS), ["synth", *(name for name in _PAPERS_DATASETS if name in present)]
    absent = [read_card(name) for name in wanted if name not in present]
    notes = [
        f"{dataset_label(card.name)} is not in {data_dir}/{card.name}; ask for it at {card.request}." for card in absent
    ]
    return datasets, notes


def _attacks(spec: TableSpec, overrides: Sequence[Override]) -> tuple[list[RecognizerConfig], list[str]]:
    """Recognizers that the table is drawn from, and what to say about those whose weights are not there."""
    from palmbench.stages.enrol import load_recognizer

    labels = {group.name: group.label for group in spec.groups}
    found: list[RecognizerConfig] = []
    notes: list[str] = []
    for words in attackers(overrides, spec.attacks):
        for config in (point.recognizer for point in _compose(*words)):
            try:
                load_recognizer(config)
                found.append(config)
            except MissingWeights as error:
                notes.append(f"No columns of {labels.get(config.name, config.name)}. {error}")
    if not found:
        raise MissingWeights(" ".join(notes))
    return found, notes


def _describe(points: Sequence[RunConfig]) -> list[str]:
    """Which diffusion model the rows are of: the paper's numbers beside them are of Paint by Example."""
    texts = []
    for method in (point.method for point in points if point.method.name == "diffusion"):
        text = (
            f"Diffusion: {'the ' if method.weights == 'embedded' else ''}{method.weights} weights, {method.sampler}, "
            f"{method.steps} steps, guidance {method.guidance:g}, {method.crop} crop."
        )
        if text not in texts:
            texts.append(text)
    return texts


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
