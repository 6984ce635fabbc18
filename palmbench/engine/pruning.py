"""What of a store is needed: by the runs and attacks that a folder of results lists, unfinished ones too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from palmbench.base.store import Store
from palmbench.engine.attack_learning import taught_if_there
from palmbench.engine.attack_record import FOLDER, failures_of, listed
from palmbench.engine.disclosure_pipeline import Wired
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.stages.compare import SCORES
from recognizers.common.errors import RequestError

_KEY = re.compile(r"[0-9a-f]{32}")
# Only what a run makes is known to be needed by none. Trainings and controls keep theirs.
OF_RUNS = (
    "photos", "hands", "templates", "encodings", "deidentified", "moved", "quality", "hands_after", "templates_after",
    "usability", "features", "features_after", "scores", "seen", "seen_after", "templates_seen", "templates_after_seen",
    "traits", "traits_after", "readings", "readings_after",
)  # fmt: skip


@dataclass
class Held:
    """Artefacts of one stage: how many there are and their bytes."""

    count: int = 0
    size: int = 0

    def add(self, path: Path) -> None:
        """Count a file."""
        self.count += 1
        self.size += path.stat().st_size


@dataclass
class Needless:
    """What no listed run needs.

    Attributes
    ----------
    paths : list of Path
    by_stage : dict of str to Held
    outdated : list of Run
        Runs that another version of the code made: nothing reads their artefacts any more, and the same command makes
        them again.
    """

    paths: list[Path] = field(default_factory=list)
    by_stage: dict[str, Held] = field(default_factory=dict)
    outdated: list[Run] = field(default_factory=list)


def artefacts_of(store: Store) -> Iterator[tuple[str, Path]]:
    """Every artefact that a store holds, with its stage's name; files of others are passed over."""
    for folder in sorted(path for path in store.root.glob("*") if path.is_dir() and not path.is_symlink()):
        for path in sorted(folder.glob("??/*")):
            key = path.stem
            named = _KEY.fullmatch(key) and key.startswith(path.parent.name)
            if named and not path.is_symlink() and store.has(folder.name, key, path.suffix):
                yield folder.name, path


def held(store: Store) -> dict[str, Held]:
    """What a store holds, by name of the stage."""
    found: dict[str, Held] = {}
    for stage, path in artefacts_of(store):
        found.setdefault(stage, Held()).add(path)
    return found


def needless(results_dir: Path, data_dir: str | None = None) -> Needless:
    """What the store of a folder of results holds that no run listed there needs.

    Parameters
    ----------
    results_dir : Path
    data_dir : str, optional
        Where the data sets are now; for each run where it had them, unless given.

    Raises
    ------
    RequestError
        If it cannot be told what one of the runs needs: its settings are not understood, or its photos are not there
        any more or others.
    """
    store, found = Store.of(results_dir), Needless()
    needed: set[Path] = set()
    kept: set[str] = set()
    for run in Run.all(results_dir):
        pipeline = _pipeline(run, data_dir)
        account = run.account
        if account is not None and account.photos != pipeline.photos:
            raise RequestError(_cannot_tell(run, "its photos are others than they were"))
        if run.key != pipeline.key:
            if account is None:
                raise RequestError(_cannot_tell(run, "it was not finished, and its photos or palmbench changed since"))
            found.outdated.append(run)
        if account is None:
            # Which photos will have failed, and so which are compared, nobody knows yet.
            kept.add(SCORES)
        needed |= pipeline.artefact_paths(store, account.failures if account else ())
    for attack in _attacks(results_dir, data_dir):
        failures = failures_of(attack)
        needed |= taught_if_there(attack, store, failures).artefact_paths(store, failures)
    for stage, path in artefacts_of(store):
        if stage in OF_RUNS and stage not in kept and path not in needed:
            found.paths.append(path)
            found.by_stage.setdefault(stage, Held()).add(path)
    return found


def _attacks(results_dir: Path, data_dir: str | None) -> list[Wired]:
    try:
        return listed(results_dir, data_dir)
    except RequestError as error:
        raise RequestError(
            f"Nothing is removed, since nobody can tell what an attack in {results_dir / FOLDER} needs: {error} "
            "Or remove its folder if its artefacts may go."
        ) from error


def _pipeline(run: Run, data_dir: str | None) -> Pipeline:
    try:
        return Pipeline.of(run.config if data_dir is None else replace(run.config, data_dir=data_dir))
    except RequestError as error:
        raise RequestError(_cannot_tell(run, str(error).rstrip("."))) from error


def _cannot_tell(run: Run, why: str) -> str:
    return (
        f"Nothing is removed, since nobody can tell what the run {run.folder} needs: {why}. "
        "Bring that back, name where the data sets are now with data_dir=FOLDER, or remove the run's folder if its "
        "artefacts may go."
    )
