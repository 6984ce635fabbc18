"""The graph of artefacts: what a stage makes of a sample is a node, and an edge says what must be there first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import Lane
from palmbench.engine.resume import Failure
from palmbench.stages.stage import Stage
from recognizers.common.cache_keys import digest


class Step(NamedTuple):
    """A stage, and the stage whose artefacts it is made from; None for the photos themselves."""

    stage: Stage
    needs: Stage | None


@dataclass
class Counts:
    """What a stage did: items reused, computed and failed, and seconds of computing, spread over all workers."""

    reused: int = 0
    computed: int = 0
    failed: int = 0
    seconds: float = 0.0

    def add(self, reused: int = 0, computed: int = 0, failed: int = 0, seconds: float = 0.0) -> None:
        """Count some more."""
        self.reused += reused
        self.computed += computed
        self.failed += failed
        self.seconds += seconds


def in_a_row(*stages: Stage) -> list[Step]:
    """Steps of stages of which each is made from the artefacts of the one before."""
    return [Step(stage, before) for stage, before in zip(stages, (None, *stages), strict=False)]


class State(Enum):
    """How far an artefact is."""

    WAITING = auto()
    READY = auto()
    IN_HAND = auto()
    DONE = auto()
    FAILED = auto()
    SKIPPED = auto()  # what it needs has failed
    LOST = auto()  # what it needs is lost, and nobody here makes it


SETTLED = (State.DONE, State.FAILED, State.SKIPPED)


@dataclass(eq=False, slots=True)
class Node:
    """An artefact that somebody wants.

    Attributes
    ----------
    owner : Part
        Who wanted it first.
    place : int
        Of its step there.
    made : int
        How often it was computed.
    suspect : bool
        Whether a worker died that had it in hand.
    lost : bool
        Whether it was there and then was not.
    tried_again : bool
        Whether it was tried again because others had what it needs made again.
    feeds : list of Node
        What is made from it.
    wanted_by : list of Part
    """

    stage: Stage
    sample: Sample
    key: str
    owner: Part
    place: int
    needs: Node | None
    state: State
    made: int = 0
    failure: Failure | None = None
    suspect: bool = False
    lost: bool = False
    tried_again: bool = False
    feeds: list[Node] = field(default_factory=list)
    wanted_by: list[Part] = field(default_factory=list)

    @property
    def chain(self) -> Iterator[Node]:
        """Everything that it is made from, the next first."""
        node = self.needs
        while node is not None:
            yield node
            node = node.needs

    @property
    def path(self) -> Path:
        """Where it lies, whether it is there or not."""
        return self.owner.store.path(self.stage.name, self.key, self.stage.suffix)


@dataclass(eq=False)
class Part:
    """Samples on their way through some steps: those of a point, say.

    Attributes
    ----------
    steps : sequence of Step
        In an order in which they could be taken one after the other.
    samples : sequence of Sample
    store : Store
    number : int
        Its place among the parts of a flow.
    left : int
        Artefacts that are neither there nor known to be none.
    looked_up, told : bool
        Whether all of it is in the graph, and whether it was said to be complete.
    tried_again : bool
        Whether something of it was lost when it was complete.
    lanes : list of Lane
        Of each step.
    nodes : dict of str to list of Node
        By a stage's name, a node for each sample.
    seconds : dict of str to float
        By a stage's name.
    unbegun : dict of int to int
        By a step's place, artefacts that nobody has in hand yet.
    """

    steps: Sequence[Step]
    samples: Sequence[Sample]
    store: Store
    number: int = 0
    left: int = 0
    looked_up: bool = False
    told: bool = False
    tried_again: bool = False
    lanes: list[Lane] = field(default_factory=list)
    nodes: dict[str, list[Node]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    unbegun: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def digest(self) -> str:
        """By which it is known again, whatever of it is there: of what it wants of its first sample."""
        return digest("part", keys=[stage.key(sample) for stage, _ in self.steps for sample in self.samples[:1]])

    def failures(self, stage: Stage, given: Sequence[Sample]) -> dict[str, Failure]:
        """Samples of those given to a stage that have no artefact of it, by id."""
        failed = self._failures[stage.name]
        return {sample.id: failed[sample.id] for sample in given if sample.id in failed}

    def passed(self) -> frozenset[str]:
        """Ids of the samples that have an artefact of every stage."""
        return frozenset(
            sample.id
            for place, sample in enumerate(self.samples)
            if all(nodes[place].state is State.DONE for nodes in self.nodes.values())
        )

    def all_failures(self) -> list[Failure]:
        """Every sample that a stage could not do, in the order of the stages."""
        return [failure for failed in self._failures.values() for failure in failed.values()]

    def counts(self) -> dict[str, Counts]:
        """What was done for this part, by a stage's name; what another part had made is reused."""
        found = {}
        for stage, _ in self.steps:
            counts = found[stage.name] = Counts(seconds=self.seconds[stage.name])
            seen: set[int] = set()
            for node in self.nodes.get(stage.name, ()):
                own = node.owner is self and id(node) not in seen
                seen.add(id(node))
                made = node.made if own else 0
                if node.state in (State.DONE, State.FAILED):
                    failed = node.state is State.FAILED
                    counts.add(int(not made and not failed), made, int(failed))
        return found

    @property
    def _failures(self) -> dict[str, dict[str, Failure]]:
        return {
            name: {
                sample.id: node.failure._replace(sample=sample.id)
                for sample, node in zip(self.samples, nodes, strict=True)
                if node.failure is not None
            }
            for name, nodes in self.nodes.items()
        }
