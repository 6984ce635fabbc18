"""What a configuration may say, and how it is told when it says something else."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import pytest

from palmbench.errors import RequestError
from palmbench.schema import DiffusionConfig, FolderDatasetConfig, RunConfig, canonical_fusion, run_config


def changed(key: str, value: Any) -> dict[str, Any]:
    """The default run with one setting replaced or added."""
    values = deepcopy(asdict(RunConfig()))
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
    assert run_config(asdict(RunConfig())) == RunConfig()
    assert pickle.loads(pickle.dumps(RunConfig())) == RunConfig()


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
    assert run_config(changed("method.steps", 20.0)) == RunConfig()


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
        ("executor.workers", 0, "executor.workers must be a whole number from 1"),
        ("seed", -1, "seed must be a whole number from 0"),
        ("results_dir", 2026, "results_dir=\"2026\""),
        ("results_dir", "", "results_dir must be text, not nothing"),
        ("dataset", None, "dataset is missing"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named_with_what_it_may_be(key: str, value: Any, words: str) -> None:
    assert words in refusal(key, value)


def test_a_missing_setting_is_named() -> None:
    values = asdict(RunConfig())
    del values["method"]["alpha"]
    with pytest.raises(RequestError, match=r"method\.alpha is missing"):
        run_config(values)


def test_null_means_all_of_a_data_set_and_a_number_part_of_it() -> None:
    whole = {"name": "iitd", "root": None, "identities": None, "samples": None}
    assert run_config(changed("dataset", whole)).dataset == FolderDatasetConfig("iitd")
    assert run_config(changed("dataset", whole | {"samples": 2})).dataset == FolderDatasetConfig("iitd", samples=2)
    assert "null or a whole number" in refusal("dataset", whole | {"samples": "two"})
