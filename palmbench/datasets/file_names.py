"""How each data set names its photos: patterns that read the real sets' names, and functions that write an export's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from palmbench.datasets import hands_11k
from palmbench.datasets.layout import IMAGE, Companion, Layout

_ROI_FOLDER = Companion(r"(?:^|/)(?:[^/]*[ _-])?rois?(?:[ _-][^/]*)?/", "palm crops (ROIs)", crops=True)

# What palmbench itself writes beside exported photos.
EXPORTED = Companion(
    r"^(?:ground_truth/|defects\.json$|manifest\.csv$|HandInfo\.csv$)", "palmbench's notes on an export"
)

COMPANIONS: dict[str, tuple[Companion, ...]] = {
    "iitd": (Companion(r"(?:^|/)segmented/", "segmented ROIs", crops=True), _ROI_FOLDER),
    "polyu": (
        Companion(r"(?:^|/)3d/", "range images"),
        Companion(
            r"(?:^|/)(?:polyu|p)_(?:[a-z]_\d+|\d+_[a-z])_\d+\.(?:bmp|jpe?g|png)$",
            "palms of the PolyU contact database, taken on a plate that shows no whole hand",
            crops=True,
        ),
        _ROI_FOLDER,
    ),
    "rest": (Companion(r"(?:^|/)p\d+/(?!hand/)[^/]+/", "other traits than hands"), _ROI_FOLDER),
    "zhou": (_ROI_FOLDER,),
    "ntupi": (
        Companion(r"(?:^|/)(?:imgmask|landmarks|roimarked)/", "masks and landmarks"),
        Companion(r"(?:^|/)flip/", "the normalised crops of flip/, whose left hands are mirrored", crops=True),
        _ROI_FOLDER,
    ),
    "tongji": (_ROI_FOLDER,),
    "casia": (_ROI_FOLDER,),
    "mpdv2": (_ROI_FOLDER,),
}

# The first layout of a set that fits any file is the one that counts.
LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "iitd": (Layout(r"(?:^|/)(?P<side>left|right)[ _]?hand/(?P<subj>\d{3})_(?P<n>\d{1,2})\.jpe?g$"),),
    "polyu": (
        Layout(
            r"(?:^|/)(?P<subj>\d{1,3})_(?P<sess>[fs])[/_](?P<n>\d{1,2})\.(?:bmp|jpe?g|png)$", side="right", grid=True
        ),
    ),
    "rest": (
        Layout(
            r"(?:^|/)p(?P<dirsubj>\d+)/hand/(?P<dirside>left|right)/"
            r"[a-z](?P<subj>\d+)_(?P<side>[lr])(?:_[^/.]*)?_(?P<n>\d+)\.jpe?g$"
        ),
        # What stands between side and number is not known for sure: if need be, the folders and the number are enough.
        Layout(r"(?:^|/)p(?P<subj>\d+)/hand/(?P<side>left|right)/(?:[^/]*\D)?(?P<n>\d+)\.jpe?g$"),
    ),
    "zhou": (
        Layout(r"(?:^|/)(?P<subj>\d+)_(?P<n>[^/]+)\.(?:jpe?g|png|bmp)$", persons=False),
        Layout(r"(?:^|/)(?P<subj>\d+)/(?P<n>[^/]+)\.(?:jpe?g|png|bmp)$", persons=False),
    ),
    "ntupi": (Layout(r"(?:^|/)(?P<subj>\d+)-(?P<side>[lr])(?P<n>\d+)\.jpe?g$"),),
    "tongji": (Layout(r"(?:^|/)session(?P<sess>[12])/(?P<n>\d{5})\.(?:bmp|tiff?|jpe?g|png)$", grid=True, run=10),),
    "casia": (
        Layout(r"(?:^|/)(?P<dirsubj>\d{4})/(?P<subj>\d{4})_[mf]_(?P<side>[lr])_(?P<n>\d{2})\.jpe?g$"),
        Layout(r"(?:^|/)(?P<subj>\d{4})_[mf]_(?P<side>[lr])_(?P<n>\d{2})\.jpe?g$"),
    ),
    "mpdv2": (
        Layout(
            r"(?:^|/)(?P<subj>\d+)_(?P<sess>[^_/]+)_(?P<dev>[hm])_(?P<side>[lr])_(?P<n>\d+)\.jpe?g$",
            grid=True,
        ),
    ),
    "nnnn_ssss": (Layout(r"(?:^|/)(?P<subj>\d{4})_(?P<n>\d{4})" + IMAGE, persons=False),),
    "folder": (Layout(r"^(?P<subj>[^/]+)/(?P<n>.+)" + IMAGE, persons=False, verbatim=True),),
}


class Rendered(NamedTuple):
    """A rendered photo in the terms of file names, which count from 1.

    Attributes
    ----------
    palm, person, number : int
        The palm, whose it is, and which photo of the palm.
    side : str
        "left" or "right".
    session, taken : int
        The visit, 1 or 2, where the second is all that was taken after the first; and which photo of that visit.
    """

    palm: int
    person: int
    number: int
    side: str
    session: int
    taken: int

    @classmethod
    def of(cls, identity: int, sample: int) -> Rendered:
        """The photo of an identity and a sample of the renderer, which count from 0."""
        # Imported here: reading a data set must not load the renderer.
        from palmbench.synth.seeds import person_of, session_of, side_of

        first = session_of(sample) == 0
        taken = 1 + sum((session_of(earlier) == 0) == first for earlier in range(sample))
        side = side_of(identity)
        return cls(identity + 1, person_of(identity) + 1, sample + 1, side, 1 if first else 2, taken)


@dataclass(frozen=True)
class Scheme:
    """How one layout files photos.

    Attributes
    ----------
    write : callable
        From a rendered photo to its path below the export, with `/`.
    dataset : str
        The value of `dataset=` that reads it.
    below : str
        What in the export is then `dataset.root`; "" = the export itself.
    hands : {"any", "both", "right"}
        Whether the set holds palms one by one, both hands of each person, or right hands alone.
    sides : {"untold", "name", "twice", "table"}
        Where the side of a hand is told: nowhere, in its path, twice in its path, or in a table.
    contradicting : callable or None
        Where it is told twice: the same with a name that contradicts the folder.
    cropped : bool
        Whether photos are cut out around the hand.
    """

    write: Callable[[Rendered], str]
    dataset: str
    below: str = ""
    hands: Literal["any", "both", "right"] = "any"
    sides: Literal["untold", "name", "twice", "table"] = "untold"
    contradicting: Callable[[Rendered], str] | None = None
    cropped: bool = False

    def path(self, identity: int, sample: int) -> str:
        """Path of a photo of the renderer's, whose identities and samples count from 0."""
        return self.write(Rendered.of(identity, sample))

    def wrong_side(self, identity: int, sample: int) -> str | None:
        """Its path with a name that contradicts the folder; None where the side is not told twice."""
        return self.contradicting(Rendered.of(identity, sample)) if self.contradicting else None

    def palms(self, number: int) -> range:
        """The renderer's first `number` identities that the set has a place for."""
        return range(1, 2 * number, 2) if self.hands == "right" else range(number)

    def reads(self, path: str) -> bool:
        """Whether the data set takes a path of the export for a photo."""
        if self.dataset == "manifest":
            return True
        if self.dataset == "11k":
            return re.search(hands_11k.PHOTO, path, re.IGNORECASE) is not None
        return LAYOUTS[self.dataset][0].match(path) is not None


