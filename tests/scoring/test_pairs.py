"""Pairs are counted as the protocols count them."""

import numpy as np
import pytest

from palmbench.scoring import pair_kinds


def test_two_hands_of_one_person_are_neither_genuine_nor_impostor():
    hands = ["1-left", "1-left", "1-right", "2-left"]
    genuine, impostor = pair_kinds(hands, persons=[1, 1, 1, 2])
    np.testing.assert_array_equal(genuine, [1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(impostor, [0, 0, 1, 0, 1, 1])


def test_without_persons_every_identity_is_one():
    genuine, impostor = pair_kinds(["left", "left", "right"])
    np.testing.assert_array_equal(genuine, [1, 0, 0])
    np.testing.assert_array_equal(impostor, ~genuine)


def test_polyu_contact_free_has_its_published_number_of_pairs():
    genuine, impostor = pair_kinds(np.repeat(np.arange(177), 10))
    assert len(genuine) == 1_565_565
    assert genuine.sum() == 7_965
    assert impostor.sum() == 1_565_565 - 7_965


def test_an_identity_of_two_persons_is_refused():
    with pytest.raises(ValueError, match="two persons"):
        pair_kinds(["a", "a"], persons=[1, 2])
    with pytest.raises(ValueError, match="persons"):
        pair_kinds(["a", "a"], persons=[1])
