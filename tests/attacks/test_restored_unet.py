"""The network that turns outputs back into originals: what it brings back, and nothing out of nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import recognizers
from palmbench import attacks
from palmbench.attacks import Channel, Labelled, Training
from palmbench.attacks.redrawn import RedrawnConfig
from palmbench.attacks.restored_unet import RestoredUNetConfig
from palmbench.attacks.unet import restorer
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.methods.whole_hand import WholeHandConfig
from recognizers.common.errors import RequestError
from tests.golden import inputs

SIDE, BLOCK = 48, 6


def pairs(people: int, n: int) -> np.ndarray:
    """Mosaics of drawn palms, and the palms, (n, 2, side, side)."""
    rng, found = np.random.default_rng(people), []
    for _ in range(n):
        drawn = cv2.GaussianBlur(rng.normal(size=(SIDE, SIDE)), (0, 0), 2.5)
        palm = np.clip(128 + 40 * drawn / drawn.std(), 0, 255)
        means = palm.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK).mean(axis=(1, 3))
        found.append([np.kron(means, np.ones((BLOCK, BLOCK))), palm])
    return np.round(found).astype(np.uint8)


def taught_by(shown: np.ndarray, **settings: object) -> tuple[bytes, float]:
    attack = RestoredUNetConfig(steps=80, batch=8, rate=3e-3, **settings)  # type: ignore[arg-type]
    training, validation = (
        Training(Labelled(np.zeros(0), np.zeros(0, str), np.zeros(0, int)),
                 Labelled(each, np.zeros(len(each), str), np.zeros(len(each), int)))
        for each in (shown, pairs(2, 12))
    )  # fmt: skip
    return attack.learn(recognizers.load("mtcc"), training, validation, 0, "cpu")


def lines(crops: np.ndarray) -> np.ndarray:
    """Where palms have lines, a row each, standardised."""
    fine = np.stack([cv2.Laplacian(cv2.GaussianBlur(each.astype(np.float32), (0, 0), 1.5), -1) for each in crops])
    rows = fine.reshape(len(crops), -1)
    return (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)


def likeness(found: np.ndarray, meant: np.ndarray) -> float:
    """How much more the lines of a palm are its own than another's."""
    every = lines(found) @ lines(meant).T / found[0].size
    return float(np.diag(every).mean() - every[~np.eye(len(every), dtype=bool)].mean())


def test_a_mosaic_is_brought_back_and_shuffled_pairs_bring_nothing() -> None:
    seen, meant = pairs(3, 20).transpose(1, 0, 2, 3)
    weights, error = taught_by(pairs(1, 64))
    shuffled, chance = taught_by(pairs(1, 64), permuted=True)
    restored, nothing = (restorer(each)(seen) for each in (weights, shuffled))
    assert likeness(restored, meant) > likeness(seen, meant) + 0.1
    assert likeness(nothing, meant) < likeness(seen, meant)
    assert error < chance - 0.1
    assert restored.dtype == np.uint8 and restored.shape == seen.shape


def test_a_training_is_the_same_again_and_another_from_another_seed() -> None:
    shown = pairs(1, 4)
    attack = RestoredUNetConfig(steps=2, batch=4)
    empty = Labelled(np.zeros(0), np.zeros(0, str), np.zeros(0, int))
    own = Training(empty, Labelled(shown, np.zeros(4, str), np.zeros(4, int)))
    first, again, other = (attack.learn(recognizers.load("mtcc"), own, own, seed, "cpu") for seed in (0, 0, 1))
    assert first == again and first.weights != other.weights


def test_nobody_to_learn_from_is_said() -> None:
    with pytest.raises(RequestError, match="take more persons or photos"):
        taught_by(pairs(1, 1)[:0])


def test_a_photo_is_redrawn_inside_its_region_and_weights_are_known_by_content(tmp_path: Path) -> None:
    photo, hand = inputs.photo(), inputs.hand()
    weights, _ = taught_by(pairs(1, 8))
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(weights)
    method = RedrawnConfig(weights=str(tmp_path / "a")).load()
    (changed,) = method.deidentify([photo], [hand], [0], [None])
    region = np.any(changed != photo, axis=2)
    assert region.any() and np.array_equal(changed[~region], photo[~region])
    crop = recognition_roi(photo, hand)
    meant = restorer(weights)(crop[None])[0].astype(float)
    before, after = (np.abs(each - meant).mean() for each in (crop.astype(float), recognition_roi(changed, hand)))
    assert after < before
    other = RedrawnConfig(weights=str(tmp_path / "b")).load()
    assert other.settings() == method.settings()


def test_it_reads_restored_photos_by_the_recognizer_that_is_asked() -> None:
    attack = attacks.named("restored_unet", recognizer="ccnet")
    (channel,) = attack.channels(WholeHandConfig())
    assert isinstance(attack, RestoredUNetConfig)
    assert attack.having_learnt(channel, "x") == replace(Channel("ccnet"), on_deidentified=RedrawnConfig(weights="x"))
    assert "moves" in str(attack.why_not(WholeHandConfig()))
