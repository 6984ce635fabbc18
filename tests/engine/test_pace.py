"""A plan's seconds: a stage goes at the pace of what did the same, whatever the latest run did."""

from __future__ import annotations

import pytest

from palmbench.engine.pace import Kind, Paces, Spent

FAST, SLOW = Kind("mask", "mask", 1.0), Kind("twenty steps", "diffusion", 20.0)


def test_a_stage_with_other_settings_has_another_pace() -> None:
    paces = Paces([("deidentified", Spent(10, 1.0, FAST), 2), ("deidentified", Spent(10, 60.0, SLOW), 2)])
    # Seconds of a core: two workers did it.
    assert paces.estimate("deidentified", FAST, ["mask"]) == (pytest.approx(0.2), "recorded")
    assert paces.estimate("deidentified", SLOW, ["diffusion"]) == (pytest.approx(12.0), "recorded")


def test_more_steps_of_the_same_tool_take_longer_in_proportion() -> None:
    paces = Paces([("deidentified", Spent(10, 60.0, SLOW), 1)])
    fifty = Kind("fifty steps", "diffusion", 50.0)
    assert paces.estimate("deidentified", fifty, ["diffusion"]) == (pytest.approx(15.0), "scaled")


def test_what_no_run_did_has_a_pace_that_is_built_in() -> None:
    paces = Paces([("deidentified", Spent(10, 1.0, FAST), 1), ("deidentified", Spent(0, 0.0, SLOW), 1)])
    found = paces.estimate("deidentified", SLOW, ["diffusion"])
    assert found.source == "built in" and found.seconds > 1
    rendered, read = paces.estimate("hands", FAST, ["mask", "rendered"]), paces.estimate("hands", FAST, ["mask"])
    assert rendered.seconds > read.seconds > 0
    assert paces.estimate("hands_after", FAST, ["mask", "rendered"]) == read
