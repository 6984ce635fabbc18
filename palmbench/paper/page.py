"""Everything of the paper on one page: tables, figures, contact sheets, claims, provenance and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from palmbench.config.schema import RunConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.run import Run
from palmbench.paper.draw import draw_figure
from palmbench.paper.figures import FIGURES
from palmbench.paper.gather import GatheredTable, gather_table
from palmbench.paper.overrides import PAPERS_METHODS, Request
from palmbench.paper.tables import TABLES
from palmbench.report import html
from palmbench.report.figures.captioned import (
    DrawnFigure,
)
from palmbench.report.figures.specs import PhotoSpec
from palmbench.report.html.claims import claims_section
from palmbench.report.html.results import ROMAN, figure_section, table_section
from palmbench.report.html.runs import FinishedRun, errors_section, further_section, provenance_section
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
_TEMPLATES = Path(html.__file__).parent


@dataclass(frozen=True)
class Results:
    """Tables and figures of the paper, by number, drawn for one request."""

    request: Request
    tables: Mapping[int, GatheredTable]
    figures: Mapping[int, DrawnFigure]

    @property
    def anything(self) -> bool:
        """Whether there is anything to show."""
        return any(each.table for each in self.tables.values()) or any(each.drawing for each in self.figures.values())

    @property
    def status(self) -> int:
        """Exit status of what was computed for them."""
        statuses = [each.status for each in self.tables.values()] + [each.status for each in self.figures.values()]
        return max(statuses)


def gather_results(request: Request, run: bool = False) -> Results:
    """Every table and figure; where a data set's card forbids one, a sentence in its place.

    Parameters
    ----------
    request : Request
    run : bool
        Compute what is missing first.
    """
    tables = {number: gather_table(number, request, run) for number in TABLES}
    return Results(request, tables, {number: _figure(number, request, run) for number in FIGURES})


def compose_page(results: Results) -> str:
    """The page as text; the claims on it are those that were last checked below the same `results_dir`."""
    tables, figures, request = results.tables, results.figures, results.request
    pipelines = [Pipeline.of(point) for gathered in tables.values() for point in gathered.points]
    runs = finished_runs(pipelines)
    settings = " ".join(request.texts)
    parts, contents = [], []
    for label, title, table_numbers, figure_numbers in CHAPTERS:
        inside = []
        for number in table_numbers:
            gathered = tables[number]
            absent = (
                f"None of its {len(gathered.points)} runs is there; "
                f"{f'palmbench table {number} --run {settings}'.strip()} computes them."
            )
            inside.append(table_section(number, gathered.table, absent))
            contents.append((f"table{number}", f"Table {ROMAN[number]}"))
        for number in figure_numbers:
            inside.append(figure_section(figures[number]))
            contents.append((f"figure{number}", f"Figure {number}"))
        if label == "photos":
            inside.append(tag("section", tag("h3", "Contact sheets"), sheets_section(_sheet_points(tables[3].points))))
        parts.append(_chapter(label, title, *inside))
    further = further_runs(request)
    path = Path(request.results_dir) / "tables" / "claims.csv"
    claims = claims_section(path, f"palmbench claims {settings}".strip(), request.texts)
    for label, title, content in (
        *([("further", "Further methods", further_section(further))] if further else []),
        ("claims", "The paper's claims", claims),
        ("provenance", "Where the numbers come from", provenance_section([*runs, *further])),
        ("errors", "Errors", errors_section([*runs, *further])),
    ):
        parts.append(_chapter(label, title, content))
        contents.append((label, title))
    page = Template((_TEMPLATES / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=text(TITLE),
        lead=text(LEAD),
        style=(_TEMPLATES / "style.css").read_text(encoding="utf-8").strip(),
        facts=_facts(len({pipeline.key for pipeline in pipelines}), runs),
        contents=tag("ul", *(tag("li", tag("a", text(name), href=f"#{label}")) for label, name in contents)),
        body="\n".join(parts),
    )


def finished_runs(pipelines: Sequence[Pipeline]) -> list[FinishedRun]:
    """The measured ones among some runs, each once, whatever failed in them."""
    found: dict[str, FinishedRun] = {}
    for pipeline in pipelines:
        if pipeline.key not in found and (account := Run.of(pipeline).account) is not None:
            found[pipeline.key] = FinishedRun(pipeline, pipeline.key, account)
    return list(found.values())


def further_runs(request: Request) -> list[FinishedRun]:
    """The measured ones, below the request's folder of results, of methods that are none of the paper's.

    Those that could not be made again as they are, since their photos, settings or code changed, are left out.
    """
    found, datasets = [], request.named("dataset")
    for run in Run.all(request.results_dir):
        account = run.account
        if account is None or account.point["method"] in PAPERS_METHODS:
            continue
        if datasets and account.point["dataset"] not in datasets:
            continue
        try:
            pipeline = Pipeline.of(run.config)
        except RequestError:
            continue
        if pipeline.key == run.key:
            found.append(FinishedRun(pipeline, run.key, account))
    return found


def _figure(number: int, request: Request, run: bool) -> DrawnFigure:
    spec = FIGURES[number]
    if isinstance(spec, PhotoSpec) and any(tile.seed is not None for tile in spec.tiles):
        request = replace(request, words=tuple(word for word in request.words if word.key != "seed"))
    try:
        return draw_figure(number, request, run)
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
        "Samples failed": str(len({(f.sample, f.stage) for run in runs for f in run.account.failures})),
        "Last run": max((run.account.written for run in runs), default="–").replace("T", " ").rstrip("Z"),
        "Code": f"{now.commit[:10]}{' with changes' if now.dirty else ''}" if now else "an installed package",
    }
    return tag("dl", *(tag("div", tag("dt", text(k)), tag("dd", text(v))) for k, v in facts.items()), class_="facts")


def _chapter(label: str, title: str, *content: Html) -> Html:
    return tag("section", tag("h2", text(title)), *content, id=label)
