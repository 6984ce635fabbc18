"""`palmbench run` and `palmbench plan`: compute the points that settings describe, or say what that would be."""

from __future__ import annotations

from collections.abc import Sequence

from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser


def run_command(words: list[str]) -> int:
    """Run one point or a sweep; the exit status.

    Raises
    ------
    RequestError
        If a setting is not understood, or data or weights are not to be had.
    """
    if _wants_help(words, "run", "Run one point or a sweep; settings are Hydra overrides."):
        return DONE
    # Imported here: Hydra takes a quarter of a second that help and listings need not spend.
    from palmbench.config.compose import ablations_of, compose_points

    points = compose_points(words)
    if not points:
        return DONE
    from palmbench.report.running import run_points

    ablations = ablations_of(words)
    return run_points(points, ablations, [word for word in words if not _is_ablation(word)])


def plan_command(words: list[str]) -> int:
    """Say what `run_command` would do with the same words; the exit status. Errors as of `run_command`."""
    if _wants_help(words, "plan", "Show the points of a run and what is left to compute; runs nothing."):
        return DONE
    from palmbench.config.compose import compose_points

    points = compose_points(words)
    if not points:
        return DONE
    from palmbench.engine.planning import plan

    return plan(points)


def _is_ablation(word: str) -> bool:
    return word.startswith("-") or word.lstrip("+").partition("=")[0] == "ablation"


def _wants_help(words: Sequence[str], verb: str, description: str) -> bool:
    if not {"-h", "--help"} & set(words):
        return False
    parser = Parser(verb, description)
    parser.add_argument("settings", nargs="*", metavar="key=value", help="see `palmbench ls` for the keys")
    parser.print_help()
    return True
