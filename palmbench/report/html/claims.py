"""The paper's claims as they were last checked, as HTML."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from palmbench.base.plain_files import read_object
from palmbench.report.html.tags import Html, folded, grid, notes, tag, text
from palmbench.report.labels import dataset_label

_HEAD = ("Claim", "Data", "Verdict", "Evidence", "Source")
_COLUMNS = ("claim", "datasets", "statement", "reading", "verdict", "source")
# Settings that change where and how something is computed, never what comes out.
_WITHOUT_EFFECT = ("results_dir", "executor", "tracker")


def claims_section(path: Path, command: str, settings: Sequence[str] = ()) -> Html:
    """One row for a claim and its data sets, from the CSV that `palmbench claims` writes, and when that was.

    Parameters
    ----------
    path : Path
        results/tables/claims.csv; what is beside it as .json says with which settings it was written.
    command : str
        What would check the claims.
    settings : sequence of str
        Those of the page, as `key=value`: claims that were checked with others are said to be.
    """
    if not path.is_file():
        return tag("p", text(f"The claims have not been checked; {command} checks them."), class_="absent")
    try:
        found = _read(path)
    except (OSError, ValueError, csv.Error) as error:
        sentence = f"{path.name} is not what `palmbench claims` writes ({error}); {command} writes it anew."
        return tag("p", text(sentence), class_="absent")
    rows = []
    for (_, datasets), parts in found.items():
        claim = parts[0]
        rows.append(
            [
                text(claim["statement"] + (f" ({claim['reading']})" if claim["reading"] else "")),
                text(", ".join(map(dataset_label, datasets.split()))),
                tag("span", text(claim["verdict"]), class_=f"verdict {claim['verdict'].replace(' ', '-')}"),
                _evidence(parts),
                text(claim["source"]),
            ]
        )
    return notes(_about(path, command, settings)) + grid(_HEAD, rows, "Claims")


def _read(path: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Rows by claim and data sets, one for each comparison: a claim about an ablation is judged on every data set."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        if lacking := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            raise ValueError(f"it has no column {lacking[0]}")
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"line {reader.line_num} has another number of cells than the first")
            found.setdefault((row["claim"], row["datasets"]), []).append(row)
    return found


def _evidence(parts: Sequence[Mapping[str, str]]) -> Html:
    """The first comparison that decided; the others fold away."""
    ordered = sorted(parts, key=lambda part: part.get("part_verdict") != part["verdict"])
    told = [f"{part['part_verdict']}: {part['evidence']}" for part in ordered if part.get("evidence")]
    lacking = [part["missing"] for part in ordered if part.get("missing")]
    sentences = lacking + told if parts[0]["verdict"] == "not measured" else told + lacking
    first, *rest = list(dict.fromkeys(sentences)) or [""]
    return text(first) + (folded(f"and {len(rest)} more", notes(rest)) if rest else "")


def _about(path: Path, command: str, settings: Sequence[str]) -> list[str]:
    """Where the verdicts come from, and whether they are of the runs on this page."""
    account = _account(path.with_suffix(".json"))
    written = account.get("written") or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))
    said = [f"From {path.name}, which `palmbench claims` wrote on {written.replace('T', ' at ').rstrip('Z')} (UTC)."]
    if "settings" not in account:
        return [*said, "With which settings is not known."]
    theirs, ours = (" ".join(_with_effect(words)) or "the defaults" for words in (account["settings"], settings))
    said.append(f"They were checked with {theirs}{'' if theirs == ours else f', and this page is of {ours}'}.")
    return said if theirs == ours else [*said, f"`{command}` checks them with the settings of this page."]


def _account(path: Path) -> dict[str, Any]:
    account = read_object(path) or {}
    settings = account.get("settings")
    known = isinstance(settings, list) and all(isinstance(word, str) for word in settings)
    return account if known and isinstance(account.get("written"), str) else {}


def _with_effect(settings: Sequence[str]) -> list[str]:
    return sorted(word for word in settings if word.lstrip("+").partition("=")[0].split(".")[0] not in _WITHOUT_EFFECT)
