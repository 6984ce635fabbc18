"""Counted distributions are those of all distances, sorted by what the pairs are."""

import numpy as np
import pytest

import recognizers
from palmbench.scoring import all_pairs as module
from palmbench.scoring import pair_kinds
from palmbench.scoring.all_pairs import Tally, distributions
from palmbench.scoring.distribution import Distribution
from recognizers.mtcc import MTCC


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request, monkeypatch):
    if request.param == "many blocks":
        monkeypatch.setattr(module, "_ROWS_PER_BLOCK", 7)
        monkeypatch.setattr(module, "_PAIRS_PER_BLOCK", 100)


def palms(n):
    """Templates of n palms, three photos each, and their identities; two palms a person."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, (n, 12, 32), dtype=np.uint32).repeat(3, axis=0)
    noise = rng.integers(0, 2**32, (3, 3 * n, 12, 32), dtype=np.uint32)
    return words ^ (noise[0] & noise[1] & noise[2]), np.arange(3 * n) // 3


def same(found, expected):
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.counts, expected.counts)


@pytest.mark.parametrize("variant", ["original", "yan"])
@pytest.mark.parametrize("with_persons", [True, False])
def test_counts_are_those_of_all_pairs(blocks, variant, with_persons):
    templates, identities = palms(11)
    persons = identities // 2 if with_persons else None
    mtcc = MTCC(variant)
    scores = recognizers.pairwise(mtcc, templates)
    kinds = pair_kinds(identities, persons)
    found = distributions(mtcc, templates, identities, persons)
    same(found.genuine, Distribution.of(scores[kinds.genuine]))
    same(found.impostor, Distribution.of(scores[kinds.impostor]))
    assert (found.genuine.size, found.impostor.size) == (33, 33 * 32 // 2 - 33 - (45 if with_persons else 0))
    assert found.genuine.mean < 0.3 < found.impostor.mean


def test_no_pair_is_an_empty_distribution():
    templates, _ = palms(2)
    found = distributions(MTCC(), templates[:1], ["left"])
    assert found.genuine.size == found.impostor.size == 0
    found = distributions(MTCC(), templates[:2], ["left", "right"], ["someone", "someone"])
    assert found.genuine.size == found.impostor.size == 0


def test_a_tally_counts_by_hand(monkeypatch):
    monkeypatch.setattr(module, "_PAIRS_PER_BLOCK", 3)
    tally = Tally()
    for values in ([0.5, 0.25], [0.5, 0.75, 0.0], [], [0.25]):
        tally.add(np.array(values, np.float32))
    same(tally.distribution(), Distribution(np.array([0, 0.25, 0.5, 0.75]), np.array([1, 2, 2, 1])))
    tally.add(np.array([0.75], np.float32))
    assert tally.distribution().counts.tolist() == [1, 2, 2, 2]


def test_what_cannot_be_counted_is_refused():
    templates, identities = palms(2)
    with pytest.raises(ValueError, match="6 templates, 5 identities"):
        distributions(MTCC(), templates, identities[1:])
    with pytest.raises(ValueError, match="two persons"):
        distributions(MTCC(), templates, identities, np.arange(6))
    with pytest.raises(ValueError, match="not finite"):
        Tally().add(np.array([0.5, np.nan], np.float32))
