"""The demo: synthetic palms, de-identified by diffusion and by the baselines, attacked and measured.

    python -m experiments.demo [SETTING ...]

Computes what is missing, prints Tables II to IV for the embedded data set, and leaves them in results/tables
beside a contact sheet in results/figures. Settings are those of `python -m palmbench`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from palmbench.base.status import DONE
from palmbench.base.store import Store, if_there
from palmbench.commands.cli import guarded
from palmbench.commands.table import table_command
from palmbench.config.compose import compose_points
from palmbench.engine.pipeline import Pipeline
from palmbench.paper.rows import METHODS, method_points
from palmbench.report.contact_sheet import SheetRow, contact_sheet

DATASET = "synth"
HANDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo with some settings changed; the exit status of `palmbench`."""
    parser = argparse.ArgumentParser(prog="python -m experiments.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as dataset.identities=10")
    overrides = parser.parse_args(arguments).settings
    status = table_command((2, 3, 4), [f"dataset={DATASET}", *overrides], run=True)
    points = [point for words in method_points([DATASET]) for point in compose_points([*words, *overrides])]
    pipelines = [Pipeline.of(point) for point in points]
    path = Path(points[0].results_dir) / "figures" / "contact_sheet.png"
    rows = _rows(pipelines)
    if rows:
        print(contact_sheet(rows, path))
    return status or DONE


def _rows(pipelines: Sequence[Pipeline]) -> list[SheetRow]:
    """The first photo of a few palms, left and right hands of different people, as it is and through every method."""
    labels = ["Original", *(setting.label for segment in METHODS for setting in segment)]
    seen: set[str] = set()
    rows: list[SheetRow] = []
    for sample in pipelines[0].samples:
        wanted = ("left", "right")[len(rows) % 2]
        if sample.person in seen or sample.side not in ("", wanted) or len(rows) == HANDS:
            continue
        images = [pipelines[0].dataset.photo(sample)]
        for pipeline in pipelines:
            stage = pipeline.deidentify
            store = Store(Path(pipeline.config.results_dir) / "store")
            painted = if_there(partial(stage.load, sample, store))
            if painted is not None:
                images.append(np.asarray(painted))
        if len(images) == len(labels):
            seen.add(sample.person)
            rows.append(SheetRow(labels, images))
    return rows


if __name__ == "__main__":
    sys.exit(guarded(main))
