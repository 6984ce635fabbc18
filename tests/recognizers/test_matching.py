"""Distances are the exact fraction that a plain search over shifts finds."""

import numpy as np
import pytest

import recognizers
from recognizers import matching
from recognizers.matching import ShiftSearch

SEARCHES = {"original": ShiftSearch(reach=2, planes=6), "yan": ShiftSearch(reach=4, planes=1)}


def reference(a, b, search):
    """Distance of two templates, one shift after another on unpacked bits."""
    a, b = ((t[..., None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool) for t in (a, b))
    best = np.full(len(a) // search.planes, np.inf)
    for i in range(-search.reach, search.reach + 1):
        for j in range(-search.reach, search.reach + 1):
            left = a[:, max(0, i) : 32 + min(0, i), max(0, j) : 32 + min(0, j)]
            right = b[:, max(0, -i) : 32 + min(0, -i), max(0, -j) : 32 + min(0, -j)]
            share = (left ^ right).reshape(len(best), -1).mean(axis=1)
            best = np.minimum(best, share)
    return best.mean()


def templates(n, seed=0):
    """Random templates, the later ones noisy copies of the first."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**32, (n, 12, 32), dtype=np.uint32)
    flips = rng.integers(0, 2**32, (3, n, 12, 32), dtype=np.uint32)
    words[n // 2 :] = words[:1] ^ (flips[0] & flips[1] & flips[2])[n // 2 :]
    return words


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_distances_equal_a_plain_search(search):
    a, b = templates(5), templates(19, seed=1)
    b[3] = np.roll(a[1], 2, axis=1) << np.uint32(1)
    expected = [[reference(x, y, search) for y in b] for x in a]
    found = matching.distances(a, b, search)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(found, np.float32(expected))


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_distances_are_symmetric_zero_on_the_diagonal_and_free_of_threads(search):
    words = templates(70)
    square = matching.distances(words, words, search)
    np.testing.assert_array_equal(square, square.T)
    assert not square.diagonal().any()
    np.testing.assert_array_equal(square, matching.distances(words, words, search, threads=2))


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("n", [0, 1, 2, 16, 17, 70])
def test_pairwise_is_the_upper_triangle(search, n):
    words = templates(n)
    triangle = matching.distances(words, words, search)[np.triu_indices(n, 1)]
    np.testing.assert_array_equal(matching.pairwise(words, search), triangle)
    np.testing.assert_array_equal(matching.pairwise(words, search, threads=2), triangle)


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_one_differing_bit_in_the_middle_is_one_in_twelve_planes(search):
    blank = np.zeros((1, 12, 32), np.uint32)
    spot = blank.copy()
    spot[0, 4, 16] = 1 << 16
    assert matching.distances(blank, spot, search)[0, 0] == np.float32(1 / (12 * 1024))


def test_variants_differ_in_how_far_and_how_freely_planes_move():
    palm = templates(1)
    far = np.roll(palm, 4, axis=2)
    assert matching.distances(palm, far, SEARCHES["yan"]) == 0
    assert matching.distances(palm, far, SEARCHES["original"]) > 0.4
    apart = palm.copy()
    apart[:, 0] = np.roll(palm[:, 0], 2, axis=1)
    assert matching.distances(palm, apart, SEARCHES["yan"]) == 0
    assert matching.distances(palm, apart, SEARCHES["original"]) > 0.03


def test_impossible_searches_are_refused():
    words = templates(2)
    with pytest.raises(ValueError, match="reach"):
        matching.distances(words, words, ShiftSearch(reach=5, planes=1))
    with pytest.raises(ValueError, match="cannot be compared"):
        matching.distances(words, words, ShiftSearch(reach=2, planes=5))
    with pytest.raises(ValueError, match="cannot be compared"):
        matching.distances(words, words[:, :6], ShiftSearch(reach=2, planes=6))


def test_mtcc_matches_with_its_own_search():
    words = templates(4)
    for variant, search in SEARCHES.items():
        mtcc = recognizers.load("mtcc", variant=variant)
        np.testing.assert_array_equal(mtcc.distances(words, words[:2]), matching.distances(words, words[:2], search))
        np.testing.assert_array_equal(recognizers.pairwise(mtcc, words), matching.pairwise(words, search))
