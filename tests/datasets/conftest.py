"""Hands that exports share: the layouts are many, and the photos in them are the same few."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from palmbench.datasets import export
from palmbench.synth import Render, render


@cache
def rendered(identity: int, sample: int, profile: str, size: tuple[int, int] | None) -> Render:
    """A render that nobody can write into, since it is the next one's too."""
    shot = render(identity, sample, profile=profile, size=size)
    for field in dataclasses.fields(shot):
        if isinstance(value := getattr(shot, field.name), np.ndarray):
            value.flags.writeable = False
    return shot


@pytest.fixture(autouse=True)
def rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "render", rendered)
