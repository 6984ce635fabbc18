"""Every command and every Python example of the documentation works as it is written.

Quick commands are run. Of the others every word is read by the program itself: flags by the command's parser, settings
by composing them, a run by planning it; the nightly tests run them, on few palms. `make` says what it would call, and
that is read in turn. A block whose comment says `needs: ...` wants what this machine may lack, and is read alone; one
that says `minutes` takes that long.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import pytest

from palmbench import synth
from palmbench.commands import cli
from palmbench.config.attacks import compose_attacks
from palmbench.config.compose import compose_points
from palmbench.training.settings import read_settings
from tests.docs.blocks import NEEDS, ROOT, SHELL, Block, blocks

COMMANDS = [block for block in blocks(*SHELL) if block.needs != "the package above"]
EXAMPLES = sorted({block.page for block in blocks("python")})
OURS = ("palmbench", "python", "make")
QUICK = {"ls", "plan", "doctor", "weights", "data", "--help", "--version"}
FEW_PALMS = {"dataset.identities": "2", "dataset.samples": "2"}


class _ReadError(Exception):
    """Raised in place of the work, once a command line is understood."""

    def __init__(self, parsed: argparse.Namespace) -> None:
        self.parsed = parsed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: an album, photos of it by other names, and data sets made of it."""
    folder = tmp_path_factory.mktemp("reader")
    lines = ["path,identity,person"]
    for identity in range(2):
        for sample in range(2):
            pixels = synth.render(identity=identity, sample=sample, size=(240, 320)).image[..., ::-1]
            for name in (f"my_palms/palm-{identity}/{sample}.png", f"album/{identity}{sample}.png"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / name), pixels)
            lines.append(f"my_palms/palm-{identity}/{sample}.png,palm-{identity},person-{identity}")
    (folder / "hands.csv").write_text("\n".join(lines) + "\n")
    for name in ("holiday.jpg", "palm.png"):
        cv2.imwrite(str(folder / name), pixels)
    return folder


def on_few_palms(words: Sequence[str]) -> list[str]:
    """Settings of a run, on as few rendered palms as make one; other data sets stay as they are."""
    named = {word.lstrip("+").partition("=")[0]: word.partition("=")[2] for word in words}
    if named.get("dataset", "synth") != "synth":
        return list(words)
    return [*words, *(f"{key}={value}" for key, value in FEW_PALMS.items() if key not in named)]


def is_run(words: Sequence[str]) -> bool:
    return not words or words[0] == "run" or "=" in words[0]


def require_read(main: Any, words: list[str]) -> None:
    """Have a program read its words, and its settings composed; none of its work is done."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("parse_args", "parse_intermixed_args"):
            original = getattr(argparse.ArgumentParser, name)

            def read(self: Any, *given: Any, _original: Any = original) -> None:
                raise _ReadError(_original(self, *given))

            patch.setattr(argparse.ArgumentParser, name, read)
        with pytest.raises(_ReadError) as reading:
            status = main(words)
            pytest.fail(f"{shlex.join(words)} ended with {status} before its words were read")
    values = [
        word
        for value in vars(reading.value.parsed).values()
        for word in (value if isinstance(value, list) else [value])
    ]
    compose_points([word for word in values if isinstance(word, str) and re.match(r"\+?[\w.]+=", word)])


def read_palmbench(words: list[str]) -> None:
    if is_run(words):
        assert compose_points([word for word in words if word != "run"])
    elif words[0] == "plan":
        assert compose_points(words[1:])
    elif words[0] == "train" and "--help" not in words:
        assert read_settings(words[1], words[2:])
    elif words[0] == "attack" and "--help" not in words:
        parsed = cli.attack_arguments(words[1:])
        assert parsed is not None and compose_attacks(parsed.settings).points
    elif "--help" in words:
        assert cli.main(words) == 0
    else:
        require_read(cli.main, words)


def read(words: list[str], quickly: bool) -> None:
    """Run a command if it is quick and may be run, else have its words read."""
    match words:
        case ["palmbench", *rest] | ["python", "-m", "palmbench", *rest]:
            if quickly and is_run(rest):
                assert cli.main(["plan", *on_few_palms(rest)]) == 0
            elif quickly and (rest[0] in QUICK or "--help" in rest):
                assert cli.main(rest) in (0, 3)
            else:
                read_palmbench(rest)
        case ["python", "-m", module, *rest] if module.startswith("experiments"):
            require_read(main_of(module), rest)
        case ["make", *_]:
            for called in made(words):
                read(called, quickly=False)
        case _:
            pytest.fail(f"{shlex.join(words)} is not a command of ours: mark its block `<!-- needs: ... -->`")


def main_of(module: str) -> Any:
    """What `python -m` calls of a module, or of a package."""
    found = importlib.import_module(module)
    return (importlib.import_module(f"{module}.__main__") if hasattr(found, "__path__") else found).main


def made(words: list[str]) -> list[list[str]]:
    """What `make` would call of ours."""
    outside = {"ARGS", "MAKEFLAGS", "MAKEOVERRIDES"}  # of a `make test` that this runs under
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    done = subprocess.run([*words, "-n", "PY=python"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = [shlex.split(line, comments=True) for line in done.stdout.splitlines() if line.startswith("python -m ")]
    return [call for call in calls if call[2].partition(".")[0] in ("palmbench", "experiments")]


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_the_words_of_a_command_are_understood(
    block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for words in block.commands:
        if block.needs and words[0] not in OURS:
            continue
        read(words, quickly=not block.mark)


@pytest.mark.nightly
@pytest.mark.parametrize("block", [block for block in COMMANDS if not block.needs], ids=str)
def test_a_command_runs(
    block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for words in block.commands:
        match words:
            case ["palmbench", *rest] | ["python", "-m", "palmbench", *rest] if rest[:1] != ["data"]:
                status = cli.main(on_few_palms(rest) if is_run(rest) else rest)
                assert status in (0, 3), (shlex.join(words), capsys.readouterr().err)


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_python_of_a_page_runs(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    example = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", example)
    for block in blocks("python"):
        if block.page == page and not block.mark:
            exec(compile("\n" * block.line + block.text, str(ROOT / page), "exec"), vars(example))


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in blocks("python") if block.mark == "minutes"], ids=str)
def test_python_that_takes_longer_runs(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    exec(compile(block.text, block.page, "exec"), {"__name__": "example"})


def test_a_mark_is_one_that_is_known() -> None:
    marks = {block.mark: block for block in blocks(*SHELL, "python") if block.mark}
    assert not [f"{block}: {mark}" for mark, block in marks.items() if mark != "minutes" and block.needs not in NEEDS]


def test_no_command_hides_in_a_block_that_is_not_read() -> None:
    hidden = re.compile(r"^(palmbench|make|pip|python\d?(\.\d+)?) ", re.MULTILINE)
    assert [str(block) for block in blocks("", "text") if hidden.search(block.text)] == []


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("palmbench method=blur method.sgima=3", "sigma"),
        ("palmbench ls methid", "method"),
        ("palmbench deid album/ out/ --verfy", "--verify"),
        ("palmbench deid album/ out/ method.step=30", "steps"),
        ("palmbench train ccnet training.epoch=3", "epochs"),
        ("make tabel5", "tabel5"),
        ("python -m experiments.regions --hands 3", "--hands"),
        ("pip install palmbench", "mark its block"),
    ],
)
def test_a_misspelt_command_is_found(
    command: str, wrong: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises((Exception, SystemExit, pytest.fail.Exception)) as failed:
        read(shlex.split(command), quickly=True)
    assert wrong in f"{failed.value} {capsys.readouterr()}"
