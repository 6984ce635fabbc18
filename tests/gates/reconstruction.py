"""Whether identity survives the autoencoder: palms encoded and decoded, and compared with themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.diffusion.weights import EMBEDDED, resolve, weight_files
from palmbench.engine.run import on_finished
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.roi_squares import palm_crop
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.quality.pixels import psnr
from palmbench.stages.prepare import Prepare
from tests.gates.figures import Figure
from tests.gates.gather import gather
from tests.gates.painted import Painted
from tests.gates.scores import attacker

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

MOST_REJECTED = 1.0
_CHUNK = 8


class Restored(NamedTuple):
    """A palm and its reconstruction: MTCC distance, and PSNR of the crop in decibels."""

    distance: float
    psnr: float


class _Task(NamedTuple):
    prepare: Prepare
    samples: tuple[Sample, ...]
    store: Store


def figures(painted: Painted, threshold: float) -> Iterator[Figure]:
    """Share of reconstructions that MTCC rejects at the originals' threshold, and their PSNR."""
    pipeline, prepare, store = painted.pipeline, painted.pipeline.prepare, painted.store
    hands = on_finished(pipeline, lambda outcome, store: pipeline.artefacts(prepare, outcome, store))
    seen = [sample for sample in painted.samples if sample.id in hands]
    tasks = [_Task(prepare, tuple(seen[start : start + _CHUNK]), store) for start in range(0, len(seen), _CHUNK)]
    restored = [each for part in gather("reconstruct palms", _restore, tasks) for each in part]
    distances, decibels = (np.array(values) for values in zip(*restored, strict=True))
    n = len(restored)
    rejected = 100 * float((distances > threshold).mean())
    yield Figure("autoencoder: rejected by MTCC", rejected, "%", None, MOST_REJECTED, n)
    yield Figure(
        "autoencoder: MTCC distance, mean", float(distances.mean()), "", n=n, note=f"threshold {threshold:.3f}"
    )
    yield Figure("autoencoder: PSNR of the palm crop", float(decibels.mean()), "dB", n=n)


def restore(crop: np.ndarray) -> np.ndarray:
    """A crop, uint8 (size, size, 3), through the embedded autoencoder and back."""
    import torch

    autoencoder = _autoencoder()
    signed = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        decoded = autoencoder.decode(autoencoder.encode(signed).latent_dist.mode()).sample[0]
    return ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def _restore(task: _Task) -> list[Restored]:
    return [_compare(task.prepare, sample, task.store) for sample in task.samples]


def _compare(prepare: Prepare, sample: Sample, store: Store) -> Restored:
    photo, hand = prepare.photos.load(sample, store), prepare.load(sample, store)
    square = palm_crop(hand, photo.shape[:2])
    size = DiffusionConfig().size or square.side
    crop = cv2.resize(square.crop(photo), (size, size), interpolation=cv2.INTER_LINEAR)
    through = restore(crop)
    pasted = photo.copy()
    square.crop(pasted)[:] = cv2.resize(through, (square.side, square.side), interpolation=cv2.INTER_LINEAR)
    templates = attacker().extract(np.stack([recognition_roi(image, hand) for image in (photo, pasted)]))
    return Restored(float(attacker().distances(templates[:1], templates[1:])[0, 0]), psnr(crop, through))


@lru_cache(maxsize=1)
def _autoencoder() -> AutoencoderKL:
    from palmbench.diffusion.components import load_components

    return load_components(weight_files(resolve(EMBEDDED))).vae
