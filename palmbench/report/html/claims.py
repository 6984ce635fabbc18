"""The paper's claims as they were last checked, as HTML."""

from __future__ import annotations

import csv
from pathlib import Path

from palmbench.report.html.tags import Html, grid, tag, text
from palmbench.report.labels import dataset_label

_HEAD = ("Claim", "Data", "Verdict", "Source")


def claims_section(path: Path, command: str) -> Html:
    """One row a claim, from the CSV that `palmbench claims` writes; what would write it where it is not there.

    Parameters
    ----------
    path : Path
        results/tables/claims.csv
    command : str
        What would check them.
    """
    if not path.is_file():
        return tag("p", text(f"The claims have not been checked; {command} checks them."), class_="absent")
    with open(path, encoding="utf-8", newline="") as stream:
        # A claim has a row for each comparison that decided it.
        claims = {row["claim"]: row for row in csv.DictReader(stream)}
    rows = [
        [
            text(row["statement"] + (f" ({row['reading']})" if row["reading"] else "")),
            text(", ".join(map(dataset_label, row["datasets"].split()))),
            tag("span", text(row["verdict"]), class_=f"verdict {row['verdict'].replace(' ', '-')}"),
            text(row["source"]),
        ]
        for row in claims.values()
    ]
    return grid(_HEAD, rows, "Claims")
