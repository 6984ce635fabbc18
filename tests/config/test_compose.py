"""From the words of a command to the points of a sweep."""

from __future__ import annotations

import itertools
import os
import re
import sys
from pathlib import Path

import pytest

from palmbench.base.paths import conf_dir
from palmbench.config.compose import compose_points
from palmbench.config.listing import defaults, groups, listing, option_names, options, top_settings
from palmbench.config.schema import RunConfig, plain_values, run_config
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.scoring import METRICS
from recognizers.common.errors import RequestError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Compose from a folder that is not the checkout; nothing may be left in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(*overrides: str) -> str:
    with pytest.raises(RequestError) as caught:
        compose_points(list(overrides))
    text = str(caught.value)
    assert "\n" not in text
    return text


def sweep(*overrides: str) -> list[tuple[str, float]]:
    return [(point.method.fusion, point.method.alpha) for point in compose_points(list(overrides))]


def test_the_default_run_is_what_the_schema_says() -> None:
    assert compose_points([]) == [RunConfig()]


def test_every_option_of_every_group_composes() -> None:
    for group in set(defaults()) - {"attack", "disclosure"}:  # which a run has not
        names = option_names(group)
        # A group of one option is in the default run.
        assert len(names) == 1 or len(compose_points([f"{group}={','.join(names)}"])) == len(names), group


def test_the_papers_method_is_the_default_in_all_but_what_it_must_change() -> None:
    (point,) = compose_points(["method=diffusion_paper"])
    assert point.method == DiffusionConfig(
        weights="Fantasy-Studio/Paint-by-Example", sampler="plms", steps=50, spacing=1.0, guidance_end=1.0,
        crop="hand", whole_palm=False, size=512, noise="shared", posterior="sample", precision="auto",
        colour="raw",
        wrinkles="none",
        relief="none",
        grain="none",
    )  # fmt: skip


FUSIONS = ["s", "m", "f", "s+m", "s+f", "m+f", "s+m+f"]
ALPHAS = [0.1, 0.2, 0.3]


def test_the_ablations_are_the_papers() -> None:
    assert sweep("+ablation=roi") == [(fusion, 0) for fusion in FUSIONS[:3]]
    assert sweep("+ablation=fusion") == [(fusion, 0) for fusion in FUSIONS]
    assert sweep("+ablation=alpha") == [("s+m", alpha) for alpha in ALPHAS]
    assert [point.method.name for point in compose_points(["+ablation=baselines"])] == ["mask", "blur", "pixelate"]


def test_two_ablations_cross_in_either_order() -> None:
    assert sorted(sweep("+ablation=[fusion,alpha]")) == sorted(itertools.product(FUSIONS, ALPHAS))
    assert sorted(sweep("+ablation=[alpha,fusion]", "method.fusion=f")) == [("f", alpha) for alpha in ALPHAS]


def test_ablations_in_a_comma_list_follow_one_another() -> None:
    assert sweep("+ablation=roi,alpha") == [("s", 0), ("m", 0), ("f", 0), *(("s+m", alpha) for alpha in ALPHAS)]


def test_an_ablation_may_list_sweeps_in_a_file_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own" / "ablation").mkdir(parents=True)
    (tmp_path / "own" / "ablation" / "mine.yaml").write_text(
        "sweeps:\n  - method=blur method.sigma=1,2\n  - method=mask,pixelate recognizer=mtcc,ccnet\n"
    )
    points = compose_points(["--config-dir", str(tmp_path / "own"), "dataset.samples=2", "+ablation=mine"])
    assert [(point.method.name, point.method.setting(), point.recognizer.name) for point in points] == [
        ("blur", "sigma 1", "mtcc"),
        ("blur", "sigma 2", "mtcc"),
        ("mask", "", "mtcc"),
        ("mask", "", "ccnet"),
        ("pixelate", "block 9", "mtcc"),
        ("pixelate", "block 9", "ccnet"),
    ]
    assert {point.dataset.samples for point in points} == {2}


def test_a_list_of_sweeps_is_crossed_with_no_other_ablation() -> None:
    for crossed in ("[knobs,alpha]", "alpha,knobs"):
        assert "knobs is a list of sweeps; run it in a command of its own" in refusal(f"+ablation={crossed}")


@pytest.mark.parametrize("text", ["sweeps: method=blur", "sweeps: [1]", "sweeps: [method=blur"])
def test_a_list_of_sweeps_that_is_none_names_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "own" / "ablation").mkdir(parents=True)
    (tmp_path / "own" / "ablation" / "mine.yaml").write_text(text)
    assert "mine.yaml" in refusal("--config-dir", str(tmp_path / "own"), "+ablation=mine")


