"""Linkability of de-identified photos to originals: identities stay together."""

import numpy as np
import pytest

from palmbench.scoring import linkability, permutation_null
from palmbench.scoring.cross_linkability import cross_linkability
from palmbench.scoring.linkability import TooFewScores


def data_set(palms=24, photos=4, signal=0.0, of_palm=0.0, seed=0):
    """Distances with a part that each pair of palms shares, and mated ones closer by `signal`."""
    rng = np.random.default_rng(seed)
    hands = rng.permutation(np.repeat(np.arange(palms), photos))
    shared = rng.normal(0, of_palm, (palms, palms))[hands[:, None], hands]
    distances = rng.normal(0, 1, (len(hands),) * 2) + shared
    return hands, distances - signal * (hands[:, None] == hands)


def mated_and_not(hands, persons, distances):
    known = ~np.isnan(distances)
    mated = (hands[:, None] == hands) & ~np.eye(len(hands), dtype=bool) & known
    return distances[mated], distances[(persons[:, None] != persons) & known]


def test_d_sys_is_that_of_mated_and_non_mated_scores():
    hands, distances = data_set(signal=1)
    persons = hands // 2
    distances[3] = distances[:, 7] = np.nan
    found = cross_linkability(distances, hands, np.random.default_rng(0), persons, permutations=2, replicates=10)
    expected = linkability(*mated_and_not(hands, persons, distances)).d_sys
    assert found.d_sys == pytest.approx(expected)
    assert found.probes == len(hands) - 1


def test_a_photos_own_original_does_not_count():
    hands, distances = data_set()
    draws = [np.random.default_rng(0) for _ in range(2)]
    plain = cross_linkability(distances, hands, draws[0], replicates=20)
    np.fill_diagonal(distances, -50.0)
    found = cross_linkability(distances, hands, draws[1], replicates=20)
    assert found.d_sys == plain.d_sys
    np.testing.assert_array_equal(found.null, plain.null)


@pytest.mark.parametrize("of_palm", [0.0, 1.0])
def test_without_a_link_d_sys_lies_in_its_null(of_palm):
    beyond = 0
    for seed in range(12):
        hands, distances = data_set(of_palm=of_palm, seed=seed)
        found = cross_linkability(distances, hands, np.random.default_rng(seed), replicates=10)
        beyond += found.d_sys > np.quantile(found.null, 0.95)
    assert beyond <= 3  # of twelve, where 0.6 are expected: more has a probability of 0.002


def test_exchanging_palms_gives_a_wider_null_than_exchanging_scores_that_hang_together():
    hands, distances = data_set(of_palm=2.0)
    by_palm = cross_linkability(distances, hands, np.random.default_rng(0), replicates=10).null
    by_score = permutation_null(*mated_and_not(hands, hands, distances), np.random.default_rng(0))
    assert by_palm.mean() > 1.3 * by_score.mean()


def test_a_link_stands_out_of_the_null_and_its_interval_holds_the_estimate():
    hands, distances = data_set(signal=1.5)
    found = cross_linkability(distances, hands, np.random.default_rng(0))
    assert found.d_sys > found.null.max()
    assert found.interval.lo < found.d_sys < found.interval.hi
    assert found.interval.hi - found.interval.lo < 0.3


def test_photos_that_give_themselves_away_are_fully_linkable():
    hands, distances = data_set(signal=100)
    found = cross_linkability(distances, hands, np.random.default_rng(0), replicates=50)
    assert found.d_sys == 1 and found.interval == (1, 1)


def test_the_same_seed_gives_the_same_numbers():
    hands, distances = data_set(signal=1)
    first, second = (cross_linkability(distances, hands, np.random.default_rng(5), replicates=50) for _ in range(2))
    np.testing.assert_equal(first._asdict(), second._asdict())


def test_too_few_scores_are_refused_with_what_is_needed():
    hands, distances = data_set(palms=4, photos=2)
    with pytest.raises(TooFewScores) as error:
        cross_linkability(distances, hands, np.random.default_rng(0))
    assert error.value.needed == "20 mated scores"
    with pytest.raises(TooFewScores) as error:
        cross_linkability(np.zeros((6, 6)), ["a"] * 6, np.random.default_rng(0))
    assert error.value.needed == "a non-mated score"
    with pytest.raises(TooFewScores, match="0 mated"):
        cross_linkability(np.full(distances.shape, np.nan), hands, np.random.default_rng(0))
    with pytest.raises(ValueError, match="a row and a column"):
        cross_linkability(distances[:3], hands, np.random.default_rng(0))
