"""Numbers in every draw of persons: the plain number where every photo is drawn once, weighted where not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from palmbench.scoring import Replicates, deid_ratio
from palmbench.scoring.bootstrap import accepted_shares, deid_ratios, moments

GENUINE, IMPOSTOR = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7, 0.8])


def drawn(weights: list[list[int]], thresholds: list[float]) -> Replicates:
    n = len(weights)
    means = [np.full(n, each) for each in (GENUINE.mean(), GENUINE.var(), IMPOSTOR.mean(), IMPOSTOR.var())]
    return Replicates(np.array(weights, np.int32), np.full(n, 0.1), np.array(thresholds), *means, np.empty((n, 2)))


def test_moments_are_weighted_and_leave_failures_out() -> None:
    weights = np.array([[1, 1, 1], [3, 1, 5]])
    mean, variance = moments(weights, np.array([2.0, 6.0, np.nan]))
    assert mean.tolist() == [4, 3]  # (2 + 6) / 2 and (3 * 2 + 6) / 4
    assert variance.tolist() == [4, 3]  # 2^2, and (3 * 1 + 9) / 4


def test_all_distances_of_a_photo_count_as_often_as_its_identity() -> None:
    mean, _ = moments(np.array([[1, 3]]), np.array([[1.0, 3.0], [5.0, np.nan]]))
    assert mean.tolist() == [(1 + 3 + 3 * 5) / 5]


def test_a_distance_at_the_threshold_is_accepted_and_a_failure_left_out() -> None:
    replicates = drawn([[1, 1, 2], [1, 0, 1]], [0.45, math.nan])
    shares = accepted_shares(replicates, replicates.weights, np.array([[0.4, 0.45], [0.5, 0.3], [np.nan, 0.6]]))
    assert shares[0] == 3 / 6  # 2 and 1 of the first two photos; the third, drawn twice, adds two that are not
    assert math.isnan(shares[1])  # no operating point in that draw


def test_dir_with_every_photo_drawn_once_is_equation_4() -> None:
    replicates = drawn([[1, 1, 1]], [0.4])
    scores = np.array([0.5, 0.55, 0.7])
    expected = deid_ratio(GENUINE, IMPOSTOR, scores)
    assert deid_ratios(replicates, replicates.weights, scores)[0] == pytest.approx(expected)
