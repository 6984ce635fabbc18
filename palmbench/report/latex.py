"""A table as a LaTeX document of its own, set with booktabs."""

from __future__ import annotations

from itertools import groupby

from palmbench.report.tables import Entry, Table, entry_texts

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "′": "$'$",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "α": r"$\alpha$",
    "σ": r"$\sigma$",
    "×": r"$\times$",
    "é": r"\'e",
}
_ROMAN = {2: "II", 3: "III", 4: "IV", 5: "V", 6: "VI", 7: "VII"}


def to_latex(table: Table) -> str:
    """The table as a document that compiles alone; with the package `standalone` it can be \\input elsewhere.

    Segments are parted by rules, the best value of each is bold, the paper's numbers follow in parentheses.
    """
    names = ["Data set", "Method"] if table.axis == "dataset" else ["Setting"]
    lines = [
        r"\documentclass{article}",
        r"\usepackage[a3paper,landscape,margin=15mm]{geometry}",
        r"\usepackage{booktabs}",
        r"\usepackage{graphicx}",
        r"\pagestyle{empty}",
        r"\begin{document}",
        r"\begin{table}",
        r"\centering\small",
        rf"{_title(table)}{escape(table.caption)}\par\medskip",
        # A table wider than the page is made as wide as the page.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(names)}{'r' * (len(table.columns) + 2)}}}",
        r"\toprule",
        *_group_headings(table, len(names)),
        _row([*names, *(escape(column.metric.heading) for column in table.columns), "n", "failed"]),
    ]
    for segment in table.segments:
        lines.append(r"\midrule")
        for index, line in enumerate(segment):
            place = [line.dataset if not index else "", line.setting] if table.axis == "dataset" else [line.setting]
            entries = (_entry(entry, table.intervals) for entry in line.entries)
            lines.append(_row([*map(escape, place), *entries, escape(line.n), escape(line.failed)]))
    lines += [r"\bottomrule", r"\end{tabular}}"]
    if table.notes:
        lines += [r"\par\medskip", rf"{{\footnotesize {escape(' '.join(table.notes))}\par}}"]
    lines += [r"\end{table}", r"\end{document}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Plain text as LaTeX for any engine: special characters escaped, signs and arrows as mathematics."""
    return "".join(_CHARACTERS.get(character, character) for character in text)


def _title(table: Table) -> str:
    return "" if table.number is None else rf"\textbf{{Table {_ROMAN.get(table.number, table.number)}.}} "


def _group_headings(table: Table, start: int) -> list[str]:
    cells, rules, column = [], [], start + 1
    for name, members in groupby(table.columns, key=lambda each: each.group):
        width = len(list(members))
        cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escape(name)}}}")
        if name:
            rules.append(rf"\cmidrule(lr){{{column}-{column + width - 1}}}")
        column += width
    return [_row([*[""] * start, *cells, "", ""]), " ".join(rules)] if rules else []


def _row(texts: list[str]) -> str:
    return f"{' & '.join(texts)} \\\\"


def _entry(entry: Entry, intervals: bool) -> str:
    ours, theirs = map(escape, entry_texts(entry, intervals))
    return (rf"\textbf{{{ours}}}" if entry.best else ours) + (rf" {{\footnotesize ({theirs})}}" if theirs else "")
