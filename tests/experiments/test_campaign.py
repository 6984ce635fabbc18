"""The campaign calls a silently wrong number wrong, a sentence right, and really damages what it says it damages."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from random import Random

import pytest

from experiments.campaign.__main__ import main, table, tally
from experiments.campaign.albums import WHOLE, hand, unhidden
from experiments.campaign.bench import Bench
from experiments.campaign.corruption import DAMAGES, files_by_kind, unfinish
from experiments.campaign.verdicts import MEMORY, Ended, Numbers, Trial, Verdict, judged, judged_table, numbers, told
from palmbench.base.images import decode_png, encode_png
from palmbench.base.status import CANNOT, DONE, SAMPLES_FAILED
from palmbench.commands.cli import guarded

_ROW = ("synth", "mask", "dir", "183.7")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for run, number in (("a", "183.7"), ("b", "-99.1")):
        (folder / "runs" / run).mkdir(parents=True)
        (folder / "runs" / run / "metrics.json").write_text(f'{{"dir": {number}}}')
        (folder / "runs" / run / "scores.parquet").write_bytes(f"PAR1{run * 100}PAR1".encode())
    (folder / "tables").mkdir()
    (folder / "tables" / "table2.csv").write_text(",".join(_ROW) + "\n")
    return folder


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, damage)
        for name in ("metrics.json", "scores.parquet")
        for damage in DAMAGES
        if (name, damage) != ("scores.parquet", "a digit changed")  # it is not text
    ],
)
def test_success_over_damaged_numbers_is_silently_wrong(results: Path, name: str, damage: str) -> None:
    expected = numbers(results)
    one, other = files_by_kind(results)[name]
    assert DAMAGES[damage](one, other, Random(0))
    found = numbers(results)
    assert judged("", [Ended(DONE, "done")], expected, found).verdict is Verdict.WRONG
    assert (
        judged("", [Ended(SAMPLES_FAILED, "1 failed"), Ended(DONE, "done")], expected, found).verdict is Verdict.WRONG
    )
    assert judged("", [Ended(CANNOT, f"{name} is damaged.")], expected, found).verdict is Verdict.RIGHT


def test_the_same_numbers_are_right_and_another_row_of_the_table_is_not(results: Path) -> None:
    expected = numbers(results)
    done = Ended(DONE, "done")
    assert judged("", [done], expected, numbers(results)).verdict is Verdict.RIGHT
    other = Numbers(expected.files, frozenset({(*_ROW[:3], "183.8")}))
    for found in (other, Numbers(expected.files, frozenset())):
        assert judged("", [done], expected, found).verdict is Verdict.WRONG
    assert judged_table("", done, expected, Numbers({}, frozenset())).verdict is Verdict.RIGHT
    assert judged_table("", done, expected, other).verdict is Verdict.WRONG


def test_damage_in_the_store_is_met_by_runs_that_have_to_read_it(results: Path) -> None:
    for stage in ("hands", "quality"):
        (results / "store" / stage).mkdir(parents=True)
    unfinish(results, "quality", Random(1))
    assert not numbers(results).files
    assert [stage.name for stage in (results / "store").iterdir()] == ["quality"]


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        (Ended(DONE, ""), Verdict.RIGHT),
        (Ended(CANNOT, "There is no such folder."), Verdict.RIGHT),
        (Ended(SAMPLES_FAILED, "1 failed"), Verdict.RIGHT),
        (Ended(CANNOT, None), Verdict.RIGHT),
        (Ended(CANNOT, "\n"), Verdict.TRACEBACK),
        (Ended(1, "a defect"), Verdict.TRACEBACK),
        (Ended(120, None), Verdict.TRACEBACK),
        (Ended(-11, ""), Verdict.TRACEBACK),
        (Ended(DONE, "Traceback (most recent call last):\n"), Verdict.TRACEBACK),
        (Ended(None, "working"), Verdict.HANG),
        (Ended(DONE, "done", peak=MEMORY + 1), Verdict.HANG),
    ],
)
def test_how_a_command_ends_is_told_by_its_status_and_words(end: Ended, verdict: Verdict) -> None:
    assert told([Ended(DONE, "done"), end])[0] is verdict


def test_a_command_past_its_limit_hangs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nsleep 60 & echo $! > child\nwait\n")
    program.chmod(0o755)
    bench = Bench(str(program), tmp_path, limit=1)
    began = time.monotonic()
    assert bench("run").status is None
    assert time.monotonic() - began < 20
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    for _ in range(100):
        if not child.exists() or child.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the command's own child is still there")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device")
def test_a_command_is_heard_and_a_full_device_is_full(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\nshift 2\necho "$@" || exit 7\necho oh >&2\n')
    program.chmod(0o755)
    bench = Bench(str(program), tmp_path, limit=20)
    assert bench("table", "2")[:2] == (0, "table 2\noh\n")
    assert bench("table", "2", full=("stdout",)).status == 7
    assert bench("table", "2", full=("stderr",)).said is None


def test_a_palm_left_in_the_clear_is_called_so(tmp_path: Path) -> None:
    album, out = tmp_path / "album", tmp_path / "out"
    album.mkdir()
    out.mkdir()
    (album / WHOLE).write_bytes(hand())
    (album / "bad.jpg").write_bytes(b"no photo")
    account = "bad.jpg: not an image"
    assert "not repainted" in unhidden(album, out, f"{account} {WHOLE}")
    shutil.copyfile(album / WHOLE, out / WHOLE)
    assert "unchanged" in unhidden(album, out, account)
    (out / WHOLE).write_bytes(encode_png(255 - decode_png(hand())))
    assert not unhidden(album, out, account)
    assert "bad.jpg" in unhidden(album, out, "1 unreadable")


def test_what_is_not_right_is_counted_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    trials = [Trial("one", Verdict.RIGHT), Trial("two", Verdict.WRONG, "a row differs"), Trial("three", Verdict.HANG)]
    lines = list(table({"kills": tally("kills", iter(trials))}))
    assert lines[1].split() == ["kills", "3", "1", "1", "0", "1"]
    assert capsys.readouterr().out.splitlines()[0] == "kills: two: silently wrong: a row differs"


@pytest.mark.parametrize("words", [["--kinds", "floods"], ["--rounds", "0"], ["--limit", "0"]])
def test_a_campaign_that_cannot_be_is_a_sentence(words: list[str]) -> None:
    assert guarded(lambda: main([*words, "--python", sys.executable])) == CANNOT
