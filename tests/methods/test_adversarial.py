"""An adversarial photo is rejected by the network that it was made against, and known by others."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

import recognizers
from palmbench import methods
from palmbench.hands.palm import palm_mask
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.methods.adversarial import AdversarialConfig
from palmbench.methods.crease_terms import creases, new_contrast, turned
from palmbench.methods.victims import VICTIMS, Frame, Jitter, jitter, read, roi_reading
from palmbench.scoring.rates import equal_error_rate
from palmbench.synth import BENCHMARK_IDENTITIES, SURROGATE_IDENTITIES, TRAINING_IDENTITIES, render
from palmbench.synth.render import Render
from recognizers.common.errors import NoROIError, SampleError

PALMS = range(40, 50, 2)
QUICK = AdversarialConfig(eps=8, steps=10)


@cache
def palm(identity: int, sample: int = 0) -> Render:
    return render(identity, sample)


def changed(config: AdversarialConfig, of: Render, seed: int = 1, region: str = "paper") -> np.ndarray:
    return methods.load(config, region=region).deidentify([of.image], [of.as_hand()], [seed], [None])[0]


def templates(name: str, photos: list[np.ndarray], of: list[Render]) -> np.ndarray:
    recognizer = recognizers.load(name)
    cut = recognition_roi if recognizer.takes == "roi" else recognition_hand
    return recognizer.extract(np.stack([cut(photo, one.as_hand()) for photo, one in zip(photos, of, strict=True)]))


def rejected(name: str, photos: list[np.ndarray]) -> float:
    """Share of changed photos of `PALMS` beyond the recognizer's equal-error threshold from their own originals."""
    first, second = ([palm(identity, sample) for identity in PALMS] for sample in (0, 3))
    recognizer, own = recognizers.load(name), templates(name, [one.image for one in first], first)
    apart = recognizer.distances(own, templates(name, [one.image for one in second], second))
    same = np.eye(len(apart), dtype=bool)
    threshold = equal_error_rate(apart[same], apart[~same]).threshold
    return float((np.diag(recognizer.distances(own, templates(name, photos, first))) > threshold).mean())


def test_the_network_that_it_was_made_against_rejects_and_others_do_not():
    photos = [changed(replace(QUICK, eps=6), palm(identity)) for identity in PALMS]
    assert rejected("ccnet", photos) > 0.5
    assert rejected("mtcc", photos) == rejected("eehnet", photos) == 0


@pytest.mark.slow
def test_a_network_of_whole_hands_rejects_too():
    photos = [changed(replace(QUICK, eps=16, victim="eehnet"), palm(identity)) for identity in PALMS]
    assert rejected("eehnet", photos) > 0.5
    assert rejected("mtcc", photos) == 0


def test_a_surrogate_is_approached_and_is_nobody():
    victim, one = VICTIMS["ccnet"](), palm(PALMS[0])
    photo = changed(replace(QUICK, goal="surrogate", steps=20), one, seed=5)
    generator = np.random.default_rng((5, 1))
    nobody = render(SURROGATE_IDENTITIES[int(generator.integers(len(SURROGATE_IDENTITIES)))], 0)
    target = victim.template(nobody.image, nobody.as_hand())
    before, after = (float(victim.template(each, one.as_hand()) @ target) for each in (one.image, photo))
    assert after > before + 0.3


def test_surrogates_are_neither_evaluated_nor_trained_on():
    ranges = (BENCHMARK_IDENTITIES, TRAINING_IDENTITIES, SURROGATE_IDENTITIES)
    assert all(one.stop <= other.start for one, other in pairwise(ranges))


@pytest.mark.parametrize("eps", [1, 4, 200])
@pytest.mark.parametrize("region", ["paper", "palm"])
def test_no_pixel_changes_by_more_than_eps_or_outside_the_region(eps, region):
    one = palm(PALMS[0])
    photo = changed(replace(QUICK, eps=eps, steps=12), one, region=region)
    off = np.abs(photo.astype(int) - one.image)
    assert off.max() == eps or eps == 200
    assert off.max() <= eps
    assert not off[~palm_mask(one.as_hand(), region)].any()


def test_a_larger_photo_is_changed_within_the_same_limits():
    one = palm(PALMS[0])
    large = one.image.repeat(3, axis=0).repeat(3, axis=1)
    hand = one.as_hand()
    scaled = replace(
        hand,
        box=hand.box * 3,
        keypoints_2d=hand.keypoints_2d * 3 + 1,
        valleys=hand.valleys * 3 + 1,
        mask=hand.mask.repeat(3, axis=0).repeat(3, axis=1),
    )
    (photo,) = methods.load(QUICK).deidentify([large], [scaled], [1], [None])
    off = np.abs(photo.astype(int) - large)
    assert off.max() <= QUICK.eps and not off[~palm_mask(scaled, "paper")].any()
    victim = VICTIMS["ccnet"]()
    assert victim.template(photo, scaled) @ victim.template(large, scaled) < 0.3


def test_the_seed_decides_and_what_shares_a_call_does_not():
    one, other = palm(PALMS[0]), palm(PALMS[1])
    quick = replace(QUICK, steps=2)
    alone = changed(quick, one)
    both = methods.load(quick).deidentify(
        [other.image, one.image], [other.as_hand(), one.as_hand()], [3, 1], [None, None]
    )
    assert np.array_equal(both[1], alone)
    assert not np.array_equal(changed(quick, one, seed=2), alone)


