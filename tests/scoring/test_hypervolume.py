"""The area that settings dominate, in cases that can be drawn on squared paper."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.scoring.hypervolume import hypervolume, privacy


def test_untouched_photos_and_masked_ones_alone_dominate_nothing() -> None:
    assert hypervolume([1, 0], np.array([0, 1])) == 0


def test_one_setting_dominates_its_rectangle_and_two_their_union() -> None:
    assert hypervolume([0.5], np.array([0.8])) == pytest.approx(0.4)
    # 0.5 x 0.8, and beyond it 0.4 x 0.3.
    assert hypervolume([0.9, 0.5], np.array([0.3, 0.8])) == pytest.approx(0.52)
    assert hypervolume([0.5, 0.9], np.array([0.8, 0.3])) == pytest.approx(0.52)


def test_a_dominated_setting_and_a_copy_add_nothing() -> None:
    assert hypervolume([0.9, 0.5, 0.4, 0.9], np.array([0.3, 0.8, 0.7, 0.3])) == pytest.approx(0.52)


def test_a_perfect_method_has_the_whole_square_and_what_lies_beyond_it_is_cut_off() -> None:
    assert hypervolume([1.2], np.array([1.5])) == 1
    assert hypervolume([-0.2], np.array([1.0])) == 0


def test_replicates_have_an_area_each_and_an_unknown_setting_has_none() -> None:
    areas = hypervolume([0.9, 0.5], np.array([[0.3, 0.8], [0.0, 0.0], [0.3, np.nan]]))
    np.testing.assert_allclose(areas, [0.52, 0, np.nan])


def test_privacy_is_measured_between_a_guess_and_untouched_photos() -> None:
    found = privacy(np.array([90.0, 10.0, 50.0, 5.0, 95.0]), 10.0, np.array(90.0))
    np.testing.assert_allclose(found, [0, 1, 0.5, 1, 0])
    assert np.isnan(privacy(np.array(20.0), 10.0, np.array(10.0)))
