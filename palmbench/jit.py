"""Compiling numeric kernels, with a cache on disk where one can be written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable)


def compiled(function: Kernel) -> Kernel:
    """Compile `function` on first use; it releases the interpreter's lock while it runs.

    The machine code is kept beside the source, or in the user's cache folder when the installation is
    read-only. Where neither can be written the function is compiled anew in each process.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(**options)(function)


def run_all(call: Callable[..., object], arguments: Iterable[tuple], threads: int | None) -> None:
    """Call once for each tuple of arguments, on so many threads (None: one for each processor).

    The calls must write to separate places; then the number of threads cannot change a result.
    """
    threads = threads or os.cpu_count() or 1
    if threads == 1:
        for each in arguments:
            call(*each)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(call, *each) for each in arguments]:
            done.result()
