"""Which attackers a number is of: a privacy number is as old as its attackers, so it names them and their date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recognizers.common.cache_keys import digest

if TYPE_CHECKING:
    from palmbench.engine.bundle import Kept

_DIGITS = 8


@dataclass(frozen=True)
class Suite:
    """The attacks that a set of records is of.

    Attributes
    ----------
    attacks : mapping-like tuple of (str, str)
        What each is called, and the digest of its settings and of the versions of its code.
    versions : tuple of (str, int)
        Versions of that code by name.
    code : tuple of str
        Commits that measured them, shortened; a plus marks changes of its own.
    date : str
        Of the last of them, as 2026-01-31.
    """

    attacks: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, int], ...]
    code: tuple[str, ...]
    date: str

    @property
    def version(self) -> str:
        """Digest of the attacks, their settings and versions: the same attacks have the same."""
        return digest("suite", attacks=[list(each) for each in self.attacks])[:_DIGITS]

    @property
    def words(self) -> str:
        called = ", ".join(name for name, _ in self.attacks)
        versions = ", ".join(f"{name} {number}" for name, number in self.versions)
        code = f" Code: {', '.join(self.code)}." if self.code else ""
        return f"Attacks {self.version} of {self.date}: {called}. Versions: {versions}.{code}"


def suite_of(kept: Iterable[Kept]) -> Suite:
    """The suite of some attacks; controls are no part of it.

    Parameters
    ----------
    kept : iterable of Kept
        Records of attacks, at least one.
    """
    own = [each.record.content for each in kept if each.trial is not None]
    own = [each for each in own if not each["attack"].get("permuted")]
    attacks = {
        (str(each["point"]["attack"]), digest("attack", attack=each["attack"], versions=each["versions"]))
        for each in own
    }
    versions = {(name, int(number)) for each in own for name, number in each["versions"].items()}
    code = {f"{each['checkout']['commit'][:_DIGITS]}{'+' * each['checkout']['dirty']}" for each in own
            if each["checkout"]}  # fmt: skip
    date = max(str(each["written"]) for each in own)[:10]
    return Suite(tuple(sorted(attacks)), tuple(sorted(versions)), tuple(sorted(code)), date)


def suites_of(kept: Sequence[Kept]) -> list[Suite]:
    """The suites of records, one for each set of persons that attacks were measured on."""
    groups: dict[tuple[str, str], list[Kept]] = {}
    for each in kept:
        if each.trial is not None:
            content = each.record.content
            groups.setdefault((content["photos"], content["people_digest"]), []).append(each)
    return [suite_of(each) for each in groups.values()]
