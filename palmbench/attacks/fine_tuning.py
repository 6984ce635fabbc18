"""The training of `finetuned`: the recognizers' own loop, stopped where validation persons are told apart best."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from palmbench.attacks.attack import Labelled, mated_pairs
from palmbench.attacks.finetuned import FineTunedConfig
from palmbench.attacks.learning import Learnt
from palmbench.scoring.hull import hull_rates, levels_among
from recognizers.networks.precision import single_precision
from recognizers.training.further import Learner, centre, photos_of, recipe_from
from recognizers.training.loop import Schedule, train, write_weights

_MEASUREMENTS = 10
_BLOCK = 64
_RATES = 3  # the rate falls twice, to a tenth of it
_FALL = 10**-0.5


def fine_tuned(
    recognizer: Learner,
    photos: Labelled,
    probes: Labelled,
    gallery: Labelled,
    config: FineTunedConfig,
    seed: int,
    device: str,
) -> Learnt:
    """Weights that were trained further on photos, of the moment at which others were told apart best.

    Parameters
    ----------
    recognizer : CCNetRecognizer or EEHNetRecognizer
        Whose weights the training starts from.
    photos : Labelled
        Crops of two palms at least, two or more of each.
    probes, gallery : Labelled
        Crops of validation persons, of the sides that are compared; of two palms at least, two photos of one.
    config : FineTunedConfig
    seed : int
    device : str

    Raises
    ------
    RequestError
        If the loss is not a number any more.
    """
    names, labels = np.unique(photos.palms, return_inverse=True)
    learnt_from = photos_of(recognizer, photos.templates, labels.astype(np.int64).ravel())
    epochs = max(1, round(config.steps / math.ceil(len(labels) / config.batch)))
    torch.manual_seed(seed)
    recipe = recipe_from(recognizer, len(names), epochs)
    network = recipe.network.to(device).eval()

    def embed(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), single_precision(device):
            blocks = [recipe.embed(torch.from_numpy(images[start : start + _BLOCK]).to(device)).float().cpu().numpy()
                      for start in range(0, len(images), _BLOCK)]  # fmt: skip
        return np.concatenate(blocks)

    least, best = math.inf, network.state_dict()

    def measure() -> None:
        nonlocal least, best
        error = unknown(embed(probes.templates), embed(gallery.templates), probes, gallery)
        if error < least:
            least, best = error, {name: value.clone() for name, value in network.state_dict().items()}

    centre(recipe, learnt_from, embed)
    schedule = Schedule(
        epochs=epochs,
        batch=config.batch,
        rate=config.rate,
        rate_step=math.ceil(epochs / _RATES),
        rate_factor=_FALL,
        measure_every=max(1, epochs // _MEASUREMENTS),
        checkpoint_minutes=sys.float_info.max,
        seed=seed,
    )
    with TemporaryDirectory() as folder:
        train(recipe, learnt_from, names.tolist(), schedule, Path(folder), device, measure=measure)
        path = Path(folder) / "learnt.safetensors"
        write_weights(path, recipe, best, names.tolist())
        return Learnt(path.read_bytes(), least)


def unknown(first: np.ndarray, second: np.ndarray, probes: Labelled, gallery: Labelled) -> float:
    """Min Cllr of the cosines of templates of probes and gallery, bits: what tells nothing apart has 1."""
    distances = -(first.astype(np.float64) @ second.T.astype(np.float64))
    mated, others = mated_pairs(probes, gallery), probes.palms[:, None] != gallery.palms
    levels = levels_among(distances[mated], np.sort(distances[mated | others]))
    return hull_rates(levels.mated[0], levels.strangers[0]).min_cllr
