"""Error rates on ROIs of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import bench_rois
from recognizers.common.errors import RequestError


def rois() -> tuple[np.ndarray, list[str]]:
    """Three palms of smooth noise, two photos each."""
    random = np.random.default_rng(0)
    coarse = random.uniform(40, 220, (3, 16, 16)).repeat(8, axis=1).repeat(8, axis=2)
    photos = coarse[:, None] + random.normal(0, 5, (3, 2, 128, 128))
    return photos.reshape(6, 128, 128).astype(np.uint8), ["a", "a", "b", "b", "c", "c"]


def test_palms_that_are_told_apart_have_no_error_and_shuffled_ones_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, palms = rois()
    np.savez(tmp_path / "rois.npz", rois=images, identity=palms)
    assert bench_rois.main([str(tmp_path / "rois.npz"), "compcode"]) == 0
    printed = capsys.readouterr().out
    assert "6 ROIs of 3 palms: 3 genuine and 12 impostor pairs" in printed
    assert printed.split()[-4:] == ["compcode", "EER", "0.00", "%"]
    assert bench_rois.error_rate(images, ["a", "b", "c", "a", "b", "c"], "compcode") > 0.2


@pytest.mark.parametrize("content", [{"rois": np.zeros((2, 8, 8), np.uint8), "identity": ["a", "b"]}, {"rois": [1]}])
def test_another_file_is_refused(tmp_path: Path, content: dict[str, object]) -> None:
    np.savez(tmp_path / "rois.npz", **content)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="rois"):
        bench_rois.read_rois(tmp_path / "rois.npz")
