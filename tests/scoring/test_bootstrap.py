"""The bootstrap resamples persons, and each replicate is an exact evaluation of its own."""

import math

import numpy as np
import pytest

from palmbench.scoring import (
    FMRS,
    Interval,
    bootstrap,
    decidability,
    deid_ratio,
    equal_error_rate,
    levels,
    mean_interval,
    pair_kinds,
    rejection_rate,
    score_intervals,
    share_interval,
    threshold_at_fmr,
    true_accept_rate,
)


def data_set(identities=12, samples=4, seed=0, decimals=3):
    rng = np.random.default_rng(seed)
    hands = rng.permutation(np.repeat(np.arange(identities), samples))
    persons = hands // 2
    genuine, _ = pair_kinds(hands, persons)
    distances = np.where(genuine, rng.normal(0.33, 0.05, len(genuine)), rng.normal(0.44, 0.03, len(genuine)))
    deid = rng.normal(0.42, 0.03, len(hands)).round(decimals)
    return hands, persons, distances.round(decimals), deid


class OfEach:
    """A generator that draws every person once."""

    def multinomial(self, n, pvals, size):
        return np.ones((size, n), np.int64)


@pytest.mark.parametrize("genuine, impostor", [(0.1, 0.9), (1 / 3, 0.2)])
def test_a_replicate_of_scores_that_are_all_alike_has_no_decidability(genuine, impostor):
    hands = np.repeat(np.arange(5), 3)
    distances = np.where(pair_kinds(hands).genuine, genuine, impostor)
    found = bootstrap(distances, hands, np.random.default_rng(0), replicates=40)
    assert (found.genuine_variance == 0).all() and (found.impostor_variance == 0).all()
    intervals = score_intervals(found, np.full(len(hands), 0.1))
    assert np.isnan(intervals.dprime).all() and np.isnan(intervals.dir).all()


def test_a_replicate_is_the_evaluation_of_the_data_set_it_drew():
    hands, persons, distances, deid = data_set()
    deid[[3, 9]] = math.nan
    found = bootstrap(distances, hands, np.random.default_rng(5), persons, replicates=40)
    first, second = np.triu_indices(len(hands), 1)
    kinds = pair_kinds(hands, persons)
    for r, weight in enumerate(found.weights.astype(int)):
        genuine = np.repeat(distances[kinds.genuine], weight[first][kinds.genuine])
        impostor = np.repeat(distances[kinds.impostor], (weight[first] * weight[second])[kinds.impostor])
        point = equal_error_rate(genuine, impostor)
        assert (found.eer[r], found.threshold[r]) == pytest.approx((point.rate, point.threshold), abs=1e-12)
        assert found.genuine_mean[r] == pytest.approx(genuine.mean())
        assert found.impostor_variance[r] == pytest.approx(impostor.var())
        one = found._replace(**{name: value[r : r + 1] for name, value in found._asdict().items()})
        of_one = score_intervals(one, deid, deid > 0.42)
        drawn = np.repeat(deid, weight)
        assert of_one.rr.lo == pytest.approx(rejection_rate(drawn, point.threshold))
        assert of_one.rr_without_failures.lo == pytest.approx(rejection_rate(drawn[~np.isnan(drawn)], point.threshold))
        assert of_one.dprime.lo == pytest.approx(decidability(genuine, impostor))
        assert of_one.dir.lo == pytest.approx(deid_ratio(genuine, impostor, drawn))
        assert of_one.acc_nn.lo == pytest.approx(np.mean(drawn > 0.42))
        for interval, fmr in zip(of_one.tar, FMRS, strict=True):
            if len(impostor) * fmr < 1:
                assert np.isnan(interval.lo)
            else:
                assert interval.lo == pytest.approx(true_accept_rate(drawn, impostor, fmr))


def test_each_replicate_draws_as_many_identities_as_there_are():
    hands, _, distances, _ = data_set()
    weights = bootstrap(distances, hands, np.random.default_rng(0), replicates=50).weights
    assert (weights.sum(axis=1) == len(hands)).all()
    for identity in range(12):
        assert (np.ptp(weights[:, hands == identity], axis=1) == 0).all()


