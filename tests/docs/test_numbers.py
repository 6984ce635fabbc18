"""The page of the numbers has every metric that a run reports, and points where the tables point."""

from __future__ import annotations

import re

from palmbench.scoring.metrics import METRICS
from tests.docs.blocks import ROOT


def test_every_metric_is_explained_with_its_direction() -> None:
    arrows = {}
    for line in (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| (`.*?) \| ([↑↓]) \|", line):
            arrows |= dict.fromkeys(re.findall(r"`(\w+)`", row[1]), row[2])
    assert arrows == {name: "↑" if label.higher_is_better else "↓" for name, label in METRICS.items()}
