"""What a layout of a data set is: a pattern that reads paths, what its groups mean, and what lies beside the photos."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

IMAGE = r"\.(?:jpe?g|png|bmp|tiff?|webp|heic|heif)$"
_SIDES = {"l": "left", "r": "right"}


@dataclass(frozen=True)
class PhotoLabel:
    """What is told of a photo, by its path or by a table.

    Attributes
    ----------
    identity, person : str
        The palm and whose it is; where that is not told, the palm stands for its own person.
    side : str
        "left", "right", or "" where it is not told.
    photo : str
        Which photo of the palm: the rest of the sample's id.
    session, device, number : str
        Parts of `photo`, "" where there are none.
    contradicts : {"", "side", "person"}
        In what folder and file name contradict each other; the folder is believed.
    """

    identity: str
    person: str
    side: str
    photo: str
    session: str = ""
    device: str = ""
    number: str = ""
    contradicts: Literal["", "side", "person"] = ""


@dataclass(frozen=True)
class Layout:
    """One way in which a data set's photos lie below its folder.

    Attributes
    ----------
    pattern : str
        Searched, ignoring case, in the path below the folder, with `/`. Groups: `subj` (person, or palm if
        `side` is absent), `side`, `sess` (session), `dev` (camera), `n` (photo); `dirsubj` and `dirside` repeat what
        the folders say.
    side : str
        Side of every hand where the pattern has no such group.
    persons : bool
        Whether it is told which palms are one person's.
    grid : bool
        Whether every palm was to have the same photos.
    run : int
        Photos of a session that are numbered through, so many a palm, two palms a person; 0 = numbered by palm.
    verbatim : bool
        Keep names as they are; else numbers are padded, so that 1, 01 and 001 are one.
    """

    pattern: str
    side: str = ""
    persons: bool = True
    grid: bool = False
    run: int = 0
    verbatim: bool = False

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    def match(self, path: str) -> PhotoLabel | None:
        """What the path says of the photo, or None if it is not a photo of this layout."""
        found = self._compiled.search(path)
        if found is None:
            return None
        groups = {name: value or "" for name, value in found.groupdict().items()}
        return self._of_run(groups) if self.run else self._of_palm(groups)

    def sibling(self, path: str, session: str, device: str, number: str) -> str:
        """The path of another photo of the palm, from that of one."""
        found = self._compiled.search(path)
        assert found is not None
        names = found.groupdict()
        if self.run:
            first = int(names["n"]) - (int(names["n"]) - 1) % self.run
            number = str(first + int(number) - 1).zfill(len(names["n"]))
        said = {"sess": session, "dev": device, "n": number}
        other = [name for name in said if names.get(name) and said[name].lower() != names[name].lower()]
        for name in sorted(other, key=found.start, reverse=True):
            path = path[: found.start(name)] + said[name] + path[found.end(name) :]
        return path

    def _of_palm(self, groups: dict[str, str]) -> PhotoLabel:
        plain = str if self.verbatim else padded
        told, named = plain(groups["subj"]), _side(groups.get("side", ""))
        subject = plain(groups.get("dirsubj", "") or groups["subj"])
        side = _side(groups.get("dirside", "")) or named or self.side
        session, device = groups.get("sess", "").upper(), groups.get("dev", "").lower()
        contradicts: Literal["", "side", "person"] = ""
        if told != subject:
            contradicts = "person"
        elif named and named != side:
            contradicts = "side"
        numbers = [plain(part) for part in groups["n"].split("/")]
        return PhotoLabel(
            identity=f"{subject}_{side}" if named else subject,
            person=subject,
            side=side,
            photo="_".join(filter(None, [session, device, *numbers])),
            session=session,
            device=device,
            number=groups["n"],
            contradicts=contradicts,
        )

    def _of_run(self, groups: dict[str, str]) -> PhotoLabel:
        palm, index = divmod(int(groups["n"]) - 1, self.run)
        identity, number = padded(str(palm + 1)), str(index + 1)
        return PhotoLabel(
            identity=identity,
            person=padded(str(palm // 2 + 1)),
            side=self.side,
            photo=f"{groups['sess']}_{padded(number)}",
            session=groups["sess"],
            number=number,
        )


def padded(word: str) -> str:
    """A number with at least four digits; other words as they are."""
    return word.zfill(4) if word.isdecimal() else word


def _side(word: str) -> str:
    return _SIDES.get(word[:1].lower(), "")


class Companion(NamedTuple):
    """Files that come with a data set and are not photos of hands: a pattern, what they are, whether they are crops.

    A copy of a set that holds crops alone is refused: a method needs the whole hand.
    """

    pattern: str
    what: str
    crops: bool = False

    def has(self, path: str) -> bool:
        return re.search(self.pattern, path, re.IGNORECASE) is not None
