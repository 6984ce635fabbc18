"""Packages of one's own, made of the examples in the documentation and found as pip would leave them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Page:
    """A page of `docs/` whose last blocks are an example: Python, TOML that names it, and a command that runs it."""

    def __init__(self, name: str) -> None:
        self._text = (ROOT / "docs" / name).read_text(encoding="utf-8")

    def block(self, language: str) -> str:
        *_, block = re.findall(rf"^```{language}\n(.*?)^```$", self._text, re.DOTALL | re.MULTILINE)
        return block

    def install(self, folder: Path) -> tuple[Path, str]:
        """The example as an installed distribution; its folder, and the name of its module."""
        group, entry, target = re.search(r'entry-points\."(\S+)"\]\n(\S+) = "(\S+)"', self.block("toml")).groups()  # type: ignore[union-attr]
        module = target.partition(":")[0]
        return install(folder, f"[{group}]\n{entry} = {target}\n", **{module: self.block("python")}), module

    def available(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The example installed, and imported anew by this process for the length of a test; its folder."""
        site, module = self.install(folder / "site")
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return site

    def run(self, site: Path, folder: Path) -> tuple[str, dict[Path, dict[str, Any]]]:
        """Run the page's command in a folder; what it printed, and by their folder the metrics of the runs it made."""
        words = shlex.split(self.block("sh"))
        assert words[0] == "palmbench"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
        command = [sys.executable, "-m", *words, "executor.workers=1"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        runs = sorted((folder / "results" / "runs").iterdir())
        return done.stdout, {run: json.loads((run / "metrics.json").read_text()) for run in runs}


def install(folder: Path, entry_points: str, **modules: str) -> Path:
    """A distribution as pip would leave it: modules, and metadata beside them."""
    name = next(iter(modules))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return folder
