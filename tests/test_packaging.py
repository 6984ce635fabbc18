"""What a user gets: a wheel that holds all it needs and nothing of anybody's hand, and versions that are pinned."""

from __future__ import annotations

import re
import shutil
import zipfile
from email.message import Message
from email.parser import Parser
from importlib import import_module
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def build_wheel(root: Path, out: Path) -> Path:
    return Path(next(iter(WheelBuilder(str(root)).build(directory=str(out), versions=["standard"]))))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def files_below(folder: Path, pattern: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.mark.parametrize(
    ("checkout", "pattern", "package"),
    [
        ("conf", "**/*.yaml", "palmbench/conf"),
        ("data", "*.yaml", "palmbench/cards"),
        ("data/splits", "*.yaml", "palmbench/cards/splits"),
        ("results/paper", "*.csv", "palmbench/paper/printed"),
        ("palmbench/weights", "**/*", "palmbench/weights"),
        ("recognizers/weights", "**/*", "recognizers/weights"),
        ("palmbench", "**/*.py", "palmbench"),
        ("recognizers", "**/*.py", "recognizers"),
    ],
)
def test_the_wheel_carries_what_the_checkout_holds(wheel: Path, checkout: str, pattern: str, package: str) -> None:
    expected = {f"{package}/{name}" for name in files_below(ROOT / checkout, pattern)}
    assert expected
    assert expected <= names_in(wheel)


def test_type_checkers_are_told_that_the_packages_are_typed(wheel: Path, metadata: Message) -> None:
    # Without the marker of PEP 561 a checker takes every annotation of an installed package for absent.
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert {"palmbench/py.typed", "recognizers/py.typed"} <= names_in(wheel)


def test_no_photo_and_no_result_enters_the_wheel(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (
        "README.md",
        "palmbench/__init__.py",
        "palmbench/weights/unet.safetensors",
        "recognizers/__init__.py",
        "experiments/__init__.py",
        "conf/config.yaml",
        "conf/method/blur.yaml",
        "data/iitd.yaml",
        "data/iitd/Right/001_1.bmp",
        "data/iitd/notes.yaml",
        "results/paper/table2.csv",
        "results/tables/table2.csv",
        "results/runs/0123/metrics.json",
        "tests/test_blur.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert names_in(build_wheel(tmp_path, tmp_path / "dist")) == {
        "palmbench/__init__.py",
        "palmbench/weights/unet.safetensors",
        "palmbench/conf/config.yaml",
        "palmbench/conf/method/blur.yaml",
        "palmbench/cards/iitd.yaml",
        "palmbench/paper/printed/table2.csv",
        "recognizers/__init__.py",
    }


def test_the_console_script_has_something_to_call(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(name).decode()
    match = re.search(r"^palmbench = ([\w.]+):(\w+)$", text, re.MULTILINE)
    assert match
    assert callable(getattr(import_module(match[1]), match[2]))


def pins(python: str) -> dict[str, Version]:
    """The versions that constraints.txt gives on one Python; a name pinned twice there is an error."""
    found: dict[str, Version] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker and not pin.marker.evaluate({"python_version": python}):
            continue
        (specifier,) = pin.specifier
        assert specifier.operator == "==", line
        assert canonicalize_name(pin.name) not in found, f"{pin.name} twice on Python {python}"
        found[canonicalize_name(pin.name)] = Version(specifier.version)
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", ["", "wandb", "ray", "slurm", "dev", "docs"])
def test_every_requirement_is_pinned_to_a_version_it_allows(metadata: Message, python: str, extra: str) -> None:
    pinned = pins(python)
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    environment = {"python_version": python, "extra": extra}
    chosen = [need for need in requirements if not need.marker or need.marker.evaluate(environment)]
    assert chosen
    wrong = [
        f"{need} but {pinned.get(canonicalize_name(need.name))}"
        for need in chosen
        if canonicalize_name(need.name) not in pinned
        or not need.specifier.contains(pinned[canonicalize_name(need.name)], prereleases=True)
    ]
    assert wrong == []


def test_pre_commit_runs_the_ruff_that_lint_runs() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    match = re.search(r"ruff-pre-commit\s+rev: v([\d.]+)", text)
    assert match
    assert {pins(python)["ruff"] for python in PYTHONS} == {Version(match[1])}
