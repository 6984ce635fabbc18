"""The reference lists what Python can call."""

from __future__ import annotations

import re

from palmbench import scoring
from tests.docs.blocks import ROOT


def test_every_score_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "scoring.md").read_text(encoding="utf-8")
    assert {*re.findall(r"^        - (\w+)$", page, re.MULTILINE)} == {*scoring.__all__} - {"FMRS"}
