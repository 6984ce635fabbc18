"""Data set cards: what each set is, under which terms, and where to ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from palmbench.errors import RequestError
from palmbench.hints import not_found
from palmbench.paths import cards_dir
from palmbench.strict import build


@dataclass(frozen=True)
class Card:
    """What is known of a data set.

    Attributes
    ----------
    name, title : str
    identities, samples : int or None
        Palms and photos in the full set; None where there is no such number.
    environment : str
        "controlled" or "wild".
    width, height : int
        Size of a photo in pixels, the mean where sizes differ.
    layout : str
        A path of one photo below the set's folder.
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
    identities: int | None
    samples: int | None
    environment: str
    width: int
    height: int
    layout: str
    terms: str
    citation: str
    request: str
    may_publish_images: bool
    max_published_images: int | None


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
