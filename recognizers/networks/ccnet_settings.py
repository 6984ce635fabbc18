"""How wide a CCNet is: as published, or the compact one that is embedded. Imports no torch."""

from __future__ import annotations

from typing import NamedTuple


class Widths(NamedTuple):
    """Widths of a CCNet; blocks, filter sizes and competition are the same in all.

    Attributes
    ----------
    filters : (int, int, int)
        Gabor filters of the three blocks.
    channels : int
        Output channels of the convolutions.
    hidden, embedding : int
        Outputs of the two fully connected layers.
    """

    filters: tuple[int, int, int]
    channels: int
    hidden: int
    embedding: int


FULL = Widths(filters=(9, 36, 9), channels=16, hidden=4096, embedding=2048)
COMPACT = Widths(filters=(6, 12, 6), channels=8, hidden=192, embedding=128)
WIDTHS = {"full": FULL, "compact": COMPACT}
