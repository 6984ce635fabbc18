"""Comparison: every pair in its place, whichever templates are missing, and palms named by a classifier."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import recognizers
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.scoring import score_sets
from palmbench.stages.compare import Compare
from recognizers.common.errors import RequestError
from recognizers.mtcc import MTCC

SAMPLES = [Sample(f"{palm}{photo}", palm, palm, "left", "") for palm in "abc" for photo in "012"]


class Number:
    """Templates are numbers, distances their differences; knows three palms by their tens."""

    name, takes = "number", "roi"
    identities: tuple[str, ...] | None = ("a", "b", "c")

    def settings(self) -> dict:
        return {"name": self.name}

    def extract(self, images: np.ndarray) -> np.ndarray:
        return images.mean(axis=(1, 2))[:, None]

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.abs(a - b.T).astype(np.float32)

    def classify(self, templates: np.ndarray) -> np.ndarray:
        return (templates[:, 0] // 10).astype(np.int64)


@pytest.fixture(autouse=True)
def number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizers, "find", lambda name: Number)


def enrolled(store: Store, templates: dict[str, float], title: str) -> SimpleNamespace:
    """A stage that has been through the samples named."""
    for sample, value in templates.items():
        store.write("templates", title + sample, ".npz", pack_arrays(template=np.array([value], np.float32)))
    return SimpleNamespace(
        name="templates", suffix=".npz", settings={"name": "number"}, recognizer=RecognizerConfig("number"),
        key=lambda sample: title + sample.id,
        load=lambda sample, at: unpack_arrays(at.read("templates", title + sample.id, ".npz"))["template"],
    )  # fmt: skip


def comparison_of(store: Store, originals: dict[str, float], deidentified: dict[str, float]) -> Compare:
    """A comparison of the samples named."""
    return Compare(
        enrolled(store, originals, "o"),
        enrolled(store, deidentified, "d"),
        frozenset(originals),
        frozenset(deidentified),
    )


def values() -> dict[str, float]:
    """10 k + noise for the three photos of palm k."""
    noise = np.random.default_rng(0).uniform(0, 9, len(SAMPLES))
    return {each.id: float(np.float32(10 * (i // 3) + noise[i])) for i, each in enumerate(SAMPLES)}


@pytest.mark.parametrize("absent", [(), ("a0",), ("c2",), ("a1", "a2", "b0", "c1"), tuple(s.id for s in SAMPLES[1:])])
def test_distances_of_originals_stand_at_their_pairs_and_nan_elsewhere(tmp_path: Path, absent: tuple) -> None:
    there = {name: value for name, value in values().items() if name not in absent}
    store = Store(tmp_path)
    found = comparison_of(store, there, {}).between_originals(SAMPLES, store)
    expected = [
        abs(there[a.id] - there[b.id]) if a.id in there and b.id in there else np.nan
        for a, b in combinations(SAMPLES, 2)
    ]
    np.testing.assert_allclose(found, np.array(expected, np.float32), atol=1e-5)
    assert found.dtype == np.float32


def test_a_distance_that_is_no_number_is_not_taken_for_a_missing_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Number):
        def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.where(a > 20, np.nan, super().distances(a, b))

    monkeypatch.setattr(recognizers, "find", lambda name: Broken)
    store = Store(tmp_path)
    comparison = comparison_of(store, values(), values())
    for compare in (comparison.across, comparison.between_originals, comparison.between_deidentified):
        with pytest.raises(RequestError, match=r"recognizer number: .* NaN"):
            compare(SAMPLES, store)


def test_no_template_at_all_leaves_every_pair_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizers, "find", lambda name: MTCC)  # it refuses templates of another shape
    store = Store(tmp_path)
    found = comparison_of(store, {}, {}).between_originals(SAMPLES, store)
    assert found.shape == (36,) and np.isnan(found).all()


def test_a_de_identified_photo_is_compared_with_itself_mates_and_strangers(tmp_path: Path) -> None:
    store, originals = Store(tmp_path), values()
    probes = {"a0": 12.0, "b1": originals["b1"]}
    scores = comparison_of(store, originals, probes).against_originals(SAMPLES, store)
    at = {sample.id: i for i, sample in enumerate(SAMPLES)}
    for name, value in probes.items():
        mates = [v for key, v in originals.items() if key[0] == name[0] and key != name]
        strangers = [v for key, v in originals.items() if key[0] != name[0]]
        assert scores.own[at[name]] == pytest.approx(abs(value - originals[name]), abs=1e-5)
        assert scores.mate[at[name]] == pytest.approx(min(abs(value - v) for v in mates), abs=1e-5)
        assert scores.stranger[at[name]] == pytest.approx(min(abs(value - v) for v in strangers), abs=1e-5)
    assert np.isnan(scores.own).sum() == len(SAMPLES) - 2


def test_de_identified_photos_are_compared_with_every_original_and_with_each_other(tmp_path: Path) -> None:
    store, originals = Store(tmp_path), values()
    del originals["b2"]
    probes = {"a0": 12.0, "b1": 3.0, "c2": 20.0}
    comparison = comparison_of(store, originals, probes)
    across = comparison.across(SAMPLES, store)
    for i, probe in enumerate(SAMPLES):
        for j, original in enumerate(SAMPLES):
            known = probe.id in probes and original.id in originals
            expected = abs(probes[probe.id] - originals[original.id]) if known else np.nan
            assert across[i, j] == pytest.approx(expected, abs=1e-5, nan_ok=True)
    among = comparison.between_deidentified(SAMPLES, store)
    assert among[~np.isnan(among)].tolist() == [9, 8, 17]  # a0 b1, a0 c2, b1 c2
    assert across.dtype == among.dtype == np.float32


def test_scores_are_sorted_into_their_sets(tmp_path: Path) -> None:
    store, originals = Store(tmp_path), values()
    probes = {"a0": 12.0, "a1": 5.0, "b1": 3.0}
    comparison = comparison_of(store, originals, probes)
    sets = score_sets(
        comparison.across(SAMPLES, store),
        comparison.between_deidentified(SAMPLES, store),
        [sample.identity for sample in SAMPLES],
        [sample.person for sample in SAMPLES],
    )
    assert [found.size for found in sets] == [3, 6, 18, 2]
    assert sets.inter_deid.values.tolist() == [2, 9]
    own = sorted(abs(value - originals[name]) for name, value in probes.items())
    np.testing.assert_allclose(sets.self_scores.values, own, atol=1e-5)


def test_scores_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    comparison = comparison_of(store, values(), values())
    first = comparison.across(SAMPLES, store), comparison.between_deidentified(SAMPLES, store)
    monkeypatch.delattr(Number, "distances")
    again = comparison.across(SAMPLES, store), comparison.between_deidentified(SAMPLES, store)
    np.testing.assert_equal(again, first)
    assert comparison.against_originals(SAMPLES, store).own.tolist() == [0] * len(SAMPLES)


def test_a_classifier_names_each_photo_that_has_a_template(tmp_path: Path) -> None:
    store = Store(tmp_path)
    probes = {"a0": 3.0, "a1": 25.0, "c2": 19.5}
    found = comparison_of(store, values(), probes).classify(SAMPLES, store)
    assert found.missing is None
    assert found.identities.tolist() == ["a", "c", None, None, None, None, None, None, "b"]


@pytest.mark.parametrize(
    ("identities", "missing"),
    [
        (None, "a classifier whose file names its palms"),
        (("a", "b"), "a classifier that was trained on all palms of this data set"),
    ],
)
def test_a_classifier_that_does_not_know_the_palms_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identities: tuple | None, missing: str
) -> None:
    monkeypatch.setattr(Number, "identities", identities)
    store = Store(tmp_path)
    comparison = comparison_of(store, {}, {})
    assert comparison.classify(SAMPLES, store) == (None, missing)


def test_a_recognizer_without_a_classifier_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Number, "classify")
    store = Store(tmp_path)
    assert comparison_of(store, {}, {}).classify(SAMPLES, store) == (None, "a classifier")
