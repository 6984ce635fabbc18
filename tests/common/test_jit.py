"""Kernels run wherever palmbench is installed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching

from recognizers.common.jit import compiled, run_all

ROOT = Path(__file__).resolve().parents[2]


def test_a_kernel_compiles_where_no_cache_can_be_written(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def double(x):
        return 2 * x

    assert compiled(double)(21) == 42


@pytest.fixture
def triple(tmp_path, monkeypatch):
    """A kernel in a module of its own, compiled in a process of its own with its cache in a folder."""
    (tmp_path / "kernels.py").write_text(
        "from recognizers.common.jit import compiled\n@compiled\ndef triple(x):\n    return 3 * x\n"
        "if __name__ == '__main__':\n    print(triple(14), sum(triple.stats.cache_hits.values()))\n"
    )
    cache = tmp_path / "cache"

    def run(limit="true"):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
        command = ["sh", "-c", f'{limit}; exec "$@"', "sh", sys.executable, str(tmp_path / "kernels.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    run.files = lambda suffix: list(cache.rglob(f"*.{suffix}"))
    return run


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 3, 20, 0.5])
def test_a_cache_that_was_cut_short_is_made_again(triple, suffix, left):
    triple()
    (file,) = triple.files(suffix)
    data = file.read_bytes()
    file.write_bytes(data[: int(left * len(data)) if left < 1 else left])
    assert triple() == ["42", "0"]
    assert triple() == ["42", "1"]


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_cache_of_other_bytes_or_none_that_can_be_read_stops_nothing(triple, suffix):
    triple()
    (file,) = triple.files(suffix)
    file.write_bytes(b"\x80\x04]no pickle")
    assert triple() == ["42", "0"]
    file.unlink()
    file.mkdir()
    assert triple() == ["42", "0"]


def test_a_kernel_runs_where_its_cache_does_not_fit(triple):
    # No file may grow: every write of the cache fails as on a full disk.
    assert triple("trap '' XFSZ; ulimit -f 0") == ["42", "0"]
    assert triple() == ["42", "0"]
    assert triple() == ["42", "1"]


@pytest.mark.parametrize("threads", [1, 3, None])
def test_every_task_runs_and_its_error_is_heard(threads):
    seen = np.zeros(10, int)

    def mark(i):
        seen[i] += 1

    run_all(mark, ((i,) for i in range(10)), threads)
    assert (seen == 1).all()
    with pytest.raises(IndexError):
        run_all(mark, [(99,)], threads)
