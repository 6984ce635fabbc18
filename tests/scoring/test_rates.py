"""Error rates and separability on cases worked out by hand."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from palmbench.scoring import Distribution, decidability, deid_ratio, equal_error_rate, nearest, rejection_rate


def test_eer_where_the_rates_cross():
    point = equal_error_rate([0.1, 0.2, 0.3, 0.4], [0.35, 0.5, 0.6, 0.7])
    assert point == pytest.approx((0.25, 0.375, 0.25, 0.25))


def test_separable_scores_have_no_error_and_a_threshold_half_way():
    assert equal_error_rate([0.1, 0.2], [0.6, 0.8]) == pytest.approx((0.0, 0.4, 0.0, 0.0))


def test_of_equal_gaps_the_smaller_sum_of_errors_wins():
    # At 1.5 FAR, FRR = 1/2, 1; at 2.5 they are 1/2, 0.
    assert equal_error_rate([2], [1, 3]) == (0.25, 2.5, 0.5, 0.0)


def test_of_equal_gaps_and_sums_the_lower_far_wins():
    point = equal_error_rate([1.0], [1.0])
    assert (point.rate, point.far, point.frr) == (0.5, 0.0, 1.0)
    assert point.threshold == np.nextafter(1.0, 0.0)


def test_a_score_at_the_threshold_is_accepted():
    point = equal_error_rate([3.0, 3.0, 3.0], [3.0, 5.0, 5.0, 5.0])
    assert (point.far, point.frr, point.threshold) == (0.25, 0.0, 4.0)
    assert rejection_rate([3.0, 4.0, 4.0 + 1e-9, 5.0], point.threshold) == 0.5


@pytest.mark.parametrize("seed", range(20))
def test_eer_equals_an_exhaustive_search(seed):
    rng = np.random.default_rng(seed)
    genuine, impostor = rng.integers(0, 12, rng.integers(1, 9)), rng.integers(4, 20, rng.integers(1, 30))
    candidates = []
    for threshold in np.arange(-0.5, 21):
        far, frr = np.mean(impostor <= threshold), np.mean(genuine > threshold)
        candidates.append((round(abs(far - frr), 12), round(far + frr, 12), round(far, 12)))
    point = equal_error_rate(genuine, impostor)
    found = abs(point.far - point.frr), point.far + point.frr, point.far
    assert found == pytest.approx(min(candidates), abs=1e-11)
    assert point.far == np.mean(impostor <= point.threshold)
    assert point.frr == np.mean(genuine > point.threshold)
    assert point.rate == pytest.approx((point.far + point.frr) / 2)


def test_grid_convention_takes_the_first_step_that_balances():
    point = equal_error_rate([0.1004, 0.2], [0.3, 0.4], convention="grid")
    assert point.rate == 0
    # From 0.0994 in steps of 0.001, the first at or above 0.2.
    assert point.threshold == pytest.approx(0.2004)
    with pytest.raises(ValueError, match="unknown convention"):
        equal_error_rate([0.1], [0.2], convention="fine")


def test_exact_and_grid_agree_on_many_scores():
    rng = np.random.default_rng(0)
    genuine, impostor = rng.normal(0.3, 0.05, 5000), rng.normal(0.44, 0.03, 50000)
    exact, grid = (equal_error_rate(genuine, impostor, convention) for convention in ("exact", "grid"))
    assert exact.rate == pytest.approx(grid.rate, abs=1e-3)
    assert exact.threshold == pytest.approx(grid.threshold, abs=2e-3)


def test_a_compact_distribution_gives_the_same_numbers():
    rng = np.random.default_rng(1)
    genuine, impostor, deid = (rng.integers(low, low + 40, 500) / 64 for low in (0, 20, 15))
    compact = [Distribution.of(scores) for scores in (genuine, impostor, deid)]
    assert compact[0].size == 500
    assert compact[0].counts.sum() == 500
    assert equal_error_rate(*compact[:2]) == equal_error_rate(genuine, impostor)
    assert deid_ratio(*compact) == deid_ratio(genuine, impostor, deid)
    assert decidability(genuine, impostor) == pytest.approx(
        (impostor.mean() - genuine.mean()) / math.sqrt((impostor.var() + genuine.var()) / 2)
    )


@pytest.mark.parametrize("scores", [[], [0.1, math.nan], [0.1, math.inf]])
def test_scores_that_are_no_scores_are_refused(scores):
    with pytest.raises(ValueError, match="scores"):
        equal_error_rate(scores, [0.5])
    with pytest.raises(ValueError, match="scores"):
        decidability([0.5, 0.6], scores)


def test_a_failure_is_a_rejection():
    scores = np.array([0.1, 0.6, math.nan, 0.7])
    assert rejection_rate(scores, 0.5) == 0.75
    assert rejection_rate(scores[~np.isnan(scores)], 0.5) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="no scores"):
        rejection_rate([], 0.5)


def test_decidability_is_signed_and_uses_the_population_variance():
    # Means 2 and 6, variances 1 and 1.
    assert decidability([1, 3], [5, 7]) == 4
    assert decidability([5, 7], [1, 3]) == -4
    with pytest.raises(ValueError, match="spread"):
        decidability([1, 1], [2])


@pytest.mark.parametrize("score", [0.1, 0.7, 1 / 3, np.float32(0.3)])
@pytest.mark.parametrize("count", [3, 7, 10])
def test_scores_that_are_all_alike_have_no_spread_however_their_mean_is_rounded(score, count):
    with pytest.raises(ValueError, match="spread"):
        decidability([score] * count, [0.9] * count)
    with pytest.raises(ValueError, match="spread"):
        deid_ratio([score] * count, [0.9] * count, [0.5, 0.6])


def test_deid_ratio_is_one_for_impostor_like_and_negative_for_self_like_scores():
    genuine, impostor = [1, 3], [5, 7]
    assert deid_ratio(genuine, impostor, [5, 7]) == 1
    assert deid_ratio(genuine, impostor, [1, 3]) == 0
    # (0 - 2) / sqrt((1 + 1) / 2) over 4
    assert deid_ratio(genuine, impostor, [-1, math.nan, 1]) == -0.5
    with pytest.raises(ValueError, match="same mean"):
        deid_ratio([1, 3], [1, 3], [2])


def test_rank1_needs_the_nearest_template_to_be_right_without_a_tie():
    distances = np.array(
        [
            [0.1, 0.3, 0.2],  # a: right
            [0.3, 0.3, 0.4],  # a: tie of a and b
            [0.4, 0.2, 0.1],  # b: c is nearer
            [np.nan, np.nan, np.nan],  # failed
            [0.1, 0.2, 0.3],  # no mate in the gallery
            [0.2, np.nan, 0.3],  # a: a failed gallery template is passed over
        ]
    )
    probes, gallery = ["a", "a", "b", "a", "d", "a"], ["a", "b", "c"]
    found = nearest(distances, probes, gallery)
    np.testing.assert_array_equal(found.mate, [0.1, 0.3, 0.2, math.inf, math.inf, 0.2])
    np.testing.assert_array_equal(found.stranger, [0.2, 0.3, 0.1, math.inf, 0.1, 0.3])
    np.testing.assert_array_equal(found.hits, [1, 0, 0, 0, 0, 1])
    with pytest.raises(ValueError, match="probes"):
        nearest(distances, probes, gallery[:2])


def test_a_photo_that_is_left_out_of_the_gallery_is_not_found():
    distances = np.array([[0.1, 0.2, 0.3], [0.1, 0.0, 0.3]])
    found = nearest(distances, ["a", "a"], ["a", "a", "b"], left_out=[0, 1])
    assert found.mate.tolist() == [0.2, 0.1] and found.stranger.tolist() == [0.3, 0.3]


def test_templates_that_are_all_alike_identify_nobody():
    assert not nearest(np.zeros((4, 4)), [0, 0, 1, 1], [0, 0, 1, 1]).hits.any()


def roc_reference(genuine, impostor):
    """1 - x - TPR(x) = 0 on the ROC curve of one point a distinct score, as roc_curve and brentq find it."""
    thresholds = np.unique(np.r_[genuine, impostor])
    far = np.r_[0, [np.mean(impostor <= t) for t in thresholds]]
    tpr = np.r_[0, [np.mean(genuine <= t) for t in thresholds]]

    def gap(x):
        return 1 - x - np.interp(x, far, tpr)

    return 0.0 if gap(0.0) <= 0 else brentq(gap, 0, 1, xtol=1e-14)


@pytest.mark.parametrize("seed", range(30))
def test_roc_convention_equals_root_finding_on_the_interpolated_curve(seed):
    rng = np.random.default_rng(seed)
    genuine, impostor = rng.integers(0, 12, rng.integers(1, 9)), rng.integers(4, 20, rng.integers(1, 30))
    point = equal_error_rate(genuine, impostor, "roc")
    assert point.rate == pytest.approx(roc_reference(genuine, impostor), abs=1e-10)
    assert point.far == np.mean(impostor <= point.threshold)
    assert point.frr == np.mean(genuine > point.threshold)


def test_roc_convention_interpolates_rate_and_threshold():
    # From FAR, FRR = 1/4, 1/2 at 2 to 3/4, 0 at 4: they are equal at a quarter of the way.
    point = equal_error_rate([1, 4], [2, 4, 4, 5], "roc")
    assert point == pytest.approx((0.375, 2.5, 0.25, 0.5))


def test_roc_convention_of_separable_and_of_equal_scores():
    assert equal_error_rate([1, 2], [6, 8], "roc") == (0.0, 2.0, 0.0, 0.0)
    assert equal_error_rate([1.0], [1.0], "roc").rate == 0.5
    assert equal_error_rate([2.0], [1.0], "roc")[0] == 1.0


@pytest.mark.parametrize(("convention", "rate", "frr"), [("exact", 0.05, 0), ("grid", 0.05, 0), ("roc", 0.1, 1)])
def test_a_single_genuine_pair_has_an_operating_point(convention, rate, frr):
    # One impostor of ten is closer. The curve is a step there: it crosses at FAR = 0.1, short of the pair itself.
    point = equal_error_rate([0.2], np.arange(1, 11) / 10 + 0.05, convention)
    assert (point.rate, point.far, point.frr) == pytest.approx((rate, 0.1, frr))


def test_everything_failed_is_everything_rejected():
    assert rejection_rate([math.nan] * 3, 0.5) == 1
    with pytest.raises(ValueError, match="no scores"):
        deid_ratio([1, 3], [5, 7], [math.nan] * 3)
