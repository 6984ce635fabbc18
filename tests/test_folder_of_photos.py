"""Photos that were de-identified elsewhere are scored as those of any method: the example of docs/methods.md too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from palmbench import methods
from palmbench.base.images import write_png
from palmbench.commands import cli
from palmbench.config.compose import compose_points
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.export import Export, export_synth
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import FolderDatasetConfig, SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.methods.folder import FolderConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.paper.overrides import read_request
from palmbench.paper.page import further_runs
from palmbench.photos.deidentification import deidentification_of
from palmbench.report.html.runs import FinishedRun, declarations, further_section
from palmbench.stages.elsewhere import Found, matched, read_found
from recognizers.common.errors import RequestError, SampleError
from tests.docs.blocks import blocks
from tests.finished_runs import done
from tests.rendered_truth import truth_found

CPU = ExecutorConfig(devices=("cpu",), workers=1)
PALMS = SynthConfig(identities=3, samples=2)
NAMES = {"one": "a/1.jpg", "two": "a/2.jpg"}


@pytest.fixture(scope="module")
def truth() -> Iterator[None]:
    with truth_found():
        yield


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "originals"
    export_synth(Export("manifest", str(out), identities=3, samples=2))
    return out


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two small photos in the folder `made`, called as those of `NAMES` but for the ending."""
    for number, name in enumerate(("1.png", "2.png")):
        write_png(tmp_path / "made" / "a" / name, np.full((4, 6, 3), number, np.uint8))
    return tmp_path / "made"


def test_a_folder_of_the_originals_gives_the_table_of_identity(truth: None, originals: Path, tmp_path: Path) -> None:
    point = RunConfig(dataset=PALMS, method=IdentityConfig(), executor=CPU, results_dir=str(tmp_path / "results"))
    folder = replace(point, method=FolderConfig(path=str(originals)))
    told = done(point, folder)
    assert told.status == 0, told.err
    one, other = (dict(Run.of(each).result or {}) for each in (point, folder))
    assert (one.pop("point")["method"], other.pop("point")["method"]) == ("identity", "folder:originals")
    assert one == other and one["metrics"]["rr"].n == 6
    assert "folder:originals" in told.out
    further = further_runs(read_request("The report", ["dataset=synth", f"results_dir={point.results_dir}"]))
    assert {run.pipeline.config.method for run in further} == {point.method, folder.method}
    page = further_section(further)
    assert "folder:originals" in page and f"{other['metrics']['ssim'].value:.4f}<" in page


