"""All measures of an attack: what leaks stands out, and what does not lies in its null."""

import itertools

import numpy as np
import pytest

from palmbench.scoring.leak import MEASURES, Calibration, measure_leak, rank_1_curve
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.trials import Trials, trials_of
from tests.scoring.gaussian import gaussian

DOWN = ("eer", "min_cllr")  # less is a leak


def leaks(dprime, seed=0, of_palm=0.0, replicates=200, permutations=60):
    trials, others = (gaussian(dprime, 40, 4, seed + shift, of_palm) for shift in (0, 1000))
    weights = person_weights(40, np.random.default_rng(0), replicates)
    return measure_leak(trials, weights, Calibration.of(others), np.random.default_rng(seed), permutations=permutations)


@pytest.mark.parametrize("of_palm", [0.0, 0.7])
def test_where_nothing_leaks_every_measure_lies_in_its_null(of_palm):
    outside = dict.fromkeys(MEASURES, 0)
    for seed in range(12):
        for name, leak in leaks(0.0, seed, of_palm, replicates=2).items():
            low, high = np.nanquantile(leak.null, [0.025, 0.975])
            # A share of few photos sits on the very ends of its null.
            outside[name] += not low - 1e-9 <= leak.found.value <= high + 1e-9
    assert max(outside.values()) <= 3  # of twelve, where 0.6 are expected
    assert sum(outside.values()) <= 14  # of 108, where 5.4 are


def test_a_guess_is_what_rates_are_compared_with():
    found = leaks(0.0)
    assert found["rank_1"].by_chance == pytest.approx(1 / 40)
    assert (found["tar_fmr100"].by_chance, found["tar_fmr1000"].by_chance) == (0.01, 0.001)
    assert found["lid"].by_chance == 0
    assert 0.45 < found["eer"].by_chance < 0.5 and 0.98 < found["min_cllr"].by_chance < 1
    assert found["mean_disclosure"].by_chance > 0.05  # few probes: read the null


def test_noise_is_at_chance_where_some_palms_have_more_photos_than_others():
    """The nearest of ten photos is closer than that of two, and ten probes look for it."""
    palms, photos = np.repeat(np.arange(20), [10, 2] * 10), np.concatenate([np.arange(10), np.arange(2)] * 10)
    weights = person_weights(20, np.random.default_rng(0), 2)
    found, chance = ({name: [] for name in MEASURES} for _ in range(2))
    for seed in range(12):
        trials, others = (
            trials_of(np.random.default_rng(seed + shift).random((120, 120)), palms, palms, palms, photos, photos)
            for shift in (0, 1000)
        )
        leaks_of = measure_leak(trials, weights, Calibration.of(others), np.random.default_rng(seed), permutations=20)
        for name, leak in leaks_of.items():
            found[name].append(leak.found.value)
            chance[name].append(leak.by_chance)
    # Nine photos of the own palm of 9 * 10 + 1 * 10, or of 9 * 10 + 2 * 10 of probes that the others lack; one of 100.
    assert np.mean(chance["rank_1"]) == pytest.approx((20 * 9 / 100 + 80 * 9 / 110 + 20 / 100) / 120)
    for name in set(MEASURES) - {"tar_fmr1000"}:
        spread = np.std(found[name]) / np.sqrt(12)
        assert np.mean(found[name]) == pytest.approx(np.mean(chance[name]), abs=3 * spread), name


def test_a_leak_stands_out_of_the_null_and_its_interval_holds_the_value():
    for name, leak in leaks(1.5).items():
        ends = leak.found.interval()
        assert ends.lo <= leak.found.value <= ends.hi
        assert leak.found.value < leak.null.min() if name in DOWN else leak.found.value > leak.null.max()


def test_d_sys_is_that_of_the_framework():
    trials = gaussian(1.0, 40, 4)
    found = leaks(1.0)["d_sys"].found.value
    mated, strangers = trials.mated, trials.distances[trials.strangers]
    edges = np.histogram_bin_edges(np.concatenate([mated, strangers]), 16)
    a, b = (np.histogram(each, edges)[0] / len(each) for each in (mated, strangers))
    assert found == pytest.approx(float((a * np.where(a > b, (a - b) / np.maximum(a + b, 1e-9), 0)).sum()))


def test_failures_are_guesses_and_rejections_and_too_few_scores_are_no_number():
    trials = gaussian(3.0, 6, 3)
    trials.distances[np.arange(18), trials.own] = np.nan
    weights = person_weights(6, np.random.default_rng(0), 20)
    found = measure_leak(trials, weights, Calibration.of(gaussian(3.0, 6, 3, 5)), np.random.default_rng(0), 4, 5)
    assert np.isnan(found["rank_1"].found.value)  # no probe tells how large a gallery may be
    assert found["lid"].found.value == 0
    assert np.isnan([found[name].found.value for name in ("eer", "min_cllr", "d_sys", "tar_fmr100")]).all()


def test_a_guess_is_not_accepted_for_a_probe_that_failed_either():
    trials = gaussian(0.0, 40, 4)
    trials.distances[::2] = np.nan
    weights = person_weights(40, np.random.default_rng(0), 2)
    found = measure_leak(trials, weights, Calibration.of(gaussian(0.0, 40, 4, 7)), np.random.default_rng(0))
    assert (found["tar_fmr100"].by_chance, found["tar_fmr1000"].by_chance) == pytest.approx((0.005, 0.0005))
    assert found["tar_fmr100"].null.mean() == pytest.approx(0.005, abs=0.002)


def test_bits_of_an_attacker_whose_scores_nobody_calibrated_are_no_number():
    """As if nothing leaked, though every palm is named: all photos of the validation persons failed."""
    trials, others = gaussian(6.0, 40, 4), gaussian(6.0, 40, 4, 7)
    others.distances[:] = np.nan
    weights = person_weights(40, np.random.default_rng(0), 20)
    calibration = Calibration.of(others, trials.distances[trials.strangers])
    found = measure_leak(trials, weights, calibration, np.random.default_rng(0), permutations=5)
    assert found["rank_1"].found.value > 0.9
    for name in ("lid", "lid_worst"):
        assert np.isnan(found[name].found.value) and np.isnan(found[name].found.draws).all()


def test_rank_1_falls_with_the_gallery_as_the_table_says():
    curve = rank_1_curve(gaussian(2.0, 100, 30), person_weights(100, np.random.default_rng(0), 50), [2, 10, 40, 100])
    assert [100 * each.value for each in curve[1:]] == pytest.approx([67.4, 44.9, 32.3], abs=2)
    assert all(wide.draws.mean() > narrow.draws.mean() for wide, narrow in itertools.pairwise(curve))


def test_the_same_seeds_give_the_same_numbers():
    for name, (one, other) in {name: (leaks(1.0)[name], leaks(1.0)[name]) for name in ("eer", "lid_worst")}.items():
        np.testing.assert_array_equal(one.found.draws, other.found.draws, err_msg=name)
        np.testing.assert_array_equal(one.null, other.null, err_msg=name)


def test_two_hands_of_a_person_are_drawn_together():
    trials = gaussian(1.0, 40, 4)
    pairs = Trials(trials.distances, trials.own, np.arange(40) // 2)
    weights = person_weights(20, np.random.default_rng(0), 100)
    found = measure_leak(pairs, weights, Calibration.of(gaussian(1.0, 40, 4, 7)), np.random.default_rng(0), 20, 5)
    assert all(len(leak.found.draws) == 100 for leak in found.values())
