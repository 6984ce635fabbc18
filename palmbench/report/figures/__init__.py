"""The paper's figures, drawn from what the store holds."""

from palmbench.report.figures.command import FIGURES, DrawnFigure, draw_figure, figure_command
from palmbench.report.figures.specs import ORIGINAL, CurveSpec, PhotoSpec, Tile, View

__all__ = [
    "FIGURES",
    "ORIGINAL",
    "CurveSpec",
    "DrawnFigure",
    "PhotoSpec",
    "Tile",
    "View",
    "draw_figure",
    "figure_command",
]
