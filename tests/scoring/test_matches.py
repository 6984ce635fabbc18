"""The match rate among de-identified photos, and its interval by brute force."""

import numpy as np
import pytest

from palmbench.scoring import bootstrap, match_rate, match_rate_interval, pair_kinds

HANDS = np.repeat(np.arange(8), 3)
PERSONS = HANDS // 2


def distances(seed):
    return np.random.default_rng(seed).normal(0.4, 0.05, 24 * 23 // 2).astype(np.float32).round(2)


def test_only_pairs_of_two_persons_with_a_distance_count():
    # Pairs 01 02 03 12 13 23; 0 and 1 are one hand, 2 the other hand of that person.
    found = np.array([0.0, 0.0, 0.3, 0.0, 0.5, np.nan], np.float32)
    assert match_rate(found, ["l", "l", "r", "x"], 0.4, ["a", "a", "a", "b"]) == 0.5
    assert np.isnan(match_rate(found[:1], ["l", "l"], 0.4))


def test_photos_that_are_all_alike_all_match():
    assert match_rate(np.zeros(276, np.float32), HANDS, 0.3, PERSONS) == 1


def test_a_distance_just_above_the_threshold_does_not_match():
    found = np.array([0.3], np.float32)
    assert match_rate(found, ["a", "b"], float(np.nextafter(np.float64(found[0]), 0))) == 0
    assert match_rate(found, ["a", "b"], float(found[0])) == 1


def test_the_interval_weighs_pairs_as_its_replicates_do():
    originals, deid = distances(0), distances(1)
    deid[::17] = np.nan
    replicates = bootstrap(originals, HANDS, np.random.default_rng(0), PERSONS, replicates=60)
    first, second = np.triu_indices(24, 1)
    kept = pair_kinds(HANDS, PERSONS).impostor & ~np.isnan(deid)
    shares = []
    for weight, threshold in zip(replicates.weights, replicates.threshold, strict=True):
        pairs = (weight[first] * weight[second])[kept]
        shares.append(pairs @ (deid[kept].astype(float) <= threshold) / pairs.sum())
    for threads in (1, 2):
        found = match_rate_interval(deid, HANDS, replicates, PERSONS, threads=threads)
        assert found == pytest.approx(np.quantile(shares, [0.025, 0.975]))


def test_without_a_pair_there_is_no_interval():
    replicates = bootstrap(distances(0), HANDS, np.random.default_rng(0), PERSONS, replicates=20)
    assert np.isnan(match_rate_interval(np.full(276, np.nan, np.float32), HANDS, replicates, PERSONS)).all()
