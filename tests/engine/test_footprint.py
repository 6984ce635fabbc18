"""A plan's memory: what processes of an earlier run of the kind held, or built-in figures."""

from __future__ import annotations

import pytest

from palmbench.base.memory import peak
from palmbench.engine.footprint import Footprints, Point

GIB = 2**30
BLUR = {"dataset": "synth", "method": "blur", "recognizer": "mtcc", "variant": "yan"}
HELD = {"main": GIB, "cpu": 2 * GIB}


def test_processes_as_large_as_those_of_an_earlier_run() -> None:
    known = Footprints([(Point(BLUR, 160), HELD)])
    assert known.wanted([Point(BLUR, 160)], workers=3, devices=0) == (7.0, "recorded")
    more = known.wanted([Point(BLUR, 7881)], workers=3, devices=0)
    assert 1 < more.gib - 7 < 1.5


@pytest.mark.parametrize(("workers", "devices"), [(1, 0), (2, 1)])
def test_a_run_of_other_processes_says_nothing(workers: int, devices: int) -> None:
    assert Footprints([(Point(BLUR, 160), HELD)]).wanted([Point(BLUR, 160)], workers, devices).source == "built in"


def test_another_method_is_another_kind_and_a_network_wants_more() -> None:
    known = Footprints([(Point(BLUR, 160), HELD)])
    painted, masked = ({**BLUR, "method": name} for name in ("diffusion", "mask"))
    wanted = known.wanted([Point(painted, 160)], 2, 0)
    assert wanted.source == "built in" and wanted.gib > known.wanted([Point(masked, 160)], 2, 0).gib


def test_this_process_holds_something() -> None:
    assert 2**20 < peak() < 2**40
