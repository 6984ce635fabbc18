"""Kernels run wherever palmbench is installed."""

import numpy as np
import pytest
from numba.core import caching

from palmbench.jit import compiled, run_all


def test_a_kernel_compiles_where_no_cache_can_be_written(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def double(x):
        return 2 * x

    assert compiled(double)(21) == 42


@pytest.mark.parametrize("threads", [1, 3, None])
def test_every_task_runs_and_its_error_is_heard(threads):
    seen = np.zeros(10, int)

    def mark(i):
        seen[i] += 1

    run_all(mark, ((i,) for i in range(10)), threads)
    assert (seen == 1).all()
    with pytest.raises(IndexError):
        run_all(mark, [(99,)], threads)
