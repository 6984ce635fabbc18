"""From overrides to points: the only module that knows Hydra.

Hydra composes every point of the sweep and runs none: the resolved configurations are checked strictly and turned
into plain dataclasses. So a bad last value stops a sweep before its first point starts.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hydra import main as hydra_main
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from palmbench.base.paths import conf_dir
from palmbench.config.explain import explain, explain_flag
from palmbench.config.listing import groups
from palmbench.config.plugins import offered_to_hydra
from palmbench.config.schema import RunConfig, run_config
from palmbench.config.sweep_lists import listed_sweeps
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text, spelled_out

# Flags of Hydra that make sense here; the value says whether an argument follows.
_SHOWING_FLAGS = {"-c": True, "--cfg": True, "-i": True, "--info": True, "--hydra-help": False}
_OTHER_FLAGS = {"--resolve": False, "-p": True, "--package": True, "-cd": True, "--config-dir": True}
_CONFIG_DIR = ("-cd", "--config-dir")
_SWEEPS = "hydra.sweeper.params"
_NEEDLESS_FLAGS = ("-m", "--multirun")  # every run is a sweep


OF_ATTACKS = (
    "attack",
    "attacker_seed",
    "disclosure",
    "people",
)  # what `palmbench attack` takes besides a run's settings
_RUN = "config"


def compose_points(overrides: list[str]) -> list[RunConfig]:
    """Every point of a run or sweep, checked; nothing is run and nothing is left on disk.

    Parameters
    ----------
    overrides : list of str
        Hydra's override grammar: `method=blur`, `method.alpha=0.1,0.2`, `+ablation=fusion`,
        `+ablation=[fusion,alpha]`. Hydra's flags `--cfg`, `--info` and `--config-dir` pass through.

    Returns
    -------
    list of RunConfig
        In sweep order, a point that occurs twice kept once. Sweeps over groups (data sets, methods) are the
        outer loops. Empty if a flag made Hydra print something instead.

    Raises
    ------
    RequestError
        If the overrides do not compose or a value is not allowed.
    """
    if strange := [word for word in overrides if key_of(word) in OF_ATTACKS]:
        raise RequestError(
            f"{strange[0]}: only `palmbench attack` reads {', '.join(OF_ATTACKS[:-1])} and {OF_ATTACKS[-1]}."
        )
    points: list[RunConfig] = []
    for values in resolved_values(overrides):
        point = run_config(values)
        if point not in points:
            points.append(point)
    for key in ("results_dir", "data_dir"):
        if len({getattr(point, key) for point in points}) > 1:
            raise RequestError(f"{key} differs between points of this sweep; for several places use a command each.")
    return points


def resolved_values(overrides: list[str], root: str = _RUN) -> Iterator[dict[str, Any]]:
    """Plain values of every point of a sweep, in its order, as Hydra composes them.

    Parameters
    ----------
    overrides : list of str
        As for `compose_points`.
    root : str
        Name of the file in `conf/` that the composition begins with.

    Raises
    ------
    RequestError
        If the overrides do not compose.
    """
    flags, settings = _split_flags(overrides)
    if swept := [word for word in settings if word.lstrip("+~").startswith(_SWEEPS)]:
        raise RequestError(f"{swept[0]}: {_SWEEPS} is for ablation files; here write the sweep itself, as KEY=A,B.")
    settings = spelled_out(settings)
    own = [Path(after).absolute() for flag, after in itertools.pairwise(flags) if flag in _CONFIG_DIR]
    if missing := [folder for folder in own if not folder.is_dir()]:
        raise RequestError(f"--config-dir {missing[0]}: there is no such folder.")
    showing = any(flag in _SHOWING_FLAGS for flag in flags)
    sweeps = listed_sweeps(settings, _parsed(settings), own)
    singles = (single for each in sweeps for single in _without_group_sweeps(each))
    for single in singles:
        if showing:
            _show(flags, single, own, root)
        else:
            yield from _composed(single, own, root)


def key_of(word: str) -> str:
    """The first part of the key that a word of the command line sets, such as "method"; the word itself of a flag."""
    return word.lstrip("+~").partition("=")[0].partition(".")[0]


class Word(NamedTuple):
    """One setting of a command line as the grammar of overrides reads it.

    Attributes
    ----------
    key : str
        Such as "method.steps", without a plus.
    values : tuple of str
        Several where they are listed; none where a sweep is no list, or a setting is removed.
    swept : bool
        Whether it stands for several points.
    text : str
        As it was written.
    """

    key: str
    values: tuple[str, ...]
    swept: bool
    text: str

    @property
    def group(self) -> str:
        return self.key.partition(".")[0]

    @property
    def setting(self) -> str:
        """The setting of the group; empty where the word picks an option of the group."""
        return self.key.partition(".")[2].partition(".")[0]


def read_words(settings: Sequence[str]) -> list[Word]:
    """What each of some settings is about.

    Raises
    ------
    RequestError
        If one of them cannot be read.
    """
    words = []
    for text, override in zip(settings, _parsed(spelled_out(settings)), strict=True):
        swept = override.is_sweep_override()
        values: tuple[str, ...] = ()
        if override.is_choice_sweep():
            values = tuple(map(str, override.sweep_string_iterator()))
        elif not swept and not override.is_delete():
            values = (override.get_value_element_as_str(),)
        words.append(Word(override.key_or_group, values, swept, text))
    return words


def ablations_of(overrides: list[str]) -> list[str]:
    """Names of the ablations among overrides that compose, as in `+ablation=[fusion,alpha]`."""
    _, settings = _split_flags(overrides)
    values = [value for key, _, value in (text.partition("=") for text in settings) if key.lstrip("+") == "ablation"]
    return list(dict.fromkeys(name.strip() for value in values for name in value.strip("'\"[]").split(",")))


def _split_flags(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Hydra's flags with their arguments, and the overrides."""
    flags, settings = [], []
    known = _SHOWING_FLAGS | _OTHER_FLAGS
    rest = iter(arguments)
    for word in rest:
        name, has_value, given = word.partition("=")
        if not word.startswith("-"):
            settings.append(word)
        elif word in _NEEDLESS_FLAGS:
            continue
        elif name in known:
            flags.append(name)
            if known[name] and (value := given if has_value else next(rest, None)) is not None:
                flags.append(path_text(value) if name in _CONFIG_DIR else value)
        else:
            raise explain_flag(word)
    return flags, settings


