"""Full disks: a full device on stdout or stderr, and results on a small file system that fills up."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from random import Random

from experiments.campaign.albums import album_of_one, deid
from experiments.campaign.bench import Bench, Undisturbed
from experiments.campaign.verdicts import Ended, Numbers, Trial, Verdict, judged, numbers, told
from palmbench.base.status import DONE

_STREAMS = (("stdout",), ("stderr",), ("stdout", "stderr"))


def disks(bench: Bench, whole: Undisturbed, random: Random, rounds: int) -> Iterator[Trial]:
    """The full devices once, then `rounds` small file systems, for which one has to be root."""
    for full in _STREAMS:
        name = " and ".join(full)
        whole.restore(bench)
        shutil.rmtree(bench.results / "runs")
        end = bench.run(full=full)
        yield _kept(f"full {name}: run", end, whole.numbers, numbers(bench.results))
        whole.restore(bench)
        end = bench.table(full=full)
        yield _kept(f"full {name}: table", end, whole.numbers, numbers(bench.results))
        album_of_one(bench)
        yield deid(bench, f"full {name}: deid", full=full)
    for _ in range(rounds):
        yield from _small(bench, whole, random)


def _kept(name: str, end: Ended, whole: Numbers, found: Numbers) -> Trial:
    """The verdict on a command that could not tell what it did: all of it must be there, whatever its status."""
    return judged(name, [end._replace(status=DONE)] if told([end])[0] is Verdict.RIGHT else [end], whole, found)


def _small(bench: Bench, whole: Undisturbed, random: Random) -> Iterator[Trial]:
    """A file system that holds part of the results; the same command again when there is room."""
    size = random.randrange(64, sum(path.stat().st_size for path in whole.copy.rglob("*")) // 1024)
    shutil.rmtree(bench.results, ignore_errors=True)
    bench.results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(bench.results)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        print("  skipped: a small file system, which only root may mount", flush=True)
        return
    try:
        name = f"{size} KiB for results"
        yield Trial(f"{name}: run", *told([bench.run()]))
        subprocess.run(["mount", "-o", "remount,size=64m", str(bench.results)], check=True)
        table = bench.table() if (run := bench.run()).status == DONE else run
        yield _kept(f"{name}, then room", table, whole.numbers, numbers(bench.results))
    finally:
        subprocess.run(["umount", "-l", str(bench.results)], check=True)
