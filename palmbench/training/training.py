"""One training of a recognizer: which photos train and which are held out, its key, its folder and its record."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Dataset, Sample
from palmbench.engine.engine import Engine
from palmbench.engine.executor import Executor
from palmbench.engine.graph import in_a_row
from palmbench.engine.open_executor import of_this_machine
from palmbench.engine.pipeline import dataset_of
from palmbench.engine.records import RECORD, read_record
from palmbench.engine.resume import Failure
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import Originals, load_all
from palmbench.training.backbone_files import backbone_digests, backbone_files
from palmbench.training.fitting import Side, fit
from palmbench.training.images import Cut
from palmbench.training.settings import EEHNetTraining, TrainingConfig
from recognizers.common.cache_keys import KEY_VERSION, digest
from recognizers.common.errors import RequestError
from recognizers.common.writing import require_writable
from recognizers.training.splits import Split, by_identities, by_samples, with_mates

VERSION = 1
# They say how a training is watched and kept, not what comes of it.
_WATCHING = ("measure_every", "checkpoint_minutes")


class Trained(NamedTuple):
    """A finished training: its folder, its record, and whether it was finished before."""

    folder: Path
    record: dict[str, Any]
    before: bool


class TrainingPlan(NamedTuple):
    """What a training is of: photos that train and that are held out, how they are cut, and the training's key."""

    dataset: Dataset
    split: Split
    cut: Cut
    key: str


def train(training: TrainingConfig, run: RunConfig) -> Trained:
    """Train a network on a data set, or go on with it; prints a line an epoch.

    Writes `<results_dir>/train/<key>/{last,best}.safetensors`, `checkpoint.pt` and the one before it, `log.csv` and
    `record.json`.

    Parameters
    ----------
    training : TrainingConfig
    run : RunConfig
        Data set, detector, segmenter, executor, seed and folders.

    Raises
    ------
    RequestError
        If the data set is absent, or too little of it can train.
    """
    here = of_this_machine(run.executor, "train")
    plan = plan_training(training, run)
    samples, cut = plan.dataset.samples, plan.cut
    backbones = backbone_files(training) if isinstance(training, EEHNetTraining) else {}
    folder = Path(run.results_dir) / "train" / plan.key
    for file in backbones.values():
        file.require_same()
    known = read_record(folder / RECORD, folder.name)
    record = None if known is None else dict(known.content)
    if record is not None and "held_out" in record:
        return Trained(folder, record, before=True)
    require_writable(folder)
    with Executor(here) as executor:
        engine = Engine(Store.of(run.results_dir), executor)
        part = engine.flow(in_a_row(cut.prepare, cut), samples)
        failures = {failure.sample: failure for failure in part.all_failures()}
        device = executor.take_first_device()
    present = {sample.id for sample in samples} - set(failures)
    sets = [_load(cut, side, engine.store) for side in _sides(training, plan.split, samples, present)]
    record = {**_header(training, run, folder, sets, list(failures.values()), device), **(record or {})}
    fit(training, run, sets[0], sets[1], folder, record, device, backbones)
    return Trained(folder, record, before=False)


def plan_training(training: TrainingConfig, run: RunConfig) -> TrainingPlan:
    """Which photos train, and the key; says what the data set's scanner has to say.

    Raises
    ------
    RequestError
        If the data set is absent, or too little of it can train.
    """
    dataset = dataset_of(run)
    for note in dataset.notes:
        print(note, file=sys.stderr)
    split, cut = _split(training, run.seed, dataset.samples), _cut(training, run, dataset)
    return TrainingPlan(dataset, split, cut, _key(training, run, dataset.samples, split, cut))


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
