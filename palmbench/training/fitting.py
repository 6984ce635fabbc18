"""One training, from images to weights and a record of what they can do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from palmbench.config.schema import RunConfig
from palmbench.engine.executor import available_cores
from palmbench.engine.open_executor import of_this_machine
from palmbench.engine.records import RECORD, write_record
from palmbench.training.measures import HeldOut, Pairs, count_pairs, measure_held_out, pair_error
from palmbench.training.settings import CCNetTraining, TrainingConfig
from recognizers import origin
from recognizers.common.errors import RequestError
from recognizers.common.pinned import Pinned
from recognizers.networks.eehnet_settings import Changes, LossWeights, Phases

if TYPE_CHECKING:
    from recognizers.training.loop import Epoch, Schedule
    from recognizers.training.recipe import Recipe

_MEASUREMENTS = 10
_BLOCK = 64


class Side(NamedTuple):
    """Images and palms of one side of the split."""

    images: np.ndarray
    palms: np.ndarray
    landmarks: np.ndarray | None


def fit(
    training: TrainingConfig,
    run: RunConfig,
    train: Side,
    test: Side,
    folder: Path,
    record: dict[str, Any],
    device: str,
    backbones: Mapping[str, Pinned],
) -> None:
    """Train a network, measure it before and after, and complete the record in its folder.

    Parameters
    ----------
    training, run
        Settings; of the run only seed and executor count.
    train, test : Side
        Photos that train, and photos held out.
    folder : Path
        Of this training alone.
    record : dict
        What is known of the training so far; gains `untrained`, `held_out`, `epochs`, `minutes` and `written`.
    device : {"cpu", "cuda"}
    backbones : mapping of str to Pinned
        Files that backbones start from, as the training's key knows them.

    Raises
    ------
    RequestError
        See `recognizers.training.loop.train`; also if a backbone's file changed since.
    """
    import torch

    from recognizers.training.loop import BEST, LAST
    from recognizers.training.loop import train as train_network
    from recognizers.training.recipe import Photos

    cores = of_this_machine(run.executor, "train").workers or available_cores()
    torch.set_num_threads(cores)
    names, labels = np.unique(train.palms, return_inverse=True)
    photos = Photos(train.images, labels.astype(np.int64).ravel(), train.landmarks)
    torch.manual_seed(run.seed)
    recipe = _recipe(training, len(names), backbones)
    recipe.start(photos)
    recipe.network.to(device).eval()
    classes = names.tolist()
    closed = training.split == "samples"

    def embed(images: np.ndarray) -> np.ndarray:
        return _embed(recipe, images, device)

    def measure() -> HeldOut:
        centres = recipe.centres().detach().float().cpu().numpy() if closed else None
        return measure_held_out(
            embed, test.images, test.palms, train.images, train.palms, centres, classes, run.seed, cores
        )

    _announce(training, record, recipe, count_pairs(test.palms))
    if "untrained" not in record:
        record["untrained"] = measure().as_json()
        write_record(folder / RECORD, record, {})
    log = train_network(
        recipe,
        photos,
        classes,
        _schedule(training, run.seed),
        folder,
        device,
        measure=lambda: pair_error(embed(test.images), test.palms),
        tell=lambda epoch: _tell(epoch, training.epochs),
        threads=1 if device == "cpu" else min(8, cores),
    )
    record["held_out"] = measure().as_json()
    record["epochs"], record["minutes"] = len(log), round(log[-1].minutes, 2)
    record["written"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_record(folder / RECORD, record, {name: (folder / name).read_bytes() for name in (LAST, BEST)})


def _recipe(training: TrainingConfig, classes: int, backbones: Mapping[str, Pinned]) -> Recipe:
    if isinstance(training, CCNetTraining):
        from recognizers.training.ccnet import CCNetRecipe

        return CCNetRecipe(classes, training.widths, training.contrast, training.start)
    from recognizers.training.eehnet import EEHNetRecipe

    losses = LossWeights(
        landmark=training.landmark_weight,
        palm=training.palm_weight,
        fingers=training.fingers_weight,
        whole=training.whole_weight,
        triplet=training.triplet_weight,
        triplet_margin=training.triplet_margin,
    )
    phases = Phases(
        alignment=training.alignment,
        frozen=training.frozen,
        branches_frozen=training.branches_frozen,
        localiser_held=training.localiser_held,
        localiser_start=training.localiser_start,
        margin=training.margin,
        eased=training.eased,
    )
    changes = Changes(
        kind=training.changes,
        turn=training.turn,
        scale=training.scale,
        shift=training.shift,
        saturation=training.saturation,
        contrast=training.contrast,
        since=training.changes_since,
    )
    try:
        return EEHNetRecipe(classes, training.network, losses, phases, changes, backbones)
    except ValueError as error:
        raise RequestError(f"training.network: {error}.") from error


def _schedule(training: TrainingConfig, seed: int) -> Schedule:
    from recognizers.training.loop import Schedule

    return Schedule(
        epochs=training.epochs,
        batch=training.batch,
        rate=training.rate,
        rate_step=training.rate_step,
        rate_factor=training.rate_factor,
        precision=training.precision,
        measure_every=training.measure_every or max(1, training.epochs // _MEASUREMENTS),
        checkpoint_minutes=training.checkpoint_minutes,
        seed=seed,
    )


def _embed(recipe: Recipe, images: np.ndarray, device: str) -> np.ndarray:
    import torch

    from recognizers.networks.precision import single_precision

    with torch.inference_mode(), single_precision(device):
        blocks = [
            recipe.embed(torch.from_numpy(images[start : start + _BLOCK]).to(device)).float().cpu().numpy()
            for start in range(0, len(images), _BLOCK)
        ]
    return np.concatenate(blocks)


def _announce(training: TrainingConfig, record: dict[str, Any], recipe: Recipe, pairs: Pairs) -> None:
    millions = sum(value.numel() for value in recipe.network.parameters()) / 1e6
    photos, palms = record["photos"], record["palms"]
    print(
        f"{training.name}{origin(training.name)}, {training.widths}, {millions:.1f} million numbers, learns "
        f"{palms['train']} palms of {record['dataset']['name']} from {photos['train']} photos; {photos['held_out']} "
        f"photos of {palms['held_out']} palms are held out; EER is of their {pairs.genuine} genuine and "
        f"{pairs.impostor} impostor pairs",
        flush=True,
    )


def _tell(epoch: Epoch, epochs: int) -> None:
    accuracy = "" if epoch.accuracy is None else f"  accuracy {100 * epoch.accuracy:5.1f} %"
    eer = "" if epoch.eer is None else f"  held-out EER {100 * epoch.eer:.2f} %"
    print(
        f"epoch {epoch.epoch}/{epochs}  loss {epoch.loss:.3f}  rate {epoch.rate:.2e}{accuracy}  "
        f"{epoch.minutes:.1f} min{eer}",
        flush=True,
    )
