"""`palmbench diversity`: every photo de-identified from several seeds, and how these compare."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser
from palmbench.paper.diversity import SEEDS, measure_diversity
from palmbench.paper.overrides import read_request
from palmbench.paper.rows import ATTACKS, OURS
from palmbench.paper.sources import choose_attacks
from recognizers.common.errors import RequestError


def diversity_command(words: Sequence[str]) -> int:
    """Run `palmbench diversity [SETTING ...]`.

    Returns
    -------
    int
        Exit status: 0 done, 3 if samples failed.

    Raises
    ------
    RequestError
        If a setting is not understood, or data or weights are missing.
    """
    parser = Parser(
        "diversity",
        "De-identify each photo from several seeds and compare the results (Section IV-D): genuine and impostor pairs "
        "of originals, each original against its de-identified photos, and these among one another. They go to "
        "results/diversity/<data set>-<recognizer>.parquet with the columns set, distance and count, and a summary "
        "beside it as JSON. What is in the store is reused, and a summary that is up to date is left as it is.",
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as dataset=iitd recognizer=mtcc")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="start noises, 2 or more; default: %(default)s")
    parser.add_argument("--photos", type=int, help="repaint the first N photos of each palm; default: all")
    parsed = parser.parse(list(words))
    if parsed is None:
        return DONE
    if parsed.seeds < 2 or (parsed.photos is not None and parsed.photos < 1):
        raise RequestError("--seeds must be at least 2, and --photos at least 1.")
    request = read_request("Diversity", parsed.settings, [OURS.method])
    recognizers, notes = choose_attacks(request, ATTACKS)
    for note in notes:
        print(note, file=sys.stderr)
    datasets = request.named("dataset") or ["synth"]
    points = [point for name in datasets for point in request.points(name, [OURS], recognizers)]
    return measure_diversity(points, parsed.seeds, parsed.photos)
