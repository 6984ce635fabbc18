"""Which artefacts of some parts are not there yet, looked up again and again while others make them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.base.board import Board
from palmbench.datasets.sample import Sample
from palmbench.engine.graph import Part
from palmbench.stages.artefacts import Artefacts

Index = tuple[Path, str, str]  # store, stage and key


class _Artefact(NamedTuple):
    kept: Artefacts
    sample: Sample
    needs: Index | None


class Wanted:
    """Artefacts of parts that are neither there nor known to be none.

    Parameters
    ----------
    parts : sequence of Part

    Attributes
    ----------
    digest : str
        Of everything that the parts want, there or not: the same parts have the same.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._left: dict[Index, _Artefact] = {}
        self._none: set[Index] = set()
        self._board: Board | None = None
        whole = hashlib.sha256()
        for part in parts:
            root = part.store.root.absolute()
            above: dict[str, list[Index]] = {}
            for stage, needs in part.steps:
                kept, before = Artefacts(stage, part.store), above[needs.name] if needs else None
                indices = above[stage.name] = [(root, stage.name, stage.key(sample)) for sample in part.samples]
                for place, (sample, index) in enumerate(zip(part.samples, indices, strict=True)):
                    whole.update(f"{index[1:]}".encode())
                    self._left.setdefault(index, _Artefact(kept, sample, before[place] if before else None))
        self.digest = whole.hexdigest()
        self.look()

    def look(self) -> None:
        """Look once more for everything that was not there the last time."""
        made: dict[str, int] = {}
        failed: dict[str, int] = {}
        for index, (kept, sample, needs) in list(self._left.items()):
            if needs in self._none or (not (there := kept.has(sample)) and kept.failure(sample) is not None):
                self._none.add(index)
                failed[index[1]] = failed.get(index[1], 0) + 1
            elif there:
                made[index[1]] = made.get(index[1], 0) + 1
            else:
                continue
            del self._left[index]
        if self._board is not None:
            for name in {*made, *failed}:
                self._board.advance(name, computed=made.get(name, 0), failed=failed.get(name, 0))

    def give_up(self, failures: Collection[tuple[str, str]]) -> None:
        """Wait no longer for what a stage, by its name, could not make of a sample, by its id."""
        self._none |= {index for index, each in self._left.items() if (index[1], each.sample.id) in failures}
        self._left = {index: each for index, each in self._left.items() if index not in self._none}
        self.look()

    def show_on(self, board: Board) -> None:
        """Count on a board what is found from now on."""
        self._board = board
        for (_, name, _), each in self._left.items():
            board.add(name, each.kept.stage.title, 1)

    def waited(self, seconds: float) -> None:
        """So many seconds went by before the last look."""
        if self._board is not None:
            for name, stage in {name: name for _, name, _ in self._left}.items():
                self._board.spent(name, seconds, stage)

    @property
    def left(self) -> int:
        """How many artefacts are not there."""
        return len(self._left)

    @property
    def samples(self) -> list[str]:
        """Ids of the samples that lack one, in the order of the parts."""
        return list(dict.fromkeys(each.sample.id for each in self._left.values()))
