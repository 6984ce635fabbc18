"""Equal error rate of the convex hull and min Cllr: a case by hand, a reference, and Gaussian scores."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from palmbench.scoring import equal_error_rate
from palmbench.scoring.hull import hull_rates, hull_replicates, levels_among, levels_of
from palmbench.scoring.replicated import person_weights
from tests.scoring.gaussian import gaussian


def test_a_case_done_by_hand():
    # Corners of the hull (FMR, FNMR): (0, 1), (1/4, 1/4), (1, 0).
    found = hull_rates(np.array([3, 1]), np.array([1, 3]))
    assert found.eer == pytest.approx(0.25)
    assert found.min_cllr == pytest.approx(-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))


def test_scores_that_tell_all_and_scores_that_tell_nothing():
    assert hull_rates(np.array([4, 0]), np.array([0, 9])) == (0, 0)
    assert hull_rates(np.array([4]), np.array([9])) == (0.5, 1)
    assert hull_rates(np.array([0, 4]), np.array([9, 0])) == (0.5, 1)  # wrongly ordered: pooled into one block
    assert np.isnan(hull_rates(np.array([0]), np.array([9]))).all()


def test_min_cllr_is_that_of_isotonic_regression():
    trials = gaussian(1.0, palms=12, photos=5)
    mated, strangers = trials.mated, trials.distances[trials.strangers]
    labels = np.concatenate([np.ones_like(mated), np.zeros_like(strangers)])
    scores = np.concatenate([mated, strangers])
    posterior = IsotonicRegression(increasing=False).fit_transform(scores, labels)
    with np.errstate(divide="ignore"):
        ratio = posterior / (1 - posterior) * len(strangers) / len(mated)
        cost = np.log2(1 + 1 / ratio[labels == 1]).mean() + np.log2(1 + ratio[labels == 0]).mean()
    levels = levels_of(trials)
    found = hull_rates(levels.mated.sum(0), levels.strangers.sum(0))
    assert found.min_cllr == pytest.approx(cost / 2)
    assert found.eer <= equal_error_rate(mated, strangers, "roc").rate + 1e-12


def test_levels_of_all_scores_are_those_of_persons_together():
    trials = gaussian(1.0, palms=10, photos=4)
    trials.distances[0, 0] = trials.distances[5, 3] = np.nan
    trials.distances[8, 7] = trials.mated[9]  # a tie of both kinds
    known = trials.distances[~np.isnan(trials.distances)]
    of_persons, together = levels_of(trials), levels_among(trials.mated[1:], np.sort(known))
    np.testing.assert_array_equal(of_persons.mated.sum(0), together.mated[0])
    np.testing.assert_array_equal(of_persons.strangers.sum(0), together.strangers[0])


@pytest.mark.parametrize(
    ("dprime", "eer", "cllr"), [(0.5, 40.1, 0.956), (1, 30.9, 0.840), (2, 15.9, 0.511), (3, 6.7, 0.242)]
)
def test_gaussian_scores_give_the_tabled_rates(dprime, eer, cllr):
    levels = levels_of(gaussian(dprime, palms=100, photos=50))
    found = hull_rates(levels.mated.sum(0), levels.strangers.sum(0))
    assert 100 * found.eer == pytest.approx(eer, abs=0.8)
    assert found.min_cllr == pytest.approx(cllr, abs=0.012)


def test_the_interval_holds_the_value_and_is_wider_with_fewer_persons():
    widths = []
    for palms in (10, 40):
        eer, cllr = hull_replicates(
            levels_of(gaussian(1.0, palms)), person_weights(palms, np.random.default_rng(0), 200)
        )
        for each in (eer, cllr):
            assert each.interval().lo < each.value < each.interval().hi
        widths.append(eer.interval().hi - eer.interval().lo)
    assert widths[0] > 1.5 * widths[1]
