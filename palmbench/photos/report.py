"""What became of each photo, for the summary and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from palmbench.base.outputs import Stamp, put_account, replaceable_account

FORMAT = 3
MAKER = "palmbench deid"
REPORT_CHOICE = "choose another --report FILE"


@dataclass(frozen=True)
class HandAccount:
    """A hand that was found: where, whose side, and why it is as it was, if it is.

    `skipped` says why its palm could not be hidden, `left_alone` what it shows in place of a palm, `palm_confidence`
    how sure the detector is that a palm is seen, where it tells.
    """

    box: tuple[int, int, int, int]
    side: str
    score: float
    skipped: str | None
    left_alone: str | None = None
    palm_confidence: float | None = None


@dataclass(frozen=True)
class ResultAccount:
    """One result.

    Attributes
    ----------
    file : str
        Name below OUT, spelled as the photo's.
    state : {"written", "there", "kept", "not written"}
        "kept" is written although not all palms are hidden, because that was asked for; "there" is from a run before.
    reason : str or None
        Why it was not written, or not hidden.
    seeds : tuple of int or None
        Of each hand.
    tries : int
        Drawings that were made.
    distances : tuple of float or None, or None
        Of each hand to the original; None without a check.
    sha256 : str or None
        Of the file.
    """

    file: str
    state: Literal["written", "there", "kept", "not written"]
    reason: str | None = None
    seeds: tuple[int | None, ...] = ()
    tries: int = 0
    distances: tuple[float | None, ...] | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class PhotoAccount:
    """One photo.

    Attributes
    ----------
    photo : str
        Name below what was asked for, as `palmbench.photos.files.shown` spells it.
    hands : tuple of HandAccount
    results : tuple of ResultAccount
    notes : tuple of str
        What changed beside the palms: colour profile, depth, transparency.
    failure : str or None
        Why it could not be read.
    overlooked : tuple of (int, int, int, int)
        Left, top, right and bottom of what looks like a palm and is none of the hands.
    nearest_results : tuple of float or None, or None
        For each hand, the least distance among several results; None without a check, or for one result.
    """

    photo: str
    hands: tuple[HandAccount, ...] = ()
    results: tuple[ResultAccount, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str | None = None
    nearest_results: tuple[float | None, ...] | None = None
    overlooked: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def done(self) -> bool:
        """Whether every result is there, and none shows a palm that was to be hidden."""
        return self.failure is None and all(
            result.state == "written"
            or (result.state == "there" and result.reason is None)
            or (result.state == "kept" and self.bare)
            for result in self.results
        )

    @property
    def palms(self) -> tuple[HandAccount, ...]:
        """The hands that show their palm, or may."""
        return tuple(hand for hand in self.hands if hand.left_alone is None)

    @property
    def bare(self) -> bool:
        """Whether nothing in it shows a palm, or may."""
        return not self.palms and not self.overlooked

    @property
    def there(self) -> bool:
        """Whether nothing was left to do."""
        return bool(self.results) and all(result.state == "there" for result in self.results)

    @property
    def reason(self) -> str | None:
        """Why it is not done, or not hidden."""
        return self.failure or next((result.reason for result in self.results if result.reason), None)


def require_report(path: Path, force: bool) -> Stamp | None:
    """Make sure that the account can be written when all is done; the stamp of the one it will replace.

    Raises
    ------
    RequestError
        If it cannot, or if something is there: an account of another run is replaced by force only, as it may be all
        that is known of that run's seeds, and any other file is never replaced.
    """
    return replaceable_account(path, MAKER, REPORT_CHOICE, force=None if force else "--force")


def write_report(
    path: Path, settings: dict[str, Any], accounts: Sequence[PhotoAccount], left: int, instead_of: Stamp | None
) -> None:
    """Write the account of a run as JSON. It names photos and seeds: it belongs with the originals.

    Parameters
    ----------
    path : Path
    settings : dict
        `Deidentification.settings`.
    accounts : sequence of PhotoAccount
    left : int
        Photos that a run which was stopped did not come to.
    instead_of : Stamp or None
        Of the account that may be replaced; see `require_report`.
    """
    photos = [asdict(account) for account in accounts]
    content = {"format": FORMAT, "settings": settings, "photos": photos, "not_come_to": left}
    put_account(path, content, MAKER, REPORT_CHOICE, instead_of)


def summary(
    accounts: Sequence[PhotoAccount], others: dict[str, int], checked: bool, left: int = 0, of_other_runs: int = 0
) -> str:
    """A run in a few lines.

    Parameters
    ----------
    accounts : sequence of PhotoAccount
    others : dict of str to int
        What was passed over, by suffix, or by what it is.
    checked : bool
        Whether results were compared with their originals.
    left : int
        Photos that a run which was stopped did not come to.
    of_other_runs : int
        Results in OUT that are not of this run.
    """
    there = sum(account.there and account.done for account in accounts)
    done = sum(account.done for account in accounts) - there
    unread = sum(account.failure is not None for account in accounts)
    bare = [account for account in accounts if account.bare and not (account.there or account.failure)]
    kept = sum(account.done for account in bare)
    counts = [
        (done - kept, "hidden and verified" if checked else "de-identified"),
        (there, "already there"),
        (kept, "no palm found, written as asked"),
        (len(bare) - kept, "no palm found"),
        (len(accounts) - done - there - unread - (len(bare) - kept), "not hidden"),
        (unread, "unreadable"),
        (left, "not come to"),
    ]
    hands = [hand for account in accounts for hand in account.hands]
    skipped = sum(hand.skipped is not None for hand in hands)
    alone = sum(hand.left_alone is not None for hand in hands)
    results = [result for account in accounts for result in account.results]
    lines = [
        f"{_plural(len(accounts) + left, 'photo')}: {', '.join(f'{n} {what}' for n, what in counts if n) or 'none'}"
    ]
    if there < len(accounts):
        lines.append(
            f"{_plural(len(hands), 'hand')} found: {len(hands) - skipped - alone} repainted, "
            f"{f'{alone} left alone as no palm shows, ' if alone else ''}{skipped} skipped; "
            f"{_plural(sum(result.state in ('written', 'kept') for result in results), 'file')} written"
        )
    if others:
        kinds = ", ".join(f"{n} {suffix}" for suffix, n in sorted(others.items()))
        lines.append(f"passed over: {kinds}")
    if of_other_runs:
        also = _plural(of_other_runs, "result")
        lines.append(f"also in OUT: {also} of other runs, of other photos or made with other settings")
    return "\n".join(lines)


def _plural(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
