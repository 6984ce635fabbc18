"""`palmbench deid`: photos in, de-identified photos out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from palmbench.compose import compose_points
from palmbench.errors import RequestError, SampleError
from palmbench.executor import Executor, available_cores
from palmbench.keys import bytes_digest
from palmbench.photos.account import REPORT_CHOICE, PhotoAccount, summary, write_report
from palmbench.photos.arguments import Words, read_words
from palmbench.photos.files import Job, Plan, plan, shown
from palmbench.photos.ledger import NAME, Entry, Ledger, same_bytes
from palmbench.photos.one_photo import CHOICE, Task, treat
from palmbench.photos.reading import read_bytes
from palmbench.photos.treatment import TRIES, Treatment, check_of, result_key, treatment_of, with_most_hands
from palmbench.progress import Progress
from palmbench.schema import ExecutorConfig, RunConfig
from palmbench.status import DONE, SAMPLES_FAILED
from palmbench.store import require_room_for, require_writable

_SHOWN = 20
_FATES = {"kept": "written all the same", "not written": "not written", "there": "already there"}


def deid_command(parsed: argparse.Namespace) -> int:
    """De-identify photos and say what became of them.

    Parameters
    ----------
    parsed : argparse.Namespace
        Of the arguments that `palmbench.photos.arguments.add_arguments` names.

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
    treatment = treatment_of(config, words.count, check, words.keep_unchanged, words.keep_matching, words.every_hand)
    found = plan(words.inputs, words.out, words.format, words.count)
    settings = treatment.settings()
    _require_report_elsewhere(words.report, found)
    entries = Ledger(found.folder).entries() if found.folder and not words.force else {}
    there = {job: {} if words.force else _there(job, found.folder, entries, settings) for job in found.jobs}
    require_writable(found.folder or words.out.parent, CHOICE)
    if words.report:
        require_room_for(words.report, REPORT_CHOICE)
    with Executor(_no_idle_workers(config.executor, len(found.jobs))) as executor:
        tasks = [Task(job, there[job], treatment, settings, found.folder, executor.device) for job in found.jobs]
        accounts = _run(executor, tasks)
    _say(accounts, found, treatment)
    if words.report:
        write_report(words.report, settings, accounts)
    return DONE if all(account.done for account in accounts) else SAMPLES_FAILED


def _config(words: Words) -> RunConfig:
    points = compose_points(words.settings)
    if len(points) != 1:
        raise RequestError("deid does one thing to all photos: give each setting one value, and no sweep.")
    config = points[0]
    said = {word.lstrip("+").partition("=")[0] for word in words.settings}
    if "detector.hands" not in said:
        config = replace(config, detector=with_most_hands(config.detector))
    return config if "region" in said else replace(config, region="palm")


def _require_report_elsewhere(report: Path | None, found: Plan) -> None:
    if report is None:
        return
    taken = {path.resolve() for job in found.jobs for path in (job.source, *job.outputs)}
    if found.folder:
        taken.add((found.folder / NAME).resolve())
    if report.resolve() in taken or report.is_dir():
        raise RequestError(
            f"--report {report} is a photo, a result, their list or a folder; give it a name of its own."
        )


def _no_idle_workers(config: ExecutorConfig, photos: int) -> ExecutorConfig:
    """One photo needs no process but this one."""
    return replace(config, workers=min(photos, config.workers or available_cores()))


def _there(job: Job, folder: Path | None, entries: Mapping[str, Entry], settings: dict[str, Any]) -> dict[Path, Entry]:
    """Results of a photo that a run before has made of the same photo with the same settings.

    Raises
    ------
    RequestError
        If a file is in the way that is no such result.
    """
    existing = [path for path in job.outputs if path.exists() or path.is_symlink()]
    if existing and folder is None:
        raise RequestError(f"{existing[0]} is there already; choose another name, or replace it with --force.")
    there = {}
    for path in existing:
        entry = entries.get(shown(path.relative_to(folder))) if folder else None
        if entry is None or not path.is_file() or not same_bytes(path, entry.sha256):
            raise RequestError(
                f"{path} is there and was not made by this command; move it, or replace it with --force."
            )
        if entry.key != _key(job, path, settings):
            raise RequestError(
                f"{path} was made of another photo or with other settings; choose another OUT, or make it again "
                "with --force."
            )
        there[path] = entry
    return there


def _key(job: Job, path: Path, settings: dict[str, Any]) -> str | None:
    """Key of the result at `path`; None if its photo cannot be read any more."""
    try:
        photo = bytes_digest(read_bytes(job.source, job.name))
    except SampleError:
        return None
    return result_key(settings, photo, job.outputs.index(path) + 1, job.format)


def _run(executor: Executor, tasks: Sequence[Task]) -> list[PhotoAccount]:
    """Accounts of the photos, in their order."""
    accounts: dict[str, PhotoAccount] = {}
    finished = [task for task in tasks if len(task.there) == len(task.job.outputs)]
    progress = Progress("de-identify photos", len(tasks), len(finished), 0)
    accounts.update({task.job.name: treat(task) for task in finished})
    try:
        for account in executor.map(treat, [task for task in tasks if task.job.name not in accounts]):
            accounts[account.photo] = account
            progress.advance(int(account.done), int(not account.done))
    finally:
        progress.finish()
    return [accounts[task.job.name] for task in tasks]


def _say(accounts: Sequence[PhotoAccount], found: Plan, treatment: Treatment) -> None:
    notes = [f"{account.photo}: {note}" for account in accounts for note in account.notes]
    alone = [
        f"{account.photo}: hand {place}, as {hand.left_alone}"
        for account in accounts
        for place, hand in enumerate(account.hands, 1)
        if hand.left_alone
    ]
    problems = [_problem(account) for account in accounts if account.reason]
    for title, lines in (("changed beside the palms", notes), ("left alone", alone), ("not hidden", problems)):
        for line in lines[:_SHOWN]:
            print(f"{title}: {line}")
        if len(lines) > _SHOWN:
            print(f"... and {len(lines) - _SHOWN} more; --report FILE lists them")
    check = treatment.check
    if check:
        print(f"verified with {check.recognizer.name}: a palm is hidden above {check.threshold:g}")
    print(summary(accounts, found.others, check is not None))
    sys.stdout.flush()


def _problem(account: PhotoAccount) -> str:
    if account.failure:
        return account.failure
    states = {result.state for result in account.results if result.reason}
    fate = next(fate for state, fate in _FATES.items() if state in states)
    return f"{account.photo}: {account.reason}; {fate}"
