"""The attack matrix in a tracker: once, whole, and never at the cost of the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from palmbench.commands.attack_files import write_attacks
from palmbench.config.schema import TrackerConfig
from palmbench.engine.bundle import kept_in
from palmbench.engine.pipeline import Pipeline
from palmbench.methods.blur import BlurConfig
from palmbench.methods.mask import MaskConfig
from palmbench.report import publish_attacks as publishing
from palmbench.report.kept_points import points_of
from palmbench.report.publish_attacks import findings_of, publish_attacks
from tests.attacks.drawn_templates import point
from tests.report.kept_results import results


class Book:
    """A tracker that keeps what it is given."""

    def __init__(self) -> None:
        self.runs: list[Any] = []
        self.tables: dict[str, Sequence[Any]] = {}
        self.images: dict[str, Path] = {}
        self.summary: dict[str, float] = {}

    def start(self, run: Any) -> None:
        self.runs.append(run)

    def log_summary(self, metrics: Any) -> None:
        self.summary.update(metrics)

    def log_table(self, name: str, rows: Sequence[Any]) -> None:
        self.tables[name] = rows

    def log_image(self, name: str, path: Path) -> None:
        self.images[name] = path

    def finish(self) -> None: ...


def test_the_matrix_is_tracked_once_with_every_number_and_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points = points_of(kept_in(results(tmp_path)))
    resisted = [each.resisted for each in points if each.resisted is not None]
    written = write_attacks(resisted, {each.name: each.numbers for each in points}, tmp_path / "tables", "synth")
    book = Book()
    monkeypatch.setattr(publishing, "open_tracker", lambda *_: book)
    plain = [point(str(tmp_path), method=method) for method in (BlurConfig(), MaskConfig())]
    untracked = [Pipeline.of(each) for each in plain]
    publish_attacks(untracked, written.table, written.paths)
    assert not book.runs
    tracked = [Pipeline.of(replace(each, tracker=TrackerConfig("wandb"))) for each in plain]
    for _ in range(2):
        publish_attacks(tracked, written.table, written.paths)
    assert [run.name for run in book.runs] == ["synth attacks"]
    assert "has the attack matrix already" in capsys.readouterr().err
    worst = next(each for each in resisted if each.name == "mask").worst
    assert worst is not None and book.summary["mask/rank_1"] == pytest.approx(worst.numbers["rank_1"].value)
    assert len(book.tables["attacks"]) == len(written.table.rows)
    blur = next(row for row in book.tables["tradeoff"] if row["method"] == "blur sigma 4")
    assert blur["utility"] == pytest.approx(0.75) and isinstance(blur["worst_case"], str)
    assert set(book.images) == {"gallery", "tradeoff"}


def test_a_matrix_without_a_run_has_no_trade_off_to_track(tmp_path: Path) -> None:
    points = points_of(kept_in(results(tmp_path)))
    resisted = [each.resisted for each in points if each.resisted is not None]
    written = write_attacks(resisted, {}, tmp_path / "tables", "synth")
    assert set(findings_of(written.table, written.paths).tables) == {"attacks"}
