"""Data set cards: what each set is, under which terms, and where to ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from palmbench.base.paths import cards_dir
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.strict import build


@dataclass(frozen=True)
class Card:
    """What is known of a data set.

    Attributes
    ----------
    name, title : str
    people, identities, samples : int or None
        Persons, palms and photos in the full set; None where there is no such number.
    samples_elsewhere : int or None
        Another number of photos that a source of the set gives.
    environment : str
        "controlled" or "wild".
    width, height : int or None
        Size of a photo in pixels, the mean where sizes differ; None where it is not known.
    layout : str
        A path of one photo below the set's folder.
    pairs : str
        What is known of whose palms they are, and what becomes of pairs of a person's left and right hand.
    terms, citation : str
    request : str
        Where to ask for the set.
    may_publish_images : bool
        Whether photos, changed or not, may be shown in reports and trackers.
    max_published_images : int or None
        How many of them the terms allow in all; None = no number is stated.
    """

    name: str
    title: str
    people: int | None
    identities: int | None
    samples: int | None
    samples_elsewhere: int | None
    environment: str
    width: int | None
    height: int | None
    layout: str
    pairs: str
    terms: str
    citation: str
    request: str
    may_publish_images: bool
    max_published_images: int | None

    def short_of(self, identities: int, samples: int) -> str:
        """A sentence if so many palms and photos are not the full set; "" if they are, or its size is not known."""
        full = (self.identities, self.samples)
        if identities == self.identities and samples in (self.samples, self.samples_elsewhere):
            return ""
        if None in full:
            return ""
        return f"{identities} palms and {samples} photos; the full set has {full[0]} and {full[1]}."


def card_names() -> list[str]:
    """Names of the data sets that have a card."""
    return sorted(path.stem for path in cards_dir().glob("*.yaml"))


def read_card(name: str) -> Card:
    """The card of a data set.

    Raises
    ------
    RequestError
        If there is no such card, or it is malformed.
    """
    path = cards_dir() / f"{name}.yaml"
    if not path.is_file():
        raise RequestError(not_found(f"there is no card of a data set {name}", name, card_names()))
    return build(Card, yaml.safe_load(path.read_text(encoding="utf-8")), f"{path.name}")
