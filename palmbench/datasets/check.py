"""What is in a data set's folder, what is missing, what was not understood: `palmbench data check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from palmbench.base.images import photo_facts
from palmbench.base.photo_files import contents
from palmbench.base.progress import Progress
from palmbench.datasets import findings
from palmbench.datasets.cards import Card
from palmbench.datasets.findings import REMARKS, Finding, PhotoContents, SeenHand
from palmbench.datasets.folder_dataset import NO_PERSONS, card_of, natural_order, scan_with_photos
from palmbench.datasets.folder_scan import FoundPhoto, Scan
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.datasets.splits import split_names, take_part
from recognizers.common.cache_keys import bytes_digest
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.names import path_of, text_of

FORMAT = 3

# From photos to the hand that each shows, by path; photos without a hand are left out.
Eyes = Callable[[Path, Sequence[str]], Mapping[str, SeenHand]]


class Pairs(NamedTuple):
    """Unordered pairs of photos by what scoring makes of them."""

    genuine: int
    impostor: int
    one_person: int


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes
    ----------
    dataset, title, root : str
    people, palms, photos : int
        Photos that are understood and not empty; people as far as they are told.
    photos_of_a_palm : (int, float, int)
        Least, median, most.
    sides, sessions, sizes, pixels, companions : dict of str to int
        Photos by side, session, size and kind of pixels; files that are not photos by what they are.
    one_handed : int
        People of whom one hand is there, where others have two.
    people_not_there : str
        Numbers of the full set's people of whom there is no photo, where people are numbered from 1.
    pairs : Pairs
    about_pairs : str
        What is known of whose palms they are.
    splits : dict of str to str
        How much of each part of a split is there.
    expected : Card or None
        What the full set has.
    decoded, hands : bool
        Whether every pixel was decoded, and whether a detector looked for the hands.
    handless : int
        Photos in which it found none.
    findings : tuple of Finding
    """

    dataset: str
    title: str
    root: str
    people: int
    palms: int
    photos: int
    photos_of_a_palm: tuple[int, float, int]
    sides: dict[str, int]
    sessions: dict[str, int]
    sizes: dict[str, int]
    pixels: dict[str, int]
    companions: dict[str, int]
    one_handed: int
    people_not_there: str
    pairs: Pairs
    about_pairs: str
    splits: dict[str, str]
    expected: Card | None
    decoded: bool
    hands: bool
    handless: int
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> list[Finding]:
        """Findings that somebody should look at."""
        return [finding for finding in self.findings if finding.kind not in REMARKS]

    @property
    def remarks(self) -> list[Finding]:
        """Findings that cost nothing."""
        return [finding for finding in self.findings if finding.kind in REMARKS]

    def plain(self) -> dict[str, Any]:
        """The report for machines."""
        values = asdict(self)
        del values["findings"], values["expected"]
        full = self.expected
        keys = ("people", "identities", "samples", "samples_elsewhere")
        return {
            "format": FORMAT,
            **values,
            "pairs": self.pairs._asdict(),
            "expected": {key: getattr(full, key) for key in keys} if full else None,
            "findings": [finding._asdict() for finding in self.wrong],
            "remarks": [finding._asdict() for finding in self.remarks],
        }


def check(
    config: FolderDatasetConfig, data_dir: str | Path, workers: int, decode: bool = True, eyes: Eyes | None = None
) -> Report:
    """Look through a data set's folder.

    Parameters
    ----------
    config : FolderDatasetConfig
        Which set and where; limits and splits are not heeded.
    data_dir : str or Path
    workers : int
        Photos to be decoded at the same time; that many are held in memory.
    decode : bool
        Whether every pixel is decoded, which alone finds truncated files.
    eyes : callable, optional
        Tells which hand photos show; None = believe what they are filed as.

    Raises
    ------
    RequestError
        If the set is not there, or holds only crops of palms.
    """
    scan = scan_with_photos(config, data_dir)
    photos = sorted(scan.photos, key=natural_order)
    looks = _look(scan.root, photos, workers, decode)
    found = [*findings.of_names(scan), *findings.of_contents(photos, looks)]
    handless, hands = 0, False
    readable = [item.path for item in photos if not looks[item.path].problem]
    if eyes is not None and readable:
        seen, hands = eyes(scan.root, readable), True
        handless = len(readable) - len(seen)
        found += findings.of_hands(readable, seen)
        misfiled = [path for finding in found if finding.kind in ("duplicate", "side") for path in finding.paths]
        found += findings.of_sides(photos, seen, misfiled)
    return _report(config, scan, photos, looks, found, decode, hands, handless)


