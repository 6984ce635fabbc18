"""Runs that are stopped in the middle: a worker killed, the command killed or interrupted, and what comes of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ("metrics.json", "scores.parquet", "errors.jsonl")
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


def start(results: Path, *words: str) -> subprocess.Popen[str]:
    """Two methods on six photos, in worker processes."""
    command = [
        sys.executable, "-m", "palmbench", "method=mask,pixelate", "dataset.identities=3", "dataset.samples=2",
        "executor.batch_size=2", f"results_dir={results}", *(words or ("executor.devices=cpu", "executor.workers=2")),
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts what runs in its background deaf to interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def children(parent: int) -> list[int]:
    """Processes that a process has started, the workers among them first; not what multiprocessing looks after."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if above == parent and b"spawn_main" in command:
            found.append(int(folder.name))
    return sorted(found)


def artefacts(results: Path) -> int:
    return sum(1 for path in (results / "store").rglob("*") if path.suffix in (".npz", ".png", ".json"))


def until_there_are(number: int, results: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 150
    while artefacts(results) < number and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None and artefacts(results) >= number


def tables(results: Path) -> dict[str, bytes]:
    runs = sorted((results / "runs").iterdir())
    assert len(runs) == 2
    return {f"{run.name}/{name}": (run / name).read_bytes() for run in runs for name in RESULTS}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process makes of it that nobody stops."""
    results = tmp_path_factory.mktemp("whole")
    process = start(results, "executor.devices=cpu", "executor.workers=1")
    _, said = process.communicate(timeout=170)
    assert process.returncode == 0, said
    return tables(results)


@pytest.mark.parametrize("devices", ["cpu", "[cpu:0]"])
def test_workers_killed_in_the_middle_change_no_byte(expected: dict[str, bytes], tmp_path: Path, devices: str) -> None:
    process = start(tmp_path, f"executor.devices={devices}", "executor.workers=2")
    for number in (6, 30):
        until_there_are(number, tmp_path, process)
        os.kill(children(process.pid)[0], signal.SIGKILL)
    out, said = process.communicate(timeout=170)
    assert process.returncode == 0, said
    assert " 0 failed in " in out and tables(tmp_path) == expected


@pytest.mark.slow
def test_a_command_killed_at_random_moments_comes_to_the_same_tables(
    expected: dict[str, bytes], tmp_path: Path
) -> None:
    moments, process = random.Random(20261129), start(tmp_path)
    for share in sorted(moments.random() for _ in range(4)):
        until_there_are(1 + int(share * 75), tmp_path, process)
        workers = children(process.pid)
        process.kill()
        process.communicate()
        gone = time.monotonic() + 20
        while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < gone:
            time.sleep(0.05)
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
        process = start(tmp_path)
    _out, said = process.communicate(timeout=170)
    assert process.returncode == 0, said
    assert tables(tmp_path) == expected


def test_an_interrupt_does_not_wait_for_threads_that_compute() -> None:
    code = (
        "import sys, threading, time; import palmbench.commands.cli as cli; from palmbench.__main__ import main\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "cli.main = lambda: print('interrupted') or 130\n"
        "began = time.monotonic(); sys.exit(main())"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert (said.returncode, said.stdout, said.stderr) == (130, "interrupted\n", "")


def test_an_interrupt_ends_a_run_within_two_seconds_and_the_same_command_goes_on(
    expected: dict[str, bytes], tmp_path: Path
) -> None:
    process = start(tmp_path)
    until_there_are(8, tmp_path, process)
    workers = children(process.pid)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 130 and "goes on from here" in said and "Traceback" not in said
    assert took < 2 and not any(Path(f"/proc/{worker}").exists() for worker in workers)
    process = start(tmp_path)
    process.communicate(timeout=170)
    assert process.returncode == 0 and tables(tmp_path) == expected
