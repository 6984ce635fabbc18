"""Progress of stages side by side: what stands in a log and on a terminal, and when."""

from __future__ import annotations

import io
import re
import time

import pytest

from palmbench.base.board import Board


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in one place."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def under_way(stream: io.StringIO, clock: list[float]) -> Board:
    """Two of four photos painted by a device, in twenty seconds of which it computed ten; one to be looked at."""
    board = Board(stream)
    board.add("paint", "paint palms", 4)
    board.add("look", "look at palms", 4, reused=3)
    clock[0] += 20
    for _ in range(2):
        board.advance("paint", computed=1)
        board.spent("paint", 10, "device")
    board.show(10.0, 1, last=True)
    return board


def test_a_log_says_how_far_each_stage_is_and_when_all_will_be_done(clock: list[float]) -> None:
    log = io.StringIO()
    under_way(log, clock)
    stage, everything = (re.split(r"  +", line) for line in log.getvalue().splitlines())
    assert stage[:3] == ["paint palms", "2/4", "0 reused, 2 computed, 0 failed"]
    # Nobody knows yet how long it takes to look.
    assert everything == ["all stages", "5/8", "0.1/s, device 50% busy"]


def test_the_time_left_is_that_of_the_lane_with_most_to_do(clock: list[float]) -> None:
    log = io.StringIO()
    board = under_way(log, clock)
    board.advance("look", computed=1)
    board.spent("look", 100, "cpu")
    board.add("look", "look at palms", 1)
    clock[0] += 30
    board.show(40.0, 1, last=False)
    assert log.getvalue().splitlines()[-1].endswith(", 1:40 left, device 100% busy")
    clock[0] += 100
    board.later = 2
    board.show(busy=0, devices=0, last=False)
    assert " left, then 2 more points" in log.getvalue().splitlines()[-1]


def test_what_is_still_to_come_is_called_what_it_is(clock: list[float]) -> None:
    log = io.StringIO()
    board = Board(log, counted="attack")
    board.add("look", "look at palms", 2)
    board.advance("look", computed=1)
    board.spent("look", 1, "cpu")
    board.later = 1
    clock[0] += 100
    board.show(busy=0, devices=0, last=False)
    assert ", then 1 more attack" in log.getvalue()


def test_a_log_has_less_and_less_to_say(clock: list[float]) -> None:
    log = io.StringIO()
    board = under_way(log, clock)
    said = []
    for second in range(1, 1000):
        before = len(log.getvalue())
        clock[0] += 1
        board.show(0.0, 0, last=False)
        said += [second] if len(log.getvalue()) > before else []
    assert said == [20, 60, 140, 300, 600, 900]


def test_a_stage_that_is_through_is_one_line_and_said_once(clock: list[float]) -> None:
    log = io.StringIO()
    board = under_way(log, clock)
    board.advance("paint", computed=2)
    board.advance("look", failed=1)
    before = len(log.getvalue())
    for _ in range(3):
        board.show(20.0, 1, last=True)
    board.finish()
    lines = log.getvalue()[before:].splitlines()
    assert [re.split(r"  +", line)[:3] for line in lines] == [
        ["paint palms", "4/4", "0 reused, 4 computed, 0 failed"],
        ["look at palms", "4/4", "3 reused, 0 computed, 1 failed"],
    ]


def test_what_is_there_for_another_that_wanted_the_same_is_done(clock: list[float]) -> None:
    log = io.StringIO()
    board = Board(log)
    for _ in range(2):
        board.add("paint", "paint palms", 1)
    board.advance("paint", computed=1, reused=1)
    board.show(0.0, 0, last=True)
    assert "2/2     1 reused, 1 computed, 0 failed" in log.getvalue()


def test_a_terminal_lives_within_its_width_and_ends_with_whole_lines(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    board = under_way(terminal, clock)
    shown = [re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]+", terminal.getvalue())]
    assert any(line.startswith("paint palms") and "2/4" in line for line in shown)
    assert max(map(len, shown)) < 60
    board.finish()
    assert terminal.getvalue().endswith("\n") and "2 computed, 0 failed" in terminal.getvalue()
