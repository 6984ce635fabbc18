"""What a figure is: short declarations, as those of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from palmbench.report.tables import RecognizerColumns, Setting

View = Literal["hand", "palm"]


class Tile(NamedTuple):
    """One picture of a hand.

    Attributes
    ----------
    label : str
        What is printed above it.
    setting : Setting or None
        How it is de-identified; None for the photo as it is.
    seed : int or None
        The run's seed; None leaves it to the user.
    view : {"hand", "palm"}
        The part of the photo that is shown: a square with the whole hand, or one about the palm.
    """

    label: str
    setting: Setting | None
    seed: int | None = None
    view: View = "palm"


ORIGINAL = Tile("Original", None)


@dataclass(frozen=True)
class PhotoSpec:
    """A figure made of photos: the same tiles for each hand.

    Attributes
    ----------
    number : int
        Of the paper.
    caption : str
    rows : tuple of tuples of Tile
        The tiles of one hand; a row may be shorter than the others.
    hands : int
        Palms shown of each data set.
    axis : {"dataset", "setting"}
        Over all data sets, or about the one of the ablation study.
    """

    number: int
    caption: str
    rows: tuple[tuple[Tile, ...], ...]
    hands: int = 1
    axis: Literal["dataset", "setting"] = "dataset"

    @property
    def tiles(self) -> list[Tile]:
        return [tile for row in self.rows for tile in row]

    @property
    def methods(self) -> list[str]:
        """Names of the methods that it shows."""
        return [tile.setting.method for tile in self.tiles if tile.setting]


@dataclass(frozen=True)
class CurveSpec:
    """A figure of score distributions: one panel for each recognizer and data set.

    Attributes
    ----------
    number : int
        Of the paper.
    caption : str
    setting : Setting
        The de-identification whose scores are shown.
    groups : tuple of RecognizerColumns
        Names and labels of recognizers.
    attacks : tuple of str
        Recognizers shown, unless the user says otherwise.
    left_out : tuple of str
        Data sets that the figure does not show by itself.
    """

    number: int
    caption: str
    setting: Setting
    groups: tuple[RecognizerColumns, ...]
    attacks: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def methods(self) -> list[str]:
        """The name of the method that it shows."""
        return [self.setting.method]
