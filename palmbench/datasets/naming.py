"""How an export names rendered photos: the layouts of the real sets, written instead of read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from palmbench.datasets import handinfo
from palmbench.datasets.layouts import LAYOUTS
from palmbench.synth.seeds import person_of, session_of, side_of


@dataclass(frozen=True)
class Scheme:
    """How one layout files photos.

    Attributes
    ----------
    path : callable
        From (identity, sample) to the photo's path below the export, with `/`. Samples count from 0 in the
        renderer and from 1 in names, unless said otherwise.
    dataset : str
        The value of `dataset=` that reads it.
    below : str
        What in the export is then `dataset.root`; "" = the export itself.
    hands : {"any", "both", "right"}
        Whether the set holds palms one by one, both hands of each person, or right hands alone.
    sides : {"untold", "name", "twice", "table"}
        Where the side of a hand is told: nowhere, in its path, twice in its path, or in a table.
    wrong_side : callable or None
        Where it is told twice: from (identity, sample) to the path of a photo whose name contradicts its folder.
    cropped : bool
        Whether photos are cut out around the hand.
    """

    path: Callable[[int, int], str]
    dataset: str
    below: str = ""
    hands: Literal["any", "both", "right"] = "any"
    sides: Literal["untold", "name", "twice", "table"] = "untold"
    wrong_side: Callable[[int, int], str] | None = None
    cropped: bool = False

    def palms(self, number: int) -> range:
        """The renderer's first `number` identities that the set has a place for."""
        return range(1, 2 * number, 2) if self.hands == "right" else range(number)

    def reads(self, path: str) -> bool:
        """Whether the data set takes a path of the export for a photo."""
        if self.dataset == "manifest":
            return True
        if self.dataset == "11k":
            return re.search(handinfo.PHOTO, path, re.IGNORECASE) is not None
        return LAYOUTS[self.dataset][0].match(path) is not None


def _iitd(identity: int, sample: int) -> str:
    return f"IITD Palmprint V1/{side_of(identity).title()} Hand/{person_of(identity) + 1:03d}_{sample + 1}.JPG"


def _in_session(sample: int) -> tuple[int, int]:
    """Visit and number of a photo: the second visit is whatever was taken after the first, and each counts from 1."""
    first = session_of(sample) == 0
    return (1 if first else 2), 1 + sum((session_of(earlier) == 0) == first for earlier in range(sample))


def _polyu(identity: int, sample: int) -> str:
    session, number = _in_session(sample)
    return f"2D/{person_of(identity) + 1:03d}_{' FS'[session]}/{number:02d}.bmp"


def _rest(identity: int, sample: int, named: int | None = None) -> str:
    person, token = person_of(identity) + 1, side_of(identity if named is None else named)[0]
    return f"REST database/p{person}/Hand/{side_of(identity).title()}/p{person}_{token}_{sample + 1}.jpg"


def _zhou(identity: int, sample: int) -> str:
    return f"{identity + 1:04d}_{sample + 1:04d}.jpg"


def _ntupi(identity: int, sample: int) -> str:
    return f"img/{person_of(identity) + 1}-{side_of(identity)[0].upper()}{sample + 1}.jpg"


def _tongji(identity: int, sample: int) -> str:
    session, number = _in_session(sample)
    # An eleventh photo would be the next palm's first.
    run = LAYOUTS["tongji"][0].run
    return f"session{session}/{identity * run + number:05d}.tiff" if number <= run else f"session{session}/none.tiff"


def _casia(identity: int, sample: int) -> str:
    person = person_of(identity) + 1
    return f"{person:04d}/{person:04d}_{'fm'[person % 2]}_{side_of(identity)[0]}_{sample + 1:02d}.jpg"


def _mpdv2(identity: int, sample: int) -> str:
    session, number = _in_session(sample)
    person, device = person_of(identity) + 1, "hm"[(number - 1) % 2]
    name = f"{person:03d}_{session}_{device}_{side_of(identity)[0]}_{(number + 1) // 2:02d}.jpg"
    return f"PalmSet{1 + (person - 1) // 40:02d}/{name}"


def _hands11k(identity: int, sample: int) -> str:
    return f"Hands/Hand_{identity * 100 + sample + 1:07d}.jpg" if sample < 100 else "Hands/none.jpg"


def _nnnn_ssss(identity: int, sample: int) -> str:
    return f"{identity + 1:04d}_{sample + 1:04d}.png"


def _manifest(identity: int, sample: int) -> str:
    return f"photos/{identity:04d}/{sample:04d}.png"


def other_hand(identity: int) -> int:
    """The identity of the same person's other hand."""
    return identity ^ 1


SCHEMES: dict[str, Scheme] = {
    "iitd": Scheme(_iitd, "iitd", hands="both", sides="name"),
    "polyu": Scheme(_polyu, "polyu", hands="right"),
    # The folder stays right and the name contradicts it.
    "rest": Scheme(_rest, "rest", hands="both", sides="twice", wrong_side=lambda p, n: _rest(p, n, other_hand(p))),
    "zhou": Scheme(_zhou, "zhou"),
    "ntupi": Scheme(_ntupi, "ntupi", sides="name", cropped=True),
    "tongji": Scheme(_tongji, "tongji", hands="both"),
    "casia": Scheme(_casia, "casia", hands="both", sides="name"),
    "mpdv2": Scheme(_mpdv2, "mpdv2", hands="both", sides="name"),
    "11k": Scheme(_hands11k, "11k", hands="both", sides="table"),
    "nnnn_ssss": Scheme(_nnnn_ssss, "nnnn_ssss"),
    "manifest": Scheme(_manifest, "manifest", below="manifest.csv", sides="table"),
}
