"""`palmbench train`: photos in, weights of a recognizer out; the same command goes on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.engine.records import RECORD
from palmbench.training.settings import read_settings
from palmbench.training.training import train
from recognizers import origin
from recognizers.common.path_settings import typed

_FAILURES_SHOWN = 5


def train_command(network: str, words: Sequence[str]) -> int:
    """Train a network on a data set, or go on with it, and print how good it is and how to use it.

    Parameters
    ----------
    network : {"ccnet", "eehnet"}
    words : sequence of str
        Settings, see `palmbench.training.settings.read_settings`.

    Returns
    -------
    int
        0, or 3 if photos had to be left out because no hand was found in them.

    Raises
    ------
    RequestError
        If a setting is wrong, the data set is absent, or too little of it can train.
    """
    settings = read_settings(network, words)
    if settings is None:
        return DONE
    trained = train(*settings)
    if trained.before:
        print(f"{trained.folder}: this training is finished.")
    _conclude(network, trained.folder, trained.record)
    return SAMPLES_FAILED if trained.record["failures"] else DONE


def _conclude(network: str, folder: Path, record: dict[str, Any]) -> None:
    before, after = record["untrained"], record["held_out"]
    counts = after["counts"]
    photos = f"{counts['samples']} photos of {counts['palms']} palms"
    rows = [
        ("EER", "eer", f"of pairs of held-out photos, {_count(counts['pairs'])}, {photos}"),
        ("EER", "eer_gallery", f"of held-out photos against {counts['gallery']} training photos, "
                               f"{_count(counts['gallery_pairs'])}"),
        ("acc_nn", "acc_nn", f"rank-1, {photos}"),
        ("acc_cls", "acc_cls", f"by the classifier, {photos}"),
    ]  # fmt: skip
    if said := origin(network):
        print(f"{network}{said}:")
    for name, key, what in rows:
        if after[key] is not None:
            print(
                f"held-out {name:<8} {100 * after[key]:6.2f} % {_shown(after['intervals'][key])}  "
                f"untrained {100 * before[key]:6.2f} % {_shown(before['intervals'][key])}  ({what})"
            )
    if after["eer"] is None:
        print("held-out EER: no palm has two held-out photos, or only one palm has any")
    if any(after["intervals"].values()):
        print("In brackets: 95 % interval, by a bootstrap over palms.")
    for failure in record["failures"][:_FAILURES_SHOWN]:
        print(f"left out: {failure['sample']} at {failure['stage']}: {failure['reason']}")
    if len(record["failures"]) > _FAILURES_SHOWN:
        print(f"... and {len(record['failures']) - _FAILURES_SHOWN} more, listed in {folder / RECORD}")
    print(f"Use it: palmbench recognizer={network} {typed('recognizer.weights', folder / 'last.safetensors')}")


def _count(pairs: dict[str, int] | None) -> str:
    return f"{pairs['genuine']} genuine and {pairs['impostor']} impostor pairs" if pairs else ""


def _shown(bounds: list[float] | None) -> str:
    return f"[{100 * bounds[0]:.2f}, {100 * bounds[1]:.2f}]" if bounds else "[no interval: too few palms]"
