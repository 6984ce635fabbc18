"""What fingers and outline give away of a hand whose palm is hidden, and what `whole_hand` leaves of that."""

from __future__ import annotations

import pytest

from tests.gates import sizes
from tests.gates.figures import Figure, Keep
from tests.gates.painted import compute

LEAST_AGREEMENT = 95


@pytest.mark.gate
def test_a_whole_hand_is_known_less_than_one_without_its_palm_and_keeps_its_gesture(keep: Keep) -> None:
    methods = {name: [f"method={name}", "recognizer=eehnet"] for name in ("mask", "whole_hand")}
    points = compute(methods, sizes.PAINTED_SAMPLES, sizes.PAINTED_IDENTITIES)
    mask, whole = (points[name].metrics["acc_nn"] for name in methods)
    assert mask.lo is not None and whole.hi is not None
    note = f"{whole.failed} failed"
    keep(
        [
            Figure("mask: rank-1 of EEHNet", points["mask"].value("acc_nn"), "%", n=mask.n),
            Figure("whole_hand: rank-1 of EEHNet", points["whole_hand"].value("acc_nn"), "%", n=whole.n, note=note),
            Figure("from its interval up to that of mask", mask.lo - whole.hi, "points", 0, None, whole.n),
            Figure("gesture agreement", points["whole_hand"].value("gesture"), "%", LEAST_AGREEMENT, None, whole.n),
        ]
    )
