"""Image quality is measured inside and outside the palm that a method was asked to hide, as the detector sees it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.images import write_png
from palmbench.base.store import Store
from palmbench.config.schema import MTCCConfig, RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.hands.palm import Region
from palmbench.hands.settings import EmbeddedConfig
from palmbench.methods.folder import FolderConfig
from palmbench.methods.mask import MaskConfig

POINT = RunConfig(dataset=SynthConfig(identities=1, samples=1), method=MaskConfig(), recognizer=MTCCConfig())


@pytest.mark.parametrize("region", ["paper", "palm"])
def test_a_mask_changes_nothing_outside_the_palm_it_was_asked_to_hide(region: Region, tmp_path: Path) -> None:
    pipeline, store = Pipeline.of(replace(POINT, region=region)), Store(tmp_path)
    (sample,) = pipeline.samples
    for stage in (pipeline.prepare, pipeline.deidentify, pipeline.quality):
        store.write(stage.name, stage.key(sample), stage.suffix, stage.compute([sample], store, "cpu")[0])
    found = pipeline.quality.load(sample, store)
    assert found["psnr_outside"] == math.inf > found["psnr_inside"]


def test_photos_made_elsewhere_are_measured_again_where_the_palm_is_another(tmp_path: Path) -> None:
    write_png(tmp_path / "photos" / "0000" / "0000.png", np.zeros((480, 640, 3), np.uint8))
    folder = replace(POINT, method=FolderConfig(path=str(tmp_path)))
    points = [folder, replace(folder, region="palm"), replace(folder, detector=EmbeddedConfig(threshold=0.5))]
    pipelines = [Pipeline.of(point) for point in points]
    assert len({pipeline.deidentify.key(pipeline.samples[0]) for pipeline in pipelines}) == 1
    assert len({pipeline.quality.key(pipeline.samples[0]) for pipeline in pipelines}) == len(points)
