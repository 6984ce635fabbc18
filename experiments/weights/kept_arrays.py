"""Training sets as arrays on disk: made once by several processes, then memory-mapped by every recipe."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Shapes = Mapping[str, tuple[tuple[int, ...], DTypeLike]]


def kept_arrays(
    note: Path,
    wanted: Mapping[str, Any],
    shapes: Shapes,
    entry_of: Callable[[Any], Mapping[str, Any]],
    entries: Iterable[Any],
    count: int,
    workers: int = 2,
) -> dict[str, np.ndarray]:
    """Open arrays that lie beside a note, making them first when the note is absent or says other things.

    Parameters
    ----------
    note : Path
        A JSON file. One that is there belongs to whole arrays; who comes while they are made waits.
    wanted : dict
        What the note must say: everything that decides what the arrays hold.
    shapes : dict
        Shape of one entry and its type, by the array's name; it lies in <name>.npy.
    entry_of : callable
        Makes the entry of one of `entries`; a function of a module, since other processes call it.
    entries : iterable
    count : int
        How many there are.
    workers : int
        Processes; one is this one.
    """
    said = json.loads(json.dumps(wanted))
    folder = note.parent
    folder.mkdir(parents=True, exist_ok=True)
    with open(note.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.is_file() or json.loads(note.read_text()) != said:
            note.unlink(missing_ok=True)
            arrays = {
                name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype=kind, shape=(count, *shape))
                for name, (shape, kind) in shapes.items()
            }
            with closing(_made(entry_of, entries, workers)) as made:
                for index, parts in enumerate(made):
                    for name, part in parts.items():
                        arrays[name][index] = part
                    if (index + 1) % 500 == 0:
                        print(f"{note.stem}: {index + 1} of {count} pictures", flush=True)
            for array in arrays.values():
                array.flush()
            note.write_text(json.dumps(said))
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in shapes}


def _made(
    entry_of: Callable[[Any], Mapping[str, Any]], entries: Iterable[Any], workers: int
) -> Generator[Mapping[str, Any], None, None]:
    if workers == 1:
        yield from map(entry_of, entries)
        return
    # Not forked: a fork of a process whose libraries have threads can wait for ever.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(entry_of, entries, chunksize=16)
