"""Packages of one's own, made of the examples in the documentation and found as pip would leave them."""

from __future__ import annotations

import re
from pathlib import Path

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
