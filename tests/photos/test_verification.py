"""The check after the act sees through what hides nothing, and knows what two palms look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_photos import Knowing, truth

import recognizers
from palmbench import methods
from palmbench.hands import Hand
from palmbench.hands.hand import View
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.photos.painter import Painter
from palmbench.photos.verification import MTCC_THRESHOLD, Verifier
from palmbench.photos.window import WindowedHand, find_hands, in_window
from palmbench.synth import Render, render

REAL_ROIS = Path(__file__).resolve().parents[3] / "shared" / "real" / "contactless-rois.npz"


@pytest.fixture
def verifier(eyes) -> Verifier:  # type: ignore[no-untyped-def]
    return Verifier(recognizers.load("mtcc"), MTCC_THRESHOLD, eyes.detector, eyes.segmenter)


def test_an_unchanged_photo_is_its_original_and_blur_nearly_so(photo: np.ndarray, verifier: Verifier, eyes) -> None:  # type: ignore[no-untyped-def]
    hands = find_hands(photo, eyes.detector, eyes.segmenter)
    enrolled = verifier.templates(photo, hands)
    assert verifier.compare(enrolled, hands, photo).distances == [0.0]
    distances = {}
    for method in (BlurConfig(), MaskConfig()):
        painter = Painter(photo, eyes._replace(method=methods.load(method)))
        (distances[method.name],) = verifier.compare(enrolled, hands, painter.draw().pixels).distances
    assert not verifier.hidden(distances["blur"]) and verifier.hidden(distances["mask"])


def test_the_nearer_of_two_attacks_counts(photo: np.ndarray, one: Render, verifier: Verifier) -> None:
    """A photo that is moved is not matched where its palm was, and is found again."""
    hands = [in_window(truth(one))]
    enrolled = verifier.templates(photo, hands)
    moved = np.roll(photo, 40, axis=1)
    in_place = verifier.templates(moved, hands)[0]
    assert verifier.hidden(float(verifier.recognizer.distances(enrolled[0][None], in_place[None])[0, 0]))
    assert not verifier.hidden(verifier.compare(enrolled, hands, moved).distances[0])


def test_a_hand_that_the_first_look_missed_is_told(
    two: tuple[np.ndarray, tuple[Hand, Hand]], verifier: Verifier
) -> None:
    canvas, (left, right) = two
    seeing = replace(verifier, detector=Knowing((right, left)))
    hands = [in_window(left)]
    verdict = seeing.compare(seeing.templates(canvas, hands), hands, canvas)
    assert verdict.overlooked == [in_window(right).box]
    both = [in_window(hand) for hand in (left, right)]
    assert seeing.compare([None, None], both, canvas).overlooked == []


@pytest.mark.parametrize(
    ("view", "confidence", "told"), [("unsure", None, 1), ("back", 0.3, 1), ("back", 0.1, 0), ("closed", None, 0)]
)
def test_what_may_be_a_palm_is_told_too(
    two: tuple[np.ndarray, tuple[Hand, Hand]], verifier: Verifier, view: View, confidence: float | None, told: int
) -> None:
    canvas, (left, right) = two
    other = replace(right, view=view, palm_confidence=confidence)
    seeing = replace(verifier, detector=Knowing((left, other)))
    assert len(seeing.compare([None], [in_window(left)], canvas).overlooked) == told


def test_a_palm_around_a_known_one_is_not_taken_for_it(
    two: tuple[np.ndarray, tuple[Hand, Hand]], verifier: Verifier
) -> None:
    canvas, (left, _) = two
    middle = left.keypoints_2d.mean(axis=0)
    small = replace(left, keypoints_2d=middle + (left.keypoints_2d - middle) * np.float32(0.4))
    seeing = replace(verifier, detector=Knowing((left,)))
    assert seeing.compare([None], [in_window(small)], canvas).overlooked == [in_window(left).box]


@pytest.mark.parametrize("apart", [0, 5, 11])
def test_a_palm_without_a_roi_does_not_count_as_hidden(
    photo: np.ndarray, one: Render, verifier: Verifier, apart: int
) -> None:
    window, hand = in_window(truth(one))
    meeting = replace(hand, valleys=hand.valleys[[0, 0]] + np.array([(0, 0), (apart, 0)], np.float32))
    flat = [WindowedHand(window, meeting)]
    assert verifier.templates(photo, flat) == [None]
    (distance,) = verifier.compare([None], flat, photo).distances
    assert distance is None and not verifier.hidden(distance)


def test_the_nearest_of_several_results(verifier: Verifier, photo: np.ndarray, one: Render) -> None:
    (template,) = verifier.templates(photo, [in_window(truth(one))])
    other = render(9, 0, size=photo.shape[1::-1])
    (stranger,) = verifier.templates(other.image, [in_window(truth(other))])
    assert verifier.nearest_pair([template, None]) is None
    assert verifier.nearest_pair([template, stranger, template]) == 0.0
    assert verifier.hidden(verifier.nearest_pair([template, stranger]))


@pytest.mark.slow
def test_the_threshold_tells_rendered_palms_apart(eyes) -> None:  # type: ignore[no-untyped-def]
    """On the palms of the default run: 40 palms, four photos each."""
    recognizer, palms, rois = recognizers.load("mtcc"), [], []
    verifier = Verifier(recognizer, MTCC_THRESHOLD, eyes.detector, eyes.segmenter)
    for palm in range(40):
        for sample in range(4):
            image = render(palm, sample).image
            if hands := find_hands(image, eyes.detector, eyes.segmenter)[:1]:
                rois += verifier.templates(image, hands)
                palms.append(palm)
    distances = recognizers.pairwise(recognizer, np.stack(rois))
    rows, columns = np.triu_indices(len(palms), 1)
    same = np.array(palms)[rows] == np.array(palms)[columns]
    assert len(palms) >= 158
    assert (distances[same] <= MTCC_THRESHOLD).mean() >= 0.96
    assert (distances[~same] <= MTCC_THRESHOLD).mean() == pytest.approx(0.03, abs=0.015)


@pytest.mark.skipif(not REAL_ROIS.is_file(), reason="ROIs of people do not come with the code")
def test_the_threshold_tells_real_palms_apart() -> None:
    with np.load(REAL_ROIS) as real:
        rois, palms = real["rois"], real["identity"]
    recognizer = recognizers.load("mtcc")
    distances = recognizers.pairwise(recognizer, recognizer.extract(rois))
    rows, columns = np.triu_indices(len(palms), 1)
    same = palms[rows] == palms[columns]
    assert (distances[same] <= MTCC_THRESHOLD).mean() >= 0.985
    assert (distances[~same] <= MTCC_THRESHOLD).mean() == pytest.approx(0.135, abs=0.02)
