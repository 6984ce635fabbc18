"""The example of docs/recognizers.md, taken from the document, works as a package of its own."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import recognizers
from palmbench.commands import cli
from palmbench.config.compose import compose_points
from palmbench.config.listing import listing, option_names
from palmbench.config.schema import RecognizerConfig
from palmbench.stages.enrol import load_recognizer
from recognizers import output_checks
from recognizers.common.errors import RequestError
from tests.ones_own import Page, install

PAGE = Page("recognizers.md")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return PAGE.available(tmp_path, monkeypatch)


def test_the_example_is_installed_run_and_recorded(package: Path, tmp_path: Path) -> None:
    _, runs = PAGE.run(package, tmp_path)
    ((folder, found),) = runs.items()
    assert found["point"]["recognizer"] == "correlation"
    assert found["metrics"]["rr"]["n"] == 8 and found["metrics"]["rr"]["value"] is not None
    assert found["metrics"]["acc_cls"]["missing"] == "a classifier"
    assert yaml.safe_load((folder / "config.yaml").read_text())["recognizer"] == {"name": "correlation", "side": 32}
    scores = pd.read_parquet(folder / "scores.parquet")
    assert scores["distance"].between(0, 1).all()
    # Two persons of two palms each, two photos a palm: 4 genuine pairs, 16 of different persons.
    # De-identified against originals: its own, the palm's other photo, the other person's four.
    counts = {"self": 8, "genuine": 4, "impostor": 16, "mated": 8, "non_mated": 32, "inter_deidentified": 16}
    assert scores.groupby("set")["count"].sum().to_dict() == counts


def test_its_distances_are_halved_differences_of_correlation(package: Path) -> None:
    own = recognizers.load("correlation", side=2)
    rois = np.zeros((3, 128, 128), np.uint8)
    rois[0, :64], rois[1, 64:], rois[2, :, :64] = 200, 100, 50
    # Top against bottom: correlation -1; against left: 0. Brightness does not count.
    np.testing.assert_allclose(
        own.distances(own.extract(rois), own.extract(rois)), [[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]], atol=1e-6
    )
    assert own.extract(rois[:0]).shape == (0, 2, 2)


def test_it_composes_sweeps_and_is_checked_like_one_of_ours(package: Path) -> None:
    points = compose_points(["recognizer=correlation,mtcc", "method=mask"])
    assert [point.recognizer for point in points] == [
        RecognizerConfig("correlation", {"side": 16}),
        RecognizerConfig("mtcc", {"variant": "yan"}),
    ]
    sides = compose_points(["recognizer=correlation", "recognizer.side=8,32"])
    assert [point.recognizer.options["side"] for point in sides] == [8, 32]
    for setting, words in (("sied=8", "did you mean recognizer.side?"), ("side=wide", "must be a whole number")):
        with pytest.raises(RequestError, match=re.escape(words)):
            compose_points(["recognizer=correlation", f"recognizer.{setting}"])


def test_a_yaml_of_ones_own_is_a_preset_of_it(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "recognizer"
    folder.mkdir(parents=True)
    (folder / "coarse.yaml").write_text("name: correlation\nside: 8\n")
    (folder / "correlation.yaml").write_text("name: correlation\nside: 4\n")
    for name, side in (("coarse", 8), ("correlation", 4)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Hydra's, of a file and an option of one name
            (point,) = compose_points(["--config-dir", str(tmp_path / "own"), f"recognizer={name}"])
        assert point.recognizer == RecognizerConfig("correlation", {"side": side})


def test_it_is_listed_with_its_options(package: Path) -> None:
    lines = listing("recognizer").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("recognizer=correlation "))
    assert lines[at].endswith("Normalised correlation of shrunken ROIs.")
    assert lines[at + 1].split() == ["side", "=", "16", "int"]
    assert "recognizer=correlation" in listing()


def test_it_is_gone_with_its_package() -> None:
    assert not [each for each in distributions() if each.metadata["Name"] == "palm-correlation"]
    assert "correlation" not in option_names("recognizer")
    with pytest.raises(RequestError, match="there is no recognizer called correlation"):
        compose_points(["recognizer=correlation"])


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def Broken(:", "SyntaxError: invalid syntax"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("Broken = 3", "it is not a class but 3"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
    ],
)
def test_a_broken_package_is_told_and_stops_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, reason: str
) -> None:
    entry = "[palmbench.recognizers]\nbroken = palm_broken:Broken\nmtcc = palm_broken:Broken\n"
    monkeypatch.syspath_prepend(str(install(tmp_path, entry, palm_broken=f"{module}\n")))
    monkeypatch.delitem(sys.modules, "palm_broken", raising=False)
    assert compose_points(["method=mask"])[0].recognizer.name == "mtcc"
    assert "recognizer=broken" in listing() and reason in listing("recognizer")
    assert recognizers.load("mtcc").settings()["variant"] == "yan"  # a name of ours cannot be taken over
    with pytest.raises(RequestError, match=rf"'broken' \(palm_broken:Broken\) cannot be imported: {reason}"):
        compose_points(["recognizer=broken"])


_LEAVING = """
import sys
import numpy as np

class Leaving:
    name = "leaving"
    takes = "roi"

    def __init__(self, at: str = "extract"):
        self.at = at
        self._may_leave("init")

    def _may_leave(self, where):
        if self.at == where:
            sys.exit(0)

    def settings(self):
        self._may_leave("settings")
        return {"at": self.at}

    def extract(self, images):
        self._may_leave("extract")
        return np.zeros((len(images), 1), np.float32)

    def distances(self, a, b):
        self._may_leave("distances")
        return np.zeros((len(a), len(b)), np.float32)

    def pairwise(self, templates):
        self._may_leave("pairwise")
        return np.zeros(len(templates) * (len(templates) - 1) // 2, np.float32)
"""


@pytest.fixture
def leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entry = "[palmbench.recognizers]\nleaving = palm_leaving:Leaving\n"
    monkeypatch.syspath_prepend(str(install(tmp_path / "site", entry, palm_leaving=_LEAVING)))
    yield
    sys.modules.pop("palm_leaving", None)


@pytest.mark.parametrize("at", ["init", "settings"])
def test_one_that_leaves_the_program_is_no_success(
    at: str, leaving: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["dataset.identities=2", "dataset.samples=1", "method=mask", f"results_dir={tmp_path}"]
    assert cli.main(["plan", "recognizer=leaving", f"recognizer.at={at}", *small]) == 2
    assert "called sys.exit(0)" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["extract", "distances", "pairwise"])
def test_one_that_leaves_the_program_at_work_is_named(at: str, leaving: None) -> None:
    recognizer = load_recognizer(RecognizerConfig("leaving", {"at": at}))
    with pytest.raises(RequestError, match=r"recognizer leaving: \w+ called sys\.exit\(0\)"):
        templates = output_checks.templates(recognizer, np.zeros((2, 128, 128), np.uint8))
        output_checks.distances(recognizer, templates, templates)
        recognizers.pairwise(recognizer, templates)
