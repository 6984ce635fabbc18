"""The matching benchmark times the real engine, against a reference that agrees with it."""

from __future__ import annotations

import numpy as np
import pytest

import recognizers
from experiments import bench_matching as bench
from experiments.bench_matching import PAIRS, main, measure, popcount_rate, reference, table, words_a_pair
from palmbench.base.status import CANNOT
from palmbench.commands.cli import guarded
from recognizers import matching
from recognizers.matching import ShiftSearch
from recognizers.matching.shifts import prepare

SEARCHES = [ShiftSearch(2, 6), ShiftSearch(1, 1), ShiftSearch(1, 6, "area")]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(bench, "REPEATS", 1)
    monkeypatch.setattr(bench, "popcount_rate", lambda threads: popcount_rate(threads, rounds=1000))


@pytest.mark.parametrize("search", SEARCHES)
def test_the_timed_reference_finds_the_engines_distances(search):
    words = np.random.default_rng(0).integers(0, 2**32, (7, 6, 32), dtype=np.uint32)
    words[4] = np.roll(words[0], 1, axis=1)
    found = reference(prepare(words[:2], words, search))
    np.testing.assert_allclose(matching.distances(words[:2], words, search), found, atol=1e-6, rtol=0)


def test_words_of_a_pair_by_hand():
    words = np.zeros((1, 12, 32), np.uint32)
    assert words_a_pair(prepare(words, words, ShiftSearch(0, 6))) == 12 * 32
    # Shifts of -1, 0 and 1 rows leave 31, 32 and 31, for each of three column shifts.
    assert words_a_pair(prepare(words, words, ShiftSearch(1, 6))) == 12 * 94 * 3


def test_the_machines_rate_is_of_bits_that_were_counted():
    vectors = np.random.default_rng(0).integers(0, 2**32, (64, 16), dtype=np.uint32)
    counts = np.empty(16, np.uint32)
    bench.count_rounds(vectors, 3, counts)
    differing = vectors[None] ^ np.arange(3, dtype=np.uint32)[:, None, None]
    bits = np.unpackbits(differing.view(np.uint8).reshape(3, 64, 16, 4), axis=-1)
    np.testing.assert_array_equal(counts, bits.sum(axis=(0, 1, 3)))
    assert popcount_rate(2, rounds=1000) > 1e7


def test_measures_agree_with_one_another():
    found = measure("compcode", palms=64, threads=1)
    assert found.words == 3 * 154 * 5
    assert found.rate > found.reference > 0 < found.extraction
    assert found.share == pytest.approx(found.rate * found.words / found.popcount)
    assert not found.counted
    assert found.seconds == {name: pytest.approx(pairs / found.rate) for name, (pairs, _) in PAIRS.items()}
    row = table([found]).splitlines()[1].split()
    assert row[0] == "compcode"
    assert float(row[-1]) == pytest.approx(found.seconds["NTU-PI"], abs=0.06)


def test_the_machines_rate_is_the_faster_of_two(monkeypatch):
    rates = [3e9, 1e9]
    monkeypatch.setattr(bench, "popcount_rate", lambda threads: rates.pop())
    assert measure("palmcode", palms=8, threads=1).popcount == 3e9
    assert not rates


def test_in_full_every_pair_is_compared(monkeypatch):
    compared = []
    count = recognizers.pairwise

    def watched(recognizer, templates):
        found = count(recognizer, templates)
        compared.append(len(found))
        return found

    monkeypatch.setattr(recognizers, "pairwise", watched)
    monkeypatch.setattr(bench, "PAIRS", {"IITD": (300, 15), "NTU-PI": (1000, 150)})
    found = measure("palmcode", palms=8, threads=2, full=True)
    assert compared == [300, 1035]
    assert found.counted and all(seconds > 0 for seconds in found.seconds.values())


def test_the_command_prints_a_row_a_code(capsys):
    assert main(["--codes", "mtcc:original", "rloc", "--palms", "20", "--threads", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["code", "mtcc:original", "rloc"]
    assert "projected" in lines[3] and "1 threads, peak memory" in lines[4]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--codes", "mtc"], "did you mean mtcc"),
        (["--codes", "mtcc:yam"], "did you mean yan"),
        (["--codes", "bocv:yan"], "--codes bocv:yan:"),
        (["--palms", "0"], "at least 1"),
    ],
)
def test_what_cannot_be_timed_is_a_sentence(words, sentence, capsys):
    assert guarded(lambda: main(words)) == CANNOT
    assert sentence in capsys.readouterr().err