def _iitd(photo: Rendered) -> str:
    return f"IITD Palmprint V1/{photo.side.title()} Hand/{photo.person:03d}_{photo.number}.JPG"


def _polyu(photo: Rendered) -> str:
    return f"2D/{photo.person:03d}_{' FS'[photo.session]}/{photo.taken:02d}.bmp"


def _rest(photo: Rendered) -> str:
    return _rest_named(photo, photo.side)


def _rest_contradicting(photo: Rendered) -> str:
    # The folder stays right.
    return _rest_named(photo, "left" if photo.side == "right" else "right")


def _rest_named(photo: Rendered, side: str) -> str:
    folder = f"REST database/p{photo.person}/Hand/{photo.side.title()}"
    return f"{folder}/p{photo.person}_{side[0]}_{photo.number}.jpg"


def _zhou(photo: Rendered) -> str:
    return f"{photo.palm:04d}_{photo.number:04d}.jpg"


def _ntupi(photo: Rendered) -> str:
    return f"img/{photo.person}-{photo.side[0].upper()}{photo.number}.jpg"


def _tongji(photo: Rendered) -> str:
    run = LAYOUTS["tongji"][0].run
    if photo.taken > run:  # it would be the next palm's first
        return f"session{photo.session}/none.tiff"
    return f"session{photo.session}/{(photo.palm - 1) * run + photo.taken:05d}.tiff"


def _casia(photo: Rendered) -> str:
    person = photo.person
    return f"{person:04d}/{person:04d}_{'fm'[person % 2]}_{photo.side[0]}_{photo.number:02d}.jpg"


def _mpdv2(photo: Rendered) -> str:
    device, number = "hm"[(photo.taken - 1) % 2], (photo.taken + 1) // 2
    name = f"{photo.person:03d}_{photo.session}_{device}_{photo.side[0]}_{number:02d}.jpg"
    return f"PalmSet{1 + (photo.person - 1) // 40:02d}/{name}"


def _hands_11k(photo: Rendered) -> str:
    known = photo.number <= 100
    return f"Hands/Hand_{(photo.palm - 1) * 100 + photo.number:07d}.jpg" if known else "Hands/none.jpg"


def _nnnn_ssss(photo: Rendered) -> str:
    return f"{photo.palm:04d}_{photo.number:04d}.png"


def _manifest(photo: Rendered) -> str:
    return f"photos/{photo.palm - 1:04d}/{photo.number - 1:04d}.png"


SCHEMES: dict[str, Scheme] = {
    "iitd": Scheme(_iitd, "iitd", hands="both", sides="name"),
    "polyu": Scheme(_polyu, "polyu", hands="right"),
    "rest": Scheme(_rest, "rest", hands="both", sides="twice", contradicting=_rest_contradicting),
    "zhou": Scheme(_zhou, "zhou"),
    "ntupi": Scheme(_ntupi, "ntupi", sides="name", cropped=True),
    "tongji": Scheme(_tongji, "tongji", hands="both"),
    "casia": Scheme(_casia, "casia", hands="both", sides="name"),
    "mpdv2": Scheme(_mpdv2, "mpdv2", hands="both", sides="name"),
    "11k": Scheme(_hands_11k, "11k", hands="both", sides="table"),
    "nnnn_ssss": Scheme(_nnnn_ssss, "nnnn_ssss"),
    "manifest": Scheme(_manifest, "manifest", below="manifest.csv", sides="table"),
}
