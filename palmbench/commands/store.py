"""`palmbench store`: what the store holds by stage, and `palmbench store prune`: what no listed run needs, removed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser, command_of, folders_of
from palmbench.commands.runs import size_text

if TYPE_CHECKING:
    from palmbench.engine.pruning import Held


def store_command(words: list[str]) -> int:
    """Say what a store holds, or prune it; the exit status.

    Raises
    ------
    RequestError
        If a word is not understood, there is no such folder, or it cannot be told what a run needs.
    """
    if words and "=" not in words[0] and (command := command_of("store", words, {"prune": _prune})):
        return command(words[1:])
    parser = Parser("store", "What the store holds, by stage. See `palmbench store prune --help` to make room.")
    parser.add_argument("settings", nargs="*", metavar="results_dir=FOLDER", help="default: results")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.base.store import Store
    from palmbench.engine.pruning import held

    store = Store.of(folders_of("store", parsed.settings).results)
    _print(held(store), f"artefacts in {store.root}")
    return DONE


def _prune(words: list[str]) -> int:
    parser = Parser(
        "store prune",
        "Says which artefacts no attack needs and no run that `palmbench runs` lists, and with --yes removes them. "
        "Seeds of `palmbench diversity` and photos of figures that are no run's are among them: the same command makes "
        "them again. What trainings keep, and files of others, stay.",
    )
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="results_dir=FOLDER",
        help="default: results; and data_dir=FOLDER where the data sets have moved since",
    )
    parser.add_argument("--yes", action="store_true", help="remove them")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.engine.pruning import needless

    folder, data = folders_of("store prune", parsed.settings)
    found = needless(folder, data)
    for run in found.outdated:
        print(f"{run.folder} is of another version: what it was made of can go, and the same command makes it again")
    if not found.paths:
        print(f"Every artefact in {folder / 'store'} is needed by a run.")
        return DONE
    _print(found.by_stage, "artefacts that no run needs")
    if not parsed.yes:
        print("Nothing was removed; the same command with --yes removes them.")
        return DONE
    for path in found.paths:
        Path(path).unlink(missing_ok=True)
    print("They were removed.")
    return DONE


def _print(found: Mapping[str, Held], what: str) -> None:
    for stage, of_stage in found.items():
        print(f"{stage:<20} {of_stage.count:>8} {size_text(of_stage.size):>9}")
    count, size = (sum(getattr(each, name) for each in found.values()) for name in ("count", "size"))
    print(f"{count} {what}, {size_text(size)}")
