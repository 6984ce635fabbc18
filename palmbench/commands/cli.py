"""The command line: which verb was meant, and what its exit status is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import metadata

from palmbench.base.printing import printing
from palmbench.base.status import CANNOT, DONE, INTERRUPTED
from palmbench.commands.arguments import Parser
from palmbench.commands.help import HELP
from recognizers.common.did_you_mean import did_you_mean, not_found
from recognizers.common.errors import RequestError, no_exit

_OURS = ("", "palmbench", "recognizers")


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Words after the program's name; None reads them from the process.

    Returns
    -------
    int
        Exit status: 0 done, 2 the request cannot be met (said on standard error) or its answer cannot be printed,
        3 some samples failed, 130 interrupted. A defect propagates as an exception, which Python reports with
        status 1. A reader that has gone (head, less) changes nothing but that no more is printed.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)

    def command() -> int:
        with no_exit("A package that this command uses"):
            return _dispatch(words)

    return guarded(command)


def guarded(command: Callable[[], int]) -> int:
    """Run a command, and turn what the user has to act on into a sentence and an exit status; see `main`."""
    with printing() as printed:
        status = _answered(command)
        if (complaint := printed.complaint()) is None:
            return status
        print(f"palmbench: {complaint}", file=sys.stderr)
        return status or CANNOT


def _answered(command: Callable[[], int]) -> int:
    try:
        return command()
    except RequestError as error:
        print(f"palmbench: {error}", file=sys.stderr)
        return CANNOT
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _OURS:
            raise
        print(
            f"palmbench: {sys.executable} has not the package {package}. In a checkout `make setup` makes the "
            "environment .venv, which has it (source .venv/bin/activate); elsewhere install palmbench with its "
            "dependencies.",
            file=sys.stderr,
        )
        return CANNOT
    except KeyboardInterrupt:
        print("palmbench: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _dispatch(words: list[str]) -> int:
    first = words[0] if words else "run"
    if first in ("-h", "--help", "help"):
        print(HELP, end="")
        return DONE
    if first == "--version":
        print(f"palmbench {_version()}")
        return DONE
    if first in VERBS:
        return VERBS[first](words[1:])
    if "=" in first or first.startswith(("+", "~", "-")):
        return _run(words)
    raise RequestError(not_found(f"{first} is neither a verb nor a setting", first, VERBS))


def _run(words: list[str]) -> int:
    from palmbench.commands.run import run_command

    return run_command(words)


def _plan(words: list[str]) -> int:
    from palmbench.commands.run import plan_command

    return plan_command(words)


def _runs(words: list[str]) -> int:
    from palmbench.commands.runs import runs_command

    return runs_command(words)


def _store(words: list[str]) -> int:
    from palmbench.commands.store import store_command

    return store_command(words)


def _ls(words: list[str]) -> int:
    parser = Parser("ls", "What can be chosen, one line each; for one group, its settings too.")
    parser.add_argument("group", nargs="?", metavar="GROUP", help="dataset, method, ..., methods or metrics")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.config.listing import listing

    print(listing(parsed.group))
    return DONE


def _doctor(words: list[str]) -> int:
    parser = Parser("doctor", "Check packages, device, weights, data sets and disk for a run; nothing is fetched.")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="of the run; default: the default run")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.commands.doctor import doctor

    return doctor(parsed.settings)


def _table(words: list[str]) -> int:
    parser = Parser("table", "Write the paper's tables from finished runs to results/tables/.")
    parser.add_argument("numbers", nargs="+", metavar="N", help="table numbers, then settings")
    parser.add_argument("--run", action="store_true", help="compute what is missing first")
    parser.add_argument("--no-intervals", action="store_true", help="print none; the CSV has them")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    numbers = [int(word) for word in parsed.numbers if word.isdecimal()]
    overrides = [word for word in parsed.numbers if not word.isdecimal()]
    if not numbers:
        raise RequestError("table needs the number of a table of the paper, as in `palmbench table 5`.")
    from palmbench.commands.table import table_command

    return table_command(numbers, overrides, run=parsed.run, intervals=not parsed.no_intervals) or DONE


def _figure(words: list[str]) -> int:
    parser = Parser("figure", "Draw the paper's figures 4 to 7 from the store, as PNG and PDF in results/figures/.")
    parser.add_argument("numbers", nargs="+", metavar="N", help="figure numbers, then settings")
    parser.add_argument("--run", action="store_true", help="compute what is missing first")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    numbers = [int(word) for word in parsed.numbers if word.isdecimal()]
    if not numbers:
        raise RequestError("figure needs the number of a figure of the paper, as in `palmbench figure 5`.")
    from palmbench.commands.figure import figure_command

    return figure_command(numbers, [word for word in parsed.numbers if not word.isdecimal()], run=parsed.run)


def _methods(words: list[str]) -> int:
    parser = Parser(
        "methods",
        "Set the methods of a sweep side by side in results/methods/: a table, a figure of privacy against quality, "
        "and photos where the data set's card allows it. Without settings every embedded method (+ablation=methods).",
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as +ablation=knobs dataset=iitd")
    parser.add_argument("--run", action="store_true", help="compute what is missing first")
    parser.add_argument("--no-intervals", action="store_true", help="print none; the CSV has them")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.commands.methods import methods_command

    return methods_command(parsed.settings, run=parsed.run, intervals=not parsed.no_intervals)


def attack_arguments(words: list[str]) -> argparse.Namespace | None:
    """Flags of `palmbench attack`, and what else there is as `settings`; None after printing help."""
    from palmbench.scoring.leak_table import LEAKS

    parser = Parser(
        "attack",
        "Try attacks on the methods of a sweep and print a table for each: a guess, the floor (what a hand gives away "
        "without its palm), each attack, and the worst case; and what photos disclose beside identity. Without "
        "attack=... and disclosure=... all there is of both. Records lie in "
        "results/attacks/; the matrix of methods against attackers and its figures in results/attacks/tables/. "
        "Settings, written key=value, are those of a run, and attack, disclosure, people, attacker_seed.",
    )
    parser.usage = "palmbench attack [--measure NAME] [--utility] [key=value ...]"
    parser.add_argument("--measure", choices=LEAKS, default="rank_1", help="what the matrix shows (default: rank_1)")
    parser.add_argument("--utility", action="store_true", help="compute the runs too, for privacy against quality")
    if {"-h", "--help"} & set(words):
        parser.print_help()
        return None
    parsed, others = parser.parse_known_args(words)
    parsed.settings = others  # and flags of Hydra's
    return parsed


def _attack(words: list[str]) -> int:
    parsed = attack_arguments(words)
    if parsed is None:
        return DONE
    from palmbench.commands.attack import attack_command

    return attack_command(parsed.settings, parsed.measure, parsed.utility)


def _bundle(words: list[str]) -> int:
    from palmbench.commands.bundle import bundle_command

    return bundle_command(words)


def _compare(words: list[str]) -> int:
    from palmbench.commands.compare import compare_command

    return compare_command(words)


def _leaderboard(words: list[str]) -> int:
    from palmbench.commands.leaderboard import leaderboard_command

    return leaderboard_command(words)


def _report(words: list[str]) -> int:
    parser = Parser(
        "report", "Write results/report/index.html: tables, figures, errors and provenance, on a page of its own."
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="as those of `palmbench table`")
    parser.add_argument("--run", action="store_true", help="compute what is missing first")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.commands.report import report_command

    return report_command(parsed.settings, run=parsed.run)


def _claims(words: list[str]) -> int:
    parser = Parser(
        "claims",
        "Check the paper's findings on finished runs, each with the interval that decides it; or, with the word paper, "
        "on the paper's own tables. Written to results/tables/.",
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="paper, or settings such as dataset=iitd")
    parser.add_argument("--run", action="store_true", help="compute what is missing first")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    if strange := [word for word in parsed.settings if "=" not in word and word != "paper"]:
        raise RequestError(
            f"{strange[0]} is neither a setting, written key=value, nor the word paper"
            f"{did_you_mean(strange[0], ['paper'])}."
        )
    paper = "paper" in parsed.settings
    if paper and parsed.run:
        raise RequestError("The paper's own tables are printed: there is nothing to run, so leave --run out.")
    from palmbench.commands.claims import claims_command

    return claims_command([word for word in parsed.settings if word != "paper"], run=parsed.run, paper=paper)


def _diversity(words: list[str]) -> int:
    from palmbench.commands.diversity import diversity_command

    return diversity_command(words)


def _deid(words: list[str]) -> int:
    from palmbench.commands.deid_arguments import DESCRIPTION, add_arguments, require_known_flags

    parser = Parser("deid", DESCRIPTION)
    add_arguments(parser)
    require_known_flags(words, parser)
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.commands.deid import deid_command

    return deid_command(parsed)


def _train(words: list[str]) -> int:
    asked = {"-h", "--help"} & set(words)
    if not words:
        raise RequestError("train needs the network to train, as in `palmbench train ccnet dataset=iitd`.")
    if words[0].startswith("-"):
        parser = Parser(
            "train",
            "Train a recognizer's network on a data set; the same command goes on where it stopped. Settings are "
            "training.KEY=VALUE, listed by `palmbench train NETWORK --help`, and a run's of data set and detector.",
        )
        parser.add_argument("network", metavar="NETWORK", help="ccnet or eehnet")
        parser.add_argument("settings", nargs="*", metavar="key=value", help="such as dataset=iitd training.epochs=100")
        parser.parse(words)
        return DONE
    from palmbench.commands.train import train_command
    from palmbench.training.settings import training_help

    if asked:
        print(training_help(words[0]))
        return DONE
    return train_command(words[0], words[1:])


def _data(words: list[str]) -> int:
    from palmbench.commands.data import data_command

    return data_command(words)


def _weights(words: list[str]) -> int:
    from palmbench.commands.weights import weights_command

    return weights_command(words)


VERBS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "ls": _ls,
    "plan": _plan,
    "runs": _runs,
    "store": _store,
    "doctor": _doctor,
    "table": _table,
    "figure": _figure,
    "methods": _methods,
    "attack": _attack,
    "bundle": _bundle,
    "compare": _compare,
    "leaderboard": _leaderboard,
    "report": _report,
    "claims": _claims,
    "diversity": _diversity,
    "deid": _deid,
    "train": _train,
    "data": _data,
    "weights": _weights,
}


def _version() -> str:
    try:
        return metadata.version("palmbench")
    except metadata.PackageNotFoundError:
        return "(not installed)"
