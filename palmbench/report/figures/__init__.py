"""The paper's figures, drawn from what the store holds."""

from palmbench.report.figures.specs import ORIGINAL, CurveSpec, PhotoSpec, Tile, View

__all__ = [
    "ORIGINAL",
    "CurveSpec",
    "PhotoSpec",
    "Tile",
    "View",
]
