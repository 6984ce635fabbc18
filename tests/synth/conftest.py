"""A few renders that the tests share."""

from __future__ import annotations

import pytest

from palmbench.synth import Render, render


@pytest.fixture(scope="package")
def renders() -> list[Render]:
    """Two photos of each of six palms of three persons."""
    return [render(identity, sample) for identity in range(6) for sample in range(2)]


@pytest.fixture(scope="package")
def wild_renders() -> list[Render]:
    """A photo of each of twelve palms, taken anywhere."""
    return [render(identity, 1, "wild") for identity in range(12)]
