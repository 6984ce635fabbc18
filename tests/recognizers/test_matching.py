"""Distances are the exact fraction that a plain search over shifts finds."""

import numpy as np
import pytest

import recognizers
from recognizers import matching
from recognizers.codes import packed
from recognizers.matching import ShiftSearch

SEARCHES = {"original": ShiftSearch(reach=2, planes=6), "yan": ShiftSearch(reach=4, planes=1)}
AREA = ShiftSearch(reach=2, planes=6, measure="area")


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


def classes(n, seed=0):
    """Random numbers 0 to 5 a pixel, in patches, the later ones like the first but for one pixel in ten."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 6, (n, 8, 8)).repeat(4, axis=1).repeat(4, axis=2)
    changed = rng.random((n, 32, 32)) < np.where(np.arange(n) < n // 2, 0.5, 0.1)[:, None, None]
    numbers[n // 2 :] = numbers[0]
    return np.where(changed, rng.integers(0, 6, (n, 32, 32)), numbers)


def marked(numbers):
    """The six planes of class numbers."""
    return packed(numbers[:, None] == np.arange(6)[:, None, None])


def area_reference(a, b, reach):
    """One less the largest share of pixels that find their class in the other's area, pixel by pixel."""
    best = 0.0
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            there = [(y, x) for y in range(32) for x in range(32) if 0 <= y + i < 32 and 0 <= x + j < 32]
            for one, other, sign in ((a, b, 1), (b, a, -1)):
                pixels = there if sign == 1 else [(y + i, x + j) for y, x in there]
                hits = sum(one[y, x] in cross(other, y + sign * i, x + sign * j) for y, x in pixels)
                best = max(best, hits / len(there))
    return 1 - best


def cross(numbers, y, x):
    near = [(y, x), (y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    return {numbers[place] for place in near if 0 <= place[0] < 32 and 0 <= place[1] < 32}


def test_pixel_to_area_distances_equal_a_plain_search():
    numbers = classes(4)
    numbers[3] = np.roll(numbers[0], 1, axis=0)
    expected = np.float32([[area_reference(x, y, 1) for y in numbers] for x in numbers[:2]])
    found = matching.distances(marked(numbers[:2]), marked(numbers), AREA._replace(reach=1))
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    assert expected[0, 1] > 0.02 and expected[0, 3] == 0


def test_pixel_to_area_distances_are_symmetric_and_zero_on_the_diagonal():
    planes = marked(classes(40))
    square = matching.distances(planes, planes, AREA)
    np.testing.assert_array_equal(square, square.T)
    assert not square.diagonal().any()
    np.testing.assert_array_equal(matching.pairwise(planes, AREA, threads=2), square[np.triu_indices(40, 1)])


def test_one_strange_pixel_is_one_of_1024():
    plain = np.zeros((1, 32, 32), np.int64)
    spot = plain.copy()
    spot[0, 16, 16] = 3
    # The other pixels find their class; of the spot, the neighbours' zeros do.
    search = AREA._replace(reach=0)
    assert matching.distances(marked(plain), marked(spot), search)[0, 0] == 0
    spot[0, 15:18, 15:18] = 3
    assert matching.distances(marked(plain), marked(spot), search)[0, 0] == np.float32(1 / 1024)


def test_impossible_searches_are_refused():
    words = templates(2)
    with pytest.raises(ValueError, match="reach"):
        matching.distances(words, words, ShiftSearch(reach=5, planes=1))
    with pytest.raises(ValueError, match="cannot be compared"):
        matching.distances(words, words, ShiftSearch(reach=2, planes=5))
    with pytest.raises(ValueError, match="cannot be compared"):
        matching.distances(words, words[:, :6], ShiftSearch(reach=2, planes=6))
    with pytest.raises(ValueError, match="not one group of classes"):
        matching.distances(words, words, AREA)


def test_mtcc_matches_with_its_own_search():
    words = templates(4)
    for variant, search in SEARCHES.items():
        mtcc = recognizers.load("mtcc", variant=variant)
        np.testing.assert_array_equal(mtcc.distances(words, words[:2]), matching.distances(words, words[:2], search))
        np.testing.assert_array_equal(recognizers.pairwise(mtcc, words), matching.pairwise(words, search))
