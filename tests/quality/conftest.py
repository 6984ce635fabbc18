"""A machine onto which no published weights were fetched."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
