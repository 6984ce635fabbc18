"""Pooling outputs: independent ones gain the root of their number, identical ones nothing."""

import numpy as np
import pytest

from palmbench.scoring import decidability
from palmbench.scoring.pooling import dprime_of, gaussian_rank_1, output_correlation, pooled_dprime


def outputs(correlation, shift, pairs=20_000, count=8, seed=0):
    """Scores of several outputs against one palm, alike by a correlation."""
    rng = np.random.default_rng(seed)
    common, own = rng.normal(size=(pairs, 1)), rng.normal(size=(pairs, count))
    return shift + np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


def test_the_law_at_its_ends():
    assert pooled_dprime(0.7, 0.0, 4) == pytest.approx(1.4)
    assert pooled_dprime(0.7, 1.0, 4) == pytest.approx(0.7)
    assert pooled_dprime(1.0, 0.25, 10**9) == pytest.approx(2)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8, 1.0])
def test_pooled_scores_follow_the_law_with_the_correlation_found_in_them(correlation):
    mated, strangers = outputs(correlation, -1.0), outputs(correlation, 0.0, seed=1)
    found = output_correlation(mated, strangers)
    assert found == pytest.approx(correlation, abs=0.01)
    for count in (1, 2, 4, 8):
        pooled = decidability(mated[:, :count].mean(1), strangers[:, :count].mean(1))
        assert pooled == pytest.approx(pooled_dprime(1.0, found, count), rel=0.03)


def test_a_shift_between_the_sets_is_no_correlation():
    assert output_correlation(outputs(0.0, -5.0), outputs(0.0, 5.0)) == pytest.approx(0, abs=0.01)


def test_scores_that_never_vary_and_scores_that_are_not_there():
    assert output_correlation(np.ones((5, 3))) == 1
    assert np.isnan(output_correlation(np.ones((5, 1))))
    gaps = outputs(0.3, 0.0, pairs=3000)
    gaps[::2, 1] = np.nan
    assert output_correlation(gaps) == output_correlation(gaps[1::2])


@pytest.mark.parametrize(
    ("dprime", "palms", "percent"), [(0, 40, 2.5), (0.5, 10, 19.9), (1, 100, 8.2), (2, 40, 44.9), (4, 2035, 70.4)]
)
def test_gaussian_scores_of_a_dprime_name_the_palm_as_often_as_tabled(dprime, palms, percent):
    assert 100 * gaussian_rank_1(dprime, palms) == pytest.approx(percent, abs=0.06)
    assert dprime_of(gaussian_rank_1(dprime, palms), palms) == pytest.approx(dprime, abs=1e-6)


def test_a_dprime_is_told_where_there_is_one():
    assert dprime_of(0.01, 40) == 0
    assert np.isnan(dprime_of(1.0, 40))
