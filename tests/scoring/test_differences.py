"""Two methods are compared on the same drawn identities."""

import math

import numpy as np
import pytest

from palmbench.scoring import (
    PhotoScores,
    bootstrap,
    deid_ratio,
    equal_error_rate,
    mean_difference,
    mean_interval,
    pair_kinds,
    paired_difference,
    rejection_rate,
    score_intervals,
    true_accept_rate,
)


@pytest.fixture(scope="module")
def originals():
    rng = np.random.default_rng(0)
    hands = np.repeat(np.arange(30), 4)
    genuine, impostor = pair_kinds(hands)
    distances = np.where(genuine, rng.normal(0.33, 0.05, len(genuine)), rng.normal(0.44, 0.03, len(genuine))).round(3)
    replicates = bootstrap(distances, hands, np.random.default_rng(1), replicates=300)
    return hands, distances[genuine], distances[impostor], replicates


def method(hands, mean, seed):
    of_palm = np.random.default_rng(7).normal(0, 0.02, 30)[hands]  # what makes a palm hard does so for every method
    deid = mean + of_palm + np.random.default_rng(seed).normal(0, 0.003, len(hands))
    return PhotoScores(deid, deid < 0.42)


def test_differences_are_those_of_the_point_estimates(originals):
    hands, genuine, impostor, replicates = originals
    first, second = method(hands, 0.42, 1), method(hands, 0.41, 2)
    first.deid[:3] = math.nan
    found = paired_difference(replicates, genuine, impostor, first, second)
    threshold = equal_error_rate(genuine, impostor).threshold
    known = first.deid[3:]
    for name, one, two in [
        ("rr", rejection_rate(first.deid, threshold), rejection_rate(second.deid, threshold)),
        ("rr_without_failures", rejection_rate(known, threshold), rejection_rate(second.deid, threshold)),
        ("dir", deid_ratio(genuine, impostor, known), deid_ratio(genuine, impostor, second.deid)),
        ("acc_nn", first.hits.mean(), second.hits.mean()),
    ]:
        difference = getattr(found, name)
        assert difference.value == pytest.approx(one - two), name
        assert difference.lo <= difference.value <= difference.hi, name
    for difference, fmr in zip(found.tar, (0.01, 0.001), strict=True):
        rates = (true_accept_rate(scores.deid, impostor, fmr).rate for scores in (first, second))
        assert difference.value == pytest.approx(next(rates) - next(rates))


def test_a_method_does_not_differ_from_itself(originals):
    hands, genuine, impostor, replicates = originals
    scores = method(hands, 0.42, 1)
    found = paired_difference(replicates, genuine, impostor, scores, scores)
    for difference in (*found[:4], *found.tar):
        assert difference == (0, 0, 0)


def test_swapping_the_methods_turns_the_sign(originals):
    hands, genuine, impostor, replicates = originals
    first, second = method(hands, 0.43, 1), method(hands, 0.41, 2)
    there = paired_difference(replicates, genuine, impostor, first, second).dir
    back = paired_difference(replicates, genuine, impostor, second, first).dir
    assert back == pytest.approx((-there.value, -there.hi, -there.lo))


def test_pairing_decides_what_separate_intervals_leave_open(originals):
    hands, genuine, impostor, replicates = originals
    first, second = method(hands, 0.425, 1), method(hands, 0.42, 2)
    separate = [score_intervals(replicates, scores.deid).dir for scores in (first, second)]
    assert separate[0].lo < separate[1].hi
    assert paired_difference(replicates, genuine, impostor, first, second).dir.lo > 0


def test_where_a_method_failed_throughout_only_rates_with_failures_differ(originals):
    hands, genuine, impostor, replicates = originals
    failed = PhotoScores(np.full(len(hands), math.nan), np.zeros(len(hands), bool))
    found = paired_difference(replicates, genuine, impostor, failed, method(hands, 0.2, 1))
    assert found.rr == (1, 1, 1) and found.acc_nn == (-1, -1, -1)
    assert np.isnan(found.rr_without_failures).all() and np.isnan(found.dir).all()


def test_photos_must_be_the_same(originals):
    hands, genuine, impostor, replicates = originals
    scores = method(hands, 0.4, 1)
    with pytest.raises(ValueError, match="119 distances and 120 hits for 120 photos"):
        paired_difference(replicates, genuine, impostor, scores, scores._replace(deid=scores.deid[1:]))


def test_means_are_compared_photo_by_photo():
    hands = np.repeat(np.arange(20), 3)
    hard = np.random.default_rng(0).normal(0, 0.2, 20)[hands]
    first, second = 0.8 + hard, 0.7 + hard
    found = mean_difference(first, second, hands, np.random.default_rng(0))
    assert found == pytest.approx((0.1, 0.1, 0.1))
    alone = mean_interval(first, hands, np.random.default_rng(0))
    assert alone.hi - alone.lo > 0.1


def test_a_photo_without_a_number_under_one_method_is_left_out_of_both():
    found = mean_difference(
        [1.0, 2.0, math.nan, math.inf], [0.0, 0.0, 5.0, math.inf], np.arange(4), np.random.default_rng(0)
    )
    assert found.value == 1.5
    assert np.isnan(mean_difference([math.nan] * 2, [1, 2], [0, 1], np.random.default_rng(0))).all()
