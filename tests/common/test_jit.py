"""Kernels run wherever palmbench is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recognizers.common.jit import compiled, run_all

ROOT = Path(__file__).resolve().parents[2]


def test_a_kernel_compiles_where_no_cache_can_be_written():
    names = {}
    exec("def double(x):\n    return 2 * x\n", names)  # of no file, so that nowhere is a place beside it
    assert compiled(names["double"])(21) == 42


class Kernel:
    """A kernel in a module of its own, each time run in a process of its own with its cache in a folder."""

    def __init__(self, folder: Path) -> None:
        self._module, self._cache = folder / "kernels.py", folder / "cache"
        self._module.write_text(
            "from recognizers.common.jit import compiled\n@compiled\ndef triple(x):\n    return 3 * x\n"
            "if __name__ == '__main__':\n    print(triple(14), sum(triple.stats.cache_hits.values()))\n"
        )

    def run(self, limit: str = "true") -> list[str]:
        """What it answers, and how often that was answered from the cache."""
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(self._cache), "PYTHONPATH": str(ROOT)}
        command = ["sh", "-c", f'{limit}; exec "$@"', "sh", sys.executable, str(self._module)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    def file(self, suffix: str) -> Path:
        (found,) = self._cache.rglob(f"*.{suffix}")
        return found


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    made = Kernel(tmp_path_factory.mktemp("kernel"))
    made.run()
    return made


@pytest.mark.parametrize(("suffix", "left"), [("nbi", 0), ("nbi", 20), ("nbc", 0), ("nbc", 1000)])
def test_a_cache_that_was_cut_short_is_made_again(kernel: Kernel, suffix: str, left: int) -> None:
    file = kernel.file(suffix)
    file.write_bytes(file.read_bytes()[:left])
    assert kernel.run() == ["42", "0"]
    assert kernel.run() == ["42", "1"]


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_cache_of_other_bytes_or_none_that_can_be_read_stops_nothing(suffix: str, tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    kernel.run()
    file = kernel.file(suffix)
    file.write_bytes(b"\x80\x04]no pickle")
    assert kernel.run() == ["42", "0"]
    file.unlink()
    file.mkdir()
    assert kernel.run() == ["42", "0"]


def test_a_kernel_runs_where_its_cache_does_not_fit(tmp_path: Path) -> None:
    # No file may grow: every write of the cache fails as on a full disk.
    kernel = Kernel(tmp_path)
    assert kernel.run("trap '' XFSZ; ulimit -f 0") == ["42", "0"]
    assert kernel.run() == ["42", "0"]
    assert kernel.run() == ["42", "1"]


@pytest.mark.parametrize("threads", [1, 3, None])
def test_every_task_runs_and_its_error_is_heard(threads):
    seen = np.zeros(10, int)

    def mark(i):
        seen[i] += 1

    run_all(mark, ((i,) for i in range(10)), threads)
    assert (seen == 1).all()
    with pytest.raises(IndexError):
        run_all(mark, [(99,)], threads)
