"""The demo: synthetic palms, de-identified by diffusion and by the baselines, attacked and measured.

    python -m experiments.demo [SETTING ...]

Computes what is missing, prints Tables II to IV for the embedded data set, and leaves them in results/tables
beside a contact sheet in results/figures. Settings are those of `python -m palmbench`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from palmbench.commands.cli import guarded
from palmbench.commands.table import table_command
from palmbench.engine.pipeline import Pipeline
from palmbench.paper.overrides import read_request
from palmbench.paper.rows import METHODS
from palmbench.report.contact_sheet import contact_sheet, sheet_rows

DATASET = "synth"
HANDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo with some settings changed; the exit status of `palmbench`."""
    parser = argparse.ArgumentParser(prog="python -m experiments.demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as dataset.identities=10")
    settings = [f"dataset={DATASET}", *parser.parse_args(arguments).settings]
    request = read_request("The demo", settings)
    status = table_command((2, 3, 4), settings, run=True)
    methods = METHODS[0]
    points = request.points(DATASET, methods)
    rows = sheet_rows(zip(methods, map(Pipeline.of, points), strict=True), HANDS)
    if rows:
        print(contact_sheet(rows, Path(request.results_dir) / "figures" / "contact_sheet.png"))
    return status


if __name__ == "__main__":
    sys.exit(guarded(main))
