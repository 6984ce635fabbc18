"""Differences of numbers measured apart."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.scoring.differences import independent, paired, same_draws
from palmbench.scoring.number import Number
from palmbench.scoring.replicated import Replicated


def test_a_constant_shift_of_the_same_draws_is_known_exactly() -> None:
    draws = np.random.default_rng(0).normal(10, 3, 1000)
    found = paired(Replicated(10.0, draws), Replicated(12.5, draws + 2.5))
    assert (found.value, found.lo, found.hi) == pytest.approx((2.5, 2.5, 2.5))


def test_independent_intervals_are_put_together_end_by_end() -> None:
    found = independent(Number.of(10.0, (8.0, 12.0)), Number.of(13.0, (12.0, 15.0)))
    assert (found.value, found.lo, found.hi) == pytest.approx((3.0, 3 - 5**0.5, 3 + 8**0.5))


def test_without_an_interval_or_a_number_there_is_none() -> None:
    found = independent(Number.of(10.0), Number.of(13.0, (12.0, 15.0)))
    assert (found.value, found.lo) == (3.0, None)
    assert independent(Number.lacking("weights"), Number.of(1.0)).value is None
    assert independent(Number.of(np.inf), Number.of(np.inf)).missing == "a finite number on both sides"


def test_draws_of_another_number_are_not_paired() -> None:
    one = Replicated(1.0, np.ones(10))
    assert same_draws(one, one)
    assert not same_draws(one, Replicated(1.0, np.ones(20)))
    assert not same_draws(one, Replicated(1.0, np.full(10, np.nan)))
