"""Bits that a rank and that a photo disclose, against their exact values."""

import numpy as np
import pytest

from palmbench.scoring.identification import rank_probabilities, ranks_of
from palmbench.scoring.identity_disclosure import candidate_scores, own_bits, slope_of, worst_palms
from palmbench.scoring.rank_disclosure import max_bits, mean_bits, mean_disclosure
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.trials import Trials
from tests.scoring.gaussian import gaussian


def lid(trials, slope):
    return own_bits(candidate_scores(trials), trials.own, slope)


def test_equal_ranks_disclose_nothing_and_one_rank_all():
    assert mean_bits(np.full(8, 3.0)) == 0 and max_bits(np.full(8, 3.0)) == 0
    assert mean_bits(np.array([5.0] + 7 * [0.0])) == 3 and max_bits(np.array([5.0] + 7 * [0.0])) == 3
    # Ranks 1 and 2 of four equally likely: one bit.
    assert mean_bits(np.array([2.0, 2, 0, 0])) == pytest.approx(1)


def test_mean_disclosure_lies_in_its_interval():
    trials = gaussian(1.0)
    found = mean_disclosure(rank_probabilities(ranks_of(trials), 40), trials.persons,
                            person_weights(60, np.random.default_rng(0), 200))  # fmt: skip
    assert found.interval().lo < found.value < found.interval().hi


@pytest.mark.parametrize(("dprime", "bits"), [(0.5, 0.17), (1, 0.70), (2, 2.7), (3, 4.9)])
def test_gaussian_scores_disclose_the_tabled_bits(dprime, bits):
    fitted, trials = gaussian(dprime, palms=100, photos=20, seed=1), gaussian(dprime, palms=100, photos=40)
    slope = slope_of(candidate_scores(fitted), fitted.own)
    assert slope == pytest.approx(dprime, rel=0.12)
    assert lid(trials, slope).mean() == pytest.approx(bits, rel=0.08, abs=0.03)


def test_no_more_than_the_gallery_can_be_disclosed_and_a_failure_discloses_nothing():
    trials = gaussian(50.0, palms=16, photos=2)
    trials.distances[0, 0] = np.nan
    found = lid(trials, slope_of(candidate_scores(trials), trials.own))
    assert found[0] == 0
    assert found.max() <= 4 and found[1:] == pytest.approx(4, abs=0.01)


def test_an_attacker_who_believes_noise_loses_bits():
    trials, other = gaussian(0.0), gaussian(0.0, seed=1)
    assert lid(trials, 2.0).mean() < -1
    assert abs(lid(trials, slope_of(candidate_scores(other), other.own)).mean()) < 0.02


def test_scores_without_any_spread_disclose_nothing():
    flat = Trials(np.full((3, 4), 0.7), np.array([0, 1, 2]), np.arange(4))
    assert lid(flat, 3.0).tolist() == [0, 0, 0]
    assert slope_of(candidate_scores(flat), flat.own) == 0


def test_the_worst_palms_are_a_share_of_all():
    trials = gaussian(0.0, palms=40, photos=2)
    bits = np.repeat(np.arange(40.0), 2)
    weights = np.ones((1, 40), np.int32)
    found = worst_palms(bits, trials, weights)
    assert found.value == pytest.approx((39 + 38) / 2) and found.draws[0] == found.value
    weights[0, 39], weights[0, 0] = 2, 0  # the worst palm drawn twice
    assert worst_palms(bits, trials, weights).draws[0] == 39


def test_the_slope_is_the_likeliest_where_most_probes_are_sure_and_the_rest_err():
    """Pseudonyms that a third of the photos of a palm do not have: Newton's steps from 0 go to and fro."""
    rng, palms = np.random.default_rng(0), 30
    own = np.repeat(np.arange(palms), 4)
    scores = rng.normal(0, 0.1, (len(own), palms))
    sure = rng.random(len(own)) < 0.67
    scores[np.arange(len(own)), np.where(sure, own, (own + 1) % palms)] += 5.0
    slopes = np.linspace(0, 4, 4001)

    def likelihood(slope):
        logits = slope * scores
        shares = logits[np.arange(len(own)), own] - np.log(np.exp(logits).sum(axis=1))
        return shares.sum() - 0.05 * slope**2

    best = slopes[np.argmax([likelihood(slope) for slope in slopes])]
    assert 0.2 < best < 3
    assert slope_of(scores, own) == pytest.approx(best, abs=1e-3)
    assert own_bits(scores, own, slope_of(scores, own)).mean() > 1.5
