"""The configuration of one run as plain frozen dataclasses.

Values come from `conf/` (each documented there, with its unit); these classes say which keys exist and
what they may hold. Nothing here, and nothing that reads these objects, knows Hydra.

A default stands in both: in `conf/` for who reads, copies and overrides it beside its comment, and in the class for
who says `BlurConfig(sigma=3)` in Python or adds a class without a YAML. A test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args, get_type_hints

import recognizers
from palmbench.config.executors import AnyExecutorConfig, ExecutorConfig, RayConfig, SlurmConfig
from palmbench.datasets.settings import DatasetConfig, FolderDatasetConfig, SynthConfig
from palmbench.hands.registry import detector_config
from palmbench.hands.settings import AnySegmenterConfig, DetectorConfig, EmbeddedConfig, SAM2Config, SegmenterConfig
from palmbench.methods import MethodConfig, method_config
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.quality.settings import QualityConfig
from palmbench.tracking import names as tracker_names
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.names import encodable
from recognizers.common.options import REQUIRED, options_of
from recognizers.common.strict import build, check, check_plain, setting

MISSING = "???"  # how OmegaConf writes a value that has to be given


@dataclass(frozen=True)
class RecognizerConfig:
    """Recognizer that attacks the photos.

    Attributes
    ----------
    name : str
        One of `recognizers.names()`.
    options : mapping of str to plain value
        Arguments of its constructor, without where and how wide to compute; what is not here has its default.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


def MTCCConfig(variant: str = "yan") -> RecognizerConfig:
    """The recognizer of the default run."""
    return RecognizerConfig("mtcc", {"variant": variant})


@dataclass(frozen=True)
class TrackerConfig:
    """Observer of finished results."""

    name: str = "none"  # one of palmbench.tracking.names()
    project: str = "palmbench"
    mode: Literal["offline", "online"] = "offline"


@dataclass(frozen=True)
class RunConfig:
    """Everything that one point of a sweep is; compare with `==`, serialise with `plain_values`."""

    dataset: DatasetConfig = field(default_factory=SynthConfig)
    method: MethodConfig = field(default_factory=DiffusionConfig)
    detector: DetectorConfig = field(default_factory=EmbeddedConfig)
    segmenter: AnySegmenterConfig = field(default_factory=SegmenterConfig)
    recognizer: RecognizerConfig = field(default_factory=MTCCConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    executor: AnyExecutorConfig = field(default_factory=ExecutorConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    seed: int = setting(0, low=0, high=2**63 - 1)
    region: Literal["paper", "palm"] = "paper"
    eer: Literal["exact", "grid", "roc"] = "exact"
    results_dir: str = "results"
    data_dir: str = "data"


# Groups to which other packages may add options: who finds the class that a `name` stands for. A recognizer's options
# are its constructor's.
_OFFERED: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {"method": method_config, "detector": detector_config}
# Which class the `name` of an option of the other groups stands for.
KINDS: Mapping[str, Mapping[str, type]] = {
    "dataset": {
        "synth": SynthConfig,
        **{name: FolderDatasetConfig for name in get_args(get_type_hints(FolderDatasetConfig)["name"])},
    },
    "segmenter": {"embedded": SegmenterConfig, "sam2": SAM2Config},
    "quality": {"paper": QualityConfig, "torchmetrics": QualityConfig},
    "executor": {"local": ExecutorConfig, "ray": RayConfig, "slurm": SlurmConfig},
    "tracker": {name: TrackerConfig for name in tracker_names()},
}


def run_config(values: Mapping[str, Any]) -> RunConfig:
    """One run's configuration from a plain mapping, strictly.

    Parameters
    ----------
    values : mapping
        Resolved composition of `conf/`: one mapping per group, and seed, results_dir, data_dir.

    Raises
    ------
    RequestError
        If a key is unknown or missing, or a value is of the wrong type, not a choice, or out of range.
        Keys that were added with Hydra's `+key=` are caught here too.
    """
    known = {item.name: item for item in fields(RunConfig)}
    for key in values:
        if key not in known:
            raise RequestError(not_found(f"{key} is not a setting of palmbench", str(key), known))
    checked: dict[str, Any] = {}
    kinds = get_type_hints(RunConfig)
    for key, item in known.items():
        if values.get(key) is None:
            raise RequestError(f"{key} is missing; every run needs it.")
        if key == "recognizer":
            checked[key] = recognizer_config(values[key])
        elif key in _OFFERED:
            _require_group(key, values[key])
            checked[key] = _OFFERED[key](values[key])
        elif key in KINDS:
            checked[key] = _option(key, values[key])
        else:
            checked[key] = check(values[key], kinds[key], key, item.metadata)
    return RunConfig(**checked)


def require_read(words: Sequence[str], who: str, read: Sequence[str]) -> None:
    """Refuse settings of a run that a command does not read; misspelt ones are left to whoever composes them.

    Parameters
    ----------
    words : sequence of str
        Settings, as on the command line.
    who : str
        The command, as the beginning of a sentence: "deid takes photos, and".
    read : sequence of str
        Names of groups, and of settings that are in none.

    Raises
    ------
    RequestError
        If a word sets anything else of a run.
    """
    unread = {item.name for item in fields(RunConfig)} - set(read) | {"ablation", "hydra"}
    for word in words:
        if word.lstrip("+~").partition("=")[0].partition(".")[0] in unread:
            raise RequestError(f"{word}: {who} reads {', '.join(read[:-1])} and {read[-1]} only.")


def plain_values(config: RunConfig) -> dict[str, Any]:
    """The plain mapping that `run_config` makes a configuration of; names in it that are not UTF-8 are made text."""
    values = _as_text(asdict(config))
    recognizer = values["recognizer"]
    return {**values, "recognizer": {"name": recognizer["name"], **recognizer["options"]}}


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    return encodable(value) if isinstance(value, str) else value


def recognizer_config(values: Any) -> RecognizerConfig:
    """A recognizer's configuration from a plain mapping: its name, and options that its constructor takes.

    Raises
    ------
    RequestError
        If there is no such recognizer, it cannot be imported, or an option is unknown, missing or of the wrong type.
    """
    _require_group("recognizer", values)
    name = str(values.get("name"))
    if name not in recognizers.names():
        raise RequestError(
            not_found(f"recognizer.name: there is no recognizer called {name}", name, recognizers.names())
        )
    try:
        known = options_of(recognizers.find(name))
    except ImportError as error:
        raise RequestError(f"{error}. Mend or remove its package.") from error
    for key in values:
        if key != "name" and key not in known:
            problem = f"recognizer.{key} is not a setting of recognizer={name}"
            raise RequestError(not_found(problem, str(key), known, "recognizer."))
    options = {}
    for key, option in known.items():
        value = values.get(key, option.default)
        if value is REQUIRED or value == MISSING:
            raise RequestError(f"recognizer.{key} is missing; recognizer={name} needs it.")
        options[key] = check_plain(value, option.kind, f"recognizer.{key}")
    return RecognizerConfig(name, options)


def _require_group(group: str, values: Any) -> None:
    if not isinstance(values, Mapping):
        raise RequestError(f"{group} must be a group of settings, not {values}.")


def _option(group: str, values: Any) -> Any:
    """Settings of a group, by the class that their `name` stands for."""
    _require_group(group, values)
    kind = KINDS[group].get(str(values.get("name")))
    if kind is None:
        name = values.get("name")
        raise RequestError(not_found(f"{group}.name: there is no {group} called {name}", str(name), KINDS[group]))
    return build(kind, values, group)
