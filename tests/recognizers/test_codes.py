"""The classical palmprint codes: bits as defined, distances as published, templates of their own."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import correlate2d

from recognizers.bocv import BOCV
from recognizers.codes import lowest, packed, unpacked
from recognizers.codes.gabor import gabor_bank
from recognizers.compcode import CompCode, orientations
from recognizers.mtcc import MTCC
from recognizers.ordinalcode import OrdinalCode, line_pair
from recognizers.palmcode import PalmCode, circular_gabor
from recognizers.protocol import Recognizer
from recognizers.rloc import RLOC, line_masks

CODES = [PalmCode, CompCode, BOCV, OrdinalCode, RLOC]
SHAPES = {PalmCode: (2, 32), CompCode: (3, 32), BOCV: (6, 32), OrdinalCode: (3, 16), RLOC: (32, 32)}


@pytest.fixture(scope="module")
def palms() -> np.ndarray:
    """Four smooth random images, and the first two seen again with noise."""
    rng = np.random.default_rng(7)
    images = np.array([120 + 400 * gaussian_filter(rng.normal(size=(128, 128)), 3) for _ in range(4)])
    again = images[:2] + rng.normal(0, 6, (2, 128, 128))
    return np.clip(np.concatenate([images, again]), 0, 255).astype(np.uint8)


def sampled(roi, kernel):
    """Zero-padded correlation at every fourth pixel and row."""
    side = len(kernel)
    padded = np.pad(roi.astype(float), (side // 2, side - 1 - side // 2))
    return correlate2d(padded, kernel, mode="valid")[::4, ::4]


def stroke(k):
    """A bright image with a dark line through its middle, 30 k degrees from the horizontal, rising to the right."""
    y, x = np.mgrid[:128, :128] - 64.0
    across = y * np.cos(k * np.pi / 6) + x * np.sin(k * np.pi / 6)
    return np.where(np.abs(across) < 2, 80, 200).astype(np.uint8)[None]


@pytest.mark.parametrize("code", CODES)
def test_a_code_keeps_the_protocol(code, palms):
    recognizer = code()
    assert isinstance(recognizer, Recognizer)
    settings = recognizer.settings()
    assert settings["name"] == code.__name__.lower()
    assert settings["versions"].keys() == {settings["name"], "base", "gabor", "shifts"}
    templates = recognizer.extract(palms)
    assert templates.shape == (6, *SHAPES[code])
    assert templates.dtype == {RLOC: np.uint8, OrdinalCode: np.uint64}.get(code, np.uint32)


@pytest.mark.parametrize(
    ("code", "size"), [(PalmCode, 256), (CompCode, 384), (BOCV, 768), (OrdinalCode, 384), (MTCC, 1536)]
)
def test_templates_have_the_published_size(code, size, palms):
    assert code().extract(palms[:1])[0].nbytes == size


@pytest.mark.parametrize("code", CODES)
def test_a_palm_is_nearest_to_itself_then_to_its_noisy_copy(code, palms):
    recognizer = code()
    templates = recognizer.extract(palms)
    square = recognizer.distances(templates, templates)
    assert square.dtype == np.float32
    assert not square.diagonal().any()
    np.testing.assert_array_equal(square, square.T)
    copies = np.array([square[0, 4], square[1, 5]])
    strangers = square[:4, :4][np.triu_indices(4, 1)]
    assert copies.max() < 0.1 < 0.3 < strangers.min() <= strangers.max() < 0.6
    np.testing.assert_array_equal(recognizer.pairwise(templates), square[np.triu_indices(6, 1)])


@pytest.mark.parametrize("code", CODES)
def test_two_code_pixels_of_displacement_are_forgiven_five_are_not(code, palms):
    def seen_from(column):
        doubled = palms[:1, :64, column : column + 64].repeat(2, axis=1).repeat(2, axis=2)
        return code().extract(doubled)

    here, near, far = (seen_from(column) for column in (16, 20, 26))
    assert code().distances(here, near)[0, 0] < 0.1 < 0.2 < code().distances(here, far)[0, 0]


@pytest.mark.parametrize("code", CODES)
def test_templates_do_not_depend_on_the_batch_or_the_threads(code, palms):
    whole = code(threads=2).extract(palms)
    np.testing.assert_array_equal(whole, np.concatenate([code().extract(palm[None]) for palm in palms]))


def test_palmcode_is_the_phase_of_the_published_filter(palms):
    kernel = circular_gabor(0.0916, 5.6179, np.pi / 4, 17)
    plain = np.array([
        np.exp(-(x * x + y * y) / (2 * 5.6179**2)) / (2 * np.pi * 5.6179**2)
        * np.exp(2j * np.pi * 0.0916 * (x + y) / np.sqrt(2))
        for x in range(-17, 18) for y in range(-17, 18)
    ]).reshape(35, 35)  # fmt: skip
    np.testing.assert_allclose(kernel, plain - plain.mean(), atol=1e-15)
    bits = unpacked(PalmCode().extract(palms[:2]))
    for palm, found in zip(palms, bits, strict=False):
        expected = np.array([sampled(palm, kernel.real), sampled(palm, kernel.imag)])
        decided = np.abs(expected) > 1e-9
        assert decided.mean() > 0.999
        np.testing.assert_array_equal(found[decided], (expected >= 0)[decided])


def test_palmcode_of_a_flat_neighbourhood_is_one():
    assert unpacked(PalmCode().extract(np.full((1, 128, 128), 90, np.uint8)))[0, :, 5:-5, 5:-5].all()


def test_bocv_is_the_sign_of_six_responses(palms):
    expected = np.array([sampled(palms[0], kernel) for kernel in gabor_bank(0.5, 2.0)])
    decided = np.abs(expected) > 1e-9
    found = unpacked(BOCV().extract(palms[:1]))[0]
    np.testing.assert_array_equal(found[decided], (expected > 0)[decided])


def test_ordinal_code_is_the_sign_of_crossed_lines(palms):
    kernel = line_pair(np.pi / 6, 10, 3, 17)
    # At the centre both lines are 1; five pixels along the rows exp(-(5 c / 10)^2 - (5 s / 3)^2) and its crossing.
    c2, s2 = np.cos(np.pi / 6) ** 2, np.sin(np.pi / 6) ** 2
    along = np.exp(-25 * c2 / 100 - 25 * s2 / 9) - np.exp(-25 * s2 / 100 - 25 * c2 / 9)
    assert kernel[22, 17] - kernel[17, 17] == pytest.approx(along, abs=1e-15)
    np.testing.assert_allclose(line_pair(np.pi / 2, 10, 3, 17), -line_pair(0, 10, 3, 17), atol=1e-12)
    code = OrdinalCode()
    found = unpacked(code.planes(code.extract(palms[:1])))[0]
    for k, plane in enumerate(found):
        expected = sampled(palms[0], line_pair(k * np.pi / 6, 10, 3, 17))
        decided = np.abs(expected) > 1e-9
        np.testing.assert_array_equal(plane[decided], (expected > 0)[decided])


def test_competitive_code_is_the_orientation_of_the_lowest_response(palms):
    expected = np.array([sampled(palms[0], kernel) for kernel in gabor_bank(0.5, 2.0)])
    best, second = np.sort(expected, axis=0)[:2]
    clear = second - best > 1e-6
    assert clear.mean() > 0.99
    found = orientations(CompCode().extract(palms[:1]))[0]
    np.testing.assert_array_equal(found[clear], expected.argmin(axis=0)[clear])


def test_competitive_distance_is_the_angle_between_lines(palms):
    templates = CompCode().extract(palms)
    a, b = orientations(templates[:1])[0].astype(int), orientations(templates[4:5])[0].astype(int)
    least = 1.0
    for i in range(-2, 3):
        for j in range(-2, 3):
            left = a[max(0, i) : 32 + min(0, i), max(0, j) : 32 + min(0, j)]
            right = b[max(0, -i) : 32 + min(0, -i), max(0, -j) : 32 + min(0, -j)]
            steps = np.abs(left - right)
            least = min(least, np.minimum(steps, 6 - steps).mean() / 3)
    assert CompCode().distances(templates[:1], templates[4:5])[0, 0] == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("k", range(6))
def test_dark_lines_win_their_own_orientation(k):
    assert orientations(CompCode().extract(stroke(k)))[0, 16, 16] == k
    assert RLOC().extract(stroke(k))[0, 16, 16] == k


def test_radon_lines_are_four_pixels_wide_through_the_middle():
    masks = line_masks(16, 4, 6)
    assert masks.sum(axis=(1, 2)).tolist() == [64] * 6
    np.testing.assert_array_equal(np.flatnonzero(masks[0].all(axis=1)), [6, 7, 8, 9])
    np.testing.assert_array_equal(masks[3], masks[0].T)
    np.testing.assert_array_equal(masks[2], masks[1].T)
    np.testing.assert_array_equal(masks[4:], masks[[2, 1], :, ::-1])


def test_rloc_is_the_darkest_line(palms):
    sums = np.array([sampled(palms[0], mask) for mask in line_masks(16, 4, 6)])
    np.testing.assert_array_equal(RLOC().extract(palms[:1])[0], sums.argmin(axis=0))


def test_codes_that_are_none_are_refused():
    with pytest.raises(ValueError, match="RLOC templates hold 0 to 5, not 6"):
        RLOC().pairwise(np.full((2, 32, 32), 6, np.uint8))
    with pytest.raises(ValueError, match="not Competitive Code's"):
        CompCode().pairwise(packed(np.eye(3, dtype=bool)[[1]].repeat(1024, axis=0).T.reshape(1, 3, 32, 32)))


def test_packing_puts_column_c_in_bit_c():
    bits = np.zeros((2, 32, 32), bool)
    bits[1, 3, [0, 31]] = True
    words = packed(bits)
    assert words.dtype == np.uint32
    assert words[1, 3] == 1 + 2**31 and words.sum() == words[1, 3]
    np.testing.assert_array_equal(unpacked(words), bits)


def test_the_first_of_equal_responses_wins():
    values = np.zeros((6, 32, 32))
    values[3:] = -1
    values[5, 0, 0] = -1 - 1e-12
    assert (lowest(values) == 3).all()
