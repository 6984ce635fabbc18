"""D_sys on histograms done by hand, and its null."""

import numpy as np
import pytest

from palmbench.scoring import Distribution, linkability, permutation_null
from palmbench.scoring.linkability import TooFewScores

# Two bins over [0, 1]: three of four mated scores in the first, one of four non-mated.
MATED, NON_MATED = [0.0, 0.1, 0.2, 0.9], [0.3, 0.7, 0.8, 1.0]


def test_a_case_done_by_hand():
    # LR is 3 in the first bin, so D = 2 * 3 / 4 - 1; below 1 in the second.
    found = linkability(MATED, NON_MATED, bins=2)
    np.testing.assert_allclose(found.local, [0.5, 0])
    np.testing.assert_allclose(found.edges, [0, 0.5, 1])
    assert found.d_sys == pytest.approx(0.75 * 0.5)


def test_a_mated_pair_that_is_likelier_beforehand_links_more():
    # omega LR is 9 and 1.
    found = linkability(MATED, NON_MATED, omega=3, bins=2)
    np.testing.assert_allclose(found.local, [0.8, 0])
    assert found.d_sys == pytest.approx(0.75 * 0.8)


def test_set_sizes_do_not_matter_but_densities():
    found = linkability(MATED, NON_MATED * 50, bins=2)
    assert found.d_sys == pytest.approx(0.375)


def test_equal_distributions_are_unlinkable_and_disjoint_ones_fully_linkable():
    scores = np.random.default_rng(0).normal(size=400)
    assert linkability(scores, np.repeat(scores, 3)).d_sys == 0
    assert linkability(scores, scores + 100).d_sys == 1


def test_scores_without_spread_are_unlinkable():
    found = linkability(np.full(40, 0.4), np.full(99, 0.4))
    assert found.d_sys == 0 and not found.local.any()


def test_bins_are_one_for_ten_mated_scores_up_to_a_hundred():
    rng = np.random.default_rng(0)
    for mated, bins in [(29, 2), (250, 25), (5000, 100)]:
        assert len(linkability(rng.normal(size=mated), rng.normal(size=60)).local) == bins


def test_the_global_measure_is_the_mean_of_the_local_over_mated_scores():
    rng = np.random.default_rng(3)
    mated, non_mated = rng.normal(0, 1, 700), rng.normal(1, 1, 3000)
    found = linkability(mated, non_mated)
    places = np.clip(np.digitize(mated, found.edges) - 1, 0, len(found.local) - 1)
    assert found.d_sys == pytest.approx(found.local[places].mean())
    compact = linkability(Distribution.of(mated), Distribution.of(non_mated))
    assert compact.d_sys == found.d_sys


def test_d_sys_approaches_its_integral():
    # Uniform on [0, 2] and [1, 3]: mated scores below 1 give themselves away, half of them.
    rng = np.random.default_rng(0)
    found = linkability(rng.uniform(0, 2, 200_000), rng.uniform(1, 3, 200_000)).d_sys
    assert found == pytest.approx(0.5, abs=0.02)


def test_the_null_is_what_chance_makes_of_scores_that_do_not_differ():
    rng = np.random.default_rng(0)
    found, pool = linkability(rng.normal(size=500), rng.normal(size=5000)), rng.normal(size=5500)
    null = permutation_null(pool[:500], pool[500:], np.random.default_rng(1), permutations=400)
    assert null.min() > 0 and null.max() < 0.4  # above zero though there is nothing to find
    assert np.quantile(null, 0.01) < found.d_sys < np.quantile(null, 0.99)
    np.testing.assert_array_equal(
        null[:5], permutation_null(pool[:500], pool[500:], np.random.default_rng(1), permutations=400)[:5]
    )


def test_linked_scores_stand_out_of_the_null():
    rng = np.random.default_rng(0)
    mated, non_mated = rng.normal(-1, 1, 300), rng.normal(0, 1, 3000)
    null = permutation_null(mated, non_mated, rng)
    assert linkability(mated, non_mated).d_sys > 1.5 * null.max()


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(TooFewScores, match="19 mated scores are too few: linkability needs 20 mated scores"):
        linkability(np.arange(19), np.arange(99))
    with pytest.raises(ValueError, match="no scores"):
        linkability(np.arange(20), [])
    with pytest.raises(ValueError, match="omega"):
        linkability(MATED, NON_MATED, omega=0, bins=2)
    with pytest.raises(ValueError, match="at least one bin"):
        linkability(MATED, NON_MATED, bins=0)
