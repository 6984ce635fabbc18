"""The card beside each weight file: what it is, what it was trained on, how to make it again, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import yaml

from experiments.weights.training import IDENTITIES, SAMPLES, Options, Trainer
from experiments.weights.world import TURNS
from palmbench.engine.executor import available_cores
from palmbench.quality.weights import sha256_of
from palmbench.synth import RENDERER_VERSION

NAME = "card.yaml"


def write_card(
    weights: Path,
    what: str,
    recipe: str,
    options: Options,
    trainer: Trainer,
    measured: Mapping[str, float | str],
    trained_on: str | None = None,
) -> None:
    """Write the card of a weight file that a recipe has just written.

    Parameters
    ----------
    weights : Path
        The file; its card lies in the same folder.
    what : str
        The network, in a sentence.
    recipe : str
        Name of the recipe, as in `experiments.weights.train_<recipe>`.
    options, trainer
        Of the training that made the file.
    measured : dict
        Results on palms held out from the training, by name; `how` says what measures the weights on others.
    trained_on : str, optional
        Instead of the rendered training set.
    """
    minutes = max(1, round(trainer.spent / 60))
    limits = f"--minutes {options.minutes:g} --processes {options.processes}" + " --continued" * options.continued
    if options.identities != IDENTITIES:
        limits += f" --identities {options.identities}"
    if options.samples != SAMPLES:
        limits += f" --samples {options.samples}"
    batch = options.batch * options.processes
    command = f"python -m experiments.weights.train_{recipe} {limits}"
    time = f"{minutes} minutes, {trainer.step} steps of {batch} examples"
    card = {
        "what": what,
        "trained_on": trained_on
        or (
            f"{options.identities} training palms x {options.samples} photos ({', '.join(TURNS)}), "
            f"renderer version {RENDERER_VERSION}"
        ),
        "command": command,
        "time": time,
        **({"before": _before(weights.parent / NAME, command, time)} if options.continued else {}),
        "machine_class": _machine(options.processes),
        "measured": {"how": "make embedded", **measured},
        "sha256": sha256_of(weights),
    }
    text = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    (weights.parent / NAME).write_text(text, encoding="utf-8")


def _before(card: Path, command: str, time: str) -> str:
    """What the weights had learnt from that a training went on with; `card` is still theirs, or of this training."""
    if not card.is_file():
        return "a training of which no card tells"
    known = yaml.safe_load(card.read_text(encoding="utf-8"))
    if (known["command"], known["time"]) == (command, time):
        return str(known["before"])
    return "; before that, ".join([f"{known['time']}, on {known['trained_on']}", *filter(None, [known.get("before")])])


def _machine(processes: int) -> str:
    if torch.cuda.is_available():
        return f"one {torch.cuda.get_device_name()}"
    return f"{processes} of {available_cores()} processor cores"
