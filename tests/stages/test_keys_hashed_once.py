"""A sample's key is hashed once by a stage, and what is remembered ends with it and goes nowhere."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from palmbench.datasets.sample import Sample
from palmbench.stages import stage
from palmbench.stages.stage import hashed_once

PHOTOS = [Sample(str(number), "palm", "person", "left", f"{number:032x}") for number in range(5)]


@dataclass(frozen=True)
class Counted:
    """Says how often each key was asked for; equal to all others, and without a hash, as stages with settings are."""

    settings: dict[str, int] = field(default_factory=dict)

    @hashed_once
    def key(self, sample: Sample) -> str:
        asked[sample] += 1
        return f"{self.settings} {sample.digest}"


asked: Counter[Sample] = Counter()


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    asked.clear()


def test_a_key_is_hashed_once_and_other_contents_have_another() -> None:
    one = Counted()
    changed = replace(PHOTOS[0], digest="f" * 32)
    assert [one.key(photo) for photo in PHOTOS] == [one.key(photo) for photo in PHOTOS]
    assert one.key(changed) != one.key(PHOTOS[0])
    assert set(asked.values()) == {1} and len(asked) == len(PHOTOS) + 1


def test_a_stage_with_other_settings_has_keys_of_its_own() -> None:
    keys = {each.key(PHOTOS[0]) for each in (Counted(), replace(Counted(), settings={"sigma": 1}))}
    assert len(keys) == 2
    # Equal stages are two all the same: one may end before the other.
    assert Counted().key(PHOTOS[0]) == Counted().key(PHOTOS[0]) and asked[PHOTOS[0]] == 4


def test_what_is_remembered_ends_with_the_stage_and_is_not_sent_along() -> None:
    one = Counted()
    before = len(pickle.dumps(one))
    one.key(PHOTOS[0])
    assert len(pickle.dumps(one)) == before
    pickle.loads(pickle.dumps(one)).key(PHOTOS[0])
    assert asked[PHOTOS[0]] == 2
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_of_very_many_samples_not_all_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "REMEMBERED", 2)
    one = Counted()
    expected = [Counted().key(photo) for photo in PHOTOS]
    asked.clear()
    assert [one.key(photo) for photo in PHOTOS] == expected == [one.key(photo) for photo in PHOTOS]
    assert asked[PHOTOS[0]] == 2
