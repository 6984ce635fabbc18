"""Train the compact CCNet on recognition ROIs of training identities, for palms that it has never seen.

    python -m experiments.weights.train_ccnet

Writes palmbench/weights/ccnet/ccnet.safetensors and prints equal error rates on identities held out from training.
The loss is the published one: 0.8 of ArcFace's cross-entropy and 0.2 of supervised contrast between two photos of a
palm; both photos are classified. The classifier is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import recognizers
from experiments.weights.card import write_card
from experiments.weights.training import Options, Schedule, Trainer, parse_options, prefetch, save_half, spread
from experiments.weights.world import CROP_MARGIN, CROP_SIZE, PROFILE_NAMES, SHRINK, World, load_world
from palmbench.hands.hand import Hand
from palmbench.hands.palm import palm_polygon
from palmbench.hands.palm_or_back import palm_side
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.roi_squares import bounding_square
from palmbench.scoring import equal_error_rate, pair_kinds
from palmbench.synth import TRAINING_IDENTITIES, person_of
from recognizers.common.paths import weights_dir
from recognizers.networks.ccnet import COMPACT, CCNet, normalised
from recognizers.networks.losses import supervised_contrast
from recognizers.protocol import ROI_SIDE
from recognizers.training.ccnet import standardise

HELD_OUT = 50  # identities, or a fifth of a smaller training set
CONTRAST = 0.2
# The margin grows over this share of the training: with all of it from the start, every palm ends in one place.
MARGIN, EASED = 0.5, 0.6
# What a detector's valley points are off by: shift and scale as shares of the ROI, turn in degrees; deviations.
SHIFT, SCALE, TURN = 0.02, 0.03, 2.0


def main() -> None:
    options = parse_options(__doc__ or "", steps=20_000, minutes=24, batch=64)
    cut_rois(load_world(options.data, options.identities, options.samples), options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples)
    rois = cut_rois(world, options)
    classes = options.identities - min(HELD_OUT, options.identities // 5)
    network = CCNet(classes, COMPACT)
    standardise(network, np.asarray(rois[: classes * options.samples : 50]))
    network.to(device)
    schedule = Schedule(options.steps, options.minutes, rate=1e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "ccnet.pt", average=0.997)
    batches = prefetch(_batches(rois, classes, options, trainer.step, rank))
    network.train()
    while trainer.running():
        images, labels = (part.to(device) for part in next(batches))
        assert network.arclayer_ is not None
        network.arclayer_.margin = MARGIN * min(1.0, schedule.progress(trainer.step, trainer.spent) / EASED)
        with torch.autocast(device.type, torch.bfloat16):
            logits, features = network(normalised(images), labels)
        entropy = functional.cross_entropy(logits, labels)
        trainer.update((1 - CONTRAST) * entropy + CONTRAST * supervised_contrast(features, labels))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        state = {name: value for name, value in network.state_dict().items() if not name.startswith("arclayer_.")}
        path = weights_dir() / "ccnet" / "ccnet.safetensors"
        save_half(state, path, metadata={"variant": "compact"})
        measured = report(rois, world.profiles, range(classes * options.samples, len(rois)), options.samples)
        what = "Compact CCNet: the recognizer's architecture at small width, for palms that it has never seen."
        write_card(path, what, "ccnet", options, trainer, measured)


def cut_rois(world: World, options: Options) -> np.ndarray:
    """Recognition ROIs of the training set, uint8 (n, 128, 128), cut once and kept beside the set."""
    kept = options.data / "rois.npy"
    if not _is_newer(kept, options.data / "world.json"):
        cv2.setNumThreads(1)
        entries = ((identity, sample) for identity in range(options.identities) for sample in range(options.samples))
        rois = [cut_roi(world, index, *entry) for index, entry in enumerate(entries)]
        part = kept.with_suffix(".part")
        with open(part, "wb") as stream:
            np.save(stream, np.stack(rois))
        part.replace(kept)
    return np.load(kept, mmap_mode="r")


def cut_roi(world: World, index: int, identity: int, sample: int) -> np.ndarray:
    """Recognition ROI of an entry of the training set from its palm crop and its true valley points.

    Parameters
    ----------
    world : World
    index : int
        Place of the entry.
    identity, sample : int
        The training identity's place among `TRAINING_IDENTITIES`, and the photo's number.
    """
    points = (world.points[index] + 0.5) * SHRINK - 0.5
    shape = tuple(SHRINK * side for side in world.masks[index].shape)
    # The crop's square was drawn by the entry's own generator; drawn again, it says where the crop lies in the photo.
    random = np.random.default_rng((TRAINING_IDENTITIES[identity], sample))
    polygon = palm_polygon(points) + random.normal(0, 1.0, (6, 2)).astype(np.float32)
    square = bounding_square(polygon, shape, random.uniform(*CROP_MARGIN))
    scale = CROP_SIZE / square.side
    inside = ((points - (square.x, square.y) + 0.5) * scale - 0.5).astype(np.float32)
    hand = Hand(
        score=1.0,
        box=np.array([0, 0, CROP_SIZE - 1, CROP_SIZE - 1], np.float32),
        side=palm_side(inside),
        keypoints_2d=inside[:21],
        keypoints_3d=np.zeros((21, 3), np.float32),
        valleys=inside[21:],
        mask=np.asarray(world.regions[index]) % 2 > 0,
    )
    return recognition_roi(world.palms[index], hand)


def augment(roi: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A ROI as another capture or another detector might give it, uint8 (128, 128).

    One of the published four changes (contrast, crop of 80 to 100 %, perspective, turn by up to 10 degrees about the
    middle of an edge), on top of a detector's error, and light: a slope, blur and grain. What a warp
    lays bare is reflected, as where a ROI reaches beyond its photo.
    """
    size = ROI_SIDE
    corners = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float64)
    source, gain = corners.copy(), random.uniform(0.85, 1.15)
    way = random.integers(4)
    if way == 0:
        gain *= random.uniform(0.95, 1.05)
    elif way == 1:
        side = size * np.sqrt(random.uniform(0.8, 1.0))
        source = source * side / size + random.uniform(0, size - side, 2)
    elif way == 2:
        source += random.uniform(0, 0.075 * size, (4, 2)) * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    else:
        pivot = np.array([(size / 2, 0), (0, size / 2)][int(random.integers(2))])
        source = _turned(source, pivot, random.uniform(-10, 10))
    source = _turned(source, np.full(2, size / 2), random.normal(0, TURN)) - size / 2
    source = source * (1 + random.normal(0, SCALE)) + size / 2 + random.normal(0, SHIFT * size, 2)
    transform = cv2.getPerspectiveTransform(source.astype(np.float32), corners.astype(np.float32))
    view = cv2.warpPerspective(roi, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if random.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), random.uniform(0.4, 1.3))
    slope = random.normal(0, 0.1, 2)
    along = np.linspace(-1, 1, size, dtype=np.float32)
    light = gain * (1 + slope[0] * along[:, None] + slope[1] * along[None])
    grain = random.standard_normal((size, size), np.float32) * random.uniform(0, 5)
    return np.clip(view * light + grain, 1, 255).astype(np.uint8)


