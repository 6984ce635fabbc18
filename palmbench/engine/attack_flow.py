"""The attacks of a command in one flow: what they share is computed once, and each is measured as soon as it can be.

An attack's photos and templates are several parts, which are let go of as they are complete; the last of them stays
until the attack is measured, so that no more is begun than can be kept. Attacks that train networks come last,
after their trainings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from palmbench.base.board import Board
from palmbench.base.store import Store
from palmbench.engine.attack_learning import Taught, taught
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.attack_record import (
    Attacked,
    Disclosure,
    Recorded,
    attacked,
    disclosed,
    finished,
    record_key,
    write_settings,
)
from palmbench.engine.attacking import measure
from palmbench.engine.disclosing import measure_disclosure
from palmbench.engine.disclosure_pipeline import DisclosurePipeline, Wired
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part
from palmbench.engine.measuring import Measuring
from palmbench.engine.open_executor import open_for_flows
from palmbench.engine.resume import Failure
from palmbench.engine.run import setting_text
from recognizers.common.errors import Lost
from recognizers.common.writing import require_writable


class Counted(NamedTuple):
    """How many of a command's attacks will have been begun after those under way, and how many there are."""

    begun: int
    total: int


class Tried(NamedTuple):
    """What came of attacks: results by point and attack in the order asked for, what failed, and of disclosures."""

    attacked: list[list[Attacked]]
    failures: list[Failure]
    disclosed: list[list[Disclosure]] = []  # noqa: RUF012 - never changed


def try_attacks(
    pipelines: Sequence[Sequence[AttackPipeline]], disclosures: Sequence[Sequence[DisclosurePipeline]] = ()
) -> Tried:
    """Carry out every attack, and look for everything beside, that has no record.

    Parameters
    ----------
    pipelines : sequence of sequence of AttackPipeline
        By point, its attacks.
    disclosures : sequence of sequence of DisclosurePipeline
        By point, what is looked for beside identity.

    Raises
    ------
    RequestError
        If data or weights are missing, or a matcher cannot be made.
    Lost
        If an artefact is lost a second time.
    """
    every: dict[str, Wired] = {record_key(each): each for of_point in pipelines for each in of_point}
    every |= {record_key(each): each for of_point in disclosures for each in of_point}
    first = next(iter(every.values())).run.config
    require_writable(Path(first.results_dir))
    waiting = {key: each for key, each in every.items() if not finished(each)}
    with open_for_flows(first.executor, first.results_dir, "palmbench attack") as executor:
        begun = 0
        for learning in (False, True):
            some = {key: each for key, each in waiting.items() if bool(each.learnt_from) is learning}
            begun += len(some)
            _try(some, executor, Counted(begun, len(waiting)))
    found = [[attacked(each) for each in of_point] for of_point in pipelines]
    beside = [[disclosed(each) for each in of_point] for of_point in disclosures]
    recorded: list[Recorded] = [each for of_point in found for each in of_point]
    recorded += (each for of_point in beside for each in of_point)
    failures = dict.fromkeys(Failure(**failure) for each in recorded for failure in each.content["failures"])
    return Tried(found, list(failures), beside)


def _try(waiting: dict[str, Wired], executor: Executor, counted: Counted) -> None:
    """Carry out attacks; what vanishes meanwhile is made once more."""
    seen: set[str] = set()
    while waiting:
        if not (lost := _Attacks(waiting, executor, counted).run()):
            continue
        error = Lost(*dict.fromkeys(lost))
        if not seen.isdisjoint(error.places):
            raise error
        seen.update(error.places)
        print(f"Damaged or gone, and made again: {error.named}", file=sys.stderr)


@dataclass(eq=False)
class _UnderWay:
    """An attack of which some parts are complete: what has passed them, and what failed, in its trainings too."""

    key: str
    pipeline: Wired
    store: Store
    untaught: list[Failure]
    passed: dict[Wanted, frozenset[str]] = field(default_factory=dict)
    failures: dict[Wanted, list[Failure]] = field(default_factory=dict)

    def complete(self, wanted: Wanted, part: Part) -> bool:
        """A part has come; whether it is the last."""
        before = len(self.passed)
        self.passed[wanted], self.failures[wanted] = part.passed(), part.all_failures()
        return before < len(self.passed) == len(self.pipeline.wanted)

    def measure(self) -> None:
        failed = (failure for wanted in self.pipeline.wanted for failure in self.failures[wanted])
        failures = dict.fromkeys([*self.untaught, *failed])
        if isinstance(self.pipeline, DisclosurePipeline):
            measure_disclosure(self.pipeline, self.passed, self.store, list(failures))
        else:
            measure(self.pipeline, self.passed, self.store, list(failures))


@dataclass
class _Attacks:
    """Attacks once through a flow; what is measured leaves `waiting`."""

    waiting: dict[str, Wired]
    executor: Executor
    counted: Counted
    board: Board = field(default_factory=lambda: Board(counted="attack"))
    under_way: dict[int, tuple[_UnderWay, Wanted, Part]] = field(default_factory=dict)
    needless: list[Part] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Compute and measure; the places of what was lost meanwhile, so that some attacks are still waiting."""
        measuring = Measuring(lambda part: self._of(part)[0].measure(), at_once=self.executor.inline)

        def completed(part: Part) -> None:
            attack, wanted = self._of(part)
            if attack.complete(wanted, part):
                measuring.put(part)
            elif len(attack.passed) < len(attack.pipeline.wanted):
                self.needless.append(part)

        def done() -> list[Part]:
            needless, self.needless = self.needless, []
            for part, lost in measuring.done():
                needless.append(part)
                if lost is None:
                    del self.waiting[self._of(part)[0].key]
                else:
                    self.lost += lost.places
            return needless

        try:
            ready = dict(zip(self.waiting, self._taught(), strict=True))
            Flow(self.executor, self.board).run(self._parts(ready), completed, done)
        except Lost as error:
            self.lost += error.places
        return self.lost

    def _of(self, part: Part) -> tuple[_UnderWay, Wanted]:
        attack, wanted, _ = self.under_way[id(part)]
        return attack, wanted

    def _taught(self) -> list[Taught]:
        pipelines = list(self.waiting.values())
        for each in pipelines:
            write_settings(each)
        if learning := sum(bool(each.learnt_from) for each in pipelines):
            print(f"Training the networks of {learning} attacks", file=sys.stderr)
        return taught(pipelines, self.executor, Store.of(pipelines[0].run.config.results_dir))

    def _parts(self, ready: Mapping[str, Taught]) -> Iterator[Part]:
        """Of attacks that have trained what they train, as they are begun."""
        for later, (key, (pipeline, untaught)) in zip(reversed(range(len(ready))), ready.items(), strict=True):
            number = self.counted.begun - later
            print(f"[{number}/{self.counted.total}] {_words(pipeline)}", file=sys.stderr)
            self.board.later = self.counted.total - number
            attack = _UnderWay(key, pipeline, Store.of(pipeline.run.config.results_dir), untaught)
            parts = pipeline.parts(attack.store)
            self.under_way |= {id(part): (attack, wanted, part) for wanted, part in parts.items()}
            yield from parts.values()


def _words(pipeline: Wired) -> str:
    point = pipeline.run.point
    what = f"{setting_text(point)} on {point['dataset']}"
    if isinstance(pipeline, DisclosurePipeline):
        return f"{what}, beside identity: {pipeline.called}"
    return f"{what}, attacked by {pipeline.called} ({point['recognizer']})"
