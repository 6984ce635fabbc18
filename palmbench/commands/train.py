"""`palmbench train`: photos in, weights of a recognizer out; the same command goes on where it stopped."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Dataset, Sample
from palmbench.engine.engine import Engine, Failure
from palmbench.engine.executor import Executor
from palmbench.engine.pipeline import dataset_of
from palmbench.engine.records import RECORD, read_record
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import Originals, load_all
from palmbench.training.backbone_files import backbone_digests, backbone_files
from palmbench.training.fitting import Side, fit
from palmbench.training.images import Cut
from palmbench.training.settings import EEHNetTraining, TrainingConfig, read_settings
from recognizers import origin
from recognizers.common.errors import RequestError
from recognizers.common.keys import KEY_VERSION, digest
from recognizers.common.path_settings import typed
from recognizers.common.writing import require_writable
from recognizers.training.splits import Split, by_identities, by_samples, with_mates

VERSION = 1
# They say how a training is watched and kept, not what comes of it.
_WATCHING = ("measure_every", "checkpoint_minutes")
_FAILURES_SHOWN = 5


def train_command(network: str, words: Sequence[str]) -> int:
    """Train a network on a data set, or go on with it; prints a line an epoch, and how to use what came of it.

    Writes `<results_dir>/train/<key>/{last,best}.safetensors`, `checkpoint.pt` and the one before it, `log.csv` and
    `record.json`.

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
    training, run = settings
    dataset = dataset_of(run)
    for note in dataset.notes:
        print(note, file=sys.stderr)
    split = _split(training, run.seed, dataset.samples)
    cut = _cut(training, run, dataset)
    backbones = backbone_files(training) if isinstance(training, EEHNetTraining) else {}
    folder = Path(run.results_dir) / "train" / _key(training, run, dataset.samples, split, cut)
    for file in backbones.values():
        file.require_same()
    known = read_record(folder / RECORD, folder.name)
    record = None if known is None else dict(known.content)
    if record is not None and "held_out" in record:
        print(f"{folder}: this training is finished.")
        _conclude(network, folder, record)
        return SAMPLES_FAILED if record["failures"] else DONE
    require_writable(folder)
    with Executor(run.executor) as executor:
        engine = Engine(Store(Path(run.results_dir) / "store"), executor)
        failures = engine.run(cut.prepare, dataset.samples)
        found = [sample for sample in dataset.samples if sample.id not in failures]
        failures |= engine.run(cut, found)
        device = executor.device
    present = {sample.id for sample in dataset.samples} - set(failures)
    train, test = _sides(training, split, dataset.samples, present)
    sets = [_load(cut, side, engine.store) for side in (train, test)]
    record = {**_header(training, run, folder, sets, list(failures.values()), device), **(record or {})}
    fit(training, run, sets[0], sets[1], folder, record, device, backbones)
    _conclude(network, folder, record)
    return SAMPLES_FAILED if failures else DONE


def _split(training: TrainingConfig, seed: int, samples: Sequence[Sample]) -> Split:
    identities, persons = [sample.identity for sample in samples], [sample.person for sample in samples]
    if training.split == "samples":
        split = by_samples(identities, training.train_samples)
    elif len(set(persons)) < 2:
        raise RequestError("training.split=identities needs palms of two persons or more; the data set has one person.")
    else:
        split = by_identities(identities, persons, training.held_out, seed)
    paired = with_mates(split, identities, closed=training.split == "samples")
    alone = {identities[i] for i in split.train} - {identities[i] for i in paired.train}
    palms = {identities[i] for i in paired.train}
    if alone and palms:
        print(f"{len(alone)} palms are left out: they have a single training photo, and a palm needs two.")
    if len(palms) < 2:
        raise RequestError(
            f"Nothing can be learned from these photos: {len(palms)} palms have two training photos or more, and two "
            "palms at least must, because the second view is another photo of the same palm. Use more photos of each "
            "palm (dataset.samples), or let more of them train (training.train_samples)."
        )
    if not len(paired.test):
        raise RequestError("No photo is held out; let fewer photos of each palm train (training.train_samples).")
    return paired


def _cut(training: TrainingConfig, run: RunConfig, dataset: Dataset) -> Cut:
    prepare = Prepare.of(Originals(dataset.source, keep=dataset.rendered), run.detector, run.segmenter)
    if not isinstance(training, EEHNetTraining):
        return Cut(prepare, "roi")
    return Cut(prepare, "hand", training.network.palm_columns, training.network.palm_rows)


def _key(training: TrainingConfig, run: RunConfig, samples: Sequence[Sample], split: Split, cut: Cut) -> str:
    photos = {
        side: [[samples[i].identity, cut.key(samples[i])] for i in places]
        for side, places in (("train", split.train.tolist()), ("test", split.test.tolist()))
    }
    return digest("training", versions={"training": VERSION}, settings=_hashed(training), seed=run.seed, photos=photos)


def _hashed(training: TrainingConfig) -> dict[str, Any]:
    """The settings of which something else would come if they were others."""
    settings = {name: value for name, value in asdict(training).items() if name not in _WATCHING}
    if isinstance(training, EEHNetTraining):
        settings["network"] = training.network.as_json()
        settings["backbone_weights"] = backbone_digests(training)
    return settings


def _sides(
    training: TrainingConfig, split: Split, samples: Sequence[Sample], present: set[str]
) -> tuple[list[Sample], list[Sample]]:
    """Samples that train and samples held out, of those with a hand."""
    there = Split(*(np.array([i for i in side.tolist() if samples[i].id in present], np.int64) for side in split))
    paired = with_mates(there, [sample.identity for sample in samples], closed=training.split == "samples")
    train, test = ([samples[i] for i in side.tolist()] for side in paired)
    if len({sample.identity for sample in train}) < 2 or not test:
        raise RequestError(
            f"Too few hands were found to learn from: {len(present)} of {len(samples)} photos have one; "
            "another detector.threshold may find more."
        )
    return train, test


def _load(cut: Cut, samples: Sequence[Sample], store: Store) -> Side:
    parts = list(load_all(cut, samples, store).values())
    landmarks = np.stack([part["landmarks"] for part in parts]) if "landmarks" in parts[0] else None
    return Side(
        np.stack([part["image"] for part in parts]), np.array([sample.identity for sample in samples]), landmarks
    )


def _header(
    training: TrainingConfig, run: RunConfig, folder: Path, sets: list[Side], failures: list[Failure], device: str
) -> dict[str, Any]:
    import torch

    train, test = sets
    return {
        "key": folder.name,
        "key_version": KEY_VERSION,
        "training": asdict(training),
        "dataset": asdict(run.dataset),
        "seed": run.seed,
        "photos": {"train": len(train.palms), "held_out": len(test.palms)},
        "palms": {"train": len(set(train.palms)), "held_out": len(set(test.palms))},
        "failures": [failure._asdict() for failure in failures],
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


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
