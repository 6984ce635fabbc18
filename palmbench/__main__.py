"""`python -m palmbench`; free of heavy imports, so that help and listings answer at once."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path


def main() -> int:
    """Run the command line of this process; its exit status, see `palmbench.commands.cli.main`.

    A module of the user's that has the name of palmbench's second package and comes first, as one in the current
    folder does for `python -m`, is told here, before anything of it is run.
    """
    found = importlib.util.find_spec("recognizers") if "recognizers" not in sys.modules else None
    if found is not None and found.origin and not Path(found.origin).resolve().is_relative_to(_beside()):
        print(
            f"palmbench: {found.origin} has the name of palmbench's package recognizers and takes its place: rename "
            "it, or write palmbench instead of python -m palmbench, or run it in another folder.",
            file=sys.stderr,
        )
        return 2
    from palmbench.base.status import INTERRUPTED
    from palmbench.commands.cli import main as command_line

    status = command_line()
    if status == INTERRUPTED and threading.active_count() > 1:
        # Python would wait for threads that compute; what they write, they write whole or not at all.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _beside() -> Path:
    return Path(__file__).resolve().parents[1]


if __name__ == "__main__":
    sys.exit(main())