def report(rois: np.ndarray, profiles: np.ndarray, held_out: range, samples: int) -> dict[str, float | str]:
    """Equal error rates (percent) of the written weights, and of MTCC, on held-out palms; printed."""
    rates: dict[str, float | str] = {}
    hands = np.array([TRAINING_IDENTITIES[index // samples] for index in held_out])
    people = np.array([person_of(hand) for hand in hands])
    shown = np.array([PROFILE_NAMES[profiles[index]] for index in held_out])
    for name in ("ccnet", "mtcc"):
        recognizer = recognizers.load(name)
        templates = recognizer.extract(np.asarray(rois[held_out.start : held_out.stop]))
        for profile in ("", *sorted(set(shown))):
            chosen = np.flatnonzero((shown == profile) | (not profile))
            kinds = pair_kinds(hands[chosen], people[chosen])
            if kinds.genuine.any() and kinds.impostor.any():
                distances = recognizers.pairwise(recognizer, templates[chosen])
                rate = equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate
                what = f"EER of {name} on held-out palms, {profile or 'all photos'} (%)"
                rates[what] = round(100 * rate, 2)
                print(f"{what}: {rates[what]} ({len(chosen)} photos)")
    return rates


def _batches(
    rois: np.ndarray, classes: int, options: Options, start: int, rank: int
) -> Iterator[tuple[Tensor, Tensor]]:
    step = start
    while True:
        random = np.random.default_rng((11, step, rank))
        palms = random.choice(classes, min(options.batch // 2, classes), replace=False)
        photos = [random.choice(options.samples, 2, replace=False) for _ in palms]
        chosen = (palms[:, None] * options.samples + np.stack(photos)).ravel()
        views = np.stack([augment(np.asarray(rois[index]), random) for index in chosen])
        yield torch.from_numpy(views), torch.from_numpy(np.repeat(palms, 2))
        step += 1


def _turned(points: np.ndarray, pivot: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return (points - pivot) @ turn + pivot


def _is_newer(made: Path, source: Path) -> bool:
    return made.is_file() and made.stat().st_mtime_ns > source.stat().st_mtime_ns


if __name__ == "__main__":
    main()
