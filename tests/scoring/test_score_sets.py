"""Every distance goes into the set of its name, and failures into none."""

from importlib import import_module

import numpy as np
import pytest

from palmbench.scoring import Distribution, score_sets

# Two photos of palm a1, one of the other hand of its person, one of another person.
HANDS, PERSONS = ["a1", "a1", "a2", "b1"], ["a", "a", "a", "b"]


def expanded(distribution):
    return np.repeat(distribution.values, distribution.counts).tolist()


def test_distances_fall_into_sets_by_name():
    across = np.arange(16.0).reshape(4, 4)
    among = np.array([20.0, 21, 22, 23, 24, 25])  # 01 02 03 12 13 23
    found = score_sets(across, among, HANDS, PERSONS)
    assert expanded(found.self_scores) == [0, 5, 10, 15]
    assert expanded(found.mated) == [1, 4]
    assert expanded(found.non_mated) == [3, 7, 11, 12, 13, 14]
    assert expanded(found.inter_deid) == [22, 24, 25]


def test_a_failed_photo_is_in_no_set():
    across = np.arange(16.0).reshape(4, 4)
    across[1], across[:, 3] = np.nan, np.nan
    among = np.array([np.nan, 21, 22, np.nan, np.nan, 25])
    found = score_sets(across, among, HANDS, PERSONS)
    assert [expanded(each) for each in found] == [[0, 10], [1], [12, 13, 14], [22, 25]]


def test_when_everything_failed_the_sets_are_empty():
    found = score_sets(np.full((4, 4), np.nan), np.full(6, np.nan), HANDS, PERSONS)
    assert [each.size for each in found] == [0, 0, 0, 0]


def test_blocks_do_not_change_a_distribution(monkeypatch):
    rng = np.random.default_rng(0)
    hands = rng.permutation(np.repeat(np.arange(10), 3))
    across, among = rng.integers(0, 50, (30, 30)) / 64, rng.integers(0, 50, 435) / 64
    whole = score_sets(across, among, hands)
    monkeypatch.setattr(import_module("palmbench.scoring.score_sets"), "PAIRS_PER_BLOCK", 70)
    np.testing.assert_equal(score_sets(across, among, hands), whole)
    assert whole.mated.size == 60 and whole.non_mated.size == 30 * 27 and whole.inter_deid.size == 435 - 30


def test_pooling_counts_what_lists_have_in_common():
    pool = Distribution.pooled([np.array([2.0, 1, 2]), np.empty(0), np.array([2.0, 3])])
    assert (pool.values.tolist(), pool.counts.tolist()) == ([1, 2, 3], [1, 3, 1])
    with pytest.raises(ValueError, match="finite"):
        Distribution.pooled([np.array([1.0]), np.array([np.nan])])


def test_sets_need_a_distance_for_each_pair():
    with pytest.raises(ValueError, match="for 4 samples"):
        score_sets(np.zeros((3, 4)), np.zeros(6), HANDS, PERSONS)
    with pytest.raises(ValueError, match="two persons"):
        score_sets(np.zeros((2, 2)), np.zeros(1), ["a", "a"], ["x", "y"])