def test_every_method_that_needs_no_download_is_in_the_ablation_of_methods() -> None:
    from palmbench.methods.registry import METHODS

    names = {point.method.name for point in compose_points(["+ablation=methods"])}
    assert names == set(METHODS) - {"folder", "sd_inpaint", "sdxl_inpaint", "lama"}


def test_the_ablation_of_attackers_goes_from_the_photo_as_it_is_to_hardly_a_change_of_it() -> None:
    points = compose_points(["+ablation=attackers"])
    assert [point.method.name for point in points] == [
        "identity", "mask", "blur", "pixelate", "diffusion", "diffusion", "swap", "ksame", "adversarial",
    ]  # fmt: skip
    assert [point.region for point in points if point.region != "paper"] == ["palm"]


def test_an_ablation_can_be_narrowed_and_moved_to_another_data_set() -> None:
    points = compose_points(["+ablation=fusion", "method.fusion=s,m", "dataset=iitd", "dataset.samples=2"])
    assert [point.method.fusion for point in points] == ["s", "m"]
    assert {point.dataset.name for point in points} == {"iitd"}


def test_equal_points_are_one_point() -> None:
    assert sweep("method.fusion=s+m,m+s,f") == [("s+m", 0.1), ("f", 0.1)]
    assert sweep("method.alpha=range(0.1,0.35,0.1)") == [("s+m", alpha) for alpha in ALPHAS]


def test_a_setting_may_belong_to_swept_options_only() -> None:
    points = compose_points(["dataset=iitd,polyu", "dataset.root=/photos", "method.alpha=0,0.1"])
    assert [point.dataset for point in points] == [
        FolderDatasetConfig(name, root="/photos") for name in ("iitd", "iitd", "polyu", "polyu")
    ]
    assert compose_points(["method=blur", "method.sigma=3"])[0].method == BlurConfig(sigma=3.0)


