"""`palmbench deid`: photos in, de-identified photos out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.commands.deid_arguments import Words, read_words
from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from palmbench.engine.open_executor import of_this_machine
from palmbench.photos.album import deidentify_album
from palmbench.photos.deidentification import TRIES, Deidentification, check_of, deidentification_of, with_most_hands
from palmbench.photos.existing_results import require_report_elsewhere, results_of_other_runs
from palmbench.photos.files import Plan, plan
from palmbench.photos.report import PhotoAccount, require_report, summary, write_report
from recognizers.common.errors import RequestError

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
    executor = of_this_machine(config.executor, "deid")
    check = check_of(config.recognizer, words.threshold, words.tries or TRIES) if words.verify else None
    if config.method.leaves_lines and check is None:
        raise RequestError(
            f"recognizers still match many results of method={config.method.name} ({config.method.setting()}) with the "
            "palm that was there; add --verify, which keeps back what still matches, or choose another method."
        )
    deid = deidentification_of(config, words.count, check, words.keep_unchanged, words.keep_matching, words.every_hand)
    found = plan(words.inputs, words.out, words.format, words.count)
    settings = deid.settings()
    report = None
    if words.report:
        require_report_elsewhere(words.report, found)
        report = require_report(words.report, words.force)
    accounts, left, stopped = deidentify_album(found, deid, executor, words.out, words.force)
    try:
        # Before anything is printed: nobody may be there to read, and the account is all that is known of the seeds.
        if words.report:
            write_report(words.report, settings, accounts, left, report)
    finally:
        _say(accounts, found, deid, left)
    if stopped:
        raise stopped
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


def _say(accounts: Sequence[PhotoAccount], found: Plan, deid: Deidentification, left: int) -> None:
    notes = [f"{account.photo}: {note}" for account in accounts for note in account.notes]
    alone = [
        f"{account.photo}: hand {place}, as {hand.left_alone}"
        for account in accounts
        if not account.bare  # where all are, the reason says so
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
