"""Which artefacts are made next: of those that are ready, tasks of one stage, so that samples come out early."""

from __future__ import annotations

from collections import deque

from palmbench.engine.executor import LANES, Executor, Lane
from palmbench.engine.graph import Node
from palmbench.stages.stage import Stage

_TASKS_A_WORKER = 4  # that are left of a stage at least


class Ready:
    """Artefacts that can be made now, by lane.

    Parameters
    ----------
    executor : Executor

    Attributes
    ----------
    suspects : dict of Lane to deque of Node
        Those that a worker died with: each is made by itself.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        # By part, the first part first, and step, the last step first.
        self._groups: dict[Lane, dict[tuple[int, int], deque[Node]]] = {lane: {} for lane in LANES}
        self._most: dict[str, int] = {}
        self.suspects: dict[Lane, deque[Node]] = {lane: deque() for lane in LANES}

    def count(self, lane: Lane) -> int:
        """How many there are."""
        return sum(map(len, self._groups[lane].values())) + len(self.suspects[lane])

    def add(self, node: Node, first: bool = False) -> None:
        """One more; `first` before the others of its stage."""
        lane = node.owner.lanes[node.place]
        if node.suspect:
            self.suspects[lane].append(node)
            return
        queue = self._groups[lane].setdefault((node.owner.number, -node.place), deque())
        (queue.appendleft if first else queue.append)(node)

    def next(self, lane: Lane) -> list[Node]:
        """Nodes for a task, none where it is better to wait.

        A full task of the last stage of the first part that has one; or, where a worker has nothing to do, of the
        stage of which most is ready.
        """
        groups, chosen, most = self._groups[lane], None, 0
        for group in sorted(groups):
            ready = len(groups[group])
            if ready >= self._size(lane, groups[group][0]):
                chosen = group
                break
            if ready > most and self._executor.idle(lane):
                chosen, most = group, ready
        if chosen is None:
            return []
        queue = groups[chosen]
        nodes = [queue.popleft() for _ in range(min(len(queue), self._size(lane, queue[0])))]
        if not queue:
            del groups[chosen]
        return nodes

    def halve(self, stage: Stage, size: int) -> None:
        """A device has no memory for so many samples of a stage at once: half of them, from now on."""
        self._most[stage.name] = min(self._most.get(stage.name, size), size // 2)

    def _size(self, lane: Lane, node: Node) -> int:
        """Samples of a full task. Small ones at the end of a stage keep every worker busy; large ones save messages."""
        shares = self._executor.width(lane) * (1 if lane == "device" else _TASKS_A_WORKER)
        even = -(-node.owner.unbegun[node.place] // shares)
        return max(1, min(self._executor.batch_size, even, self._most.get(node.stage.name, even)))
