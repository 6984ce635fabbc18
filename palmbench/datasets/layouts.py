"""How each data set names its photos: one pattern per layout, and what its groups mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

IMAGE = r"\.(?:jpe?g|png|bmp|tiff?|webp|heic|heif)$"
_SIDES = {"l": "left", "r": "right"}


@dataclass(frozen=True)
class Layout:
    """One way in which a data set's photos lie below its folder.

    Attributes
    ----------
    pattern : str
        Searched, ignoring case, in the path below the folder, with `/`. Groups: `subj` (person, or palm if
        `side` is absent), `side`, `sess` (session), `n` (photo); `dirsubj` and `dirside` repeat what the
        folders say.
    side : str
        Side of every hand where the pattern has no such group.
    not_below : str
        Folders whose files are made from the photos and are none.
    verbatim : bool
        Keep names as they are; else numbers are padded, so that 1, 01 and 001 are one.
    """

    pattern: str
    side: str = ""
    not_below: str = ""
    verbatim: bool = False

    def match(self, path: str) -> Place | None:
        """What the path says of the photo, or None if it is no photo of this layout."""
        if self.not_below and re.search(rf"(?:^|/)(?:{self.not_below})/", path, re.IGNORECASE):
            return None
        found = re.search(self.pattern, path, re.IGNORECASE)
        if found is None:
            return None
        groups = found.groupdict()
        side = _SIDES.get((groups.get("dirside") or groups.get("side") or " ")[0].lower(), self.side)
        plain = str if self.verbatim else _padded
        subject = plain(groups.get("dirsubj") or groups["subj"])
        told = (plain(groups["subj"]), (groups.get("side") or side)[:1].lower())
        return Place(
            person=subject,
            side=side,
            in_identity=bool(groups.get("side")),
            photo="_".join(filter(None, [(groups.get("sess") or "").upper(), *map(plain, groups["n"].split("/"))])),
            agrees=told == (subject, side[:1]),
        )


@dataclass(frozen=True)
class Place:
    """What a path says of a photo; `agrees` is False if folder and file name contradict each other."""

    person: str
    side: str
    in_identity: bool
    photo: str
    agrees: bool

    @property
    def identity(self) -> str:
        """The palm: person and side where the set holds both hands."""
        return f"{self.person}_{self.side}" if self.in_identity else self.person


def _padded(word: str) -> str:
    return word.zfill(4) if word.isdecimal() else word


IITD_ROI = re.compile(r"(?:^|/)segmented/(?:left|right)/\d{3}_\d{1,2}\.bmp$", re.IGNORECASE)

# The first layout of a set that fits any file is the one that counts.
LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "iitd": (Layout(r"(?:^|/)(?P<side>left|right)[ _]?hand/(?P<subj>\d{3})_(?P<n>\d{1,2})\.jpe?g$"),),
    "polyu": (Layout(r"(?:^|/)(?P<subj>\d{1,3})_(?P<sess>[fs])[/_](?P<n>\d{1,2})\.(?:bmp|jpe?g|png)$", "right", "3d"),),
    "rest": (
        Layout(
            r"(?:^|/)p(?P<dirsubj>\d+)/hand/(?P<dirside>left|right)/"
            r"[a-z](?P<subj>\d+)_(?P<side>[lr])(?:_[^/.]*)?_(?P<n>\d+)\.jpe?g$"
        ),
    ),
    "zhou": (
        Layout(r"(?:^|/)(?P<subj>\d+)_(?P<n>[^/]+)\.(?:jpe?g|png|bmp)$"),
        Layout(r"(?:^|/)(?P<subj>\d+)/(?P<n>[^/]+)\.(?:jpe?g|png|bmp)$"),
    ),
    "ntupi": (
        Layout(r"(?:^|/)(?P<subj>\d+)-(?P<side>[lr])(?P<n>\d+)\.jpe?g$", not_below="imgmask|flip|landmarks|roimarked"),
    ),
    "folder": (Layout(r"^(?P<subj>[^/]+)/(?P<n>.+)" + IMAGE, verbatim=True),),
}
