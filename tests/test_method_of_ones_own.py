"""The example of docs/methods.md, taken from the document, works as a package of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import palmbench
from palmbench import methods, synth
from palmbench.config.compose import compose_points
from palmbench.config.listing import listing, option_names
from palmbench.methods import output_checks
from palmbench.methods.mask import MaskConfig
from recognizers.common.errors import RequestError, SampleError
from tests.ones_own import Page, install

PAGE = Page("methods.md")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return PAGE.available(tmp_path, monkeypatch)


def test_the_example_is_installed_swept_and_recorded(package: Path, tmp_path: Path) -> None:
    printed, runs = PAGE.run(package, tmp_path)
    assert sorted(run["point"]["block"] for run in runs.values()) == [6, 24]
    for run in runs.values():
        assert run["point"]["method"] == "shuffle"
        assert run["metrics"]["rr"]["n"] == 8 and run["metrics"]["rr"]["value"] is not None
        assert f"block {run['point']['block']} " in printed


def test_it_is_listed_with_its_settings_and_imported_by_nobody_else(package: Path) -> None:
    assert "palm_shuffle" not in sys.modules
    assert compose_points(["method=mask"])[0].method == MaskConfig()
    assert "palm_shuffle" not in sys.modules
    lines = listing("method").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("method=shuffle "))
    assert lines[at].endswith("Blocks of the palm in another order.")
    assert lines[at + 1].split(maxsplit=3) == ["block", "=", "12", "side of a block, pixels of the photo"]


def test_it_composes_sweeps_and_is_checked_like_one_of_ours(package: Path) -> None:
    points = compose_points(["method=shuffle,mask"])
    assert [(point.method.name, point.method.point()) for point in points] == [("shuffle", {"block": 12}), ("mask", {})]
    swept = compose_points(["method=shuffle", "method.block=8,16"])
    assert [point.method.setting() for point in swept] == ["block 8", "block 16"]
    for setting, words in (
        ("blok=8", "did you mean method.block?"),
        ("block=1", "must be a whole number from 2 to 512, not 1"),
    ):
        with pytest.raises(RequestError, match=re.escape(words)):
            compose_points(["method=shuffle", f"method.{setting}"])


def test_a_yaml_of_ones_own_is_a_preset_of_it(package: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "method").mkdir(parents=True)
    (tmp_path / "own" / "method" / "coarse.yaml").write_text("name: shuffle\nblock: 48\n")
    (point,) = compose_points(["--config-dir", str(tmp_path / "own"), "method=coarse"])
    assert (point.method.name, point.method.point()) == ("shuffle", {"block": 48})


def test_an_ablation_of_ones_own_sweeps_it_beside_ours(package: Path, tmp_path: Path) -> None:
    (tmp_path / "own" / "ablation").mkdir(parents=True)
    text = "# @package _global_\nhydra:\n  sweeper:\n    params:\n      method: mask,shuffle\n"
    (tmp_path / "own" / "ablation" / "mine.yaml").write_text(text)
    points = compose_points(["--config-dir", str(tmp_path / "own"), "+ablation=mine"])
    assert [point.method.name for point in points] == ["mask", "shuffle"]


def test_it_repaints_photos_of_ones_own_and_follows_the_seed(package: Path) -> None:
    photo = synth.render(identity=0, sample=0).image
    one, again, other = (palmbench.deidentify(photo, method="shuffle", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert not np.array_equal(one, photo)


def test_settings_that_leave_a_palm_as_it_was_hide_nothing(package: Path) -> None:
    photo = synth.render(identity=0, sample=0).image
    large = methods.method_config({"name": "shuffle", "block": 512})
    with pytest.raises(SampleError, match="100% of its palm stayed as it was"):
        palmbench.deidentify(photo, method=large)


def test_what_names_its_photos_holds_settings_region_and_version(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = methods.find("shuffle")().load(region="palm")  # type: ignore[call-arg]
    before = method.settings()
    assert (before["name"], before["block"], before["region"], before["versions"]["shuffle"]) == (
        "shuffle",
        12,
        "palm",
        1,
    )
    monkeypatch.setattr(type(method), "version", 2)
    assert method.settings() != before


def test_it_is_gone_with_its_package() -> None:
    assert "shuffle" not in option_names("method")
    with pytest.raises(RequestError, match="there is no method called shuffle"):
        compose_points(["method=shuffle"])


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import no_such_module", "cannot be imported: No module named 'no_such_module'"),
        ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
        ("class Broken: pass", "cannot be used: it is not a dataclass derived from palmbench.methods.MethodConfig"),
        ("{head}\n    name: str = 'broken'", "that has a load"),
        ("{head}\n    name: str = 'broken'\n    depth: int = 3\n{load}", None),
        ("{head}\n    name: str = 'broken'\n    depth: int = 2.5\n{load}", "method.depth must be a whole number"),
        ("{head}\n    name: str = 'broken'\n    def __post_init__(self): 1 / 0\n{load}", "division by zero"),
        ("{head}\n    name: str = 'other'\n{load}", "its settings are named 'other'"),
        ("{head}\n{load}", "its settings need defaults, and name has none"),
    ],
)
def test_a_broken_package_is_told_and_stops_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, reason: str | None
) -> None:
    head = "from dataclasses import dataclass\nfrom palmbench.methods import MethodConfig\n"
    head += "@dataclass(frozen=True)\nclass Broken(MethodConfig):"
    text = module.format(head=head, load="    def load(self, device='cpu', region='paper'): ...")
    entry = "[palmbench.methods]\nbroken = palm_broken:Broken\nblur = palm_broken:Broken\n"
    monkeypatch.syspath_prepend(str(install(tmp_path, entry, palm_broken=f"{text}\n")))
    monkeypatch.delitem(sys.modules, "palm_broken", raising=False)
    assert compose_points(["method=blur"])[0].method.name == "blur"  # a name of ours cannot be taken over
    assert "method=broken" in listing()
    if reason is None:
        assert compose_points(["method=broken"])[0].method.name == "broken"
        return
    assert reason in listing("method")
    with pytest.raises(RequestError, match=rf"'broken' \(palm_broken:Broken\) .*{re.escape(reason)}"):
        compose_points(["method=broken"])


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        ("[]", "gave 0 photos for 1"),
        ("[images[0][:-1]]", "gave uint8 (7, 8, 3) for a photo of uint8 (8, 8, 3)"),
        ("[images[0] / 255]", "gave float64 (8, 8, 3)"),
        ("__import__('sys').exit(0)", "called sys.exit(0)"),
    ],
)
def test_a_wrong_answer_is_never_counted(gives: str, words: str) -> None:
    class Wrong(methods.Method):
        version = 1

        def deidentify(self, images, hands, seeds, encodings):  # type: ignore[no-untyped-def]
            return eval(gives, {"images": images})

    with pytest.raises(RequestError, match=re.escape(f"method=mask {words}")):
        output_checks.photos(Wrong(MaskConfig()), [np.zeros((8, 8, 3), np.uint8)], [], [0])
