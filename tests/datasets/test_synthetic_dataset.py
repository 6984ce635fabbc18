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


def test_what_is_true_of_a_hand_is_told_without_rendering_it() -> None:
    dataset = open_dataset(SynthConfig(identities=8, samples=2), "data")
    truth = {sample.id: dataset.truth(sample) for sample in dataset.samples}
    assert [truth[f"{palm:04d}_0000"]["handedness"] for palm in range(4)] == [0, 1, 0, 1]
    for name in ("skin_tone", "ring"):  # a person's, so of both hands and in every photo
        told = [[truth[f"{palm:04d}_{photo:04d}"][name] for palm in (2 * p, 2 * p + 1) for photo in range(2)]
                for p in range(4)]  # fmt: skip
        assert all(len(set(each)) == 1 for each in told)
    assert len({each["skin_tone"] for each in truth.values()}) == 4
