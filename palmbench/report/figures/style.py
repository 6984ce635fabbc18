"""How figures look: type, the four colours, and the files."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from palmbench.base.outputs import put_result

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

WIDTH = 7.16  # inches: two columns of the paper's journal
DPI = 300
PALE = "#9a9a9a"
Side = Literal["outside upper center", "outside lower center"]  # of a legend
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
}


class Pen(NamedTuple):
    """How a curve is drawn and what it is called."""

    label: str
    colour: str
    dashes: Any


# The paper's red, blue, black and green, as Okabe and Ito (2008) chose them for every kind of sight; the dashes tell
# them apart in grey print.
PENS = {
    "genuine": Pen("genuine", "#D55E00", "solid"),
    "impostor": Pen("impostor", "#0072B2", (0, (5, 1.5))),
    "original_deidentified": Pen("original against de-identified", "#000000", (0, (5, 1.2, 1, 1.2))),
    "deidentified_deidentified": Pen("de-identified with different seeds", "#009E73", (0, (1, 1))),
}


def styled() -> AbstractContextManager[None]:
    """The house's type and lines, for as long as something is drawn."""
    from matplotlib import rc_context

    return rc_context(STYLE)


def heading(name: str, width: int = 32) -> str:
    """A name that stands above a narrow panel, in lines of so many letters."""
    return "\n".join(line for part in name.split("\n") for line in textwrap.wrap(part, width))


def picture(drawing: Figure, suffix: str, dpi: int = DPI) -> bytes:
    """A drawing as a file, "png" or "pdf"; the same drawing gives the same bytes, and neither dates nor names."""
    buffer = io.BytesIO()
    metadata = {"Software": None} if suffix == "png" else {"CreationDate": None, "Producer": None, "Creator": None}
    with styled():
        drawing.savefig(buffer, format=suffix, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def write_figure(drawing: Figure, name: str, folder: Path) -> list[Path]:
    """Write NAME.png and .pdf into `folder`, each at once."""
    paths = []
    for suffix in ("png", "pdf"):
        paths.append(folder / f"{name}.{suffix}")
        put_result(paths[-1], picture(drawing, suffix))
    return paths


def legend_across(
    figure: Figure,
    handles: Sequence[Artist],
    most: int,
    where: Side = "outside upper center",
    length: float = 3.2,
    title: str | None = None,
) -> None:
    """A legend beside the panels, of as many columns, `most` at most, as the figure's width has room for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    for columns in range(most, 0, -1):
        legend = figure.legend(
            handles=handles, loc=where, ncols=columns, frameon=False, handlelength=length, title=title
        )
        if columns == 1 or legend.get_window_extent(renderer).width <= figure.bbox.width:
            return
        legend.remove()
