"""Files of results that are damaged, lost or exchanged: the same command gives the same numbers, or says why not."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from random import Random

from experiments.campaign.bench import Bench, Undisturbed
from experiments.campaign.verdicts import Trial, Verdict, judged, judged_table, numbers
from palmbench.base.status import DONE


def corruption(bench: Bench, whole: Undisturbed, random: Random, rounds: int) -> Iterator[Trial]:
    """Each round damages one file of one kind in one way; all kinds and ways come once before any comes again."""
    kinds = files_by_kind(whole.copy)
    pairs = [(kind, damage) for kind in sorted(kinds) for damage in DAMAGES]
    random.shuffle(pairs)
    tried = 0
    for kind, damage in cycle(pairs):
        if tried == rounds:
            return
        whole.restore(bench)
        one, other = random.sample(files_by_kind(bench.results)[kind], 2)
        if not DAMAGES[damage](one, other, random):
            continue
        tried += 1
        name = f"{kind}: {damage}"
        if (bench.results / "store" / kind).is_dir():
            unfinish(bench.results, kind, random)
        # Before the run that mends: a table of damaged files must not show their numbers.
        read = judged_table(f"{name}, table", bench.table(), whole.numbers, numbers(bench.results))
        if read.verdict is not Verdict.RIGHT:
            yield read
            continue
        runs = [bench.run()]
        if runs[0].status != DONE:
            runs.append(bench.run())
        yield judged(name, [bench.table(), *runs], whole.numbers, numbers(bench.results))


def unfinish(results: Path, kind: str, random: Random) -> None:
    """Take the runs away, and some stages: what is finished is not read again, so that damage in it tells nothing."""
    shutil.rmtree(results / "runs")
    for stage in sorted((results / "store").iterdir()):
        if stage.name != kind and random.random() < 0.4:
            shutil.rmtree(stage)


def files_by_kind(results: Path) -> dict[str, list[Path]]:
    """All files below a results folder but the tables, by stage of the store or, of a run, by name; two at least."""
    kinds = defaultdict(list)
    for path in sorted(results.glob("store/*/**/*.*")):
        kinds[path.relative_to(results).parts[1]].append(path)
    for path in sorted(results.glob("runs/*/*.*")):
        kinds[path.name].append(path)
    return {kind: paths for kind, paths in kinds.items() if len(paths) > 1}


def _flipped(one: Path, other: Path, random: Random) -> bool:
    data = bytearray(one.read_bytes())
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return _written(one, bytes(data))


def _digit(one: Path, other: Path, random: Random) -> bool:
    data = bytearray(one.read_bytes())
    if digits := [found.start() for found in re.finditer(rb"\d", data)]:
        at = random.choice(digits)
        data[at] = ord("0") + (data[at] - ord("0") + random.randrange(1, 10)) % 10
    return _written(one, bytes(data))


def _truncated(one: Path, other: Path, random: Random) -> bool:
    data = one.read_bytes()
    return _written(one, data[: random.randrange(1, len(data))] if len(data) > 1 else data)


def _zeros(one: Path, other: Path, random: Random) -> bool:
    data = one.read_bytes()
    kept = len(data) - min(len(data), random.choice((4, 16, 64, 512)))
    return _written(one, data[:kept].ljust(len(data), b"\0"))


def _emptied(one: Path, other: Path, random: Random) -> bool:
    return _written(one, b"")


def _removed(one: Path, other: Path, random: Random) -> bool:
    one.unlink()
    return True


def _swapped(one: Path, other: Path, random: Random) -> bool:
    first, second = one.read_bytes(), other.read_bytes()
    other.write_bytes(first)
    return _written(one, second)


def _copied(one: Path, other: Path, random: Random) -> bool:
    before = one.read_bytes()
    shutil.copyfile(other, one)
    return one.read_bytes() != before


def _written(path: Path, data: bytes) -> bool:
    changed = data != path.read_bytes()
    path.write_bytes(data)
    return changed


DAMAGES: dict[str, Callable[[Path, Path, Random], bool]] = {
    "a bit flipped": _flipped,
    "a digit changed": _digit,
    "truncated": _truncated,
    "zeros at the tail": _zeros,
    "emptied": _emptied,
    "removed": _removed,
    "two swapped": _swapped,
    "another copied over it": _copied,
}
