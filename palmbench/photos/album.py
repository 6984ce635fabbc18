"""An album: photos in, de-identified photos out, one run at a time in a folder, and nothing done twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from palmbench.base.progress import Progress
from palmbench.config.executors import ExecutorConfig
from palmbench.engine.executor import Executor, available_cores
from palmbench.photos.deidentification import Deidentification
from palmbench.photos.existing_results import replaced, results_there
from palmbench.photos.files import Plan
from palmbench.photos.ledger import Ledger
from palmbench.photos.one_photo import CHOICE, Task, deidentify_photo
from palmbench.photos.report import PhotoAccount
from recognizers.common import unfinished
from recognizers.common.errors import RequestError
from recognizers.common.writing import require_writable


class Done(NamedTuple):
    """Accounts of the photos that were come to, how many were not, and what stopped it then."""

    accounts: list[PhotoAccount]
    left: int
    stopped: RequestError | KeyboardInterrupt | None


def deidentify_album(found: Plan, deid: Deidentification, executor: ExecutorConfig, out: Path, force: bool) -> Done:
    """De-identify the photos of a plan.

    Parameters
    ----------
    found : Plan
    deid : Deidentification
    executor : ExecutorConfig
    out : Path
        Where the results go, as it was given.
    force : bool
        Make again what is there.

    Raises
    ------
    RequestError
        If results cannot be written, or another run writes there; before the first photo is read.
    """
    settings = deid.settings()
    with _alone(found, out), Executor(_no_idle_workers(executor, len(found.jobs))) as running:
        done, stopped = _run(running, _tasks(found, deid, settings, force, running.device))
    accounts = [account for account in done if account]
    return Done(accounts, len(done) - len(accounts), stopped)


@contextmanager
def _alone(found: Plan, out: Path) -> Iterator[None]:
    """Make sure that results can be written, and that no other run writes where they go."""
    require_writable(found.folder or out.parent, CHOICE)
    if found.folder is None:
        yield
        return
    with Ledger(found.folder).alone():
        for folder in {path.parent for job in found.jobs for path in job.outputs}:
            unfinished.clear(folder)
        yield


def _tasks(found: Plan, deid: Deidentification, settings: dict[str, Any], force: bool, device: str) -> list[Task]:
    """What is to be done to each photo, after a look at what is there already."""
    entries = Ledger(found.folder).entries() if found.folder and not force else {}
    tasks = []
    for job in found.jobs:
        there = {} if force else results_there(job, found.folder, entries, settings)
        replaces = replaced(job) if force else {}
        tasks.append(Task(job, there, replaces, deid, settings, found.folder, device))
    return tasks


def _no_idle_workers(config: ExecutorConfig, photos: int) -> ExecutorConfig:
    """One photo needs no process but this one."""
    return replace(config, workers=min(photos, config.workers or available_cores()))


def _run(
    executor: Executor, tasks: Sequence[Task]
) -> tuple[list[PhotoAccount | None], RequestError | KeyboardInterrupt | None]:
    """Accounts of the photos, in their order; None for those that were not come to, and what stopped it then."""
    accounts: list[PhotoAccount | None] = [None] * len(tasks)
    finished = [place for place, task in enumerate(tasks) if len(task.there) == len(task.job.outputs)]
    progress = Progress("de-identify photos", len(tasks), len(finished), 0)
    for place in finished:
        accounts[place] = deidentify_photo(tasks[place])
    try:
        # By their place: two photos may be shown under one name.
        for place, account in executor.map(
            _deidentified, [each for each in enumerate(tasks) if accounts[each[0]] is None], died=_died
        ):
            accounts[place] = account
            progress.advance(int(account.done), int(not account.done))
    except RequestError as error:
        return accounts, error
    except KeyboardInterrupt as interrupt:
        executor.stop()
        return accounts, interrupt
    finally:
        progress.finish()
    return accounts, None


def _died(numbered: tuple[int, Task], reason: str) -> tuple[int, PhotoAccount]:
    place, task = numbered
    return place, PhotoAccount(task.job.name, failure=f"{task.job.name}: {reason}")


def _deidentified(numbered: tuple[int, Task]) -> tuple[int, PhotoAccount]:
    place, task = numbered
    return place, deidentify_photo(task)
