"""Settings of `palmbench train`: which keys there are, what they may hold, and how words become them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from palmbench.base.paths import conf_dir
from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import is_path
from recognizers.common.strict import build, setting
from recognizers.networks.eehnet_settings import FULL, VARIANTS, Settings

_PREFIX = "training."
_NETWORK = "network"
_PLAIN = str.maketrans("", "", '" ')
# How far training.changes=mild goes.
LIMITS = ("turn", "scale", "shift", "saturation", "contrast")
# Of a run's settings, those that say which photos and where; the others are of the attack, not of its training.
_SHARED = ("dataset", "detector", "segmenter", "executor", "seed", "results_dir", "data_dir")


@dataclass(frozen=True)
class _Common:
    """What every network's training asks; values and meaning in `conf/train_<network>.yaml`."""

    widths: Literal["full", "compact"] = "full"
    split: Literal["samples", "identities"] = "samples"
    train_samples: int | None = setting(None, low=2)
    held_out: float = setting(0.2, above=0, high=0.9)
    epochs: int = setting(3000, low=1)
    batch: int = setting(1024, low=1)
    rate: float = setting(1e-3, above=0, high=1)
    rate_step: int = setting(500, low=1)
    rate_factor: float = setting(0.8, above=0, high=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    measure_every: int | None = setting(None, low=1)
    checkpoint_minutes: float = setting(2.0, low=0)


@dataclass(frozen=True)
class CCNetTraining(_Common):
    """Training of CCNet."""

    name: Literal["ccnet"] = "ccnet"
    start: Literal["standardised", "published"] = "standardised"
    contrast: float = setting(0.2, low=0, high=1)


@dataclass(frozen=True)
class EEHNetTraining(_Common):
    """Training of the reconstructed EEHNet; `network` is what `widths` says but for what was set."""

    name: Literal["eehnet"] = "eehnet"
    backbone_weights: str | None = None
    alignment: int = setting(25, low=0)
    frozen: int = setting(10, low=0)
    branches_frozen: int = setting(0, low=0)
    localiser_held: int = setting(0, low=0)
    localiser_start: Literal["mean", "random"] = "mean"
    margin: float = setting(0.4, low=0, high=1.5)
    eased: int = setting(20, low=0)
    changes: Literal["mild", "eeprnet"] = "mild"
    turn: float = setting(12.0, low=0, high=180)
    scale: float = setting(0.1, low=0, high=0.9)
    shift: float = setting(0.05, low=0, high=1)
    saturation: float = setting(0.2, low=0, high=1)
    contrast: float = setting(0.2, low=0, high=1)
    changes_since: int = setting(0, low=0)
    landmark_weight: float = setting(10.0, low=0)
    palm_weight: float = setting(0.5, low=0)
    fingers_weight: float = setting(0.5, low=0)
    whole_weight: float = setting(1.0, low=0)
    triplet_weight: float = setting(1.0, low=0)
    triplet_margin: float = setting(0.3, low=0, high=2)
    network: Settings = FULL


TrainingConfig = CCNetTraining | EEHNetTraining
NETWORKS: dict[str, type[CCNetTraining] | type[EEHNetTraining]] = {"ccnet": CCNetTraining, "eehnet": EEHNetTraining}


def read_settings(network: str, words: Sequence[str]) -> tuple[TrainingConfig, RunConfig] | None:
    """Settings of a training from the words after the network's name.

    Parameters
    ----------
    network : str
        One of `NETWORKS`.
    words : sequence of str
        `training.key=value`, and a run's settings of data set, detector, segmenter, executor and places.

    Returns
    -------
    (TrainingConfig, RunConfig) or None
        Of the run's configuration only the settings above count; None if a flag made Hydra print something instead.

    Raises
    ------
    RequestError
        If there is no such network, a key is unknown or no part of a training, or a value is not allowed.
    """
    _require_known(network)
    own = [word for word in words if word.startswith(_PREFIX)]
    rest = [word for word in words if not word.startswith(_PREFIX)]
    for word in rest:
        _refuse_others(word)
    training = _training(network, own)
    points = compose_points(rest)
    if not points:
        return None
    if len(points) > 1:
        raise RequestError("train makes one network at a time: give each setting one value, without commas.")
    return training, points[0]


def training_help(network: str) -> str:
    """Settings of a network's training with their defaults and meaning, as `conf/` has them."""
    _require_known(network)
    title, _, *lines = (conf_dir() / f"train_{network}.yaml").read_text(encoding="utf-8").splitlines()
    settings = []
    for line in lines:
        if line.startswith(f"{_NETWORK}:"):
            settings.append(f"  # {line.partition('# ')[2]}")
        elif line.startswith(" "):
            settings.append(f"  {_PREFIX}{_NETWORK}.{line.strip().replace(': ', '=', 1)} ({_usual(line)})")
        else:
            settings.append(f"  {_PREFIX}{line.replace(': ', '=', 1)}")
    return "\n".join([title.removeprefix("# "), *settings, f"and a run's settings of {', '.join(_SHARED)}"])


def _usual(line: str) -> str:
    """What `widths` says of the network's setting on a line of the YAML."""
    name = line.strip().partition(":")[0]
    values = {widths: json.dumps(known.as_json()[name]).translate(_PLAIN) for widths, known in VARIANTS.items()}
    if len(set(values.values())) == 1:
        return f"null = {values['full']}"
    return "null = " + ", ".join(f"{value} if {widths}" for widths, value in values.items())


def _require_known(network: str) -> None:
    if network not in NETWORKS:
        raise RequestError(not_found(f"train: there is no network {network} to train", network, NETWORKS))


def _training(network: str, words: list[str]) -> TrainingConfig:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    cls = NETWORKS[network]
    known = [field.name for field in fields(cls) if field.name not in ("name", _NETWORK)]
    if _NETWORK in {field.name for field in fields(cls)}:
        known += [f"{_NETWORK}.{field.name}" for field in fields(Settings)]
    keys, dotted = [], []
    for word in words:
        key, equals, value = word.partition("=")
        name = key.removeprefix(_PREFIX)
        if not equals:
            raise RequestError(f"{word!r} is not a setting: write {key}=VALUE.")
        if name not in known:
            raise RequestError(not_found(f"{key} is not a setting of `train {network}`", name, known, _PREFIX))
        if key in keys:
            raise RequestError(f"{key} is set twice; keep one.")
        keys.append(key)
        # In JSON's quotes a path is text for YAML, whatever is in it.
        literal = is_path(key) and value not in ("", "null") and value[0] not in "'\""
        dotted.append(f"{name}={json.dumps(value) if literal else value}")
    try:
        preset = OmegaConf.load(conf_dir() / f"train_{network}.yaml")
        given = OmegaConf.from_dotlist(dotted)
        values: Any = OmegaConf.to_container(OmegaConf.merge(preset, given), resolve=True)
    except (OmegaConfBaseException, YAMLError) as error:
        raise RequestError(f"these settings cannot be read: {' '.join(words)}; write key=value.") from error
    if _NETWORK in values:
        # Only names that there are reach this point, and `build` below refuses other widths.
        usual = VARIANTS.get(values["widths"], FULL).as_json()
        own = {name: value for name, value in values[_NETWORK].items() if value is not None}
        values[_NETWORK] = Settings.from_json({**usual, **own}, f"{_PREFIX}{_NETWORK}")
    training: TrainingConfig = build(cls, values, "training")
    if isinstance(training, EEHNetTraining) and training.changes == "eeprnet":
        _refuse_limits(training)
    return training


def _refuse_limits(training: EEHNetTraining) -> None:
    for field in fields(training):
        if field.name in LIMITS and getattr(training, field.name) != field.default:
            raise RequestError(
                f"{_PREFIX}{field.name} is a limit of training.changes=mild; EE-PRnet's changes are a fixed list. "
                "Leave out one of the two settings."
            )


def _refuse_others(word: str) -> None:
    key = word.lstrip("+~").partition("=")[0]
    group = key.partition(".")[0]
    if group == "training":
        raise RequestError(f"{word}: the network to train is named after the verb, as in `palmbench train ccnet`.")
    if not word.startswith("-") and group in {field.name for field in fields(RunConfig)} - set(_SHARED) | {"ablation"}:
        raise RequestError(
            f"{key} is not part of a training; set training.KEY, or something of {', '.join(_SHARED[:4])}, or "
            f"{', '.join(_SHARED[4:])}."
        )