def test_recognizers_are_a_sweep_and_a_setting_belongs_to_one() -> None:
    points = compose_points(["recognizer=mtcc,ccnet", "method=blur,mask"])
    assert [(point.recognizer.name, point.method.name) for point in points] == [
        (recognizer, method) for recognizer in ("mtcc", "ccnet") for method in ("blur", "mask")
    ]
    variants = compose_points(["recognizer.variant=yan,original"])
    assert [point.recognizer.options for point in variants] == [{"variant": "yan"}, {"variant": "original"}]
    words = "recognizer.variant is not a setting of recognizer=ccnet; it belongs to recognizer=mtcc."
    assert words in refusal("recognizer=ccnet", "recognizer.variant=yan")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["method=blurr"],
            "method=blurr: there is no method called blurr; did you mean blur? Choose from: adversarial, ",
        ),
        (["dataset=idiit"], "did you mean iitd?"),
        (["metod=blur"], "metod"),
        (["method.alpa=0.2"], "method.alpa "),
        (["method.sigma=3"], "method.sigma is not a setting of method=diffusion; it belongs to method=blur."),
        (["detector.python=/bin"], "embedded; it belongs to detector=mediapipe and detector=wilor."),
        (["dataset.split=a/b"], "dataset=synth; it belongs to dataset=11k, dataset=casia, dataset=folder, "),
        (["method=mask,blur", "method.sigma=3"], "method.sigma is not a setting of method=mask"),
        (["+ablation=baselines", "method.alpha=0.2"], "not a setting of every method in this sweep"),
        (["+method.alhpa=0.2"], "did you mean method.alpha?"),
        (["++method.extra=0.2"], "method.extra"),
        (["+extra=1"], "extra"),
        (["method.alpha=abc"], "method.alpha "),
        (["method.alpha=0.1,7"], "not 7"),
        (["method.alpha=[0.1,0.2]"], "to try each in turn, write method.alpha=0.1,0.2"),
        (["method.alpha=[0.1"], "'method.alpha=[0.1' cannot be read as a setting"),
        (["method.alpha=0.1,"], "cannot be read as a setting"),
        (["seed="], "seed "),
        (["seed"], "'seed' is not a setting: write key=value"),
        (["ablation=fusion"], "it takes a plus: write +ablation=fusion."),
        (["+ablation=fussion"], "+ablation=fussion: there is no ablation called fussion; did you mean fusion?"),
        (["+method=blur"], "it takes no plus: write method=blur."),
        (["+seed=1"], "it takes no plus: write seed=1."),
        (["~method"], "method is missing"),
        (["~method.alpha"], "method.alpha is missing"),
        (["method=null"], "A group takes the name of one of its options"),
        (["method.weights=${nowhere}"], "nowhere"),
        (["+hydra.sweeper.params={method:blur}"], "here write the sweep itself, as KEY=A,B"),
        (["hydra.sweeper.params.seed=1"], "here write the sweep itself, as KEY=A,B"),
        (["--method=blur"], "settings are written without dashes, method=VALUE"),
        (["--frobnicate"], "--frobnicate is not a flag"),
    ],
)
def test_a_bad_request_is_one_plain_sentence_and_leaves_nothing(
    overrides: list[str], words: str, empty_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal(*overrides)
    assert list(empty_folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_composing_leaves_the_process_as_it_was(empty_folder: Path) -> None:
    before = list(sys.argv), dict(os.environ)
    compose_points(["method=mask"])
    refusal("method=blurr")
    assert compose_points([]) == [RunConfig()]
    assert (sys.argv, dict(os.environ)) == before
    assert list(empty_folder.iterdir()) == []


def test_multirun_flags_change_nothing() -> None:
    assert compose_points(["-m", "method=mask"]) == compose_points(["method=mask"])


def test_a_folder_of_ones_own_adds_options(empty_folder: Path) -> None:
    own = empty_folder / "own" / "method"
    own.mkdir(parents=True)
    (own / "strong.yaml").write_text("name: blur\nsigma: 20\n")
    (point,) = compose_points(["--config-dir", "own", "method=strong"])
    assert point.method == BlurConfig(sigma=20.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: blur\n\tsigma: 4\n", "own.yaml, line 2: this is not YAML"),
        ("name: [\n", "own.yaml, line 2: this is not YAML"),
        ("name: blur\nname: mask\n", "found duplicate key name"),
        ("name: !!python/object:os.system\n", "could not determine a constructor"),
        ("a: &x\n  b: *x\n", "these settings do not compose"),
        ("5\n", "these settings do not compose"),
        ("", "there is no method called None"),
        ("defaults: 5\n", "defaults must be a list"),
        ("# @package _global_\nhydra:\n  sweeper:\n    params: 5\n", "these settings do not compose"),
    ],
)
def test_yaml_of_ones_own_that_is_wrong_is_a_sentence(text: str, words: str, empty_folder: Path) -> None:
    own = empty_folder / "own" / "method"
    own.mkdir(parents=True)
    (own / "own.yaml").write_text(text)
    assert words in refusal("--config-dir", "own", "method=own")


def test_an_ablation_of_ones_own_moves_no_results(empty_folder: Path) -> None:
    own = empty_folder / "own" / "ablation"
    own.mkdir(parents=True)
    (own / "two.yaml").write_text("# @package _global_\nhydra:\n  sweeper:\n    params:\n      results_dir: a,b\n")
    assert "results_dir differs between points" in refusal("--config-dir", "own", "+ablation=two")


def test_a_folder_of_ones_own_that_is_not_there_is_named(empty_folder: Path) -> None:
    assert str(empty_folder / "own") in refusal("--config-dir", "own", "method=blur")


def test_cfg_prints_the_composition_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert compose_points(["--cfg", "job", "method=mask"]) == []
    assert "fill: 0" in capsys.readouterr().out


def test_every_key_of_the_configuration_says_what_it_means() -> None:
    for path in conf_dir().glob("*/*.yaml"):
        text = path.read_text()
        assert re.match(r"# \S", text), path
        if path.parent.name == "ablation":
            assert text.startswith("# @package _global_\n# ") or "\nsweeps:\n" in text, path
            continue
        for line in text.splitlines()[1:]:
            assert re.match(r"name: \w+$|\w+: \S.*  # \S", line), f"{path}: {line}"
    assert {item.key for item in top_settings()} == {"seed", "region", "eer", "results_dir", "data_dir"}


def test_every_metric_is_listed_with_its_direction_and_its_unit() -> None:
    told = dict(re.findall(r"^(\w+) +(. \S*)", listing("metrics"), re.MULTILINE))
    assert told == {name: f"{metric.heading[-1]} {metric.unit.split(' ')[0]}" for name, metric in METRICS.items()}


def test_the_listing_knows_what_composes() -> None:
    assert sorted(groups()) == sorted([*defaults(), "ablation"])
    for group in defaults():
        for option in options(group):
            assert option.title, f"{group}={option.name}"


def test_a_composed_run_can_be_composed_again_from_its_record() -> None:
    (point,) = compose_points(["method=pixelate", "dataset=zhou"])
    assert run_config(plain_values(point)) == point
