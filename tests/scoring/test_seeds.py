"""Spread of a number over run seeds."""

import math

import numpy as np
import pytest
from scipy import stats

from palmbench.scoring import seed_spread, spread_over_seeds

POINT = {"dataset": "synth", "method": "diffusion"}


def record(rr, psnr=20.0, point=POINT):
    return {"point": point, "metrics": {"rr": {"value": rr}, "psnr": {"value": psnr}, "fid": {"value": None}}}


def test_spread_is_that_of_students_t():
    values = [97.0, 98.0, 99.5, 96.5]
    found = seed_spread(values)
    assert (found.mean, found.n) == (97.75, 4)
    assert found.std == pytest.approx(np.std(values, ddof=1))
    assert (found.lo, found.hi) == pytest.approx(stats.t.interval(0.95, 3, np.mean(values), stats.sem(values)))


def test_one_seed_has_no_spread_and_equal_seeds_a_spread_of_zero():
    assert seed_spread([3.0])[0::4] == (3.0, 1)
    assert np.isnan(seed_spread([3.0])[1:4]).all()
    assert seed_spread([3.0, 3.0]) == (3, 0, 3, 3, 2)


def test_every_metric_that_all_runs_have_is_gathered():
    found = spread_over_seeds([record(90.0, "inf"), record(92.0), record(94.0)])
    assert set(found) == {"rr"}
    assert (found["rr"].mean, found["rr"].std, found["rr"].n) == (92, 2, 3)


def test_runs_of_different_points_are_not_mixed():
    with pytest.raises(ValueError, match="different points"):
        spread_over_seeds([record(90.0), record(91.0, point={**POINT, "method": "blur"})])
    with pytest.raises(ValueError, match="no runs"):
        spread_over_seeds([])


@pytest.mark.parametrize("values", [[], [1.0, math.nan]])
def test_values_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match=r"no runs|not finite"):
        seed_spread(values)
