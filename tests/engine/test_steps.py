"""A stage is begun when everything that it reads is there: not before, however fast the other stages are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from palmbench.config.compose import compose_points
from palmbench.engine.pipeline import Pipeline

METHODS = ("identity", "mask", "diffusion", "swap", "whole_hand", "ksame", "adversarial")


@pytest.mark.parametrize("method", METHODS)
def test_a_stage_waits_for_all_that_it_reads(method: str) -> None:
    point = compose_points([f"method={method}", "dataset=synth", "dataset.identities=2", "dataset.samples=2"])[0]
    needs = {stage.name: before for stage, before in Pipeline.of(point).steps}
    for stage, _ in Pipeline.of(point).steps:
        waited_for, before = set(), needs[stage.name]
        while before is not None:
            waited_for.add(before.name)
            before = needs[before.name]
        assert set(_named_in(stage)) & set(needs) - {stage.name} <= waited_for, stage.name


def _named_in(value: Any) -> Iterator[str]:
    """Names of the stages that a stage is made of, and of those that they are made of."""
    if is_dataclass(value):
        if isinstance(name := getattr(value, "name", None), str):
            yield name
        for field in fields(value):
            yield from _named_in(getattr(value, field.name))
