"""Which data sets may be shown: a photo of a palm is biometric data, and its card says what its terms allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from palmbench.datasets import Card, card_names, read_card
from palmbench.report.labels import dataset_label


class Shown(NamedTuple):
    """Data sets whose photos may be shown, in order, and a sentence on each of the others."""

    datasets: list[str]
    notes: list[str]


def may_show(datasets: Sequence[str], images: int) -> Shown:
    """Part data sets by what their cards allow.

    Parameters
    ----------
    datasets : sequence of str
        Names in the configuration.
    images : int
        How many photos of each would be shown, changed ones counted.
    """
    shown = Shown([], [])
    for name in datasets:
        reason = _reason_against(read_card(name) if name in card_names() else None, images)
        if reason:
            shown.notes.append(f"No photos of {dataset_label(name)}: {reason}.")
        else:
            shown.datasets.append(name)
    return shown


def _reason_against(card: Card | None, images: int) -> str | None:
    if card is None:
        return "it has no card that allows it"
    if not card.may_publish_images:
        return f"its card (data/{card.name}.yaml) does not allow it"
    if card.max_published_images is not None and images > card.max_published_images:
        return f"its card (data/{card.name}.yaml) allows {card.max_published_images} in all, not {images}"
    return None
