"""Enrolment gives each recognizer what it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import recognizers
from palmbench.base.store import Store, unpack_arrays
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.engine import Engine
from palmbench.engine.executor import Executor
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.stages.enrol import Enrol, load_recognizer
from recognizers.common.errors import RequestError
from recognizers.mtcc import MTCC

SAMPLES = [Sample(name, name, name, "left", name) for name in ("a", "b")]


class Copy:
    """Its template is the image itself."""

    name = "copy"

    def __init__(self, takes: str = "roi", device: str = "cpu") -> None:
        if takes == "nothing":
            raise ValueError("a recognizer takes something")
        self.takes, self.device = takes, device

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "takes": self.takes}

    def extract(self, images: np.ndarray) -> np.ndarray:
        return images

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.zeros((len(a), len(b)), np.float32)


class Known(Copy):
    identities = ("a", "b")

    def classify(self, templates: np.ndarray) -> np.ndarray:
        return np.zeros(len(templates), np.int64)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def install(kind: type) -> None:
        monkeypatch.setattr(recognizers, "find", lambda name: kind)

    return install


def a_photo(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (200, 300, 3)).astype(np.uint8)


def a_hand() -> Hand:
    keypoints = np.random.default_rng(9).uniform((80, 40), (200, 160), (21, 2)).astype(np.float32)
    valleys = np.array([(120, 60), (170, 60)], np.float32)
    box = np.array([80, 40, 200, 160], np.float32)
    return Hand(0.9, box, "left", keypoints, np.zeros((21, 3), np.float32), valleys, np.zeros((200, 300), bool))


def a_prepare() -> SimpleNamespace:
    photos = SimpleNamespace(title="originals", after="", load=lambda sample, store: a_photo(ord(sample.id)))
    return SimpleNamespace(photos=photos, load=lambda sample, store: a_hand(), key=lambda sample: sample.id)


@pytest.mark.parametrize(("takes", "image_of"), [("roi", recognition_roi), ("hand", recognition_hand)])
def test_a_recognizer_is_given_rois_or_hand_crops_as_it_takes(use, tmp_path: Path, takes: str, image_of) -> None:
    use(Copy)
    stage = Enrol.of(a_prepare(), RecognizerConfig("copy", {"takes": takes}))
    for sample, data in zip(SAMPLES, stage.compute(SAMPLES, Store(tmp_path), "cpu"), strict=True):
        expected = image_of(a_photo(ord(sample.id)), a_hand())
        np.testing.assert_array_equal(unpack_arrays(data)["template"], expected)


def test_what_a_recognizer_takes_must_be_there_to_give(use) -> None:
    use(Copy)
    with pytest.raises(RequestError, match="takes 'foot', and palmbench has roi and hand to give"):
        load_recognizer(RecognizerConfig("copy", {"takes": "foot"}))


def test_a_constructors_complaint_is_a_request_that_cannot_be_met(use) -> None:
    use(Copy)
    with pytest.raises(RequestError, match="recognizer=copy: a recognizer takes something"):
        load_recognizer(RecognizerConfig("copy", {"takes": "nothing"}))
    use(MTCC)
    with pytest.raises(RequestError, match=r"recognizer=mtcc: .*'orginal'"):
        load_recognizer(RecognizerConfig("mtcc", {"variant": "orginal"}))


def test_what_is_no_recognizer_is_told_in_a_sentence(use) -> None:
    class Nothing:
        pass

    class Unsaid(Copy):
        def settings(self) -> dict[str, Any]:
            return {"weights": np.float32(1)}

    use(Nothing)
    with pytest.raises(
        RequestError, match="recognizer=copy is not a recognizer: it has no name, takes, settings, extract"
    ):
        load_recognizer(RecognizerConfig("copy"))
    use(Unsaid)
    with pytest.raises(RequestError, match=r"recognizer=copy: its settings .* must be plain JSON values .* float32"):
        Enrol.of(a_prepare(), RecognizerConfig("copy"))


def test_a_template_that_is_not_finite_is_a_failure_of_its_sample(use, tmp_path: Path) -> None:
    class Blind(Copy):
        def extract(self, images: np.ndarray) -> np.ndarray:
            return np.where(images.mean(axis=(1, 2)) == recognition_roi(a_photo(ord("b")), a_hand()).mean(), np.nan, 1)

    use(Blind)
    with Executor(ExecutorConfig(workers=1, devices=("cpu",))) as executor:
        failures = Engine(Store(tmp_path), executor).run(Enrol.of(a_prepare(), RecognizerConfig("copy")), SAMPLES)
    assert set(failures) == {"b"} and "NaN or infinite" in failures["b"].reason


def test_the_device_reaches_recognizers_that_have_one(use) -> None:
    use(Copy)
    assert load_recognizer(RecognizerConfig("copy"), "cuda").device == "cuda"
    use(MTCC)
    assert load_recognizer(RecognizerConfig("mtcc"), "cuda").settings()["variant"] == "yan"


def test_only_a_classifier_that_names_its_palms_classifies(use) -> None:
    class Unnamed(Known):
        identities = None

    for kind, classifies in ((Copy, False), (Known, True), (Unnamed, False)):
        use(kind)
        assert Enrol.of(a_prepare(), RecognizerConfig("copy")).classifies is classifies


def test_a_hand_without_a_roi_is_counted_and_the_others_are_enrolled(use, tmp_path: Path) -> None:
    use(Copy)
    meeting = replace(a_hand(), valleys=np.array([(120, 60), (123, 60)], np.float32))
    prepare = a_prepare()
    prepare.load = lambda sample, store: meeting if sample.id == "b" else a_hand()
    with Executor(ExecutorConfig(workers=1, devices=("cpu",))) as executor:
        engine = Engine(Store(tmp_path), executor)
        failures = engine.run(Enrol.of(prepare, RecognizerConfig("copy")), SAMPLES)
    assert set(failures) == {"b"}
    assert "valleys" in failures["b"].reason
    assert engine.counts["templates"].computed == 1
    # A crop of the whole hand needs no valleys.
    with Executor(ExecutorConfig(workers=1, devices=("cpu",))) as executor:
        stage = Enrol.of(prepare, RecognizerConfig("copy", {"takes": "hand"}))
        assert not Engine(Store(tmp_path / "hands"), executor).run(stage, SAMPLES)
