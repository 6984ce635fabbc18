"""The example of docs/attacks.md, taken from the document, works as a package of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from palmbench.config.attacks import compose_attacks
from palmbench.config.listing import listing
from palmbench.methods.mask import MaskConfig
from recognizers.common.errors import RequestError
from tests.ones_own import ROOT, Page

PAGE = Page("attacks.md")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return PAGE.available(tmp_path, monkeypatch)


def test_it_is_listed_composed_and_checked_like_one_of_ours(package: Path) -> None:
    assert "A recognizer that sees both sides through a blur." in listing("attack")
    (trial,) = compose_attacks(["attack=blink", "attack.sigma=3"]).trials
    (channel,) = trial.attack.channels(MaskConfig())
    assert (channel.recognizer, channel.on_originals.sigma) == ("mtcc", 3.0)  # type: ignore[union-attr]
    with pytest.raises(RequestError, match=r"attack\.sigma must be a number above 0"):
        compose_attacks(["attack=blink", "attack.sigma=0"])


@pytest.mark.slow
def test_its_command_tries_it_and_leaves_a_record(package: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(package), str(ROOT)])}
    command = [sys.executable, "-m", *shlex.split(PAGE.block("sh")), "executor.workers=1"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "blink o-a" in done.stdout
    (record,) = (tmp_path / "results" / "attacks").glob("*/record.json")
    assert json.loads(record.read_text())["attack"]["sigma"] == 2.0
