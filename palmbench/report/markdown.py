"""A table as Markdown."""

from __future__ import annotations

from palmbench.report.tables import Entry, Table, entry_texts


def to_markdown(table: Table) -> str:
    """The table as a Markdown section: heading, table, notes as a list. Best values of a segment are bold."""
    names = ["Data set", "Method"] if table.axis == "dataset" else ["Setting"]
    headings = names + [f"{column.group} {column.metric.heading}".strip() for column in table.columns] + ["n", "failed"]
    lines = [
        f"**{table.title}** {table.caption}" if table.title else table.caption,
        "",
        _row(headings),
        _row([":--"] * len(names) + ["--:"] * (len(headings) - len(names))),
    ]
    for segment in table.segments:
        for line in segment:
            place = [line.dataset, line.setting] if table.axis == "dataset" else [line.setting]
            lines.append(
                _row([*place, *(_entry(entry, table.intervals) for entry in line.entries), line.n, line.failed])
            )
    if table.notes:
        lines += ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def _entry(entry: Entry, intervals: bool) -> str:
    ours, theirs = entry_texts(entry, intervals)
    return (f"**{ours}**" if entry.best else ours) + (f" ({theirs})" if theirs else "")
