"""Executors: the same answers however many processes there are, and no process that stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from palmbench.config.executors import ExecutorConfig
from palmbench.engine.executor import Executor, available_cores
from recognizers.common.errors import RequestError, SampleError

ROOT = Path(__file__).resolve().parents[2]


def config(workers: int | None) -> ExecutorConfig:
    return ExecutorConfig(devices=("cpu",), workers=workers)


def threads_and_square(number: int) -> tuple[int, int, int, str | None]:
    import cv2
    import torch

    return number * number, torch.get_num_threads(), cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")


def refuse(error: Exception) -> None:
    raise error


def be_killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_of(death: int) -> None:
    os.kill(os.getpid(), -death) if death < 0 else os._exit(death)


def leave(status: int) -> None:
    sys.exit(status)


class FarFromHome(Exception):
    """An error of somebody's package that can be sent, and not be received."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")


def refuse_far_from_home(what: str) -> None:
    raise FarFromHome(what, "a library")


def write_pid_and_wait(task: tuple[str, float]) -> None:
    folder, seconds = task
    Path(folder, str(os.getpid())).touch()
    time.sleep(seconds)


def wait_in_workers(folder: str, *seconds: float) -> None:
    """What the process does that is going to be killed or interrupted."""
    # A shell starts what runs in its background deaf to interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Executor(config(2)) as executor:
        for _ in executor.map(write_pid_and_wait, [(folder, each) for each in seconds]):
            print("one worker has nothing to do", flush=True)


def start_waiting(folder: Path, *seconds: float) -> subprocess.Popen[str]:
    code = f"import test_executor; test_executor.wait_in_workers({str(folder)!r}, *{seconds})"
    path = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers_of(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir()]


@pytest.fixture(scope="module")
def two() -> Iterator[Executor]:
    """Two workers, begun where many threads are asked for."""
    with pytest.MonkeyPatch.context() as patch, Executor(config(2)) as executor:
        for name in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
            patch.setenv(name, "3")
        list(executor.map(threads_and_square, range(4)))
        yield executor


def test_one_and_two_workers_give_the_same_answers(two: Executor) -> None:
    tasks = list(range(9))
    with Executor(config(1)) as alone:
        expected = [threads_and_square(task)[0] for task in tasks]
        assert [answer[0] for answer in alone.map(threads_and_square, tasks)] == expected
    assert sorted(answer[0] for answer in two.map(threads_and_square, tasks)) == expected
    assert list(two.map(threads_and_square, [])) == []


def test_every_worker_computes_in_one_thread(two: Executor) -> None:
    environment = dict(os.environ)
    assert {answer[1:] for answer in two.map(threads_and_square, [1, 2, 3, 4])} == {(1, 1, "1")}
    assert dict(os.environ) == environment


@pytest.mark.parametrize("error", [SampleError("no palm"), RequestError("the disk is full"), ZeroDivisionError("ours")])
def test_what_a_worker_raises_is_raised_here(two: Executor, error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        list(two.map(refuse, [error]))


def test_a_killed_worker_is_said_in_a_sentence_and_the_next_call_works() -> None:
    with Executor(config(2)) as executor:
        with pytest.raises(RequestError, match=r"A worker process was killed.*executor\.workers=1"):
            list(executor.map(be_killed, [1, 2, 3]))
        assert sorted(answer[0] for answer in executor.map(threads_and_square, [2, 3])) == [4, 9]


def be_killed_if_odd(number: int) -> int:
    return be_killed(number) if number % 2 else number  # type: ignore[func-returns-value, return-value]


def test_what_kills_a_worker_twice_is_answered_for_and_the_rest_is_done() -> None:
    with Executor(config(2)) as executor:
        answers = list(executor.map(be_killed_if_odd, range(6), died=lambda number, reason: (number, reason)))
    told = [answer for answer in answers if isinstance(answer, tuple)]
    assert sorted(answer for answer in answers if isinstance(answer, int)) == [0, 2, 4]
    assert sorted(number for number, _ in told) == [1, 3, 5]
    assert all("A worker process was killed" in reason for _, reason in told)


@pytest.mark.parametrize(("death", "words"), [(-signal.SIGSEGV, r"by signal 11 \("), (7, "with status 7 ")])
def test_a_worker_that_died_of_something_else_is_not_said_to_want_memory(death: int, words: str) -> None:
    with Executor(config(2)) as executor, pytest.raises(RequestError, match=f"A worker process ended {words}") as said:
        list(executor.map(die_of, [death, death]))
    assert "memory" not in str(said.value)


def test_what_calls_exit_ends_neither_the_program_nor_a_worker(two: Executor) -> None:
    with Executor(config(1)) as alone:
        for executor in (alone, two):
            with pytest.raises(RequestError, match=r"sys\.exit"):
                list(executor.map(leave, [0]))
    assert [answer[0] for answer in two.map(threads_and_square, [3])] == [9]


def something_unsendable(_: int) -> object:
    return lambda: None


def test_an_answer_that_cannot_be_sent_is_an_error(two: Executor) -> None:
    with pytest.raises(RuntimeError, match=r"Pickl|pickle"):
        list(two.map(something_unsendable, [1]))
    assert [answer[0] for answer in two.map(threads_and_square, [3])] == [9]


def test_what_a_worker_raises_says_where(two: Executor) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        list(two.map(refuse, [ZeroDivisionError("ours")]))
    assert "in refuse" in str(raised.value.__cause__)


def test_an_error_that_cannot_be_sent_is_told_in_words(two: Executor) -> None:
    with pytest.raises(RuntimeError, match="FarFromHome: a crack in a library"):
        list(two.map(refuse_far_from_home, ["a crack"]))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    with start_waiting(tmp_path, 120, 120) as parent:
        try:
            assert until(lambda: len(workers_of(tmp_path)) == 2, seconds=90)
        finally:
            parent.kill()
    assert until(lambda: not any(map(runs, workers_of(tmp_path))), seconds=20)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_an_interrupt_ends_busy_and_idle_workers_and_none_of_them_says_a_word(tmp_path: Path) -> None:
    with start_waiting(tmp_path, 0, 120) as parent:
        try:
            assert parent.stdout is not None and "nothing to do" in parent.stdout.readline()
            os.killpg(parent.pid, signal.SIGINT)
            _, said = parent.communicate(timeout=60)
        finally:
            parent.kill()
    assert said == "" and parent.returncode == 0
    assert not any(map(runs, workers_of(tmp_path)))


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return met


def test_a_device_that_is_not_there_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Executor(ExecutorConfig(devices=("auto",))).device == "cpu"
    with pytest.raises(RequestError, match=r"executor\.devices=cuda"):
        _ = Executor(ExecutorConfig(devices=("cuda",))).device


def test_without_a_number_there_is_a_worker_a_core() -> None:
    assert Executor(config(None)).workers == available_cores() >= 1
    assert Executor(config(3)).workers == 3
