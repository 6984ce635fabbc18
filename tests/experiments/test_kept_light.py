"""What the kept light of a palm tells of it: less, the coarser it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from experiments import kept_light
from experiments.palm_statistics.__main__ import rendered_rois


def test_what_distances_tell_of_own_and_of_other_photos() -> None:
    palms = np.array([0, 0, 1, 1])
    distances = np.array([[0.5, 0.1, 0.2, 0.9], [0.1, 0.0, 0.6, 0.7], [0.8, 0.8, 0.3, 0.4], [0.1, 0.9, 0.2, 0.2]])
    own, others = (kept_light.told(distances, palms, each) for each in (True, False))
    # The own photo is nearest of those of other palms for two of the four lights.
    assert own.rank_1 == 50
    assert own.chance == pytest.approx(100 / 3)
    assert others.rank_1 == 75
    genuine, impostor = distances[[0, 1, 2, 3], [0, 1, 2, 3]], distances[palms[:, None] != palms]
    less = (genuine[:, None] < impostor).mean() + 0.5 * (genuine[:, None] == impostor).mean()
    assert own.auc == pytest.approx(less)


def test_finer_light_tells_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rois = tmp_path / "rois.npz"
    np.savez(rois, rois=rendered_rois("controlled", 8, 3), identity=np.repeat(np.arange(8), 3))
    assert kept_light.main([str(rois), "--finest", "0.02", "0.08"]) == 0
    lines = capsys.readouterr().out.splitlines()
    fine, coarse = (
        [float(auc) for line in lines if line.startswith(share) for auc in re.findall(r"AUC ([\d.]+)", line)]
        for share in (" 0.020", " 0.080")
    )
    assert len(fine) == len(coarse) == 4
    assert all(more > less for more, less in zip(fine, coarse, strict=True))
