"""What a configuration may say, and how it is told when it says something else."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

import recognizers
from palmbench import attacks, disclosures, methods
from palmbench.base.paths import conf_dir
from palmbench.config.schema import KINDS, RunConfig, plain_values, run_config
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.hands import registry
from palmbench.methods.diffusion import DiffusionConfig, canonical_fusion
from recognizers.common.errors import RequestError
from recognizers.common.options import options_of
from recognizers.common.strict import check_plain


def changed(key: str, value: Any) -> dict[str, Any]:
    """The default run with one setting replaced or added."""
    values = deepcopy(plain_values(RunConfig()))
    *groups, name = key.split(".")
    inner = values
    for group in groups:
        inner = inner[group]
    inner[name] = value
    return values


def refusal(key: str, value: Any) -> str:
    with pytest.raises(RequestError) as caught:
        run_config(changed(key, value))
    return str(caught.value)


def test_a_run_survives_the_way_through_plain_values() -> None:
    assert run_config(plain_values(RunConfig())) == RunConfig()
    assert pickle.loads(pickle.dumps(RunConfig())) == RunConfig()


def default_of(group: str, name: str) -> dict[str, Any]:
    """The settings of an option made in Python, where nothing is said but its name."""
    if group == "recognizer":
        return {key: option.default for key, option in options_of(recognizers.find(name)).items()}
    named = {"method": methods, "attack": attacks, "disclosure": disclosures, "detector": registry}
    found = named[group].find if group in named else None
    kind: Any = found(name) if found else KINDS[group][name]
    told = {key: value for key, value in asdict(kind(name)).items() if key != "name"}
    # A single text stands for a tuple of it.
    told = {key: value[0] if value == ("auto",) else value for key, value in told.items()}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}


@pytest.mark.parametrize(
    "path", sorted(conf_dir().glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}={path.stem}"
)
def test_a_default_is_the_same_in_conf_and_in_python(path: Path) -> None:
    group, written = path.parent.name, yaml.safe_load(path.read_text("utf-8"))
    if group == "ablation":
        assert set(written) in ({"hydra"}, {"sweeps"})
    elif path.stem == written["name"]:
        assert {key: value for key, value in written.items() if key != "name"} == default_of(group, path.stem)
    else:  # a variant has other values, of the same settings
        variants = {"diffusion_paper", "diffusion_turbo", "linkage", "reverse", "colour"}
        attributes, learning = (
            {"handedness", "skin_tone", "ring"},
            {"bit_weights", "finetuned", "finetuned_eehnet", "whitened"},
        )
        assert path.stem in {*variants, *attributes, "finetuned_eehnet", *(f"{each}_linkage" for each in learning)}
        assert written.keys() - {"name"} == default_of(group, written["name"]).keys()


@pytest.mark.parametrize(("written", "meant"), [("m+s", "s+m"), ("f+m+s", "s+m+f"), ("f", "f"), ("s + f", "s+f")])
def test_a_fusion_set_has_one_name(written: str, meant: str) -> None:
    assert canonical_fusion(written) == meant
    assert run_config(changed("method.fusion", written)).method == DiffusionConfig(fusion=meant)


@pytest.mark.parametrize("fusion", ["", "x", "s+s", "sm", "s+"])
def test_a_fusion_set_joins_different_squares(fusion: str) -> None:
    with pytest.raises(RequestError, match=r"method\.fusion"):
        DiffusionConfig(fusion=fusion)


def test_noise_of_floating_point_arithmetic_makes_no_new_setting() -> None:
    assert run_config(changed("method.alpha", 0.1 + 0.2)) == run_config(changed("method.alpha", 0.3))
    assert run_config(changed("method.guidance", 3)) == RunConfig()
    assert isinstance(run_config(changed("method.guidance", 3)).method.guidance, float)
    assert run_config(changed("method.steps", 8.0)) == RunConfig()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("method.alpha", "abc", "method.alpha must be a number from 0 to 1, not abc"),
        ("method.alpha", 1.5, "method.alpha must be a number from 0 to 1, not 1.5"),
        ("method.alpha", float("nan"), "not nan"),
        ("method.alpha", None, "not null"),
        ("method.alpha", [0.1, 0.2], "write method.alpha=0.1,0.2"),
        ("method.steps", 2.5, "method.steps must be a whole number"),
        ("method.steps", True, "not true"),
        ("method.size", 100, "divisible by 8"),
        ("method.sampler", "plm", "did you mean plms?"),
        ("method.scales", {"s": 0.1}, "one number for each of s, m, f"),
        ("method.scales", {"s": 0, "m": 0.5, "f": 1}, "method.scales.s must be a number above 0"),
        ("method.alpa", 0.2, "method.alpa is not a setting of method=diffusion; did you mean method.alpha?"),
        ("method.name", "blurr", "did you mean blur?"),
        ("metod", {}, "metod is not a setting of palmbench; did you mean method?"),
        ("method", "blur", "method must be a group of settings"),
        ("executor.workers", 0, "executor.workers must be "),
        ("seed", -1, "seed must be "),
        ("results_dir", 2026, "results_dir=\"2026\""),
        ("results_dir", "", "results_dir must be text, not nothing"),
        ("dataset", None, "dataset is missing"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named_with_what_it_may_be(key: str, value: Any, words: str) -> None:
    assert words in refusal(key, value)


@pytest.mark.parametrize(
    ("recognizer", "words"),
    [
        ({"name": "mtc"}, "recognizer.name: there is no recognizer called mtc; did you mean mtcc?"),
        ({}, "None"),
        ({"name": "mtcc", "varient": "yan"}, "recognizer.varient is not a setting of recognizer=mtcc; did you mean"),
        ({"name": "mtcc", "threads": 2}, "recognizer.threads is not"),
        ({"name": "mtcc", "variant": 3}, "recognizer.variant must be text, not 3"),
        ({"name": "mtcc", "variant": None}, "recognizer.variant must be text, not null"),
        ("mtcc", "recognizer must be"),
    ],
)
def test_a_recognizers_options_are_checked_by_its_constructor(recognizer: Any, words: str) -> None:
    assert words in refusal("recognizer", recognizer)


def test_options_that_are_not_given_have_the_constructors_default() -> None:
    assert run_config(changed("recognizer", {"name": "mtcc"})) == RunConfig()
    (original,) = {run_config(changed("recognizer.variant", "original")).recognizer}
    assert (original.name, original.options) == ("mtcc", {"variant": "original"})
    assert plain_values(RunConfig())["recognizer"] == {"name": "mtcc", "variant": "yan"}


def test_values_without_a_simple_type_are_taken_if_they_are_plain() -> None:
    assert check_plain((1, "a", None), None, "recognizer.x") == [1, "a", None]
    assert check_plain(3, float | None, "recognizer.x") == 3.0
    assert check_plain(3, int | str, "recognizer.x") == 3
    with pytest.raises(RequestError, match=r"recognizer\.x must be a, b or c, not d"):
        check_plain("d", Literal["a", "b", "c"], "recognizer.x")
    with pytest.raises(RequestError, match=r"recognizer\.x must be a number, text, true"):
        check_plain({"a": 1}, None, "recognizer.x")


def test_a_missing_setting_is_named() -> None:
    values = plain_values(RunConfig())
    del values["method"]["alpha"]
    with pytest.raises(RequestError, match=r"method\.alpha is missing"):
        run_config(values)


def test_null_means_all_of_a_data_set_and_a_number_part_of_it() -> None:
    whole = {"name": "iitd", "root": None, "identities": None, "samples": None, "split": None}
    assert run_config(changed("dataset", whole)).dataset == FolderDatasetConfig("iitd")
    assert run_config(changed("dataset", whole | {"samples": 2})).dataset == FolderDatasetConfig("iitd", samples=2)
    assert "null or a whole number" in refusal("dataset", whole | {"samples": "two"})
