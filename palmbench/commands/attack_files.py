"""What `palmbench attack` leaves, and a bundle is drawn as: the attack matrix, its figures, privacy against utility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.base.outputs import put_result
from palmbench.commands.table import write_table
from palmbench.report.attack_matrix import Resisted, matrix
from palmbench.report.frontier import areas_of, scale_of, to_csv
from palmbench.report.markdown import to_markdown
from palmbench.report.tables import Table
from palmbench.report.utility import LABEL
from palmbench.scoring.number import Number


class Written(NamedTuple):
    """The matrix, files, and sentences on what is not in them."""

    table: Table
    paths: list[Path]
    notes: list[str]


def write_attacks(
    resisted: Sequence[Resisted],
    measured: Mapping[str, Mapping[str, Number]],
    folder: Path,
    dataset: str,
    measure: str = "rank_1",
    name: str = "",
) -> Written:
    """Write the matrix of a data set, printed where it has more than one line, and the figures.

    Parameters
    ----------
    resisted : sequence of Resisted
        On the same photos.
    measured : mapping of str to mapping
        By name of the method, the metrics of its run, as far as there is one.
    folder : Path
    dataset : str
    measure : str
        Of `LEAKS`, the cells of the matrix.
    name : str
        Behind the kind in names of files; that of the data set unless given.
    """
    from palmbench.report.figures.attackers import draw_over_gallery, draw_two_attackers
    from palmbench.report.figures.bit_weights import draw_bit_weights
    from palmbench.report.figures.budget import draw_over_budget
    from palmbench.report.figures.style import write_figure

    name, notes = name or dataset, []
    table = matrix(resisted, dataset, measure)
    if len(resisted) > 1:
        print("\n" + to_markdown(table))
    paths = write_table(table, folder, f"attacks-{name}")
    paths += write_figure(draw_over_gallery(resisted), f"gallery-{name}", folder)
    if (over_budget := draw_over_budget(resisted)) is not None:
        paths += write_figure(over_budget, f"budget-{name}", folder)
    if maps := _bit_weights(resisted):
        paths += write_figure(draw_bit_weights(maps), f"bits-{name}", folder)
    if without := [each.name for each in resisted if each.name not in measured]:
        notes.append(
            f"Not in the figure of privacy against quality, for want of a run: {', '.join(without)}; with --utility "
            "the runs are computed too."
        )
    if not measured:
        return Written(table, paths, notes)
    scale = scale_of(resisted, measured)
    if scale is None:
        notes.append(
            "The figure of privacy against quality is over SSIM; with runs of method=identity and mask among the "
            "others it is over utility, and says the area that each method reaches."
        )
        quality = {each: numbers["ssim"] for each, numbers in measured.items()}
        paths += write_figure(draw_two_attackers(resisted, quality), f"tradeoff-{name}", folder)
        return Written(table, paths, notes)
    notes.append(scale.words)
    utility = {each: scale.of(numbers) for each, numbers in measured.items()}
    known = {each: number for each, number in utility.items() if number.value is not None}
    figure = draw_two_attackers(resisted, known, LABEL, areas_of(resisted, utility))
    paths += write_figure(figure, f"tradeoff-{name}", folder)
    paths.append(folder / f"tradeoff-{name}.csv")
    put_result(paths[-1], to_csv(resisted, measured, scale).encode())
    return Written(table, paths, notes)


def _bit_weights(resisted: Sequence[Resisted]) -> dict[str, np.ndarray]:
    """By method, and attack where there are several, what bits are worth to an attack that learnt it."""
    found: dict[str, np.ndarray] = {}
    for method in resisted:
        weights = {each.called: each.bit_weights for each in method.attacked}
        known = {called: each for called, each in weights.items() if each is not None}
        several = len(known) > 1
        found |= {f"{method.name}\n{called}" if several else method.name: each for called, each in known.items()}
    return found
