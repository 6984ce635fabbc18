"""How an export names rendered photos: the layouts of the real sets, written instead of read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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
        Folder of the export that is then `dataset.root`; "" = the export itself.
    hands : {"any", "both", "right"}
        Whether the set holds palms one by one, both hands of each person, or right hands alone.
    wrong_side : callable or None
        From (identity, sample) to the path of a photo whose side is told wrong; None where no path tells it.
    cropped : bool
        Whether photos are cut out around the hand.
    """

    path: Callable[[int, int], str]
    dataset: str
    below: str = ""
    hands: Literal["any", "both", "right"] = "any"
    wrong_side: Callable[[int, int], str] | None = None
    cropped: bool = False

    def palms(self, number: int) -> range:
        """The renderer's first `number` identities that the set has a place for."""
        return range(1, 2 * number, 2) if self.hands == "right" else range(number)

    def reads(self, path: str) -> bool:
        """Whether the data set takes a path of the export for a photo."""
        inside = path.removeprefix(f"{self.below}/") if self.below else path
        return any(layout.match(inside) for layout in LAYOUTS[self.dataset])


def _iitd(identity: int, sample: int) -> str:
    return f"IITD Palmprint V1/{side_of(identity).title()} Hand/{person_of(identity) + 1:03d}_{sample + 1}.JPG"


def _polyu(identity: int, sample: int) -> str:
    # F is the first visit; whatever was taken later is S, and each is counted from 1.
    first = session_of(sample) == 0
    number = 1 + sum((session_of(earlier) == 0) == first for earlier in range(sample))
    return f"2D/{person_of(identity) + 1:03d}_{'F' if first else 'S'}/{number:02d}.bmp"


def _rest(identity: int, sample: int, named: int | None = None) -> str:
    person, token = person_of(identity) + 1, side_of(identity if named is None else named)[0]
    return f"REST database/p{person}/Hand/{side_of(identity).title()}/p{person}_{token}_{sample + 1}.jpg"


def _zhou(identity: int, sample: int) -> str:
    return f"{identity + 1:04d}_{sample + 1:04d}.jpg"


def _ntupi(identity: int, sample: int) -> str:
    return f"img/{person_of(identity) + 1}-{side_of(identity)[0].upper()}{sample + 1}.jpg"


def _manifest(identity: int, sample: int) -> str:
    return f"photos/{identity:04d}/{sample:04d}.png"


def other_hand(identity: int) -> int:
    """The identity of the same person's other hand."""
    return identity ^ 1


SCHEMES: dict[str, Scheme] = {
    "iitd": Scheme(_iitd, "iitd", hands="both", wrong_side=lambda palm, n: _iitd(other_hand(palm), n)),
    "polyu": Scheme(_polyu, "polyu", hands="right"),
    # The folder stays right and the name contradicts it; in IITD and NTU-PI the side is told but once.
    "rest": Scheme(_rest, "rest", hands="both", wrong_side=lambda palm, n: _rest(palm, n, other_hand(palm))),
    "zhou": Scheme(_zhou, "zhou"),
    "ntupi": Scheme(_ntupi, "ntupi", wrong_side=lambda palm, n: _ntupi(other_hand(palm), n), cropped=True),
    # Here manifest.csv tells the side, and the path does not.
    "manifest": Scheme(_manifest, "folder", below="photos", wrong_side=_manifest),
}
