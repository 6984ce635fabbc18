"""True accept rates at a false match rate, with the threshold pinned where scores tie."""

import math

import numpy as np
import pytest

from palmbench.scoring import Distribution, threshold_at_fmr, true_accept_rate


def test_one_impostor_in_a_hundred_is_accepted():
    impostor = np.arange(100) / 100 + 0.3
    # The threshold lies just below the second smallest, 0.31.
    assert threshold_at_fmr(impostor, 0.01) == np.nextafter(0.31, 0)
    assert true_accept_rate([0.1, 0.3, 0.305, 0.31, 0.4], impostor, 0.01) == 0.6


def test_impostors_that_tie_are_accepted_together_or_not_at_all():
    # Two may be accepted, but three share the smallest distance.
    tied = np.r_[[0.3] * 3, np.linspace(0.4, 0.5, 197)]
    assert true_accept_rate([0.2, 0.3], tied, 0.01) == 0.5
    assert threshold_at_fmr(tied, 0.01) == np.nextafter(0.3, 0)
    two = np.r_[[0.3] * 2, np.linspace(0.4, 0.5, 198)]
    assert true_accept_rate([0.2, 0.3], two, 0.01) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fmr", [0.01, 0.001, 0.05])
def test_no_larger_threshold_keeps_the_rate(seed, fmr):
    impostor = np.random.default_rng(seed).integers(0, 300, 3000) / 1024
    threshold = threshold_at_fmr(impostor, fmr)
    assert np.mean(impostor <= threshold) <= fmr < np.mean(impostor <= np.nextafter(threshold, 1))
    assert threshold_at_fmr(Distribution.of(impostor), fmr) == threshold


def test_three_of_three_thousand_are_a_thousandth():
    for n, fmr, accepted in ((3000, 0.001, 3), (700, 0.01, 7)):
        impostor = np.arange(float(n))
        assert np.count_nonzero(impostor <= threshold_at_fmr(impostor, fmr)) == accepted


def test_distances_in_single_precision_are_held_to_the_same_threshold():
    # The threshold is next below 0.3 in double precision; in single precision it would be 0.3 and accept it.
    impostor = np.r_[[0.3] * 2, np.linspace(0.4, 0.5, 98)].astype(np.float32)
    assert true_accept_rate(np.array([0.3], np.float32), impostor, 0.01) == 0


def test_a_failed_probe_is_not_accepted():
    impostor = np.linspace(0.4, 0.5, 100)
    assert true_accept_rate([0.1, math.nan], impostor, 0.01) == 0.5
    assert true_accept_rate([math.nan, math.nan], impostor, 0.01) == 0
    with pytest.raises(ValueError, match="no scores"):
        true_accept_rate([], impostor, 0.01)


def test_too_few_impostors_for_the_rate_are_refused():
    with pytest.raises(ValueError, match=r"999 impostor scores are too few .* 0\.001: it needs 1000"):
        true_accept_rate([0.1], np.arange(999), 0.001)
    for fmr in (0, 1, 1.5, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            threshold_at_fmr([0.5], fmr)


def test_impostors_without_spread_accept_nobody_at_their_distance():
    assert true_accept_rate([0.4, 0.39], np.full(1000, 0.4), 0.01) == 0.5
