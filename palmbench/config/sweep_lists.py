"""Ablations that are a list of sweeps, such as every method over its own knob."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf
from yaml import YAMLError

from palmbench.base.paths import conf_dir
from recognizers.common.errors import RequestError


def listed_sweeps(settings: Sequence[str], overrides: Iterable[Override], own: Sequence[Path]) -> list[list[str]]:
    """The settings of each sweep that an ablation lists under `sweeps`, put in the ablation's place.

    An ablation without such a list is one sweep of Hydra's: the settings stay as they are.

    Parameters
    ----------
    settings : sequence of str
    overrides : iterable of Override
        The settings, parsed.
    own : sequence of Path
        Folders that are searched for the ablation's file before palmbench's own.

    Raises
    ------
    RequestError
        If a list is to be crossed with another ablation, or its file is not understood.
    """
    for place, override in enumerate(overrides):
        if override.key_or_group != "ablation":
            continue
        value = override.value()
        names = list(override.sweep_string_iterator()) if override.is_choice_sweep() else value
        names = [str(name) for name in (names if isinstance(names, list) else [names])]
        for name in names:
            lines = _sweeps_in(name, own)
            if lines and len(names) > 1:
                raise RequestError(f"{settings[place]}: {name} is a list of sweeps; run it in a command of its own.")
            if lines:
                return [[*settings[:place], *line.split(), *settings[place + 1 :]] for line in lines]
    return [list(settings)]


def _sweeps_in(name: str, own: Sequence[Path]) -> list[str]:
    for folder in (*own, conf_dir()):
        path = folder / "ablation" / f"{name}.yaml"
        if not path.is_file():
            continue
        try:
            loaded = OmegaConf.load(path)
        except YAMLError as error:
            raise RequestError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
        values = OmegaConf.to_container(loaded)
        lines = values.get("sweeps", []) if isinstance(values, dict) else []
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise RequestError(f"{path}: sweeps must be a list of settings, a line a sweep, such as method=blur.")
        return lines
    return []
