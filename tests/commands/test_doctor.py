"""`palmbench doctor` says what works, what a lack costs, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from palmbench.commands import doctor
from palmbench.config.compose import compose_points
from palmbench.hands import observer
from palmbench.hands.external import environment
from recognizers.common.paths import weights_dir


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Lines of the doctor on a machine with empty caches of weights, by subject."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "PROJECT", tmp_path)

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
    assert text.startswith(
        "no column LPIPS in Table III: vgg16-397923af.pth is missing; palmbench weights fetch lpips "
    )
    assert str(tmp_path / "torch") in text and "quality.lpips_weights=FILE" in text
    assert "no column FID in Table III" in found["FID weights"][1]
    assert "palmbench weights fetch inception (96 MB)" in found["FID weights"][1]
    assert found["dataset=synth"][0] == "ok"
    state, text = found["dataset=iitd"]
    assert state == "absent" and "ask at http" in text
    assert found["hand network"][0] == "ok"
    state, text = found["detector=wilor"]
    assert state == "absent" and "git+https" in text and "non-commercial" in text


def test_what_is_optional_says_what_its_lack_means_and_breaks_nothing(lines) -> None:
    status, found = lines()
    assert status == 0
    for subject, lack, mend in (
        ("Paint by Example", "no rows of method=diffusion_paper", "palmbench weights fetch pbe (5.2 GB)"),
        ("SAM 2 weights", "hand segmentation in Table IV", "palmbench weights fetch sam2 (0.9 GB)"),
        ("detector=mediapipe", "Table IV", ".venv-mediapipe/bin/pip install"),
        ("detector=wilor", "Table IV", "for non-commercial use"),
    ):
        state, text = found[subject]
        assert state == "absent" and lack in text and mend in text


def test_what_is_ready_is_seen(lines, tmp_path: Path) -> None:
    interpreter = tmp_path / ".venv-mediapipe" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch(mode=0o755)
    snapshot = tmp_path / "hub" / "models--facebook--sam2.1-hiera-tiny" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for name in ("config.json", "processor_config.json", "model.safetensors"):
        (snapshot / name).write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    _, found = lines()
    assert found["detector=mediapipe"] == ("ok", f"MediaPipe in {interpreter}")
    assert found["SAM 2 weights"][0] == "ok" and f"sam2-tiny in {snapshot}" in found["SAM 2 weights"][1]
    (snapshot / "model.safetensors").unlink()
    _, found = lines()
    assert "fetched in part, the rest: palmbench weights fetch sam2" in found["SAM 2 weights"][1]


def test_a_run_that_asks_for_what_is_absent_cannot_start_and_nothing_is_fetched(lines, monkeypatch, tmp_path) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the doctor fetches nothing")

    monkeypatch.setattr("palmbench.fetching.hub_download.fetch", forbidden)
    status, found = lines(method="diffusion_paper", recognizer="ccnet", **{"recognizer.weights": "/nowhere.pth"})
    assert status == 2
    state, text = found["method=diffusion"]
    assert state == "broken" and "run `palmbench weights fetch pbe`" in text
    state, text = found["ccnet weights"]
    assert state == "broken" and "/nowhere.pth" in text
    (tmp_path / "page.pth").write_text("<html>")
    status, found = lines(recognizer="ccnet", **{"recognizer.weights": str(tmp_path / "page.pth")})
    assert status == 2 and found["ccnet weights"][0] == "broken" and "page.pth" in found["ccnet weights"][1]
    status, found = lines(quality="torchmetrics", method="blur")
    assert status == 0 and "palmbench weights fetch lpips-alexnet" in found["LPIPS weights"][1]


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
def test_weights_of_a_recognizer_are_read(lines, tmp_path: Path, name: str) -> None:
    embedded = weights_dir() / "ccnet" / "ccnet.safetensors"
    (tmp_path / name).write_bytes(embedded.read_bytes()[:-1000])
    status, found = lines(recognizer="ccnet", **{"recognizer.weights": str(tmp_path / name)})
    state, text = found["ccnet weights"]
    assert status == 2 and state == "broken" and name in text
    for whole in ("ccnet", "eehnet"):
        assert lines(recognizer=whole)[1][f"{whole} weights"][0] == "ok"


def test_a_folder_of_ones_own_counts(lines) -> None:
    folder = Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline"
    status, found = lines(method="diffusion_paper", **{"method.weights": str(folder)})
    assert status == 0
    assert found["method=diffusion"][0] == found["Paint by Example"][0] == "ok"
    assert str(folder) in found["Paint by Example"][1]


def test_missing_embedded_weights_are_broken(lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "weights_dir", lambda: tmp_path)
    status, found = lines()
    assert status == 2
    state, text = found["hand network"]
    assert state == "broken" and "Install palmbench again" in text


def test_a_place_that_is_no_folder_is_broken(lines, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, found = lines(results_dir=str(tmp_path / "file"))
    assert status == 2 and found["results_dir"][0] == "broken"


def test_a_run_that_wants_sam_2_cannot_start_without_it(lines) -> None:
    status, found = lines(segmenter="sam2")
    assert status == 2 and found["segmenter"][0] == "broken"
    assert "palmbench weights fetch sam2" in found["segmenter"][1]