def _without_group_sweeps(settings: list[str]) -> list[list[str]]:
    """Override lists in which no group is swept, one for each combination of the options listed.

    Hydra checks the other overrides against the composition *before* the sweep has picked an option, so
    `dataset=iitd,polyu dataset.root=...` would be judged by the default data set's keys; and it reads
    `+ablation=fusion,alpha` as two points that ignore what the files sweep. Spelled out, both mean what they say.
    """
    known = groups()
    axes = []
    for text, override in zip(settings, _parsed(settings), strict=True):
        if override.key_or_group not in known:
            axes.append([text])
        elif override.is_choice_sweep():
            axes.append([f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()])
        else:
            axes.append([_pins_first(text, override)])
    return [list(combination) for combination in itertools.product(*axes)]


def _parsed(settings: list[str]) -> list[Override]:
    try:
        return OverridesParser.create().parse_overrides(settings)
    except HydraException as error:
        raise explain(error, settings) from error


def _pins_first(text: str, override: Override) -> str:
    """`+ablation=[alpha,fusion]` as `[fusion,alpha]`: the last file wins, and fusion only pins alpha to 0."""
    value = override.value()
    if override.key_or_group != "ablation" or not isinstance(value, list):
        return text
    names = sorted(map(str, value), key=lambda name: name == "alpha")
    return f"{override.get_key_element()}=[{','.join(names)}]"


def _composed(settings: list[str], own: list[Path], root: str) -> list[dict[str, Any]]:
    """Resolved configuration of every point, as Hydra's own sweeper has them; options may lie in folders of one's own.

    Hydra's `main` would compose each point four times, and make a folder for what is never run.
    """
    search = create_config_search_path(str(conf_dir()))
    for folder in own:
        search.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    GlobalHydra.instance().clear()
    try:
        with offered_to_hydra(_without_yaml(settings, own)):
            loader = Hydra.create_main_hydra2("palmbench", search).config_loader
            whole = loader.load_configuration(root, settings, RunMode.MULTIRUN)
            swept = [f"{key}={values}" for key, values in (whole.hydra.sweeper.params or {}).items()]
            words = OverridesParser.create(loader).parse_overrides([*swept, *whole.hydra.overrides.task])
            (batch,) = BasicSweeper.split_arguments(words, None)
            is_sweep = bool(swept) or any(word.is_sweep_override() for word in words)
        with offered_to_hydra(_without_yaml([*settings, *itertools.chain(*batch)], own)):  # and what an ablation sweeps
            return [_resolved(loader.load_sweep_config(whole, point) if is_sweep else whole) for point in batch]
    except RequestError:
        raise
    except Exception as error:  # whatever YAML that is not ours makes Hydra and OmegaConf stumble over
        raise explain(error, settings) from error
    finally:
        GlobalHydra.instance().clear()


def _resolved(point: DictConfig) -> dict[str, Any]:
    with open_dict(point):
        del point["hydra"]
    return OmegaConf.to_container(point, resolve=True)  # type: ignore[return-value]


def _show(flags: list[str], settings: list[str], own: list[Path], root: str) -> None:
    """What Hydra prints for a flag such as `--cfg job`."""
    show = hydra_main(version_base="1.3", config_path=str(conf_dir()), config_name=root)(lambda config: None)
    try:
        with offered_to_hydra(_without_yaml(settings, own)), _own_process_state([*flags, *settings]):
            show()
    except RequestError:
        raise
    except Exception as error:
        raise explain(error, settings) from error


def _without_yaml(settings: list[str], own: list[Path]) -> list[tuple[str, str]]:
    """Group and name of the options that the overrides choose and no folder of the user's own has a YAML for."""
    words = [word.partition("=") for word in settings]
    yamls = {(path.parent.name, path.stem) for folder in own for path in folder.glob("*/*.yaml")}
    return [option for group, _, value in words if (option := (group, value.strip("'\""))) not in yamls]


@contextmanager
def _own_process_state(arguments: list[str]) -> Iterator[None]:
    """What hydra.main takes from the process: arguments, an environment variable, a singleton."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["palmbench", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints the error and exits with status 1
    GlobalHydra.instance().clear()
    try:
        yield
    except SystemExit as stop:
        if stop.code:
            raise RequestError("Hydra did not understand its flags; see `palmbench run --help`.") from stop
    finally:
        GlobalHydra.instance().clear()
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error
