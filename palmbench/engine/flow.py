"""How samples flow through the stages of many points: each goes on as soon as what it needs is there.

A node is one artefact, a stage's of a sample, known by its key: points that share it share the node. An edge says
what must be there first. Nodes that are ready are collected into tasks of one stage, the last stages and the first
points first, so that samples come out before many more go in. Who computes a task is the executor's business.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from palmbench.base.board import Board
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import LANES, Came, Executor, Lane
from palmbench.engine.graph import SETTLED, Node, Part, State
from palmbench.engine.ready import Ready
from palmbench.engine.resume import Failure
from palmbench.engine.tasks import Done, Task, compute
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.stage import Stage
from recognizers.common.errors import Lost

_OPEN = 3  # parts that are under way at the same time, at most
_AT_ONCE = 250  # artefacts looked up before another look at what has come
_PATIENCE = 0.2  # seconds until another look at what comes from elsewhere than the executor


class Flow:
    """Brings the artefacts of parts into their stores.

    Parameters
    ----------
    executor : Executor
    board : Board
        Where progress is shown.
    """

    def __init__(self, executor: Executor, board: Board) -> None:
        self._executor, self._board = executor, board
        self._nodes: dict[tuple[Path, str, str], Node] = {}
        self._open: list[Part] = []
        self._ready = Ready(executor)
        self._begun = 0
        self._handed: dict[int, list[Node]] = {}
        self._lost: list[str] = []

    def run(
        self,
        parts: Iterable[Part],
        completed: Callable[[Part], None] = lambda part: None,
        done: Callable[[], Iterable[Part]] | None = None,
    ) -> None:
        """Take parts through, one begun while others are under way.

        Parameters
        ----------
        parts : iterable of Part
            Taken one at a time, when there is room for it.
        completed : callable
            Is told of a part as soon as all its artefacts are there; again after `lose`.
        done : callable, optional
            Says which parts nobody needs any more, of those that are complete; None lets go of them at once.

        Raises
        ------
        Lost
            If artefacts that are needed have vanished or are damaged, and none of the parts makes them, or makes them
            a second time in vain; all others are computed first.
        """
        coming = iter(parts)
        looking: Iterator[None] | None = None
        more = True
        try:
            while True:
                if looking is None and more and not self._lost and self._room():
                    part = next(coming, None)
                    more = part is not None
                    looking = None if part is None else self._look_up(part)
                if looking is not None and next(looking, True):
                    looking = None
                for part in self._open:
                    if part.looked_up and not part.left and not part.told:
                        part.told = True
                        completed(part)
                needless = [part for part in self._open if part.told] if done is None else list(done())
                for part in needless:
                    self._end(part)
                self._hand_out()
                for event in self._executor.wait(_PATIENCE if looking is None and not needless else 0):
                    if isinstance(event, Came):
                        self._came(*event)
                    else:
                        self._died(*event)
                last = looking is None and (not more or bool(self._lost))
                self._board.show(self._executor.busy(), self._executor.width("device"), last)
                if last and not self._under_way() and all(part.left for part in self._open):
                    break
        finally:
            self._executor.forget()
            self._board.finish()
        if self._lost:
            raise Lost(*dict.fromkeys(self._lost))
        assert not self._open, "artefacts that nobody makes"

    def lose(self, part: Part, places: Sequence[str]) -> None:
        """Artefacts of a part that was complete have proved to be gone: they are made again, if they are not already.

        Raises
        ------
        Lost
            If one is lost a second time, or is none of the part's.
        """
        gone = set(places)
        found = {str(node.path): node for nodes in part.nodes.values() for node in nodes if str(node.path) in gone}
        there = [node for node in found.values() if node.state is State.DONE]
        gone_again = [node for node in there if node.lost and not node.path.is_file()]
        # Where nothing is gone now, another part has had it made again meanwhile; once that is believed.
        in_vain = part.tried_again and len(there) == len(found) and all(node.lost for node in there)
        if len(found) < len(gone) or gone_again or in_vain:
            raise Lost(*places)
        part.told, part.tried_again = False, True
        if missing := [node for node in there if not node.lost]:
            for node in missing:
                self._make_again(node)
            self._say_lost([str(node.path) for node in missing])

    def _under_way(self) -> bool:
        """Whether artefacts are made, or ready to be."""
        return bool(self._handed) or any(self._ready.count(lane) for lane in LANES)

    def _room(self) -> bool:
        """Whether another part may begin: few are open, and a lane has little left that is ready."""
        if len(self._open) >= _OPEN:
            return False
        executor = self._executor
        wide = ((lane, executor.width(lane)) for lane in LANES)
        return any(width and self._ready.count(lane) < width * executor.batch_size for lane, width in wide)

    def _look_up(self, part: Part) -> Iterator[None]:
        """Look up what of a part is there, a little at a time; what is not is waited for."""
        part.number = self._begun = self._begun + 1
        part.lanes = [self._lane(stage) for stage, _ in part.steps]
        self._open.append(part)
        damaged: list[str] = []
        looked_up = 0
        for place, (stage, needs) in enumerate(part.steps):
            artefacts = Artefacts(stage, part.store)
            above = part.nodes[needs.name] if needs else [None] * len(part.samples)
            nodes = part.nodes[stage.name] = []
            for sample, need in zip(part.samples, above, strict=True):
                nodes.append(self._node(part, place, sample, need, artefacts, damaged))
                looked_up += 1
                if not looked_up % _AT_ONCE:
                    yield
        part.looked_up = True
        if damaged:
            print(f"Not what was stored there, and made again: {Lost(*damaged).named}", file=sys.stderr)

    def _node(
        self, part: Part, place: int, sample: Sample, needs: Node | None, artefacts: Artefacts, damaged: list[str]
    ) -> Node:
        stage = artefacts.stage
        key = stage.key(sample)
        index = (part.store.root, stage.name, key)
        node = self._nodes.get(index)
        if node is None:
            node = Node(stage, sample, key, part, place, needs, State.WAITING)
            self._nodes[index] = node
            if needs is not None and needs.state in (State.FAILED, State.SKIPPED):
                node.state = State.SKIPPED
            elif artefacts.has(sample):
                node.state = State.DONE
            elif (reason := artefacts.failure(sample)) is not None:
                node.state, node.failure = State.FAILED, Failure(sample.id, stage.name, reason, lasting=True)
            else:
                part.unbegun[place] += 1
                if node.path.is_file():
                    damaged.append(str(node.path))
                if needs is not None:
                    needs.feeds.append(node)
                self._make_ready(node)
        node.wanted_by.append(part)
        part.left += node.state not in SETTLED
        there, failed = node.state is State.DONE, node.state is State.FAILED
        self._board.add(stage.name, stage.title, int(node.state is not State.SKIPPED), int(there), int(failed))
        return node

    def _end(self, part: Part) -> None:
        """Let go of a part; what other parts have of it stays with them."""
        self._open.remove(part)
        self._nodes = {
            index: node for index, node in self._nodes.items() if any(each in self._open for each in node.wanted_by)
        }

    def _lane(self, stage: Stage) -> Lane:
        return "device" if stage.on_device and self._executor.width("device") else "cpu"

    def _make_ready(self, node: Node, first: bool = False) -> None:
        if node.state is State.WAITING and all(each.state is State.DONE for each in node.chain):
            node.state = State.READY
            self._ready.add(node, first)

    def _hand_out(self) -> None:
        for lane in LANES:
            while self._ready.suspects[lane] and self._executor.takes(lane, alone=True):
                self._give([self._ready.suspects[lane].popleft()], lane, alone=True)
            while self._executor.width(lane) and self._executor.takes(lane):
                if not (nodes := self._ready.next(lane)):
                    break
                self._give(nodes, lane)

    def _give(self, nodes: list[Node], lane: Lane, alone: bool = False) -> None:
        for node in nodes:
            node.state = State.IN_HAND
            node.owner.unbegun[node.place] -= 1
        first = nodes[0]
        device = self._executor.device if lane == "device" else "cpu"
        task = Task(first.stage, tuple(node.sample for node in nodes), first.owner.store, device, lane == "device")
        self._handed[self._executor.submit(compute, task, lane, alone)] = nodes

    def _take_back(self, nodes: Sequence[Node]) -> None:
        """Nodes that were handed out are ready once more, before others of their stage."""
        for node in reversed(nodes):
            node.state = State.WAITING
            node.owner.unbegun[node.place] += 1
            self._make_ready(node, first=True)

    def _came(self, number: int, answer: Done, seconds: float) -> None:
        nodes = self._handed.pop(number)
        stage, owner = nodes[0].stage, nodes[0].owner
        owner.seconds[stage.name] += seconds / self._executor.workers
        if answer.too_many:
            self._ready.halve(stage, len(nodes))
            self._take_back(nodes)
            return
        lost: list[str] = []
        for place, node in enumerate(nodes):
            if place in answer.lost:
                lost += self._needs_again(node, answer.lost[place])
            elif place in answer.findings:
                self._fail(node, *answer.findings[place])
            else:
                node.made += 1
                self._settle(node, State.DONE)
                self._board.advance(stage.name, computed=1, reused=len(node.wanted_by) - 1)
        lane = owner.lanes[nodes[0].place]
        self._board.spent(stage.name, seconds / self._executor.width(lane), lane)
        self._say_lost(lost)

    def _died(self, number: int, reason: str, begun: bool) -> None:
        nodes = self._handed.pop(number)
        if not begun:
            self._take_back(nodes)
            return
        for node in nodes:
            if node.suspect:
                self._fail(node, reason, lasting=False)
            else:
                node.suspect = True
                self._take_back([node])

    def _fail(self, node: Node, reason: str, lasting: bool) -> None:
        node.failure = Failure(node.sample.id, node.stage.name, reason, lasting)
        self._board.advance(node.stage.name, failed=len(node.wanted_by))
        self._settle(node, State.FAILED)

    def _settle(self, node: Node, state: State) -> None:
        node.state = state
        for part in node.wanted_by:
            part.left -= 1
        for each in node.feeds:
            if state is State.DONE:
                self._make_ready(each)
            elif each.state is State.WAITING:
                self._skip(each)

    def _skip(self, node: Node) -> None:
        node.owner.unbegun[node.place] -= 1
        self._board.add(node.stage.name, node.stage.title, -len(node.wanted_by))
        self._settle(node, State.SKIPPED)

    def _needs_again(self, node: Node, places: Sequence[str]) -> Sequence[str]:
        """A node found lost what it is made from; what is made again for it."""
        node.state = State.WAITING
        node.owner.unbegun[node.place] += 1
        chain = list(node.chain)
        if any(each.state in (State.FAILED, State.SKIPPED) for each in chain):
            self._skip(node)
            return []
        there = [each for each in chain if each.state is State.DONE]
        gone = [each for each in there if not Artefacts(each.stage, each.owner.store).has(each.sample)]
        # Where nothing is gone now, another node that needs it has had it made again meanwhile; once that is believed.
        in_vain = not gone and len(there) == len(chain) and (not chain or node.tried_again)
        if in_vain or any(each.lost for each in gone):
            node.state = State.LOST
            self._lost += places
            return []
        node.tried_again |= not gone
        for each in gone:
            each.feeds.append(node)
            self._make_again(each)
        for each in chain:
            if each.state is not State.DONE and node not in each.feeds:
                each.feeds.append(node)
        self._make_ready(node)
        return places if gone else []

    def _make_again(self, node: Node) -> None:
        node.lost, node.state = True, State.WAITING
        node.owner.unbegun[node.place] += 1
        for part in node.wanted_by:
            part.left += 1
        self._board.add(node.stage.name, node.stage.title, len(node.wanted_by))
        self._make_ready(node)

    @staticmethod
    def _say_lost(places: Sequence[str]) -> None:
        if places:
            print(f"Damaged or gone, and made again: {Lost(*dict.fromkeys(places)).named}", file=sys.stderr)