def test_both_hands_of_a_person_are_drawn_together():
    hands, persons, distances, _ = data_set()
    weights = bootstrap(distances, hands, np.random.default_rng(0), persons, replicates=50).weights
    assert (weights.sum(axis=1) == len(hands)).all() and len(np.unique(weights)) > 3
    for person in range(6):
        assert (np.ptp(weights[:, persons == person], axis=1) == 0).all()


def test_an_interval_covers_as_often_as_it_says_where_both_hands_of_a_person_are_alike():
    # Of 40 persons, all photos of whom share one fate: drawn hand by hand, 85 % of the intervals hold the truth.
    rng, covered = np.random.default_rng(2), 0
    persons = np.repeat(np.arange(40), 8)
    for seed in range(300):
        hits = np.repeat(rng.random(40) < 0.3, 8).astype(float)
        lo, hi = mean_interval(hits, persons, np.random.default_rng(seed), replicates=400)
        covered += lo <= 0.3 <= hi
    assert 0.90 < covered / 300 < 0.98


def test_the_same_seed_gives_the_same_intervals_whatever_the_threads():
    hands, persons, distances, deid = data_set()
    runs = [
        score_intervals(bootstrap(distances, hands, np.random.default_rng(3), persons, 200, threads), deid)
        for threads in (1, 2)
    ]
    np.testing.assert_equal(runs[0], runs[1])
    assert runs[0].acc_nn is None


def test_intervals_hold_the_point_estimates():
    hands, persons, distances, deid = data_set(identities=30)
    found = score_intervals(bootstrap(distances, hands, np.random.default_rng(0), persons), deid)
    genuine, impostor = (distances[kind] for kind in pair_kinds(hands, persons))
    point = equal_error_rate(genuine, impostor)
    for interval, value in [
        (found.eer, point.rate),
        (found.dprime, decidability(genuine, impostor)),
        (found.rr, rejection_rate(deid, point.threshold)),
        (found.dir, deid_ratio(genuine, impostor, deid)),
    ]:
        assert interval.lo < value < interval.hi


def test_rounding_to_steps_moves_thresholds_by_a_step_at_most(monkeypatch):
    hands, persons, distances, _ = data_set(identities=24, decimals=9)
    exact = bootstrap(distances, hands, np.random.default_rng(1), persons, replicates=60)
    monkeypatch.setattr(levels, "MAX_LEVELS", 1000)
    rounded = bootstrap(distances, hands, np.random.default_rng(1), persons, replicates=60)
    step = np.ptp(distances) / 1000
    assert np.median(np.abs(exact.threshold - rounded.threshold)) < step
    np.testing.assert_allclose(rounded.eer, exact.eer, atol=0.005)
    np.testing.assert_allclose(rounded.impostor_mean, exact.impostor_mean, atol=step / 10)
    np.testing.assert_allclose(rounded.genuine_variance, exact.genuine_variance, rtol=0.003)


def test_missing_templates_leave_their_pairs_out():
    hands, persons, distances, _ = data_set()
    first, second = np.triu_indices(len(hands), 1)
    gone = (first == 5) | (second == 5)
    kept = np.arange(len(hands)) != 5
    holes = np.where(gone, np.nan, distances)
    found = bootstrap(holes, hands, OfEach(), persons, replicates=1)
    kinds = pair_kinds(hands[kept], persons[kept])
    point = equal_error_rate(distances[~gone][kinds.genuine], distances[~gone][kinds.impostor])
    assert found.eer[0] == pytest.approx(point.rate)
    assert found.threshold[0] == pytest.approx(point.threshold)


def test_identities_not_samples_carry_the_information():
    rng = np.random.default_rng(0)
    of_identity = rng.normal(size=50)
    values, hands = np.repeat(of_identity, 20), np.repeat(np.arange(50), 20)
    lo, hi = mean_interval(values, hands, np.random.default_rng(1), replicates=4000)
    assert lo < values.mean() < hi
    assert hi - lo == pytest.approx(2 * 1.96 * of_identity.std() / math.sqrt(50), rel=0.08)


