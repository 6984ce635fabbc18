"""D_sys on histograms done by hand, and of photos: identities stay together."""

import numpy as np
import pytest

from palmbench.scoring import linkability
from palmbench.scoring.linkability import TooFewScores, global_measure, local_measure

# Two bins: three of four mated scores in the first, one of four non-mated.
MATED, NON_MATED = np.array([3, 1]), np.array([1, 3])


def histograms(mated, non_mated):
    """Of scores, in one bin for ten mated scores and 100 at most."""
    pool = np.concatenate([mated, non_mated])
    edges = np.histogram_bin_edges(pool, min(len(mated) // 10, 100))
    return [np.histogram(scores, edges)[0] for scores in (mated, non_mated)]


def test_a_case_done_by_hand():
    # LR is 3 in the first bin, so D = 2 * 3 / 4 - 1; below 1 in the second.
    np.testing.assert_allclose(local_measure(MATED, NON_MATED), [0.5, 0])
    assert global_measure(MATED, NON_MATED) == pytest.approx(0.75 * 0.5)


def test_set_sizes_do_not_matter_but_densities():
    assert global_measure(MATED, NON_MATED * 50) == pytest.approx(0.375)


def test_equal_distributions_are_unlinkable_and_disjoint_ones_fully_linkable():
    assert global_measure(MATED, 3 * MATED) == 0
    assert global_measure(np.array([4, 0]), np.array([0, 7])) == 1
    assert global_measure(np.array([40]), np.array([99])) == 0  # scores without any spread


def test_an_empty_histogram_leaves_d_sys_undefined():
    assert np.isnan(global_measure(np.stack([MATED, 0 * MATED]), NON_MATED)).tolist() == [False, True]


def test_d_sys_approaches_its_integral():
    # Uniform on [0, 2] and [1, 3]: mated scores below 1 give themselves away, half of them.
    rng = np.random.default_rng(0)
    found = global_measure(*histograms(rng.uniform(0, 2, 200_000), rng.uniform(1, 3, 200_000)))
    assert found == pytest.approx(0.5, abs=0.02)


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
    found = linkability(distances, hands, np.random.default_rng(0), persons, permutations=2, replicates=10)
    mated, non_mated = mated_and_not(hands, persons, distances)
    assert found.d_sys == pytest.approx(float(global_measure(*histograms(mated, non_mated))))
    assert found.probes == len(hands) - 1


def test_a_photos_own_original_does_not_count():
    hands, distances = data_set()
    draws = [np.random.default_rng(0) for _ in range(2)]
    plain = linkability(distances, hands, draws[0], replicates=20)
    np.fill_diagonal(distances, -50.0)
    found = linkability(distances, hands, draws[1], replicates=20)
    assert found.d_sys == plain.d_sys
    np.testing.assert_array_equal(found.null, plain.null)


@pytest.mark.parametrize("of_palm", [0.0, 1.0])
def test_without_a_link_d_sys_lies_in_its_null(of_palm):
    beyond = 0
    for seed in range(12):
        hands, distances = data_set(of_palm=of_palm, seed=seed)
        found = linkability(distances, hands, np.random.default_rng(seed), replicates=10)
        beyond += found.d_sys > np.quantile(found.null, 0.95)
    assert beyond <= 3  # of twelve, where 0.6 are expected: more has a probability of 0.002


def test_a_link_stands_out_of_the_null_and_its_interval_holds_the_estimate():
    hands, distances = data_set(signal=1.5)
    found = linkability(distances, hands, np.random.default_rng(0))
    assert found.d_sys > found.null.max()
    assert found.interval.lo < found.d_sys < found.interval.hi
    assert found.interval.hi - found.interval.lo < 0.3


def test_both_hands_of_a_person_are_resampled_together():
    # The right hands give themselves away, the left ones do not: drawn hand by hand, their shares would vary too.
    hands, distances = data_set(signal=0)
    persons = hands // 2
    right = hands % 2 == 1
    distances[np.ix_(right, right)] -= 100 * (hands[right][:, None] == hands[right])
    by_person, by_hand = (
        linkability(distances, hands, np.random.default_rng(0), whose, permutations=2).interval
        for whose in (persons, None)
    )
    assert by_person.hi - by_person.lo < 0.8 * (by_hand.hi - by_hand.lo)


def test_photos_that_give_themselves_away_are_fully_linkable():
    hands, distances = data_set(signal=100)
    found = linkability(distances, hands, np.random.default_rng(0), replicates=50)
    assert found.d_sys == 1 and found.interval == (1, 1)


def test_the_same_seed_gives_the_same_numbers():
    hands, distances = data_set(signal=1)
    first, second = (linkability(distances, hands, np.random.default_rng(5), replicates=50) for _ in range(2))
    np.testing.assert_equal(first._asdict(), second._asdict())


def test_too_few_scores_are_refused_with_what_is_needed():
    hands, distances = data_set(palms=4, photos=2)
    with pytest.raises(TooFewScores) as error:
        linkability(distances, hands, np.random.default_rng(0))
    assert error.value.needed == "20 mated scores"
    with pytest.raises(TooFewScores) as error:
        linkability(np.zeros((6, 6)), ["a"] * 6, np.random.default_rng(0))
    assert error.value.needed == "a non-mated score"
    with pytest.raises(TooFewScores, match="0 mated"):
        linkability(np.full(distances.shape, np.nan), hands, np.random.default_rng(0))
    with pytest.raises(ValueError, match="a row and a column"):
        linkability(distances[:3], hands, np.random.default_rng(0))
