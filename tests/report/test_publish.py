"""How a sweep and its points are called by trackers, and whose photos they may show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from palmbench.config.compose import ablations_of, compose_points
from palmbench.config.schema import RecognizerConfig, RunConfig, TrackerConfig
from palmbench.datasets.settings import FolderDatasetConfig, SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.hands.settings import EmbeddedConfig, MediaPipeConfig, SAM2Config, SegmenterConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.mask import MaskConfig
from palmbench.quality.settings import QualityConfig
from palmbench.report.publish import Publisher
from palmbench.report.tracking_groups import Sweep

SYNTH = SynthConfig(identities=2, samples=1)
EMBEDDED: dict[str, Any] = {"detector": EmbeddedConfig(), "segmenter": SegmenterConfig()}


def sweep(*points: RunConfig, ablations: tuple[str, ...] = ()) -> Sweep:
    return Sweep(tuple(Pipeline.of(point) for point in points), ablations)


def names_of(*points: RunConfig) -> list[str]:
    # Neither MediaPipe nor the weights of SAM 2 come with palmbench.
    wired = [SimpleNamespace(config=each, point=Pipeline.of(replace(each, **EMBEDDED)).point) for each in points]
    found = Sweep(tuple(wired))  # type: ignore[arg-type]
    return [found.name_of(each) for each in found.pipelines]


def blurred(sigma: float) -> RunConfig:
    return RunConfig(dataset=SYNTH, method=BlurConfig(sigma=sigma))


def test_the_same_points_are_the_same_group_in_any_order_and_any_folder() -> None:
    group = sweep(blurred(3), blurred(6)).group
    assert sweep(blurred(6), replace(blurred(3), results_dir="elsewhere")).group == group
    assert group.startswith("synth-sigma-") and len(group.rpartition("-")[2]) == 8
    assert sweep(blurred(3), blurred(9)).group != group


def test_a_group_is_named_after_what_varies_or_its_ablations() -> None:
    mask, blur = RunConfig(dataset=SYNTH, method=MaskConfig()), blurred(3)
    assert sweep(mask).group.startswith("synth-mask-")
    assert sweep(mask, blur).group.startswith("synth-method-")
    assert sweep(mask, blur, ablations=("baselines",)).group.startswith("synth-baselines-")
    assert sweep(mask, replace(mask, seed=1), replace(mask, dataset=replace(SYNTH, profile="wild"))).varying == (
        "dataset.profile",
        "seed",
    )


def test_a_point_has_one_id_in_a_sweep_and_another_in_the_next() -> None:
    first, second = sweep(blurred(3), blurred(6)), sweep(blurred(3))
    run, other = first.run_of(first.pipelines[0]), second.run_of(second.pipelines[0])
    assert run.id == f"{first.pipelines[0].key}-{first.group[-8:]}"
    assert run.id != other.id and run.id[:32] == other.id[:32]
    assert (run.name, other.name) == ("synth blur sigma 3, mtcc", "synth blur sigma 3, mtcc")
    assert run.tags == ("synth", "blur", "mtcc")
    assert run.config["settings"]["method"] == {"name": "blur", "sigma": 3}
    assert (run.config["method"], run.config["variant"], run.config["key"]) == ("blur", "yan", run.id[:32])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, ("seed 0", "seed 1")),
        ({"eer": "grid"}, ("eer exact", "eer grid")),
        ({"quality": QualityConfig("torchmetrics")}, ("quality paper", "quality torchmetrics")),
        ({"segmenter": SAM2Config()}, ("segmenter embedded", "segmenter sam2")),
        ({"detector": MediaPipeConfig()}, ("detector embedded", "detector mediapipe")),
        ({"detector": EmbeddedConfig(threshold=0.5)}, ("threshold 0.9", "threshold 0.5")),
        # What has a column of its own, or is told by the method's setting, is not said again.
        ({"recognizer": RecognizerConfig("bocv")}, ("", "")),
        ({"region": "palm"}, ("", "region palm")),
    ],
)
def test_a_point_is_named_by_what_varies(change: dict[str, Any], told: tuple[str, str]) -> None:
    assert names_of(blurred(4), replace(blurred(4), **change)) == [f"blur sigma 4 {each}".strip() for each in told]


def test_settings_of_one_of_several_methods_are_told_where_two_would_be_called_alike() -> None:
    few, many = (RunConfig(dataset=SYNTH, method=DiffusionConfig(steps=steps)) for steps in (4, 20))
    assert names_of(blurred(4), few) == ["blur sigma 4", "diffusion s+m alpha 0.1"]
    assert names_of(blurred(4), few, many) == [
        "blur sigma 4", "diffusion s+m alpha 0.1 steps 4", "diffusion s+m alpha 0.1 steps 20",
    ]  # fmt: skip
    # Rows are of all recognizers: what another one saw under other settings stands in a row of its own.
    other = replace(many, recognizer=RecognizerConfig("bocv"))
    assert names_of(blurred(4), few, other)[1:] == [
        "diffusion s+m alpha 0.1 steps 4", "diffusion s+m alpha 0.1 steps 20",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["+ablation=fusion", "dataset=synth"], ["fusion"]),
        (["+ablation=[fusion,alpha]"], ["fusion", "alpha"]),
        (["ablation=roi", "-m"], ["roi"]),
        (["method=blur"], []),
    ],
)
def test_ablations_are_read_from_the_command(words: list[str], names: list[str]) -> None:
    assert ablations_of(words) == names


def test_ablation_names_become_group_and_tags() -> None:
    points = compose_points(["+ablation=baselines", "dataset.identities=2", "dataset.samples=1"])
    found = sweep(*points, ablations=tuple(ablations_of(["+ablation=baselines"])))
    assert found.run_of(found.pipelines[0]).tags == ("synth", "mask", "mtcc", "baselines")


def test_photos_of_people_are_not_shown_and_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def pipeline(dataset: SynthConfig | FolderDatasetConfig) -> Pipeline:
        return SimpleNamespace(config=RunConfig(dataset=dataset))  # type: ignore[return-value]

    private, open_to_all = pipeline(FolderDatasetConfig("iitd")), pipeline(SYNTH)
    publisher = Publisher.of([private, open_to_all])
    assert [publisher.may_show(each) for each in (private, private, open_to_all)] == [False, False, True]
    assert [line[:18] for line in capsys.readouterr().err.splitlines()] == ["No photos of IITD:"]


def test_a_run_that_cannot_be_tracked_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("wandb")
    point = replace(blurred(3), tracker=TrackerConfig("wandb"), results_dir=str(tmp_path))
    pipeline = Pipeline.of(point)
    Publisher.of([pipeline]).publish(pipeline, Run.of(pipeline))
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith(f"wandb was not given {pipeline.key}: ")
