"""Compiling numeric kernels, with a cache on disk where one can be written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Compile `function` on first use; it releases the interpreter's lock while it runs.

    The machine code is kept beside the source, or in the user's cache folder when the installation is
    read-only. Where neither can be written, or what is there is damaged, the function is compiled anew.
    """
    kernel = numba.njit(nogil=True, error_model="numpy")(function)
    with contextlib.suppress(RuntimeError, OSError):  # there is no place for a cache
        kernel._cache = _Cache(function)
    return kernel


class _Cache(FunctionCache):
    """Numba's cache, whose trouble is not the kernel's: what cannot be read is compiled anew, and kept where it can be.

    A file that a kill or a full disk cut short makes unpickling and rebuilding fail in any way.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with contextlib.suppress(OSError):
                self.flush()  # else the bad file is met by every process to come
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def run_all(call: Callable[..., object], arguments: Iterable[tuple[Any, ...]], threads: int | None) -> None:
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
