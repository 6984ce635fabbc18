"""Work spread over worker processes of one thread each, its answers back in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from palmbench.base.progress import Progress
from palmbench.config.executors import ExecutorConfig
from palmbench.engine.executor import Executor

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def gather(
    title: str, work: Callable[[Task], Answer], tasks: Sequence[Task], workers: int | None = None
) -> list[Answer]:
    """Answers of `work`, a function of a module, to the tasks, in their order; progress goes to standard error.

    Raises
    ------
    RequestError
        If a worker process was killed.
    """
    answers: dict[int, Answer] = {}
    progress = Progress(title, len(tasks), 0, 0)
    with Executor(ExecutorConfig(devices=("cpu",), workers=workers)) as executor:
        for number, answer in executor.map(_answer, [(number, work, task) for number, task in enumerate(tasks)]):
            answers[number] = answer
            progress.advance(1, 0)
    progress.finish()
    return [answers[number] for number in range(len(tasks))]


def _answer(call: tuple[int, Callable[[Any], Any], Any]) -> tuple[int, Any]:
    number, work, task = call
    return number, work(task)
