"""Which stages are given to an accelerator: those whose work is a network's, by their own statement."""

from __future__ import annotations

from dataclasses import replace

from palmbench.config.schema import MTCCConfig, RecognizerConfig, RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.hands.settings import MediaPipeConfig, SAM2Config
from palmbench.methods import named
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.registry import METHODS
from palmbench.stages.quality import Quality

POINT = RunConfig(dataset=SynthConfig(identities=1, samples=1), method=BlurConfig(), recognizer=MTCCConfig())


def on_device(point: RunConfig) -> dict[str, bool]:
    return {stage.name: stage.on_device for stage, _ in Pipeline.of(point).steps if stage.name != "quality"}


def test_detectors_and_features_are_and_mtcc_blur_and_usability_are_not() -> None:
    assert on_device(POINT) == {
        "hands": True, "templates": False, "deidentified": False, "hands_after": True, "templates_after": False,
        "usability": False, "features": True, "features_after": True,
    }  # fmt: skip


def test_diffusion_and_learned_recognizers_are() -> None:
    found = on_device(replace(POINT, method=DiffusionConfig(), recognizer=RecognizerConfig("ccnet")))
    assert all(found[name] for name in ("encodings", "deidentified", "templates", "templates_after"))


def test_a_detector_on_processors_is_where_its_segmenter_is() -> None:
    prepare = Pipeline.of(POINT).prepare
    mediapipe = replace(prepare, detector=MediaPipeConfig())
    assert not mediapipe.on_device
    assert replace(mediapipe, segmenter=SAM2Config()).on_device


def test_quality_is_where_lpips_is_measured() -> None:
    quality = Pipeline.of(POINT).quality
    for weights in (None, "digest"):
        settings = {**quality.settings, "lpips_weights": weights}
        assert Quality(quality.deidentify, quality.config, settings).on_device == bool(weights)


def test_of_our_methods_those_with_networks_are() -> None:
    assert {name for name in METHODS if named(name).on_device} == {
        "adversarial", "diffusion", "sd_inpaint", "sdedit", "sdxl_inpaint"
    }  # fmt: skip
