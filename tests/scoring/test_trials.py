"""Distances between photos become distances to palms, and nobody's source or other hand is among them."""

import numpy as np
import pytest

from palmbench.scoring.trials import trials_of

PALMS = ["a", "a", "b", "b", "c", "c"]
PERSONS = ["1", "1", "1", "1", "2", "2"]  # a and b are two hands of one person
PHOTOS = [0, 1, 0, 1, 0, 1]


def distances():
    return np.arange(36, dtype=float).reshape(6, 6)


def test_the_nearest_photo_speaks_for_its_palm_and_no_photo_of_the_sources_number():
    found = trials_of(distances(), PALMS, PALMS, PERSONS, PHOTOS, PHOTOS)
    # The first photo of a palm is compared with second photos alone, the second with first ones.
    np.testing.assert_array_equal(found.distances[0], [1, np.nan, 5])
    np.testing.assert_array_equal(found.distances[3], [np.nan, 20, 22])
    np.testing.assert_array_equal(found.own, [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(found.mated[:4], [1, 6, 15, 20])
    np.testing.assert_array_equal(found.persons, [0, 0, 0, 0, 1, 1])


def test_the_other_hand_of_a_person_is_neither_mate_nor_stranger():
    found = trials_of(distances(), PALMS, PALMS, PERSONS)
    np.testing.assert_array_equal(found.strangers[[0, 2, 4]], [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    alone = trials_of(distances(), PALMS, PALMS)
    np.testing.assert_array_equal(alone.strangers[0], [0, 1, 1])


def test_the_only_photo_of_a_palm_is_no_probe_and_stays_in_the_gallery():
    palms, photos = ["a", "a", "b", "c", "c"], [0, 1, 0, 0, 1]
    found = trials_of(distances()[:5, :5], palms, palms, probe_photos=photos, gallery_photos=photos)
    np.testing.assert_array_equal(found.own, [0, 0, 2, 2])
    np.testing.assert_array_equal(found.distances, [[1, np.nan, 4], [6, 8, 9], [19, np.nan, 22], [24, 26, 27]])
    missing = np.full((5, 5), np.nan)  # templates that are not there are failures all the same
    assert len(trials_of(missing, palms, palms, probe_photos=photos, gallery_photos=photos).own) == 4


def test_a_mean_leaves_out_what_is_missing_and_without_anything_there_is_no_distance():
    known = distances()
    known[0, 4], known[1, 4:] = np.nan, np.nan
    found = trials_of(known, PALMS, PALMS, pool="mean")
    np.testing.assert_array_equal(found.distances[0], [0.5, 2.5, 5])
    assert np.isnan(found.distances[1, 2]) and not found.strangers[1, 2]


def test_exchanged_palms_keep_the_probes_of_a_palm_together():
    found = trials_of(distances(), PALMS, PALMS).exchanged(np.random.default_rng(1))
    first, second = found.own[::2], found.own[1::2]
    np.testing.assert_array_equal(first, second)
    assert sorted(first) == [0, 1, 2]


def test_no_palm_is_put_down_to_the_other_hand_of_its_person():
    trials = trials_of(distances(), PALMS, PALMS, PERSONS)
    drawn = {tuple(trials.exchanged(np.random.default_rng(seed)).own[::2]) for seed in range(40)}
    assert drawn == {(0, 1, 2), (2, 1, 0), (0, 2, 1)}


def test_palms_are_exchanged_among_those_with_about_as_many_photos():
    counts = [2, 9, 2, 9, 2, 9, 2, 9, 2, 8, 3]
    palms = np.repeat(np.arange(11), counts)
    noise = np.random.default_rng(0).random((len(palms), len(palms)))
    trials = trials_of(noise, palms, palms, np.array([0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8])[palms])
    few, many = [0, 2, 4, 6, 8], [1, 3, 5, 7, 9, 10]  # too few have three or eight: they join the next
    np.testing.assert_array_equal(trials.groups[0], few)
    np.testing.assert_array_equal(trials.groups[1], many)
    for seed in range(40):
        drawn = trials.exchanged(np.random.default_rng(seed)).own[np.searchsorted(palms, np.arange(11))]
        assert set(drawn[few]) == set(few) and set(drawn[many]) == set(many)
        assert (trials.people[drawn] != trials.people).all()  # neither where it is nor at the person's other hand


def test_palms_with_as_many_photos_are_one_group_whoever_is_no_probe():
    trials = trials_of(distances(), PALMS, PALMS, PERSONS, PHOTOS, PHOTOS)
    np.testing.assert_array_equal(trials.groups, [[0, 1, 2]])
    alone = trials_of(distances()[:4], PALMS[:4], PALMS, PERSONS, PHOTOS[:4], PHOTOS)
    np.testing.assert_array_equal(alone.groups, [[0, 1]])


def test_a_probe_of_a_palm_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="not in the gallery"):
        trials_of(distances(), ["d", *PALMS[1:]], PALMS)
    with pytest.raises(ValueError, match="two persons"):
        trials_of(distances(), PALMS, PALMS, ["1", "2", *PERSONS[2:]])
