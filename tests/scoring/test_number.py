"""A number is kept as it was computed, and why there is none."""

from __future__ import annotations

import json
import math

import pytest

from palmbench.scoring import METRICS, Number


@pytest.mark.parametrize(
    "number",
    [
        Number(12.5, std=1.0, lo=10.0, hi=15.0, n=4, failed=1, note="few photos"),
        Number(math.inf, n=3),
        Number(-math.inf, lo=-math.inf, hi=0.0),
        Number(98.0, seeds=3, seed_std=0.5),
        Number.lacking("an impostor pair", failed=2),
    ],
)
def test_a_number_is_the_same_after_it_was_written(number: Number) -> None:
    assert Number.from_json(json.loads(json.dumps(number.to_json(), allow_nan=False))) == number


def test_what_is_undefined_has_no_value_and_rounding_no_digits() -> None:
    assert Number.of(math.nan, (math.nan, 0.1 + 0.2), n=2) == Number(None, lo=None, hi=0.3, n=2)
    assert Number.percent(1 / 3, (0.1, 0.7)) == Number(33.33333333, lo=10.0, hi=70.0)


def test_a_rate_without_failures_stands_beside_each_that_counts_them() -> None:
    alone = {name for name, metric in METRICS.items() if metric.counts_failures} - {
        name.removesuffix("_without_failures") for name in METRICS if name.endswith("_without_failures")
    }
    # The first is read beside its chance, and the other is the share of failures itself.
    assert alone == {"acc_nn_without_source", "hand_lost"}


def test_the_best_value_is_the_highest_the_lowest_or_the_nearest_to_the_ideal() -> None:
    best = {name: min((80.0, 95.0, 120.0), key=METRICS[name].badness) for name in ("rr", "acc_nn", "dir")}
    assert best == {"rr": 120.0, "acc_nn": 80.0, "dir": 95.0}