def test_a_palm_that_cannot_be_read_fails():
    one = palm(PALMS[0])
    for valleys in (one.valleys[:1].repeat(2, axis=0), np.full((2, 2), np.nan)):
        with pytest.raises(NoROIError):
            methods.load(QUICK).deidentify([one.image], [replace(one.as_hand(), valleys=valleys)], [1], [None])


def test_a_palm_that_the_network_does_not_look_at_does_not_pass_as_deidentified():
    one = palm(PALMS[0])
    far = replace(one.as_hand(), valleys=np.float32([[20, 20], [60, 20]]))
    with pytest.raises(SampleError, match="No recognizer"):
        methods.load(QUICK).deidentify([one.image], [far], [1], [None])


def test_the_weights_of_the_victims_are_in_the_key():
    settings = [methods.load(AdversarialConfig(victim=victim)).settings() for victim in ("ccnet", "eehnet", "both")]
    assert [sorted(each["victims"]) for each in settings] == [["ccnet"], ["eehnet"], ["ccnet", "eehnet"]]
    assert settings[0]["victims"]["ccnet"] == recognizers.load("ccnet").settings()


@pytest.mark.parametrize("identity", [40, 41])
@pytest.mark.parametrize("name", sorted(VICTIMS))
def test_what_a_victim_reads_of_a_change_is_what_it_reads_of_the_changed_photo(name, identity):
    one, victim = palm(identity), VICTIMS[name]()
    frame = Frame(200, 120, 240, 300)
    rows, columns = np.mgrid[:300, :240]
    change = np.round(12 * np.sin(columns / 9) * np.sin(rows / 13)).astype(np.float32)
    photo = np.clip(one.image, 12, 243)
    after = photo.copy()
    after[120:420, 200:440] = (photo[120:420, 200:440] + change[..., None]).astype(np.uint8)
    for beside in (Jitter(), Jitter(0.02, -0.01, 2.0, 1.03)):
        before = victim.reading(photo, one.as_hand(), beside)
        foreseen = read([before], torch.from_numpy(change)[None, None], frame)[0].numpy() - before.pixels
        seen = victim.reading(after, one.as_hand(), beside).pixels - before.pixels
        assert np.corrcoef(foreseen.ravel(), seen.ravel())[0, 1] > 0.98
        assert np.abs(foreseen - seen).mean() < 0.3


@pytest.mark.parametrize("name", sorted(VICTIMS))
def test_a_victims_template_is_its_recognizers(name):
    one, recognizer = palm(41), recognizers.load(name)
    cut = recognition_roi if recognizer.takes == "roi" else recognition_hand
    (enrolled,) = recognizer.extract(cut(one.image, one.as_hand())[None])
    assert VICTIMS[name]().template(one.image, one.as_hand()).numpy() @ enrolled > 0.9999


def test_crops_are_moved_as_far_as_others_cut_them():
    generator = np.random.default_rng(0)
    drawn = np.array([jitter(generator) for _ in range(400)])
    assert np.abs(drawn[:, :2]).max() <= 0.02 and np.abs(drawn[:, 2]).max() <= 2
    assert drawn[:, 3].min() >= 0.97 and 1.05 < drawn[:, 3].max() <= 1.03 * 1.1
    assert np.abs(drawn[:, :3]).max(axis=0) == pytest.approx([0.02, 0.02, 2], rel=0.05)
    one = palm(40)
    moved = roi_reading(one.image, one.as_hand(), Jitter(0.1, 0.0, 0.0, 1.0)).places - (
        roi_reading(one.image, one.as_hand(), Jitter()).places
    )
    side = 1.2 * np.hypot(*(one.valleys[0] - one.valleys[1]))
    np.testing.assert_allclose(moved[..., 0], 0.1 * side, rtol=1e-3)


def line(degrees: float) -> torch.Tensor:
    """A ROI with one dark line through its middle, at an angle to the columns."""
    rows, columns = np.mgrid[:128, :128] - 64.0
    angle = np.deg2rad(degrees)
    off = rows * np.cos(angle) + columns * np.sin(angle)
    return torch.from_numpy((160 - 60 * np.exp(-(off**2) / 18)).astype(np.float32))[None, None]


@pytest.mark.parametrize("turn", [0, 30, 60, 90])
def test_turned_lines_are_the_sine_of_their_angle_apart(turn):
    middle = [
        crease._replace(direction=crease.direction[..., 31:34, 31:34], strength=crease.strength[..., 31:34, 31:34])
        for crease in (creases(line(30)), creases(line(30 + turn)))
    ]
    assert float(turned(*middle)) == pytest.approx(abs(np.sin(np.deg2rad(turn))), abs=0.05)


def test_only_new_contrast_counts():
    generator = np.random.default_rng(0)
    noise = torch.from_numpy(generator.normal(0, 10, (1, 1, 60, 60)).astype(np.float32))
    grey, everywhere = torch.full_like(noise, 128), torch.ones_like(noise)
    added = float(new_contrast(grey + noise, grey, everywhere))
    assert added > 0.3
    assert float(new_contrast(grey, grey + noise, everywhere)) == 0
    assert float(new_contrast(grey + noise, grey + noise, everywhere)) == 0
    # Beside contrast that was there more is seen less.
    assert float(new_contrast(grey + 3 * noise, grey + 2 * noise, everywhere)) < added


def test_it_does_not_pass_for_hidden_and_tells_that_it_saw_a_recognizer():
    assert not AdversarialConfig().hides
    assert AdversarialConfig().declaration().sees == ("recognizer",)
    assert AdversarialConfig(goal="surrogate").declaration().surrogate == "photo"
