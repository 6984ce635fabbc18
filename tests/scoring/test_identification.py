"""Rank 1 in galleries of any size, against galleries that are drawn, and against the Gaussian table."""

import itertools

import numpy as np
import pytest

from palmbench.scoring.identification import rank_1_at, rank_1_by_chance, rank_probabilities, ranks_of
from palmbench.scoring.trials import Trials
from tests.scoring.gaussian import gaussian


def one_probe(closer, strangers):
    distances = np.concatenate([[0.0], np.full(closer, -1.0), np.full(strangers - closer, 1.0)])[None]
    return Trials(distances, np.array([0]), np.arange(strangers + 1))


@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_every_gallery_of_a_size_counts_once(size):
    ranks = ranks_of(one_probe(2, 6))
    galleries = [sum(place < 2 for place in chosen) for chosen in itertools.combinations(range(6), size - 1)]
    expected = np.bincount(galleries, minlength=size)[:size] / len(galleries)
    np.testing.assert_allclose(rank_probabilities(ranks, size)[0], expected, atol=1e-12)
    assert rank_1_at(ranks, size)[0] == pytest.approx(expected[0])


@pytest.mark.parametrize(
    ("dprime", "percent"), [(0.5, (19.9, 6.7, 3.2)), (1, (34.1, 14.9, 8.2)), (3, (90.2, 78.0, 67.8))]
)
def test_gaussian_scores_give_the_tabled_rates(dprime, percent):
    ranks = ranks_of(gaussian(dprime, palms=120, photos=40))
    for size, expected in zip((10, 40, 100), percent, strict=True):
        assert 100 * rank_1_at(ranks, size).mean() == pytest.approx(expected, abs=1.5)


def test_a_tie_is_an_error_and_a_failure_a_guess():
    tied = Trials(np.zeros((1, 5)), np.array([0]), np.arange(5))
    assert rank_1_at(ranks_of(tied), 5)[0] == 0
    failed = Trials(np.array([[np.nan, 1, 2, 3, 4], [0, 1, 2, 3, 4]]), np.array([0, 0]), np.arange(5))
    np.testing.assert_allclose(rank_1_at(ranks_of(failed), 4), [0.25, 1])
    np.testing.assert_allclose(rank_probabilities(ranks_of(failed), 4)[0], 0.25)


def test_palms_that_tie_share_their_ranks():
    alike = Trials(np.zeros((3, 5)), np.array([0, 1, 2]), np.arange(5))
    np.testing.assert_allclose(rank_probabilities(ranks_of(alike), 4), 0.25)
    # One stranger is closer and two tie, so in the whole gallery the own palm is second, third or fourth.
    some = Trials(np.array([[1.0, 0, 1, 1, 2]]), np.array([0]), np.arange(5))
    np.testing.assert_allclose(rank_probabilities(ranks_of(some), 5)[0], [0, 1 / 3, 1 / 3, 1 / 3, 0], atol=1e-12)
    assert rank_1_at(ranks_of(some), 2)[0] == pytest.approx(1 / 4)


def test_a_gallery_larger_than_there_is_is_refused():
    ranks = ranks_of(one_probe(1, 6))
    assert ranks.largest == 7
    with pytest.raises(ValueError, match="there are 1 to 7"):
        rank_1_at(ranks, 8)


def test_a_guess_finds_palms_with_more_photos_more_often():
    photos = np.array([[3, 1, 2, 4, 9]])
    trials = Trials(np.zeros((1, 5)), np.array([0]), np.arange(5), photos)
    assert rank_1_by_chance(trials, 5)[0] == pytest.approx(3 / 19)
    for size in (2, 3, 4):
        drawn = [3 / (3 + sum(chosen)) for chosen in itertools.combinations(photos[0, 1:], size - 1)]
        assert rank_1_by_chance(trials, size)[0] == pytest.approx(np.mean(drawn), rel=0.05)
    exact = np.mean([3 / (3 + stranger) for stranger in photos[0, 1:]])
    assert rank_1_by_chance(trials, 2)[0] == pytest.approx(exact)
    alike = Trials(np.zeros((1, 5)), np.array([0]), np.arange(5), 7)
    assert rank_1_by_chance(alike, 4)[0] == 1 / 4
    failed = Trials(np.full((1, 5), np.nan), np.array([0]), np.arange(5), photos)
    assert [rank_1_by_chance(failed, size)[0] for size in (2, 4)] == [1 / 2, 1 / 4]
