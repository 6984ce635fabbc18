"""The picture of the rendered hands shows what it says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from experiments import gallery
from palmbench.base.images import read_image
from palmbench.synth import PROFILES


def test_a_row_for_each_profile_and_a_column_for_each_palm(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gallery, "PALMS", (3, 8))
    assert gallery.main([str(tmp_path / "hands.png")]) == 0
    sheet = read_image(tmp_path / "hands.png")
    assert sheet.shape == (len(PROFILES) * gallery.HEIGHT, 2 * gallery.WIDTH, 3)
    rows = np.split(sheet.astype(float), len(PROFILES))
    assert all(np.abs(first - second).mean() > 5 for first, second in pairwise(rows))


def test_a_misspelt_flag_is_no_file(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        gallery.main(["--flie"])
    assert "unrecognized arguments: --flie" in capsys.readouterr().err and not list(tmp_path.iterdir())
