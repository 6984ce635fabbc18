"""The page of the numbers has every metric that a run reports, and points where the tables point."""

from __future__ import annotations

import re

from palmbench.scoring.disclosure_table import DISCLOSED
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.metric_table import (
    METRICS,
    names_of,
)
from tests.docs.blocks import ROOT


def test_every_metric_is_explained_with_its_direction() -> None:
    arrows = {}
    for line in (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| (`.*?) \| ([↑↓]) \|", line):
            arrows |= dict.fromkeys(re.findall(r"`(\w+)`", row[1]), row[2])
    assert arrows == {name: metric.heading[-1] for name, metric in METRICS.items()}


def test_every_number_of_an_attack_is_explained_with_its_direction() -> None:
    arrows = {}
    for line in (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| (`.*?) \| ([↑↓]) \|", line):
            arrows |= dict.fromkeys(re.findall(r"`(\w+)`", row[1]), row[2])
    assert arrows == {name: measure.heading[-1] for name, measure in (LEAKS | DISCLOSED).items()}


def test_failures_are_treated_as_the_page_says() -> None:
    told = {}
    for line in (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            told |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), (cells[3], cells[4]))
    assert told == {name: (METRICS[name].unit, METRICS[name].failures) for name in names_of("recognition")}
