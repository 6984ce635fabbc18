"""Run seeds are one line of a table: their mean, and how far they move it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from palmbench.config.schema import RunConfig
from palmbench.report.rows import rows_of, to_csv
from palmbench.report.seeds import over_seeds
from palmbench.report.tables import Entry, entry_texts
from palmbench.scoring.metric_table import (
    METRICS,
)
from tests.report.records import number, record


def runs(*given, **more):
    """Points of seeds 0, 1, ... with the rejection rates given; None for one that has not run."""
    return [
        (
            replace(RunConfig(), seed=seed),
            None
            if rate is None
            else record("diffusion", {"rr": number(rate, lo=rate - 5, hi=rate + 3, failed=seed), **more}, "synth"),
        )
        for seed, rate in enumerate(given)
    ]


def test_a_single_seed_is_as_it_is():
    ((point, only),) = runs(97.0)
    assert over_seeds([(point, only)]) == ([only], [])


def test_several_seeds_are_their_mean_the_spread_between_them_and_the_widest_interval():
    records, notes = over_seeds(runs(96.0, 98.0, 100.0))
    (row,) = rows_of(records, paper={})
    assert (row.value, row.seed_std, row.seeds) == (98, 2, 3)
    assert (row.lo, row.hi, row.failed) == (91, 103, 2)
    assert notes == ["Means over 3 run seeds (0, 1, 2)."]
    assert entry_texts(Entry(row, METRICS["rr"]))[0] == "98.00 [91.00, 103.00], σ 2.00"
    assert to_csv([row]).splitlines()[1].endswith(",98,,91,103,4,2,,3,2")


def test_the_deviation_over_photos_stays_that_within_a_seed():
    given = [(point, record("diffusion", {"ssim": number(0.9, std=std)}, "synth")) for (point, _), std in
             zip(runs(1.0, 1.0), (0.03, 0.04), strict=True)]  # fmt: skip
    (row,) = rows_of(over_seeds(given).records, paper={})
    assert row.std == pytest.approx(math.sqrt((0.03**2 + 0.04**2) / 2))
    assert (row.seed_std, row.lo) == (0, None)


def test_seeds_that_have_not_run_are_told():
    records, notes = over_seeds(runs(96.0, None, 98.0))
    assert rows_of(records, paper={})[0].value == 97
    assert notes == ["Means over 2 run seeds (0, 2); not run with seed 1."]
    records, notes = over_seeds(runs(96.0, None))
    assert (rows_of(records, paper={})[0].value, rows_of(records, paper={})[0].seed_std) == (96, None)
    assert notes == ["Means over run seed 0 alone; not run with seed 1."]
    assert over_seeds(runs(None, None)) == ([], [])


def test_what_is_missing_with_one_seed_is_missing():
    (_, first), (point, second) = runs(96.0, 97.0)
    second["metrics"]["rr"] = number(None, n=0, missing="a genuine pair")
    (row,) = rows_of(over_seeds([(replace(point, seed=0), first), (point, second)]).records, paper={})
    assert (row.value, row.missing, row.seed_std) == (None, "a genuine pair", None)


def test_what_is_infinite_with_one_seed_is_infinite():
    (point, first), (_, second) = runs(96.0, 97.0)
    first["metrics"]["psnr"], second["metrics"]["psnr"] = number(30.0), number(math.inf)
    rows = rows_of(over_seeds([(point, first), (replace(point, seed=1), second)]).records, paper={})
    assert {row.cell.metric: row.value for row in rows} == {"rr": 96.5, "psnr": math.inf}


def test_other_settings_are_not_merged():
    (point, first), _ = runs(96.0, 97.0)
    other = replace(point, method=replace(point.method, steps=3))
    assert len(over_seeds([(point, first), (other, first)]).records) == 2
