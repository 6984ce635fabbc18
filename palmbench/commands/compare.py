"""`palmbench compare`: two bundles or folders of results side by side."""

from __future__ import annotations

import sys
from pathlib import Path

from palmbench.base.outputs import put_result
from palmbench.base.status import CANNOT, DONE
from palmbench.commands.arguments import Parser
from recognizers.common.errors import RequestError


def compare_command(words: list[str]) -> int:
    """Print the same points of two places side by side; the exit status, 2 if they have none in common.

    Raises
    ------
    RequestError
        If a word is not understood, or a place is neither a bundle nor a folder of results.
    """
    parser = Parser(
        "compare",
        "The same points of two bundles or folders of results side by side: what differs in settings and versions, and "
        "by how much in numbers. Intervals are paired where both hold draws of the same persons, and say so.",
    )
    parser.add_argument("places", nargs="*", metavar="A B", help="bundles or folders of results")
    parser.add_argument("--csv", metavar="FILE", help="write all numbers there")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    if len(parsed.places) != 2:
        raise RequestError("compare needs two bundles or folders of results, as in `palmbench compare a.zip b.zip`.")
    from palmbench.engine.bundle import kept_in, results_of
    from palmbench.report.side_by_side import side_by_side, to_csv, to_text

    before, after = map(Path, parsed.places)
    with results_of(before) as one, results_of(after) as other:
        found = side_by_side(kept_in(one), kept_in(other))
        print("\n".join(to_text(found, (str(before), str(after)))))
        if parsed.csv:
            put_result(Path(parsed.csv), to_csv(found).encode())
            print(parsed.csv, file=sys.stderr)
    return DONE if found.pairs else CANNOT
