"""A figure as it is handed on: the drawing, and what to say below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from palmbench.base.status import DONE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class DrawnFigure:
    """A figure and what to say below it.

    Attributes
    ----------
    number : int
    caption : str
    notes : tuple of str
    drawing : matplotlib Figure or None
        None where the store has nothing to draw; the notes then say what there would be to compute.
    status : int
        Exit status of what was computed for it.
    """

    number: int
    caption: str
    notes: tuple[str, ...]
    drawing: Figure | None
    status: int = DONE
