"""The record of an attack or a disclosure: its folder, its numbers and replicates, the settings that it is of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from palmbench.attacks import AttackConfig, attack_config
from palmbench.base.plain_files import read_plain
from palmbench.base.store import unpack_arrays
from palmbench.config.attacks import disclosure_trial, trial_config
from palmbench.config.schema import plain_values, run_config
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.disclosure_pipeline import DisclosurePipeline, Wired
from palmbench.engine.records import METRICS, RECORD, Record, read_record
from palmbench.engine.resume import Failure
from palmbench.engine.run import CONFIG
from palmbench.scoring import Number
from palmbench.scoring.disclosure_table import DISCLOSED
from palmbench.scoring.linkability import PERMUTATIONS
from palmbench.scoring.replicated import Replicated
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import Lost, RequestError
from recognizers.common.writing import write_bytes

REPLICATES = 1000
FOLDER = "attacks"
DRAWS = "draws.npz"
BIT_WEIGHTS = "bit_weights.npz"  # beside the record of an attack that learns them
_SCORING = (
    "bootstrap", "hull", "identification", "identity_disclosure", "intervals", "leak", "linkability", "pairs",
    "pooling", "rank_disclosure", "replicated", "singling_out", "tar_at_fmr", "trials",
)  # fmt: skip
_DISCLOSING = (
    "attribute", "bootstrap", "intervals", "leak", "linkability", "membership", "replicated", "tar_at_fmr",
    "told_apart",
)  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """The results of an attack or a disclosure on one point, as its record has them.

    Attributes
    ----------
    record : Record
    """

    record: Record

    @property
    def content(self) -> Mapping[str, Any]:
        """What the record says: the point, settings, persons, failures, and what made it."""
        return self.record.content

    @property
    def numbers(self) -> dict[str, Number]:
        """By name, with 95 % intervals over persons."""
        return self.record.metrics["metrics"]

    @property
    def by_chance(self) -> dict[str, Number]:
        """By name, what each number is where nothing leaks: of a guess, or the mean and middle 95 % of its null."""
        content = json.loads(self.record.read(METRICS))
        return {name: Number.from_json(each) for name, each in content["by_chance"].items()}


@dataclass(frozen=True)
class Disclosure(Recorded):
    """The results of one disclosure; numbers by name of `DISCLOSED`, in its order."""

    @property
    def numbers(self) -> dict[str, Number]:
        found = super().numbers
        return {name: found[name] for name in DISCLOSED if name in found}

    @property
    def called(self) -> str:
        """What tables call the disclosure."""
        return str(self.content["point"]["disclosure"])


@dataclass(frozen=True)
class Attacked(Recorded):
    """The results of one attack; numbers by name of `LEAKS`."""

    @property
    def attack(self) -> AttackConfig:
        """Its settings. Raises RequestError if it is of a package that is not installed, or is in another version."""
        try:
            return attack_config(self.content["attack"])
        except RequestError as error:
            where = f"{FOLDER}/{self.record.path.parent.name}"
            raise RequestError(
                f"The record {where} of {self.called} wants the package that it was made with: {error}"
            ) from error

    @property
    def called(self) -> str:
        """What tables call the attack."""
        return str(self.content["point"]["attack"])

    @property
    def persons_asked(self) -> int:
        """How many of the evaluated persons are asked for: a palm of one photo, or lot, has none to be known by."""
        return int(self.content.get("persons_asked", self.content["people"]["evaluated"]))

    @property
    def rank_1_curve(self) -> dict[int, Number]:
        """Rank-1 rate in percent by palms in the gallery; empty where no probe has a stranger to be taken for."""
        curve = json.loads(self.record.read(METRICS))["rank_1_curve"]
        return {int(size): Number.from_json(each) for size, each in curve.items()}

    @property
    def rank_1_curve_by_chance(self) -> dict[int, float]:
        """What a guess gets in percent by palms in the gallery: 100 / N where all palms have as many photos."""
        metrics = json.loads(self.record.read(METRICS))
        known = metrics.get("rank_1_curve_by_chance") or {size: 100 / int(size) for size in metrics["rank_1_curve"]}
        return {int(size): float(guess) for size, guess in known.items()}

    @property
    def chosen_on(self) -> dict[str, float]:
        """By name, the number on validation persons, in the unit of `LEAKS`; NaN where there is none."""
        return {name: np.nan if each is None else each for name, each in self.content["validation"].items()}

    @property
    def bit_weights(self) -> np.ndarray | None:
        """What each bit of a code is worth to the attack, (planes, 32, 32) float32; None if it weighs no bits."""
        if BIT_WEIGHTS not in self.content["files"]:
            return None
        return unpack_arrays(self.record.read(BIT_WEIGHTS))["weights"]

    def replicated(self) -> dict[str, Replicated]:
        """By name, the number and its replicates in the unit of `LEAKS`, for what sets attacks against each other."""
        draws = unpack_arrays(self.record.read(DRAWS))
        values = {name: number.value for name, number in self.numbers.items()}
        return {
            name: Replicated(np.nan if (value := values[name]) is None else value, each) for name, each in draws.items()
        }


def write_settings(pipeline: Wired) -> None:
    """Leave an attack's or a disclosure's settings in its folder: from then on it is listed, finished or not."""
    kind = "disclosed" if isinstance(pipeline, DisclosurePipeline) else "trial"
    values = {"run": plain_values(pipeline.run.config), kind: asdict(pipeline.trial)}
    write_bytes(record_path(pipeline).parent / CONFIG, yaml.safe_dump(_lists(values), sort_keys=False).encode())


def listed(results_dir: Path, data_dir: str | None = None) -> list[Wired]:
    """Every attack and disclosure that a folder of results holds, unfinished ones too.

    Parameters
    ----------
    results_dir : Path
    data_dir : str, optional
        Where the data sets are now; for each attack where it had them, unless given.

    Raises
    ------
    RequestError
        If the settings of one are not understood, or its photos or weights are not to be had.
    """
    found: list[Wired] = []
    for path in sorted((results_dir / FOLDER).glob(f"*/{CONFIG}")):
        try:
            values = yaml.safe_load(read_plain(path))
            run, kind = values["run"], "disclosed" if "disclosed" in values else "trial"
            trial = values[kind]
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise RequestError(
                f"{path} does not hold the settings of an attack any more; remove its folder."
            ) from error
        places = {"results_dir": str(results_dir)} | ({} if data_dir is None else {"data_dir": data_dir})
        try:
            point = run_config({**run, **places})
            found.append(
                DisclosurePipeline.of(point, disclosure_trial(trial))
                if kind == "disclosed"
                else AttackPipeline.of(point, trial_config(trial))
            )
        except RequestError as error:
            raise RequestError(f"{path}: {error}") from error
    return found


def failures_of(pipeline: Wired) -> list[Failure]:
    """What failed in an attack; nothing of one that has no record."""
    record = read_record(record_path(pipeline), record_key(pipeline))
    return [] if record is None else [Failure(**failure) for failure in record.content["failures"]]


def record_path(pipeline: Wired) -> Path:
    """Where the record of an attack on a point lies, whether it is there or not."""
    return Path(pipeline.run.config.results_dir) / FOLDER / record_key(pipeline) / RECORD


def record_key(pipeline: Wired) -> str:
    """Key of the record: the attack's, the code that measures, and the point's recognizer, which it names.

    An attack that asks other recognizers has the same numbers beside each; a record is of one point.
    """
    beside = isinstance(pipeline, DisclosurePipeline)
    versions = {
        **versions_of("palmbench.engine", "disclosing" if beside else "attacking"),
        **versions_of("palmbench.scoring", *(_DISCLOSING if beside else _SCORING)),
    }
    return digest(
        "attacked",
        attack=pipeline.key,
        point=pipeline.run.enrol.settings,
        versions=versions,
        replicates=[REPLICATES, PERMUTATIONS],
    )


def finished(pipeline: Wired) -> bool:
    """Whether nothing is left to do for an attack: a failure that may pass leaves something to do."""
    record = read_record(record_path(pipeline), record_key(pipeline))
    return record is not None and all(failure["lasting"] for failure in record.content["failures"])


def attacked(pipeline: AttackPipeline) -> Attacked:
    """The results of an attack. Raises Lost where it was not measured."""
    return Attacked(_record(pipeline))


def disclosed(pipeline: DisclosurePipeline) -> Disclosure:
    """The results of a disclosure. Raises Lost where it was not measured."""
    return Disclosure(_record(pipeline))


def _record(pipeline: Wired) -> Record:
    path = record_path(pipeline)
    record = read_record(path, record_key(pipeline))
    if record is None:
        raise Lost(str(path))
    return record


def _lists(value: Any) -> Any:
    """Plain values with lists in the place of tuples, which YAML has not."""
    if isinstance(value, Mapping):
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, (list, tuple)) else value
