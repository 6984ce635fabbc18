"""The paper's tables as evidence: numbers as printed."""

from __future__ import annotations

from collections.abc import Mapping

from palmbench.paper.claims.evidence import Measured
from palmbench.paper.claims.terms import Quantity
from palmbench.report.paper import Cell, PaperValue, paper_values


class Printed:
    """Numbers of Tables II to VII.

    Parameters
    ----------
    values : mapping, optional
        The tables; those of `results/paper` unless given.
    """

    def __init__(self, values: Mapping[Cell, PaperValue] | None = None) -> None:
        self._values = paper_values() if values is None else values

    def number(self, quantity: Quantity) -> Measured:
        setting = quantity.setting
        alpha = setting.alpha
        cell = Cell(quantity.dataset, setting.method, setting.fusion, alpha, quantity.recognizer, quantity.metric)
        found = self._values.get(cell)
        if found is not None:
            return Measured(found.value, found.value, found.value)
        if quantity.metric.startswith("diversity"):
            return Measured(None, missing="the paper draws it (Figure 5) and gives no number")
        return Measured(None, missing=f"the paper has no {quantity.metric} of {setting.label} on {quantity.dataset}")
