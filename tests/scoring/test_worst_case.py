"""The worst of several attackers: chosen elsewhere, and with an interval that knows there were several."""

import numpy as np
import pytest

from palmbench.scoring.replicated import Replicated, mean_of, person_weights
from palmbench.scoring.worst_case import strongest, worst_case

PERSONS = np.arange(40)


def attackers(rates, seed=0):
    """Attackers who succeed with some probabilities, independently, on the same persons."""
    rng = np.random.default_rng(seed)
    weights = person_weights(40, np.random.default_rng(1), 500)
    return {f"{k}": mean_of((rng.random(40) < rate).astype(float), PERSONS, weights) for k, rate in enumerate(rates)}


def test_the_attacker_is_chosen_on_validation_persons_and_its_number_stands():
    evaluated = attackers([0.2, 0.6])
    winner = strongest({"0": 0.9, "1": 0.1})
    found = worst_case(winner, evaluated)
    assert winner == "0" and found.value == evaluated["0"].value
    assert found.wins["1"] > 0.95


def test_its_interval_is_wider_than_that_of_the_winner_alone():
    evaluated = attackers([0.3] * 6)
    found = worst_case("0", evaluated)
    naive = evaluated["0"].interval()
    assert found.interval.lo == naive.lo
    assert found.interval.hi > naive.hi
    assert sum(found.wins.values()) == pytest.approx(1)


def test_one_attacker_alone_has_its_own_interval():
    evaluated = attackers([0.3])
    assert worst_case("0", evaluated).interval == evaluated["0"].interval()


def test_of_error_rates_the_least_is_the_worst():
    evaluated = attackers([0.5, 0.1])
    winner = strongest({"0": 0.5, "1": 0.1}, leaks_up=False)
    found = worst_case(winner, evaluated, leaks_up=False)
    assert winner == "1"
    assert found.interval.lo <= evaluated["1"].interval().lo <= found.value <= found.interval.hi


def test_an_attacker_without_a_number_is_no_candidate():
    evaluated = {**attackers([0.3]), "void": Replicated(np.nan, np.full(500, np.nan))}
    assert strongest({"0": 0.1, "void": np.nan}) == "0"
    assert worst_case("0", evaluated).interval == evaluated["0"].interval()
    assert np.isnan(worst_case("void", evaluated).value)
    with pytest.raises(ValueError, match="no attacker"):
        strongest({"void": np.nan})


def test_what_lies_above_the_floor_is_a_paired_difference():
    rng = np.random.default_rng(0)
    weights = person_weights(40, np.random.default_rng(1), 500)
    floor = (rng.random(40) < 0.5).astype(float)
    method = np.maximum(floor, rng.random(40) < 0.2)  # what the floor names, the method gives away as well
    low, high = (mean_of(each, PERSONS, weights) for each in (floor, method))
    above = high.less(low)
    assert above.value == pytest.approx((method - floor).mean())
    assert above.interval().lo >= 0
    apart = high.interval().hi - high.interval().lo
    assert above.interval().hi - above.interval().lo < apart
