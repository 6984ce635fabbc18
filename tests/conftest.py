"""How tests use the machine: one thread a process, for pytest's own workers share the cores, and no wait for disks."""

from __future__ import annotations

import os

# Before anything imports torch, numpy or OpenCV; commands that tests start inherit it.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ[_threads] = "1"

# What tests write need not outlive a power failure; the order of writing is tested in tests/base/test_store.py.
os.fsync = lambda descriptor: None
