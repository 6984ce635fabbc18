"""The campaign's command line and its table: one line for each kind of trouble."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import experiments.campaign
from experiments.campaign.albums import hostile, images
from experiments.campaign.bench import Bench, Undisturbed, undisturbed
from experiments.campaign.corruption import corruption
from experiments.campaign.disks import disks
from experiments.campaign.kills import kills
from experiments.campaign.verdicts import Trial, Verdict
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from recognizers.common.errors import RequestError

_NOT_RIGHT = 1
_KINDS: dict[str, Callable[[Bench, Undisturbed, Random, int], Iterator[Trial]]] = {
    "kills": kills,
    "corruption": corruption,
    "images": images,
    "hostile": hostile,
    "disks": disks,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make trouble of each kind, print what was not right as it is found, and then the table.

    Raises
    ------
    RequestError
        If a kind is not known, or the undisturbed run fails.
    """
    description = "\n".join(experiments.campaign.__doc__.splitlines()[:1])
    parser = argparse.ArgumentParser(prog="python -m experiments.campaign", description=description)
    parser.add_argument("--kinds", default=",".join(_KINDS), help=f"of {', '.join(_KINDS)}; default: all")
    parser.add_argument("--rounds", type=int, default=8, help="of each kind (default 8; 120 damage every kind of file)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of another palmbench, to compare")
    parser.add_argument("--limit", type=float, default=300, help="seconds that no command may take (default 300)")
    asked = parser.parse_args(arguments)
    kinds = asked.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in _KINDS]:
        raise RequestError(f"There is no kind of trouble named {unknown[0]!r}; there are {', '.join(_KINDS)}.")
    if asked.rounds < 1 or asked.limit <= 0:
        raise RequestError("A campaign needs 1 round at least, and a time limit above 0.")
    # Not resolved: an environment's interpreter is a link, and what it finds depends on where the link is.
    python = str(Path(asked.python).absolute())
    counts = {}
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        bench = Bench(python, Path(folder), asked.limit)
        whole = undisturbed(bench)
        for kind in kinds:
            # Each kind has numbers of its own, so that one repeated alone is the same.
            trials = _KINDS[kind](bench, whole, Random(f"{asked.seed} {kind}"), asked.rounds)
            counts[kind] = tally(kind, trials)
    print("\n".join(table(counts)))
    bad = [kind for kind, found in counts.items() if found.total() > found[Verdict.RIGHT]]
    if bad:
        words = f"--kinds {','.join(bad)} --rounds {asked.rounds} --seed {asked.seed} --python {python}"
        print(f"\nNot all is right. To repeat it: python -m experiments.campaign {words}")
    return _NOT_RIGHT if bad else DONE


def tally(kind: str, trials: Iterator[Trial]) -> Counter[Verdict]:
    """Count verdicts and tell each at once, for a campaign is long: on stdout what is not right, all else on stderr."""
    counts: Counter[Verdict] = Counter()
    for name, verdict, why in trials:
        counts[verdict] += 1
        stream = sys.stderr if verdict is Verdict.RIGHT else sys.stdout
        print(": ".join(filter(None, (kind, name, verdict.value, why))), file=stream, flush=True)
    return counts


def table(counts: dict[str, Counter[Verdict]]) -> Iterator[str]:
    """One line for each kind of trouble: tried, and how many ended how."""
    yield f"{'':12}{'tried':>8}" + "".join(f"{verdict.value:>16}" for verdict in Verdict)
    for kind, found in counts.items():
        yield f"{kind:12}{found.total():8}" + "".join(f"{found[verdict]:16}" for verdict in Verdict)


if __name__ == "__main__":
    sys.exit(guarded(main))
