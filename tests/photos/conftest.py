"""Rendered hands, alone and two on one canvas, with the networks' finding of them or the renderer's own truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from known_photos import SIZE, Knowing, truth
from PIL import Image

from palmbench.config.schema import RunConfig
from palmbench.hands import Hand, load_detector, load_segmenter
from palmbench.photos import deidentification
from palmbench.photos.painter import Tools
from palmbench.synth import Render, render


@pytest.fixture(scope="session")
def one() -> Render:
    return render(0, 0, size=SIZE)


@pytest.fixture(scope="session")
def photo(one: Render) -> np.ndarray:
    return one.image


@pytest.fixture(scope="session")
def two(one: Render) -> tuple[np.ndarray, tuple[Hand, Hand]]:
    """A canvas with two hands beside each other, and the two."""
    other = render(3, 1, size=SIZE)
    canvas = np.concatenate([one.image, other.image], axis=1)
    width = canvas.shape[1]
    return canvas, (truth(one, 0, width), truth(other, SIZE[0], width))


@pytest.fixture(scope="session")
def eyes() -> Tools:
    """The embedded detector and segmenter; tests put the method in."""
    usual = RunConfig()
    return Tools(load_detector(usual.detector), load_segmenter(usual.segmenter), None)  # type: ignore[arg-type]


@pytest.fixture
def album(tmp_path: Path, photo: np.ndarray) -> Path:
    """A folder of photos: a hand twice, once in a folder below, and a photo of nothing."""
    folder = tmp_path / "album"
    (folder / "trip").mkdir(parents=True)
    Image.fromarray(photo).save(folder / "a.png")
    Image.fromarray(photo).save(folder / "trip" / "b.jpg", quality=95)
    return folder


@pytest.fixture
def known_hands(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Lets the command find the hands it is told of."""

    def know(*hands: Hand) -> None:
        monkeypatch.setattr(deidentification, "load_detector", lambda config, device="cpu": Knowing(hands))
        monkeypatch.setattr(deidentification, "LOADED", {})

    return know
