"""Leaving out groups of persons tells how sure a number is that is not a mean of photos."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from palmbench.scoring import jackknife_interval


def test_for_a_mean_it_is_students_interval() -> None:
    values = np.random.default_rng(0).normal(size=12)
    found = jackknife_interval(lambda kept: values[kept].mean(), values.mean(), np.arange(12))
    assert found == pytest.approx(stats.t.interval(0.95, 11, values.mean(), stats.sem(values)))


def test_photos_of_one_person_are_left_out_together() -> None:
    persons = np.repeat(["a", "b", "c", "d"], 3)
    left_out: list[set[str]] = []

    def note(kept: np.ndarray) -> float:
        left_out.append(set(persons[~kept]))
        return 0.0

    jackknife_interval(note, 0.0, persons)
    assert left_out == [{"a"}, {"b"}, {"c"}, {"d"}]
    left_out.clear()
    jackknife_interval(note, 0.0, persons, groups=3)
    assert left_out == [{"a", "d"}, {"b"}, {"c"}]


def test_it_covers_as_often_as_it_says_where_photos_of_a_person_are_alike() -> None:
    # The variance of 30 persons of 4 like photos: an interval that took 120 photos for independent would cover 70 %.
    rng, persons, covered = np.random.default_rng(1), np.repeat(np.arange(30), 4), 0
    for _ in range(300):
        values = np.repeat(rng.normal(size=30), 4) + rng.normal(0, 0.2, 120)
        lo, hi = jackknife_interval(lambda kept, values=values: float(values[kept].var()), values.var(), persons)
        covered += lo < 1.04 < hi
    assert 0.88 < covered / 300 < 0.98


def test_two_persons_are_too_few() -> None:
    assert np.isnan(jackknife_interval(lambda kept: 0.0, 0.0, ["a", "a", "b"])).all()
