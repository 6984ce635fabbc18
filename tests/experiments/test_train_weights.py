"""One command trains the embedded networks in the order in which they need each other."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from experiments import train_weights


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run; the autoencoder's fails when `--data broken` is asked for."""
    seen: list[list[str]] = []

    def run(command: list[str]) -> SimpleNamespace:
        seen.append(command)
        return SimpleNamespace(returncode=7 if "broken" in command and command[2].endswith("autoencoder") else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_recipes_run_in_order_with_their_own_limits(commands: list[list[str]]) -> None:
    assert train_weights.main([]) == 0
    names = ("hand", "view", "spot", "ccnet", "eehnet", "autoencoder", "inpainting")
    modules = [f"experiments.weights.train_{name}" for name in names]
    assert commands == [[sys.executable, "-m", module, "--data", "data/training"] for module in modules]
    assert all(find_spec(module) for module in modules)


def test_a_limit_goes_to_its_recipe(commands: list[list[str]]) -> None:
    assert train_weights.main(["--minutes-inpainting", "5", "--data", "elsewhere"]) == 0
    assert [command[5:] for command in commands] == [[], [], [], [], [], [], ["--minutes", "5.0"]]
    assert {command[4] for command in commands} == {"elsewhere"}


def test_the_first_failure_ends_it(commands: list[list[str]]) -> None:
    assert train_weights.main(["--data", "broken"]) == 7
    assert len(commands) == 6


def test_the_size_of_the_training_set_goes_to_all(commands: list[list[str]]) -> None:
    assert train_weights.main(["--identities", "40", "--minutes-hand", "1"]) == 0
    assert commands[0][5:] == ["--identities", "40", "--minutes", "1.0"]
    assert all(command[5:] == ["--identities", "40"] for command in commands[1:])