def test_values_that_are_missing_are_left_out_of_a_mean():
    hands = np.arange(40)
    values = np.where(hands % 2, np.nan, 3.0)
    assert mean_interval(values, hands, np.random.default_rng(0)) == (3.0, 3.0)
    lo, hi = mean_interval(np.full(4, np.nan), np.arange(4), np.random.default_rng(0))
    assert np.isnan([lo, hi]).all()


def test_two_persons_are_too_few_for_an_interval_of_what_takes_two():
    hands, persons, distances, deid = data_set(identities=4)
    found = score_intervals(bootstrap(distances, hands, np.random.default_rng(0), persons), deid)
    assert np.isnan([found.eer, found.dprime, found.dir, found.rr]).all()
    hands, persons, distances, deid = data_set(identities=6)
    found = score_intervals(bootstrap(distances, hands, np.random.default_rng(0), persons), deid)
    assert np.ptp(found.eer) > 0 and np.ptp(found.dir) > 0


def test_numbers_without_genuine_pairs_have_no_interval():
    found = score_intervals(bootstrap(np.array([0.4, 0.5, 0.6]), ["a", "b", "c"], np.random.default_rng(0)))
    assert np.isnan([found.eer, found.dprime]).all()


def test_distances_must_fit_the_samples():
    with pytest.raises(ValueError, match="3 samples make 3 pairs"):
        bootstrap(np.zeros(4), ["a", "b", "c"], np.random.default_rng(0))


def test_a_threshold_at_a_false_match_rate_is_found_in_every_replicate():
    hands, persons, distances, _ = data_set(identities=20)
    found = bootstrap(distances, hands, np.random.default_rng(0), persons, replicates=30)
    first, second = np.triu_indices(len(hands), 1)
    impostor = pair_kinds(hands, persons).impostor
    for weight, thresholds in zip(found.weights.astype(int), found.fmr_thresholds, strict=True):
        drawn = np.repeat(distances[impostor], (weight[first] * weight[second])[impostor])
        assert thresholds.tolist() == [threshold_at_fmr(drawn, fmr) for fmr in FMRS]


def test_when_every_photo_failed_all_are_rejected_and_the_rest_is_undefined():
    hands, persons, distances, deid = data_set()
    replicates = bootstrap(distances, hands, np.random.default_rng(0), persons, replicates=50)
    found = score_intervals(replicates, np.full(len(deid), math.nan), np.zeros(len(deid), bool))
    assert found.rr == (1, 1) and found.acc_nn == (0, 0) and found.tar[0] == (0, 0)
    assert np.isnan([found.rr_without_failures, found.dir]).all()


def test_a_share_that_no_replicate_moves_has_the_exact_interval_of_as_many_persons():
    # Clopper and Pearson for 40 of 40: the 40th root of 0.025; "rule of three" says 1 - 3.7 / 40.
    assert share_interval(Interval(1, 1), 40) == (pytest.approx(0.91191, abs=1e-5), 1)
    assert share_interval(Interval(0, 0), 40) == (0, pytest.approx(0.08809, abs=1e-5))
    assert share_interval(Interval(0.9, 1), 40) == (0.9, 1)
    assert share_interval(Interval(0.5, 0.5), 2) == (0.5, 0.5)
    assert np.isnan(share_interval(Interval(math.nan, math.nan), 40)).all()


def test_many_distances_take_a_block_at_a_time(monkeypatch):
    distances = data_set(decimals=9)[2]
    distances[5] = math.nan
    for most in (65535, 100):
        monkeypatch.setattr(levels, "MAX_LEVELS", most)
        whole = levels.levels_of(distances)
        monkeypatch.setattr(levels, "DISTANCES_PER_BLOCK", 7)
        blocks = levels.levels_of(distances)
        np.testing.assert_array_equal(blocks.places, whole.places)
        np.testing.assert_allclose(blocks.values, whole.values)
        monkeypatch.undo()
