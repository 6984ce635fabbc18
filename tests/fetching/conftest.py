from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hub_server import Repository, serving, use_hub
from huggingface_hub import constants


@pytest.fixture
def repository() -> Repository:
    files = {
        "config.json": b"{}",
        "processor_config.json": b'{"size": 1024}',
        "model.safetensors": np.random.default_rng(0).bytes(200_000),
        "pytorch_model.bin": np.random.default_rng(1).bytes(50_000),
        "README.md": b"about",
    }
    return Repository("facebook/sam2.1-hiera-tiny", {"main", "refs/pr/3"}, files)


@pytest.fixture
def hub_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of the hub client, and no way to the real hub."""
    use_hub(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def hub_address(monkeypatch: pytest.MonkeyPatch, hub_cache: Path, repository: Repository) -> Iterator[str]:
    """A hub that has the repository; the cache is empty."""
    with serving(repository) as address:
        use_hub(monkeypatch, address)
        yield address


@pytest.fixture
def torch_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Empty caches of torch; where it keeps downloaded weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "TORCH_MODEL_ZOO"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "torch" / "hub" / "checkpoints"
