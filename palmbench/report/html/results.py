"""Tables and figures of the paper as HTML."""

from __future__ import annotations

import io
import math
from itertools import groupby

from palmbench.report.figures.captioned import (
    DrawnFigure,
)
from palmbench.report.figures.style import picture
from palmbench.report.html.tags import Html, framed, image, notes, scrolling, tag, text
from palmbench.report.tables import Entry, Table, difference_text, number_text, seed_text

ROMAN = {2: "II", 3: "III", 4: "IV", 5: "V", 6: "VI", 7: "VII"}
_DPI = 150  # 1074 pixels across: sharp on a telephone, and the page stays below a few megabytes


def table_section(number: int, table: Table | None, absent: str) -> Html:
    """A table with its caption and notes.

    Parameters
    ----------
    number : int
        Of the paper.
    table : Table or None
        None where no run of it is finished.
    absent : str
        What is said then.
    """
    title = f"Table {ROMAN[number]}"
    if table is None:
        return _section(f"table{number}", title, tag("p", text(absent), class_="absent"))
    content = [tag("p", text(table.caption), class_="caption"), scrolling(_table(table), title), notes(table.notes)]
    return _section(f"table{number}", title, *content)


def figure_section(figure: DrawnFigure) -> Html:
    """A figure with its caption and notes; where there is nothing to draw, the reason."""
    title, label = f"Figure {figure.number}", f"figure{figure.number}"
    if figure.drawing is None:
        said = tag("p", text(figure.caption), class_="caption") if figure.caption else ""
        return _section(label, title, said, tag("p", text(" ".join(figure.notes)), class_="absent"))
    shown = image(_smaller(picture(figure.drawing, "png", _DPI)), f"{title}. {figure.caption}")
    caption = tag("figcaption", text(figure.caption))
    return _section(label, title, tag("figure", framed(shown, title), caption), notes(figure.notes))


def _section(label: str, title: str, *content: Html) -> Html:
    return tag("section", tag("h3", text(title)), *content, id=label)


def _table(table: Table) -> Html:
    names = ["Data set", "Method"] if table.axis == "dataset" else ["Setting"]
    groups = [(name, len(list(members))) for name, members in groupby(table.columns, key=lambda each: each.group)]
    head = []
    if any(name for name, _ in groups):
        head.append(
            tag(
                "tr",
                tag("td", colspan=str(len(names))),
                *(
                    tag("th", text(name), colspan=str(width), scope="colgroup", class_="group")
                    for name, width in groups
                ),
                tag("td", colspan="2"),
            )
        )
    # The arrow stays on the line of the word before it.
    columns = ["\u00a0".join(column.metric.heading.rsplit(" ", 1)) for column in table.columns]
    head.append(
        tag(
            "tr",
            *(tag("th", text(name), scope="col") for name in names),
            *(tag("th", text(name), scope="col", class_="num") for name in [*columns, "n", "failed"]),
        )
    )
    bodies = []
    for segment in table.segments:
        rows = []
        for line in segment:
            place = [line.dataset, line.setting] if table.axis == "dataset" else [line.setting]
            cells = [tag("th", text(name), scope="row") for name in place]
            cells += [tag("td", _entry(entry), class_="num") for entry in line.entries]
            rows.append(tag("tr", *cells, *(tag("td", text(size), class_="num") for size in (line.n, line.failed))))
        bodies.append(tag("tbody", *rows))
    kind = "results places" if len(names) > 1 else "results"
    return tag("table", tag("thead", *head), *bodies, class_=kind)


def _entry(entry: Entry) -> Html:
    """Value, then its spread or interval in small, then the paper's number and how far ours is from it."""
    row, decimals = entry.row, entry.metric.decimals
    value = text(number_text(entry.value, decimals))
    parts = [tag("strong", value) if entry.best else value]
    if row is not None and row.value is not None:
        if row.std is not None:
            parts.append(_small(f"± {number_text(row.std, decimals)}"))
        elif row.lo is not None and row.hi is not None:
            parts.append(_small(f"[{number_text(row.lo, decimals)}, {number_text(row.hi, decimals)}]"))
        if row.seed_std is not None:
            parts.append(_small(seed_text(row.seed_std, decimals)))
    if row is not None and row.paper is not None:
        parts.append(_small(f"paper {number_text(row.paper.value, decimals)}", "paper"))
        if row.value is not None and math.isfinite(row.value):
            parts.append(_small(f"difference {difference_text(row.value, row.paper.value, decimals)}", "paper"))
    return "".join(parts)


def _small(words: str, kind: str = "spread") -> Html:
    return tag("span", text(words), class_=kind)


def _smaller(png: bytes) -> bytes:
    """The same pixels in fewer bytes: without the opaque fourth channel, and packed harder."""
    from palmbench.base.photo_files import pillow

    buffer = io.BytesIO()
    with pillow(png, ["PNG"]) as picture:
        picture.convert("RGB").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
