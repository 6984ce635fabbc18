"""The embedded weights: a card beside each file, and what the card says is true of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.weights.card import NAME as CARD
from palmbench.base import paths
from palmbench.quality.weights import sha256_of
from recognizers.common.errors import RequestError
from recognizers.common.paths import weights_dir
from tests.gates.figures import Figure, Keep

HEAVIEST = 40


@dataclass(frozen=True)
class WeightCard:
    """What is known of a weight file. The card lies beside it; a folder has one weight file.

    Attributes
    ----------
    what : str
        The network, in a sentence.
    trained_on : str
        Which palms, how many photos of each, in which profiles, by which version of the renderer.
    command : str
        What reproduces the file.
    time : str
        How long that took.
    machine_class : str
        On what kind of machine.
    measured : dict of str to float or str
        Results on held-out identities by name, among them "how": the command that measures them again.
    sha256 : str
        Of the file, 64 hexadecimal digits.
    before : str, optional
        Earlier training that this one went on from.
    """

    what: str
    trained_on: str
    command: str
    time: str
    machine_class: str
    measured: dict[str, Any]
    sha256: str
    before: str = "nothing"


def read_weight_card(path: Path) -> WeightCard:
    """Read a card.

    Raises
    ------
    RequestError
        If it is not YAML, or a key is missing, unknown, empty or of the wrong kind.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RequestError(f"{path} is not YAML: {error}") from error
    wanted = [field.name for field in fields(WeightCard)]
    if not isinstance(content, dict) or sorted({**content, "before": ""}) != sorted(wanted):
        raise RequestError(f"{path} must have the keys {', '.join(wanted[:-1])}, perhaps before, and no other.")
    for key, value in content.items():
        kind = dict if key == "measured" else str
        if not isinstance(value, kind) or not value:
            raise RequestError(f"{path}: {key} must be {'a mapping' if kind is dict else 'a text'} that is not empty.")
    if "how" not in content["measured"]:
        raise RequestError(f"{path}: measured must say how, in `how`.")
    return WeightCard(**content)


def weight_paths(folder: Path) -> list[Path]:
    """Every weight file below a folder."""
    return sorted(folder.rglob("*.safetensors"))


@pytest.mark.gate
def test_the_embedded_weights_have_their_cards_and_are_small(keep: Keep) -> None:
    keep(checked(paths.weights_dir(), weights_dir()))


def checked(*folders: Path) -> Iterator[Figure]:
    """Cards and sizes of the weights below some folders."""
    paths = [path for folder in folders for path in weight_paths(folder)]
    n = len(paths)
    lacking = [path for path in paths if not (path.parent / CARD).is_file()]
    names = ", ".join("/".join(path.parts[-2:]) for path in lacking)
    yield Figure("weight files without a card", len(lacking), "", None, 0, n, names)
    carded = [path for path in paths if path not in lacking]
    wrong = [path for path in carded if read_weight_card(path.parent / CARD).sha256 != sha256_of(path)]
    names = ", ".join("/".join(path.parts[-2:]) for path in wrong)
    yield Figure("cards whose sha256 is another file's", len(wrong), "", None, 0, len(carded), names)
    for path in paths:
        yield Figure("/".join(path.parts[-2:]), path.stat().st_size / 1e6, "MB", n=1)
    yield Figure("all embedded weights", sum(path.stat().st_size for path in paths) / 1e6, "MB", None, HEAVIEST, n)
