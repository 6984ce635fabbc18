"""Numbers beside identity have the values that are known of constructed scores."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from palmbench.scoring.attribute import named_rightly
from palmbench.scoring.membership import remembered
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.told_apart import rates_of, told_apart

PEOPLE = 100
PERSONS = np.arange(PEOPLE).repeat(20)
WEIGHTS = person_weights(PEOPLE, np.random.default_rng(0), 200)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0, 2.0])
def test_gaussian_scores_have_the_area_and_the_rate_that_their_distance_says(apart: float) -> None:
    scores = rng().normal(size=(2, len(PERSONS)))
    found = told_apart(scores[0] + apart, scores[1], PERSONS, PERSONS, WEIGHTS, rng())
    assert found["auc"].found.value == pytest.approx(NormalDist().cdf(apart / math.sqrt(2)), abs=0.02)
    tpr = 1 - NormalDist(apart).cdf(NormalDist().inv_cdf(0.99))
    assert found["tpr_fpr100"].found.value == pytest.approx(tpr, abs=0.06)
    low, high = found["auc"].found.interval()
    assert low < found["auc"].found.value < high
    outside = np.quantile(found["auc"].null, 0.975) < found["auc"].found.value
    assert outside == (apart > 0)


def test_equal_scores_tell_nothing_and_disjoint_ones_everything() -> None:
    ones = np.ones(len(PERSONS))
    same = told_apart(ones, ones, PERSONS, PERSONS, WEIGHTS, rng())
    assert (same["auc"].found.value, same["tpr_fpr100"].found.value) == (0.5, 0)
    assert same["auc"].found.interval() == (0.5, 0.5)
    apart = told_apart(ones, 0 * ones, PERSONS, PERSONS, WEIGHTS, rng())
    assert (apart["auc"].found.value, apart["tpr_fpr100"].found.value) == (1, 1)


def test_rates_of_a_few_scores_are_those_of_the_hand() -> None:
    # Scores 1 to 4; positives at 2, 3 and 4, negatives at 1, 1 and 3: 7 of 9 pairs in order, one tied.
    rates = rates_of(np.array([0.0, 1, 1, 1]), np.array([2.0, 0, 1, 0]))
    assert rates.auc == pytest.approx((2 + 2.5 + 3) / 9)
    assert rates.tpr == pytest.approx(1 / 3)
    assert rates.advantage == pytest.approx(2 / 3)


def test_too_few_originals_have_no_rate_at_one_in_a_hundred() -> None:
    few = np.arange(99) % PEOPLE
    found = told_apart(np.ones(99), np.zeros(99), few, few, WEIGHTS, rng())
    assert np.isnan(found["tpr_fpr100"].found.value) and found["auc"].found.value == 1


def test_an_attribute_is_named_as_often_as_its_classes_are_on_the_average() -> None:
    persons = np.arange(10)
    truth = np.array([0] * 8 + [1] * 2)
    named = np.array([0] * 6 + [1] * 2 + [1, 0])
    weights = person_weights(10, rng(), 500)
    leak = named_rightly(named, truth, persons, persons, weights, rng())
    assert leak.found.value == pytest.approx((6 / 8 + 1 / 2) / 2)
    assert leak.by_chance == 0.5 and leak.null.mean() == pytest.approx(0.5, abs=0.05)
    majority = named_rightly(np.zeros(10, int), truth, persons, persons, weights, rng())
    assert majority.found.value == 0.5 and set(majority.null) == {0.5}
    alone = named_rightly(named, np.zeros(10, int), persons, persons, weights, rng())
    assert np.isnan(alone.found.value)


def test_whoever_has_no_photo_is_not_in_the_null() -> None:
    """Four of ten persons have photos, two of each class: exchanged among themselves they have two of each still."""
    persons, truth = np.array([1, 4, 6, 9]), np.array([0, 0, 1, 1])
    weights = person_weights(10, rng(), 20)
    leak = named_rightly(truth, truth, persons, persons, weights, rng())
    assert set(leak.null) == {0.0, 0.5, 1.0} and leak.null.mean() == pytest.approx(0.5, abs=0.1)
    renumbered = named_rightly(truth, truth, np.arange(4), persons, weights, rng())
    np.testing.assert_array_equal(leak.null, renumbered.null)


def test_palms_that_a_painter_remembers_are_found_and_no_others() -> None:
    persons, seen = np.arange(40).repeat(2), np.arange(60) < 30
    distances = 1 + 0.1 * rng().normal(size=(80, 60))
    weights = person_weights(40, rng(), 200)
    nothing = remembered(distances, seen, 0.72, persons, weights, rng())
    for leak in nothing.values():
        assert np.quantile(leak.null, 0.01) <= leak.found.value <= np.quantile(leak.null, 0.99)
    shown = distances.copy()
    shown[np.arange(0, 80, 2), np.arange(40) % 30] = 0.2  # every other output is a palm of the training
    found = remembered(shown, seen, 0.5, persons, weights, rng())
    assert found["matching"].found.value == pytest.approx(0.5)
    assert found["advantage"].found.value == pytest.approx(0.5, abs=0.15)
    assert found["auc"].found.value == pytest.approx(0.75, abs=0.08)
    assert all(np.quantile(leak.null, 0.99) < leak.found.value for leak in found.values())
    assert np.isnan(remembered(distances, seen, np.nan, persons, weights, rng())["matching"].found.value)
