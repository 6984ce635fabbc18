"""Singling out: strangers are isolated as often as a predicate that knows nothing isolates, a giveaway always."""

import numpy as np
import pytest

from palmbench.scoring.singling_out import singling_out

PALMS, PHOTOS = np.repeat(np.arange(50), 5), np.tile(np.arange(5), 50)


def test_without_a_link_it_is_what_chance_gives_near_37_percent():
    rng = np.random.default_rng(0)
    found = singling_out(rng.normal(size=(2000, 250)), PALMS, PHOTOS)
    assert found.by_chance == pytest.approx((1 - 1 / 50) ** 49, abs=0.05)
    assert found.shares.mean() == pytest.approx(found.by_chance, abs=0.015)


def test_one_palm_that_stands_out_is_isolated():
    rng = np.random.default_rng(0)
    distances = rng.normal(size=(250, 250)) - 30 * (PALMS[:, None] == PALMS)
    # Where one palm's other photos set the threshold, it lies near that palm: only that palm passes.
    found = singling_out(distances, PALMS, PHOTOS, PHOTOS)
    assert found.shares.mean() > 0.5 > found.by_chance


@pytest.mark.parametrize("lot", [1, 2, 3])
def test_photos_of_one_lot_are_one_entry(lot):
    """Thirteen photos a palm: the last is left over of lots of two and three."""
    palms, lots = np.repeat(np.arange(20), 13), np.tile(np.arange(13) // lot, 20)
    noise = np.random.default_rng(0).random((260, 260))
    known = singling_out(np.where(palms[:, None] == palms, 0.001 * noise, 0.5 + 0.1 * noise), palms, lots, lots)
    np.testing.assert_array_equal(known.shares, 1)  # only its own palm is near a probe
    unknown = singling_out(noise, palms, lots, lots)
    assert unknown.shares.mean() == pytest.approx(unknown.by_chance, abs=0.03)


def test_a_probes_source_has_no_part_in_it():
    rng = np.random.default_rng(0)
    distances = rng.normal(size=(250, 250))
    plain = singling_out(distances, PALMS, PHOTOS, PHOTOS)
    distances[PHOTOS[:, None] == PHOTOS] = -99
    np.testing.assert_array_equal(plain.shares, singling_out(distances, PALMS, PHOTOS, PHOTOS).shares)


def test_one_photo_a_palm_cannot_be_asked():
    found = singling_out(np.zeros((4, 4)), np.arange(4), np.zeros(4))
    assert np.isnan(found.shares).all() and np.isnan(found.by_chance)