def test_the_example_of_the_documentation_is_exported_blurred_and_scored(
    truth: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    parts = [block for block in blocks("bash", "python") if block.needs == "the photos above"]
    assert [part.language for part in parts] == ["bash", "python", "bash"]
    for part in parts:
        if part.language == "python":
            exec(compile(part.text, part.page, "exec"), {})
            continue
        for words in part.commands:
            settings = ["executor.workers=1", "executor.devices=cpu"] if "=" in words[1] else []
            assert cli.main([*words[1:], *settings]) == 0
    (run,) = Run.all("results")
    account = run.account
    assert account is not None and run.point["method"] == "folder:strong_blur"
    assert run.require().metrics["metrics"]["rr"].n == 8
    assert account.method["region"] == "full" and account.method["reference"] == "five lines of OpenCV"
    assert "folder:strong_blur" in capsys.readouterr().out
    pipeline = Pipeline.of(run.config)
    page = declarations([FinishedRun(pipeline, pipeline.key, account)])
    assert "folder:strong_blur" in page and "five lines of OpenCV" in page


def test_a_missing_photo_and_one_of_another_size_fail_alone(truth: None, originals: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos of another"
    shutil.copytree(originals / "photos", folder / "photos")
    (folder / "photos" / "0000" / "0001.png").unlink()
    write_png(folder / "photos" / "0001" / "0000.png", np.zeros((48, 64, 3), np.uint8))
    point = RunConfig(
        dataset=PALMS, method=FolderConfig(path=str(folder)), executor=CPU, results_dir=str(tmp_path / "results")
    )
    assert done(point).status == 3
    account = Run.of(point).account
    assert account is not None
    reasons = {failure.sample: failure.reason for failure in account.failures}
    assert set(reasons) == {"0000_0001", "0001_0000"}
    assert "has no de-identified photos/0000/0001.png" in reasons["0000_0001"]
    assert "has 64 x 48 pixels, and its original 640 x 480" in reasons["0001_0000"]
    assert Run.of(point).require().metrics["metrics"]["rr"].failed == 2


def test_the_key_of_a_photo_is_of_its_file_and_not_of_the_folder(truth: None, originals: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(originals, copy)

    def keys(dataset: Any, path: Path) -> dict[str, str]:
        wired = Pipeline.of(RunConfig(dataset=dataset, method=FolderConfig(path=str(path))))
        return {sample.id: wired.deidentify.key(sample) for sample in wired.samples}

    before = keys(PALMS, originals)
    assert keys(PALMS, copy) == before
    changed = copy / "photos" / "0001" / "0001.png"
    cv2.imwrite(str(changed), cv2.imread(str(changed))[::-1])
    assert {sample for sample, key in keys(PALMS, copy).items() if key != before[sample]} == {"0001_0001"}
    changed.unlink()
    assert {sample for sample, key in keys(PALMS, copy).items() if key != before[sample]} == {"0001_0001"}
    filed = FolderDatasetConfig("manifest", root=str(originals / "manifest.csv"))
    assert len(keys(filed, originals)) == 6  # named as in the table


def test_names_match_whatever_the_ending(files: Path) -> None:
    found = matched(FolderConfig(path=str(files)), NAMES)
    assert [each.file and each.file.path.name for each in found.values()] == ["1.png", "2.png"]
    assert read_found(found["two"], (4, 6, 3)).max() == 1


def test_two_files_that_could_be_it_are_told_apart_by_no_guess(files: Path) -> None:
    shutil.copy(files / "a" / "1.png", files / "a" / "1.bmp")
    found = matched(FolderConfig(path=str(files)), NAMES)
    with pytest.raises(SampleError, match=r"cannot be told: a/1.bmp and a/1.png"):
        read_found(found["one"], (4, 6, 3))
    shutil.copy(files / "a" / "1.png", files / "a" / "1.jpg")
    found = matched(FolderConfig(path=str(files)), NAMES)
    assert found["one"].file is not None and found["one"].file.path.name == "1.jpg"


def test_one_file_is_not_two_photos(files: Path) -> None:
    twins = {"one": "a/1.jpg", "other": "a/1.tif", "two": "a/2.jpg"}
    found = matched(FolderConfig(path=str(files)), twins)
    assert found["one"].file is None and found["other"].file is None and found["two"].file is not None
    (files / "a" / "1.png").rename(files / "a" / "1.jpg")
    found = matched(FolderConfig(path=str(files)), twins)
    assert found["one"].file is not None and found["other"].file is None


def test_a_table_names_them_otherwise(files: Path) -> None:
    table = files / "pairs.csv"
    table.write_text("deidentified,original\na/2.png,a/1.jpg\na/1.png,a/2\n")
    found = matched(FolderConfig(path=str(table)), NAMES)
    assert [each.file and each.file.path.name for each in found.values()] == ["2.png", "1.png"]
    assert FolderConfig(path=str(table)).called == "folder:pairs"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column original"),
        ("original,path\na/1.jpg,a/1.png\n", "no column deidentified"),
        ("original,deidentified\na/1.jpg,a/1.png\na/1.jpg,a/2.png\n", "line 3: a/1.jpg stands in an earlier line"),
        ("original,deidentified\na/1.jpg\n", "line 2: has 1 cells"),
        ("original,deidentified\na/9.jpg,a/1.png\n", "not one of the 2 photos is there"),
        ("original,deidentified\na/1.jpg,a/9.png\n", "there is no such file"),
    ],
)
def test_a_table_that_says_something_else_is_told(files: Path, text: str, words: str) -> None:
    (files / "pairs.csv").write_text(text)
    with pytest.raises(RequestError, match=words):
        matched(FolderConfig(path=str(files / "pairs.csv")), NAMES)


def test_photos_that_are_not_there_at_all_stop_the_run(tmp_path: Path, files: Path) -> None:
    for path in (None, str(tmp_path / "nowhere"), str(tmp_path / "nowhere.csv")):
        with pytest.raises(RequestError, match=r"method\.path"):
            methods.load(FolderConfig(path=path))
    with pytest.raises(RequestError, match=r"not one of the 1 photos is there: .* has no de-identified b/1.jpg"):
        matched(FolderConfig(path=str(files)), {"one": "b/1.jpg"})


def test_a_file_that_changed_since_its_key_was_made_is_not_read(files: Path) -> None:
    found: Found = matched(FolderConfig(path=str(files)), NAMES)["one"]
    write_png(files / "a" / "1.png", np.full((4, 6, 3), 9, np.uint8))
    with pytest.raises(RequestError, match="changed while the run was under way"):
        read_found(found, (4, 6, 3))


def test_nothing_is_repainted_with_it(files: Path) -> None:
    (point,) = compose_points(["method=folder", f"method.path={files}"])
    with pytest.raises(RequestError, match="nothing to repaint"):
        deidentification_of(point)


def test_a_rendered_photo_is_called_as_the_export_files_it(originals: Path) -> None:
    dataset = Pipeline.of(RunConfig(dataset=PALMS, method=IdentityConfig())).dataset
    assert isinstance(dataset.samples[0], Sample)
    assert all((originals / dataset.name_of(sample)).is_file() for sample in dataset.samples)
