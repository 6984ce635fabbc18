"""The synthetic data set."""

from __future__ import annotations

import pickle

import numpy as np

from palmbench.datasets import open_dataset
from palmbench.datasets.settings import SynthConfig
from palmbench.synth import render


def test_neighbouring_identities_are_one_persons_hands() -> None:
    data = open_dataset(SynthConfig(identities=3, samples=2), "data")
    assert [sample.id for sample in data.samples] == [f"{i:04d}_{n:04d}" for i in range(3) for n in range(2)]
    assert [(s.identity, s.person, s.side) for s in data.samples[::2]] == [
        ("0000", "0000", "left"), ("0001", "0000", "right"), ("0002", "0001", "left"),
    ]  # fmt: skip
    assert data.may_publish_images


def test_a_larger_set_contains_the_smaller_one() -> None:
    small = open_dataset(SynthConfig(identities=2, samples=1), "data")
    large = open_dataset(SynthConfig(identities=4, samples=3), "data")
    assert set(small.samples) < set(large.samples)
    assert len({sample.digest for sample in large.samples}) == 12


def test_photos_are_the_renderers_in_any_process() -> None:
    data = pickle.loads(pickle.dumps(open_dataset(SynthConfig(identities=2, samples=2), "data")))
    np.testing.assert_array_equal(data.photo(data.samples[3]), render(1, 1).image)
