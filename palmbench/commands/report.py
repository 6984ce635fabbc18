"""`palmbench report`: tables, figures, contact sheets, provenance and errors on one page, from the store."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from string import Template

from palmbench.base.outputs import put_result
from palmbench.base.status import DONE
from palmbench.commands.figure import DrawnFigure, draw_figure
from palmbench.config.schema import RunConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.run import complete_record
from palmbench.paper.gather import TABLES, GatheredTable, gather_table
from palmbench.paper.request import Override, parse_overrides
from palmbench.paper.sources import base_point, composed
from palmbench.report.figures.specs import CurveSpec, PhotoSpec
from palmbench.report.html.claims import claims_section
from palmbench.report.html.results import ROMAN, figure_section, table_section
from palmbench.report.html.runs import FinishedRun, errors_section, provenance_section
from palmbench.report.html.sheets import sheets_section
from palmbench.report.html.tags import Html, tag, text
from palmbench.report.labels import dataset_label
from palmbench.report.tables import Setting
from recognizers.common.errors import RequestError

# Chapters of the page: what each is about, and the tables and figures in it.
CHAPTERS = (
    ("identity", "What is hidden", (2,), (5,)),
    ("photos", "What the photos look like", (), (4,)),
    ("quality", "What the photos lose", (3, 4), ()),
    ("ablation", "Ablation study", (5, 6, 7), (7,)),
    ("diversity", "Diversity", (), (6,)),
)
TITLE = "palmbench report"
LEAD = "How well does a method hide who a palm belongs to, and what does it cost the photo?"
_PAGE = Path(__file__).resolve().parents[1] / "report" / "html"


def report_command(overrides: Sequence[str], run: bool = False) -> int:
    """Write `results_dir`/report/index.html, a page that needs neither the network nor another file.

    Parameters
    ----------
    overrides : sequence of str
        Settings for every run behind the page, as `key=value`; see `palmbench.commands.table.table_command`.
    run : bool
        Compute what is missing first.

    Returns
    -------
    int
        Exit status: 0 done, 2 if the store has nothing to show, 3 if samples failed in a run made here.

    Raises
    ------
    RequestError
        If a setting is not understood.
    """
    given = parse_overrides(overrides)
    try:
        tables = {number: gather_table(number, given, run) for number in TABLES}
        figures = {number: _figure(number, given, run) for _, _, _, numbers in CHAPTERS for number in numbers}
        drawn = [each for each in tables.values() if each.table] + [each for each in figures.values() if each.drawing]
        if not drawn:
            again = " ".join(["palmbench report --run", *overrides])
            raise RequestError(f"There is nothing to report: no run is finished; `{again}` computes them.")
        folder = Path(base_point(given).results_dir)
        path = folder / "report" / "index.html"
        put_result(path, compose_page(tables, figures, folder, given).encode("utf-8"))
        print(path)
        computed = [each.status for each in tables.values()] + [each.status for each in figures.values()]
        return max(computed, default=DONE)
    finally:
        composed.cache_clear()


def compose_page(
    tables: dict[int, GatheredTable],
    figures: dict[int, DrawnFigure],
    results_dir: Path,
    overrides: Sequence[Override] = (),
) -> str:
    """The page as text.

    Parameters
    ----------
    tables, figures : dict
        By number.
    results_dir : Path
        Where the claims are looked for.
    overrides : sequence of Override
        The user's, for the commands that the page names, and to tell whether the claims were checked with them.
    """
    pipelines = [Pipeline.of(point) for gathered in tables.values() for point in gathered.points]
    runs = finished_runs(pipelines)
    settings = " ".join(each.text for each in overrides)
    parts, contents = [], []
    for label, title, table_numbers, figure_numbers in CHAPTERS:
        inside = []
        for number in table_numbers:
            inside.append(table_section(tables[number], f"palmbench table {number} --run {settings}".strip()))
            contents.append((f"table{number}", f"Table {ROMAN[number]}"))
        for number in figure_numbers:
            inside.append(figure_section(figures[number]))
            contents.append((f"figure{number}", f"Figure {number}"))
        if label == "photos":
            inside.append(tag("section", tag("h3", "Contact sheets"), sheets_section(_sheet_points(tables[3].points))))
        parts.append(_chapter(label, title, *inside))
    claims = claims_section(
        results_dir / "tables" / "claims.csv",
        f"palmbench claims {settings}".strip(),
        [each.text for each in overrides],
    )
    for label, title, content in (
        ("claims", "The paper's claims", claims),
        ("provenance", "Where the numbers come from", provenance_section(runs)),
        ("errors", "Errors", errors_section(runs)),
    ):
        parts.append(_chapter(label, title, content))
        contents.append((label, title))
    page = Template((_PAGE / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=text(TITLE),
        lead=text(LEAD),
        style=(_PAGE / "style.css").read_text(encoding="utf-8").strip(),
        facts=_facts(len({pipeline.key for pipeline in pipelines}), runs),
        contents=tag("ul", *(tag("li", tag("a", text(name), href=f"#{label}")) for label, name in contents)),
        body="\n".join(parts),
    )


def finished_runs(pipelines: Sequence[Pipeline]) -> list[FinishedRun]:
    """The measured ones among some runs, each once, whatever failed in them."""
    found: dict[str, FinishedRun] = {}
    for pipeline in pipelines:
        if pipeline.key not in found and (record := complete_record(pipeline)) is not None:
            found[pipeline.key] = FinishedRun(pipeline, record.content)
    return list(found.values())


def _figure(number: int, overrides: Sequence[Override], run: bool) -> DrawnFigure:
    """A figure; where a data set's card forbids it, a sentence in its place."""
    spec: PhotoSpec | CurveSpec = importlib.import_module(f"palmbench.paper.figure{number}").SPEC
    usable = [each for each in overrides if each.key != "seed" or number != 6]
    try:
        return draw_figure(number, usable, run)
    except RequestError as error:
        return DrawnFigure(number, spec.caption, (str(error),), None)


def _sheet_points(points: Sequence[RunConfig]) -> list[tuple[Setting, RunConfig]]:
    """Points with the name that their column of a contact sheet has; runs that differ in the recognizer once."""
    found: dict[tuple[str, str], tuple[Setting, RunConfig]] = {}
    for point in points:
        method, named = point.method, point.method.point()
        setting = Setting(method.label or method.name, method.name, named.get("fusion", ""), named.get("alpha"))
        found.setdefault((point.dataset.name, method.name), (setting, point))
    return list(found.values())


def _facts(count: int, runs: Sequence[FinishedRun]) -> Html:
    now = checkout()
    photos = {run.pipeline.config.dataset.name: len(run.pipeline.samples) for run in runs}
    facts = {
        "Data": ", ".join(f"{dataset_label(name)} ({count} photos)" for name, count in photos.items()) or "none",
        "Recognizers": ", ".join(dict.fromkeys(run.pipeline.config.recognizer.name for run in runs)) or "none",
        "Runs finished": f"{len(runs)} of {count}",
        "Samples failed": str(len({(f["sample"], f["stage"]) for run in runs for f in run.record["failures"]})),
        "Last run": max((run.record["written"] for run in runs), default="–").replace("T", " ").rstrip("Z"),
        "Code": f"{now.commit[:10]}{' with changes' if now.dirty else ''}" if now else "an installed package",
    }
    return tag("dl", *(tag("div", tag("dt", text(k)), tag("dd", text(v))) for k, v in facts.items()), class_="facts")


def _chapter(label: str, title: str, *content: Html) -> Html:
    return tag("section", tag("h2", text(title)), *content, id=label)