def _look(root: Path, photos: Sequence[FoundPhoto], workers: int, decode: bool) -> dict[str, PhotoContents]:
    progress = Progress("check photos", len(photos), reused=0, failed=0)
    looks = {}
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(lambda item: _look_at(root / path_of(item.path), decode), photos)
        for item, look in zip(photos, seen, strict=True):
            looks[item.path] = look
            progress.advance(int(not look.problem), int(bool(look.problem)))
    progress.finish()
    return looks


def _look_at(path: Path, decode: bool) -> PhotoContents:
    digest = f"not read: {path}"
    try:
        data = contents(path)
        digest = bytes_digest(data)
        return PhotoContents(digest, photo_facts(path, data, decode), "")
    except SampleError as error:
        return PhotoContents(digest, None, str(error).removeprefix(f"{path}: "))


def _report(
    config: FolderDatasetConfig,
    scan: Scan,
    photos: list[FoundPhoto],
    looks: dict[str, PhotoContents],
    found: list[Finding],
    decode: bool,
    hands: bool,
    handless: int,
) -> Report:
    card = card_of(config.name)
    palms = Counter(item.label.identity for item in photos)
    owners = {item.label.identity: item.label.person for item in photos}
    hands_of = Counter(owners.values())
    facts = [look.facts for look in looks.values() if look.facts is not None]
    return Report(
        dataset=config.name,
        title=card.title if card else f"photos in {text_of(scan.root.name)}",
        root=text_of(scan.root),
        people=len(hands_of) if scan.persons else 0,
        palms=len(palms),
        photos=len(photos),
        photos_of_a_palm=(min(palms.values()), float(median(palms.values())), max(palms.values())),
        sides=_counted(item.label.side or "not told" for item in photos),
        sessions=_counted(item.label.session for item in photos if item.label.session),
        sizes=_counted(f"{fact.width}x{fact.height}" for fact in facts),
        pixels=_counted(f"{fact.bits}-bit {'colour' if fact.colour else 'grey'}" for fact in facts),
        companions={what: len(paths) for what, paths in scan.companions.items()},
        one_handed=sum(count == 1 for count in hands_of.values()) if max(hands_of.values()) > 1 else 0,
        people_not_there=_not_there(set(owners.values()), card.people if card and scan.persons else None),
        pairs=_pairs(photos, palms),
        about_pairs=card.pairs if card else _about_pairs(scan),
        splits=_splits(config.name, photos),
        expected=card,
        decoded=decode,
        hands=hands,
        handless=handless,
        findings=tuple(found),
    )


def _not_there(people: set[str], full: int | None) -> str:
    """Numbers from 1 to `full` that nobody has, as in "3, 17-19"; "" where people are numbered otherwise."""
    numbers = {int(person) for person in people if person.isdecimal()}
    if full is None or len(numbers) < len(people) or not numbers <= set(range(1, full + 1)):
        return ""
    runs: list[list[int]] = []
    for number in (each for each in range(1, full + 1) if each not in numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _pairs(photos: Sequence[FoundPhoto], palms: Mapping[str, int]) -> Pairs:
    def within(counts: Mapping[str, int]) -> int:
        return sum(n * (n - 1) // 2 for n in counts.values())

    genuine, of_person = within(palms), within(Counter(item.label.person for item in photos))
    return Pairs(genuine, len(photos) * (len(photos) - 1) // 2 - of_person, of_person - genuine)


def _about_pairs(scan: Scan) -> str:
    return (
        "The table tells the person; a pair of a person's two hands is neither genuine nor impostor."
        if (scan.persons)
        else NO_PERSONS
    )


def _splits(name: str, photos: list[FoundPhoto]) -> dict[str, str]:
    told = {}
    for wanted in split_names(name):
        try:
            part = take_part(wanted, name, photos)
        except RequestError:
            told[wanted] = "none of its photos"
            continue
        lacking = f", {len(part.absent)} that it names are not there" if part.absent else ""
        told[wanted] = f"{len(part.photos)} photos{lacking}"
    return told


def _counted(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common())
