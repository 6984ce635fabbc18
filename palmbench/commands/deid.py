"""`palmbench deid`: photos in, de-identified photos out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from palmbench.base.progress import Progress
from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.commands.deid_arguments import Words, read_words
from palmbench.config.compose import compose_points
from palmbench.config.schema import ExecutorConfig, RunConfig
from palmbench.engine.executor import Executor, available_cores
from palmbench.photos.account import PhotoAccount, require_report, summary, write_report
from palmbench.photos.deidentification import TRIES, Deidentification, check_of, deidentification_of, with_most_hands
from palmbench.photos.files import Plan, plan
from palmbench.photos.in_the_way import replaced, require_report_elsewhere, results_of_other_runs, results_there
from palmbench.photos.ledger import Ledger
from palmbench.photos.one_photo import CHOICE, Task, deidentify_photo
from recognizers.common import unfinished
from recognizers.common.errors import RequestError
from recognizers.common.writing import require_writable

_SHOWN = 20
_FATES = {"kept": "written all the same", "not written": "not written", "there": "already there"}


def deid_command(parsed: argparse.Namespace) -> int:
    """De-identify photos and say what became of them.

    Parameters
    ----------
    parsed : argparse.Namespace
        Of the arguments that `palmbench.commands.deid_arguments.add_arguments` names.

    Returns
    -------
    int
        0 if every photo is de-identified, 3 if not.

    Raises
    ------
    RequestError
        If the request cannot be met; before the first photo is read, unless the disk fills up.
    """
    words = read_words(parsed)
    config = _config(words)
    check = check_of(config.recognizer, words.threshold, words.tries or TRIES) if words.verify else None
    deid = deidentification_of(config, words.count, check, words.keep_unchanged, words.keep_matching, words.every_hand)
    found = plan(words.inputs, words.out, words.format, words.count)
    settings = deid.settings()
    report = None
    if words.report:
        require_report_elsewhere(words.report, found)
        report = require_report(words.report, words.force)
    with _alone(found, words.out), Executor(_no_idle_workers(config.executor, len(found.jobs))) as executor:
        tasks = _tasks(found, deid, settings, words.force, executor.device)
        done, stopped = _run(executor, tasks)
    accounts = [account for account in done if account]
    left = len(done) - len(accounts)
    try:
        # Before anything is printed: nobody may be there to read, and the account is all that is known of the seeds.
        if words.report:
            write_report(words.report, settings, accounts, left, report)
    finally:
        _say(accounts, found, deid, left)
    if stopped:
        raise stopped
    return DONE if all(account.done for account in accounts) else SAMPLES_FAILED


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


def _config(words: Words) -> RunConfig:
    points = compose_points(words.settings)
    if len(points) != 1:
        raise RequestError("deid does one thing to all photos: give each setting one value, and no sweep.")
    config = points[0]
    said = {word.lstrip("+").partition("=")[0] for word in words.settings}
    if "detector.hands" not in said:
        config = replace(config, detector=with_most_hands(config.detector))
    return config if "region" in said else replace(config, region="palm")


def _no_idle_workers(config: ExecutorConfig, photos: int) -> ExecutorConfig:
    """One photo needs no process but this one."""
    return replace(config, workers=min(photos, config.workers or available_cores()))


def _run(executor: Executor, tasks: Sequence[Task]) -> tuple[list[PhotoAccount | None], RequestError | None]:
    """Accounts of the photos, in their order; None for those that were not come to, and what stopped it then."""
    accounts: list[PhotoAccount | None] = [None] * len(tasks)
    finished = [place for place, task in enumerate(tasks) if len(task.there) == len(task.job.outputs)]
    progress = Progress("de-identify photos", len(tasks), len(finished), 0)
    for place in finished:
        accounts[place] = deidentify_photo(tasks[place])
    try:
        # By their place: two photos may be shown under one name.
        for place, account in executor.map(
            _deidentified, [each for each in enumerate(tasks) if accounts[each[0]] is None]
        ):
            accounts[place] = account
            progress.advance(int(account.done), int(not account.done))
    except RequestError as error:
        return accounts, error
    finally:
        progress.finish()
    return accounts, None


def _deidentified(numbered: tuple[int, Task]) -> tuple[int, PhotoAccount]:
    place, task = numbered
    return place, deidentify_photo(task)


def _say(accounts: Sequence[PhotoAccount], found: Plan, deid: Deidentification, left: int) -> None:
    notes = [f"{account.photo}: {note}" for account in accounts for note in account.notes]
    alone = [
        f"{account.photo}: hand {place}, as {hand.left_alone}"
        for account in accounts
        for place, hand in enumerate(account.hands, 1)
        if hand.left_alone
    ]
    problems = [_problem(account) for account in accounts if account.reason]
    for title, lines in (
        ("named otherwise", found.renamed),
        ("changed beside the palms", notes),
        ("left alone", alone),
        ("not hidden", problems),
    ):
        for line in lines[:_SHOWN]:
            print(f"{title}: {line}")
        if len(lines) > _SHOWN:
            print(f"... and {len(lines) - _SHOWN} more; --report FILE lists them")
    check = deid.check
    if check:
        print(f"verified with {check.recognizer.name}: a palm is hidden above {check.threshold:g}")
    print(summary(accounts, found.others, check is not None, left, results_of_other_runs(found)))
    sys.stdout.flush()


def _problem(account: PhotoAccount) -> str:
    if account.failure:
        return account.failure
    states = {result.state for result in account.results if result.reason}
    fate = next(fate for state, fate in _FATES.items() if state in states)
    return f"{account.photo}: {account.reason}; {fate}"
