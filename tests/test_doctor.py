"""`palmbench doctor` says what works, what a lack costs, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from palmbench import doctor, paths
from palmbench.compose import compose_points
from palmbench.hands import embedded


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Lines of the doctor on a machine with an empty torch cache, by subject."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def ask(**places: str) -> tuple[int, dict[str, tuple[str, str]]]:
        point = compose_points([f"{name}={value}" for name, value in places.items()])
        monkeypatch.setattr(doctor, "compose_points", lambda words: point)
        status = doctor.doctor()
        said = [line for line in capsys.readouterr().out.splitlines() if line[:7].strip() in ("ok", "absent", "broken")]
        return status, {line[8:31].strip(): (line[:7].strip(), line[31:]) for line in said}

    return ask


def test_a_lack_names_its_column_and_its_remedy(lines, tmp_path: Path) -> None:
    _, found = lines(data_dir=str(tmp_path))
    state, text = found["LPIPS weights"]
    assert state == "absent"
    assert text.startswith("no column LPIPS in Table III: vgg16-397923af.pth is missing; put it in ")
    assert str(tmp_path / "torch") in text and "quality.lpips_weights=FILE" in text
    assert "no column FID in Table III" in found["FID weights"][1]
    assert found["dataset=synth"][0] == "ok"
    state, text = found["dataset=iitd"]
    assert state == "absent" and "ask at http" in text
    assert found["hand network"][0] == "ok"


def test_missing_embedded_weights_are_broken(lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "weights_dir", lambda: tmp_path)
    status, found = lines()
    assert status == 2
    state, text = found["hand network"]
    assert state == "broken" and "Install palmbench again" in text
    assert paths.weights_dir() != tmp_path


def test_a_place_that_is_no_folder_is_broken(lines, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, found = lines(results_dir=str(tmp_path / "file"))
    assert status == 2 and found["results_dir"][0] == "broken"
