"""What the recipe of the compact CCNet learns from: rendered and drawn palms, in lights and places of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

import recognizers
from experiments.weights import train_ccnet
from experiments.weights.drawn_palms import KIN, draw_palm, photograph
from experiments.weights.rendered_rois import ROIS, augment, cut_rois
from experiments.weights.training import Options
from experiments.weights.world import TURNS, load_world
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.scoring import equal_error_rate, pair_kinds
from palmbench.synth import TRAINING_IDENTITIES, render


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """Those of a small training, its palms rendered and drawn."""
    small = Options(tmp_path_factory.mktemp("training"), 6, samples=2, steps=2, minutes=1, batch=8, processes=1)
    cut_rois(load_world(small.data, small.identities, small.samples, workers=1), small)
    train_ccnet.draw_palms(small)
    return small


def test_a_palm_is_the_same_for_its_number_and_its_photos_are_not() -> None:
    palm = draw_palm(3)
    np.testing.assert_array_equal(palm, draw_palm(3))
    assert (palm != draw_palm(7)).any()
    photos = [photograph(palm, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert all(photo.dtype == np.uint8 and photo.shape == (128, 128) and photo.min() > 0 for photo in photos)
    np.testing.assert_array_equal(photos[0], photos[1])
    assert (photos[0] != photos[2]).any()


def test_a_family_has_its_principal_lines_in_common_and_nothing_else() -> None:
    first, last, next_one = map(draw_palm, (KIN, 2 * KIN - 1, 2 * KIN))
    np.testing.assert_array_equal(first[0], last[0])
    assert (first[0] != next_one[0]).any()
    alike = [abs(np.corrcoef(mine.ravel(), other.ravel())[0, 1]) for mine, other in zip(first, last, strict=True)]
    # All palms have a ball of the thumb, in much the same place.
    assert max(alike[1], alike[3], alike[4]) < 0.3 and alike[2] < 0.99


def test_palm_codes_tell_drawn_palms_apart_as_they_tell_real_ones() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(24), 3).tolist()
    rois = np.stack([photograph(palm, random) for palm in map(draw_palm, range(24)) for _ in range(3)])
    recognizer = recognizers.load("compcode")
    distances = recognizers.pairwise(recognizer, recognizer.extract(rois))
    kinds = pair_kinds(labels, labels)
    rate = equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate
    assert 0.005 < rate < 0.25


def test_a_roi_cut_from_the_crop_is_the_roi_of_the_photo(options: Options) -> None:
    photo = render(TRAINING_IDENTITIES[5], 0, TURNS[0])
    expected = recognition_roi(photo.image, photo.as_hand()).astype(float)
    found = np.load(options.data / ROIS)[5 * options.samples].astype(float)
    assert found.shape == (128, 128)
    # Interpolated twice, creases are a little softer; a shift by a pixel would cost far more.
    off = np.abs(found - expected).mean()
    assert off < 0.35 * np.abs(np.roll(expected, 1, axis=0) - expected).mean() + 0.5


def test_a_changed_roi_is_still_the_palm_and_the_same_for_the_same_numbers(options: Options) -> None:
    roi = np.load(options.data / ROIS)[0]
    views = [augment(roi, np.random.default_rng(seed)) for seed in range(8)]
    assert all(view.dtype == np.uint8 and view.shape == (128, 128) and view.min() > 0 for view in views)
    np.testing.assert_array_equal(views[3], augment(roi, np.random.default_rng(3)))
    assert len({view.tobytes() for view in views}) == 8
    assert all(abs(float(view.mean()) / float(roi.mean()) - 1) < 0.25 for view in views)


def test_a_batch_has_two_photos_of_each_palm_and_depends_on_its_number_alone(options: Options) -> None:
    photos = train_ccnet.Photos(options, rank=0)
    first, second = (value for value, _ in zip(photos, range(2), strict=False))
    assert first[0].shape == (8, 128, 128)
    assert (first[1][::2] == first[1][1::2]).all()
    # Five rendered palms are learned from, the sixth is held out; then come the drawn ones, of one family.
    assert (first[1][:4] < 5).all() and (first[1][4:] >= 5).all() and photos.palms == 11
    later = next(iter(train_ccnet.Photos(options, rank=0, first=1)))
    np.testing.assert_array_equal(later[0], second[0])
    assert (first[0][:2] != next(iter(train_ccnet.Photos(options, rank=1)))[0][:2]).any()


def test_a_training_writes_weights_that_load_and_a_card(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_ccnet, "weights_dir", lambda: tmp_path)
    monkeypatch.setattr(train_ccnet, "report", lambda options: {"EER": 1.0})
    monkeypatch.setattr(train_ccnet, "CONTINUED_PALMS", 7)
    torch.set_num_threads(1)
    train_ccnet.train(0, options)
    weights = tmp_path / "ccnet" / "ccnet.safetensors"
    templates = recognizers.load("ccnet", weights=str(weights)).extract(np.full((1, 128, 128), 90, np.uint8))
    assert templates.shape == (1, 128)
    first = yaml.safe_load((weights.parent / "card.yaml").read_text())
    assert "6 drawn palms" in first["trained_on"] and "before" not in first
    assert first["command"].endswith(f" --identities {options.identities} --samples {options.samples}")

    # Going on from there the card tells of both; written once more, it tells the same.
    (options.data / "ccnet.pt").unlink()
    for _ in range(2):
        train_ccnet.train(0, replace(options, continued=True))
        card = yaml.safe_load((weights.parent / "card.yaml").read_text())
        assert card["before"] == f"{first['time']}, on {first['trained_on']}"
    # Weights that somebody brought without one are gone on with all the same.
    (weights.parent / "card.yaml").unlink()
    train_ccnet.train(0, replace(options, continued=True))
    card = yaml.safe_load((weights.parent / "card.yaml").read_text())
    assert card["before"] == "a training of which no card tells"
