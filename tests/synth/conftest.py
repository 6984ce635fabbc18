"""A few renders that the tests share."""

from __future__ import annotations

import pytest

from palmbench.synth import Render, render


@pytest.fixture(scope="package")
def renders() -> list[Render]:
    """Two photos of each of six palms of three persons."""
    return [render(identity, sample) for identity in range(6) for sample in range(2)]
