"""A tiny random Paint by Example checkpoint in the hub's layout, with outputs of stock diffusers 0.33.1."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from palmbench import diffusion
from palmbench.diffusion.paint import PaintByExample

FIXTURE = Path(__file__).parents[1] / "fixtures" / "pbe-tiny"


class Scene(NamedTuple):
    image: np.ndarray
    mask: np.ndarray
    exemplar: np.ndarray


@pytest.fixture(scope="session")
def checkpoint() -> Path:
    return FIXTURE / "pipeline"


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> PaintByExample:
    return diffusion.load(str(checkpoint))


@pytest.fixture(scope="session")
def scene() -> Scene:
    def read(name: str) -> np.ndarray:
        return np.array(Image.open(FIXTURE / name))

    return Scene(read("image.png"), read("mask.png") > 127, read("exemplar.png"))


@pytest.fixture(scope="session")
def expected() -> dict[str, np.ndarray]:
    return dict(np.load(FIXTURE / "expected.npz"))


@pytest.fixture(scope="session")
def latents() -> dict[str, np.ndarray]:
    return {path.stem.removeprefix("latents_"): np.load(path) for path in FIXTURE.glob("latents_*.npy")}
