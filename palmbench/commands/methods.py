"""`palmbench methods`: methods side by side, as a table, a figure of privacy against quality, and a sheet of photos."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from palmbench.base.status import CANNOT, DONE
from palmbench.commands.table import write_table
from palmbench.config.compose import ablations_of, compose_points
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.sweep import outstanding
from palmbench.paper.rows import ATTACKS, CCNET_COLUMNS, EEHNET_COLUMNS, MTCC_COLUMNS
from palmbench.report.comparison import Comparison, compare
from palmbench.report.contact_sheet import SheetRow, contact_sheet, sheet_rows
from palmbench.report.figures.permission import may_show
from palmbench.report.markdown import to_markdown
from palmbench.report.running import run_points
from palmbench.report.tables import Setting
from palmbench.report.tracking_groups import Sweep

_HANDS, _ACROSS = 2, 7  # hands of the sheet, and methods beside one another


def methods_command(settings: Sequence[str], run: bool = False, intervals: bool = True) -> int:
    """Set methods side by side from what the store holds, and write what comes of it below `results_dir`/methods.

    Parameters
    ----------
    settings : sequence of str
        Of any sweep, as `key=value`. Without a method and without an ablation it is `+ablation=methods`; without a
        recognizer all that the paper attacks with.
    run : bool
        Compute what is missing first.
    intervals : bool
        Print them; the CSV has them in any case.

    Returns
    -------
    int
        Exit status: 0 done, 2 if not a single run is finished, 3 if samples failed in a run made here.

    Raises
    ------
    RequestError
        If a setting is not understood.
    """
    words = list(settings)
    keys = {word.lstrip("+").partition("=")[0] for word in words}
    if not keys & {"ablation", "method"}:
        words.append("+ablation=methods")
    if "recognizer" not in keys:
        words.append(f"recognizer={','.join(ATTACKS)}")
    points = compose_points(words)
    if not points:
        return DONE
    status = run_points(missing, ablations_of(words)) if run and (missing := outstanding(points)) else DONE
    pipelines = [Pipeline.of(point) for point in points]
    labels = {group.name: group.label for group in (*MTCC_COLUMNS, *CCNET_COLUMNS, *EEHNET_COLUMNS)}
    name, folder = "-".join(ablations_of(words)) or "methods", Path(points[0].results_dir) / "methods"
    for comparison in compare(pipelines, labels):
        if not comparison.compared:
            again = " ".join(["palmbench methods", "--run", *settings])
            print(f"palmbench: none of the {len(comparison.absent)} runs on {comparison.dataset} is there; "
                  f"`{again}` computes them.", file=sys.stderr)  # fmt: skip
            status = max(status, CANNOT)
            continue
        of_set = [pipeline for pipeline in pipelines if pipeline.config.dataset.name == comparison.dataset]
        paths = _written(comparison, of_set, folder, f"{name}-{comparison.dataset}", intervals)
        print("\n".join(map(str, paths)))
    return status


def _written(
    comparison: Comparison, pipelines: Sequence[Pipeline], folder: Path, name: str, intervals: bool
) -> list[Path]:
    from palmbench.report.figures.style import write_figure
    from palmbench.report.figures.tradeoff import draw_tradeoff

    table = comparison.table(intervals)
    print(to_markdown(table))
    paths = [*write_table(table, folder, name), *write_figure(draw_tradeoff(comparison), name, folder)]
    one_each = _by_name(pipelines)
    shown = may_show([comparison.dataset], _HANDS * (len(one_each) + 1))
    print("\n".join(shown.notes))
    if shown.datasets:
        rows = sheet_rows(((Setting(each, each), one_each[each]) for each in one_each), _HANDS)
        if rows:
            paths.append(contact_sheet(list(chain.from_iterable(map(_folded, rows))), folder / f"{name}-photos.png"))
    return paths


def _folded(row: SheetRow) -> list[SheetRow]:
    """A hand's row as several of at most `_ACROSS` methods, each with the original in front."""
    starts = range(1, len(row.images), _ACROSS)
    return [
        SheetRow([row.labels[0], *row.labels[at : at + _ACROSS]], [row.images[0], *row.images[at : at + _ACROSS]])
        for at in starts
    ]


def _by_name(pipelines: Sequence[Pipeline]) -> dict[str, Pipeline]:
    """One point of each way to paint, by the shortest that names no other: method, its setting, all it is told by."""
    ways = list({each.deidentify.key(each.samples[0]): each for each in pipelines}.values())
    sweep = Sweep(tuple(pipelines))
    methods = [each.config.method for each in ways]
    names = [
        (method.called, f"{method.called} {method.setting()}", sweep.name_of(each))
        for method, each in zip(methods, ways, strict=True)
    ]
    several = Counter(name for of_way in names for name in set(of_way))
    shortest = [next((name for name in of_way if several[name] == 1), of_way[-1]) for of_way in names]
    return dict(zip(shortest, ways, strict=True))
