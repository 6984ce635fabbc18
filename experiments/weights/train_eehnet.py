"""Train the compact reconstruction of EEHNet on hand crops of training identities, for hands that it has never seen.

    python -m experiments.weights.train_eehnet

Writes palmbench/weights/eehnet/eehnet.safetensors and prints equal error rates and landmark errors on identities held
out from training. As in EE-PRnet the localiser is trained first, alone, then everything together. The classifiers are
thrown away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

import recognizers
from experiments.weights.card import write_card
from experiments.weights.hand_crops import draw_crop
from experiments.weights.training import (
    Options,
    Schedule,
    Trainer,
    begin_with,
    parse_options,
    prefetch,
    save_half,
    spread,
)
from experiments.weights.world import TURNS, World, full_size, load_world
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.scoring import equal_error_rate, pair_kinds
from palmbench.synth import TRAINING_IDENTITIES, Render, person_of, side_of
from recognizers.common.paths import weights_dir
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.eehnet import COMPACT, EEHNet, in_units, normalised
from recognizers.networks.eehnet_losses import eehnet_loss, landmark_loss
from recognizers.networks.hand_landmarks import PALM
from recognizers.protocol import HAND_SIDE

HELD_OUT = 50  # identities, or a fifth of a smaller training set
# Share of the training in which only the localiser learns: crops cut at random teach a branch nothing.
ALIGNMENT = 0.1
# The margin grows from there to this share: with all of it from the start, every hand ends in one place.
MARGIN, EASED = 0.4, 0.7
MEASURED = 256  # crops whose mean landmarks the localiser starts with


def main() -> None:
    options = parse_options(__doc__ or "", steps=20_000, minutes=25, batch=64)
    load_world(options.data, options.identities, options.samples, options.processes)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples, options.processes)
    classes = options.identities - min(HELD_OUT, options.identities // 5)
    network = EEHNet(COMPACT, classes)
    network.localiser.start_at(mean_landmarks(world, classes, options))
    if options.continued:
        begin_with(network, weights_dir() / "eehnet" / "eehnet.safetensors")
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=2e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "eehnet.pt", average=0.996, decay=1e-2)
    ahead = prefetch(batches(world, classes, options, trainer.step, rank))
    network.train()
    while trainer.running():
        progress = schedule.progress(trainer.step, trainer.spent)
        crops, landmarks, labels = (part.to(device) for part in next(ahead))
        trainer.update(loss_of(network, crops, landmarks, labels, progress))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        state = {name: value for name, value in network.state_dict().items() if not name.startswith("arc.")}
        path = weights_dir() / "eehnet" / "eehnet.safetensors"
        notes = {"network": "eehnet", "variant": "compact", "settings": json.dumps(COMPACT.as_json())}
        save_half(state, path, metadata=notes)
        measured = report(world, range(classes, options.identities), options.samples)
        what = "Compact EEHNet, a reconstruction: landmarks, alignment and embedding of whole hands it has never seen."
        write_card(path, what, "eehnet", options, trainer, measured)


def mean_landmarks(world: World, classes: int, options: Options) -> Tensor:
    """Mean landmarks (29, 2) of some training crops, in [-1, 1]."""
    random = np.random.default_rng(17)
    chosen = random.integers(0, classes * options.samples, MEASURED).tolist()
    crops = []
    for index in chosen:
        identity, sample = divmod(index, options.samples)
        crops.append(draw_crop(world, index, identity, sample, random).landmarks)
    return in_units(torch.from_numpy(np.mean(crops, axis=0)))


def report(world: World, held_out: range, samples: int) -> dict[str, float | str]:
    """Equal error rates (percent) of the written weights, and of MTCC, on held-out hands; landmark errors; printed.

    For the rates, photos are rendered again at full size and cut by their true keypoints and masks. Landmarks are
    measured on crops drawn as in training.

    Parameters
    ----------
    world : World
    held_out : range
        Places among `TRAINING_IDENTITIES`.
    samples : int
        Photos of each.
    """
    entries = [(place, sample) for place in held_out for sample in range(samples)]
    profiles = np.array([TURNS[sample % len(TURNS)] for _, sample in entries])
    identities = np.array([TRAINING_IDENTITIES[place] for place in held_out]).repeat(samples)
    crops, rois, drawn = [], [], []
    random = np.random.default_rng(19)
    for place, sample in entries:
        photo = full_size(TRAINING_IDENTITIES[place], sample)
        hand = _hand(photo, side_of(TRAINING_IDENTITIES[place]))
        crops.append(recognition_hand(photo.image, hand))
        rois.append(recognition_roi(photo.image, hand))
        drawn.append(draw_crop(world, place * samples + sample, place, sample, random))
    measured = _rates("eehnet", np.stack(crops), identities, profiles)
    measured |= _rates("mtcc", np.stack(rois), identities, profiles)
    found = EEHNetRecognizer().landmarks(np.stack([crop.image for crop in drawn]))
    apart = np.linalg.norm(found - np.stack([crop.landmarks for crop in drawn]), axis=2)
    for what, part in (("palm", apart[:, :PALM]), ("fingers", apart[:, PALM:])):
        for profile in sorted(set(profiles.tolist())):
            name = f"mean landmark error of the {what}, {profile} (% of the crop's side)"
            measured[name] = round(100 / HAND_SIDE * float(part[profiles == profile].mean()), 2)
            print(f"{name}: {measured[name]}")
    return measured


def loss_of(network: EEHNet, crops: Tensor, landmarks: Tensor, labels: Tensor, progress: float) -> Tensor:
    """Loss of a batch: the localiser alone at first, then every branch, with a margin that grows with the progress."""
    network.set_margin(MARGIN * min(1.0, max(0.0, progress - ALIGNMENT) / (EASED - ALIGNMENT)))
    with torch.autocast(crops.device.type, torch.bfloat16):
        if progress < ALIGNMENT:
            return 10 * landmark_loss(network.localiser(normalised(crops)), landmarks)
        return eehnet_loss(network, normalised(crops), landmarks, labels).total


def batches(
    world: World, classes: int, options: Options, start: int, rank: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Crops (n, 224, 224, 3) uint8, their landmarks (n, 29, 2) and palms (n,), two photos of each palm, by step."""
    cv2.setNumThreads(1)
    step = start
    while True:
        random = np.random.default_rng((13, step, rank))
        palms = random.choice(classes, min(options.batch // 2, classes), replace=False)
        crops = [
            draw_crop(world, int(palm) * options.samples + sample, int(palm), sample, random)
            for palm in palms
            for sample in random.choice(options.samples, 2, replace=False).tolist()
        ]
        images = torch.from_numpy(np.stack([crop.image for crop in crops]))
        landmarks = torch.from_numpy(np.stack([crop.landmarks for crop in crops]))
        yield images, landmarks, torch.from_numpy(np.repeat(palms, 2))
        step += 1


def _rates(name: str, images: np.ndarray, hands: np.ndarray, profiles: np.ndarray) -> dict[str, float | str]:
    rates: dict[str, float | str] = {}
    recognizer = recognizers.load(name)
    templates = recognizer.extract(images)
    people = np.array([person_of(hand) for hand in hands])
    for profile in ("", *sorted(set(profiles.tolist()))):
        chosen = np.flatnonzero((profiles == profile) | (not profile))
        kinds = pair_kinds(hands[chosen], people[chosen])
        if kinds.genuine.any() and kinds.impostor.any():
            distances = recognizers.pairwise(recognizer, templates[chosen])
            rate = equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate
            what = f"EER of {name} on held-out hands, {profile or 'all photos'} (%)"
            rates[what] = round(100 * rate, 2)
            print(f"{what}: {rates[what]} ({len(chosen)} photos)")
    return rates


def _hand(photo: Render, side: str) -> Hand:
    keypoints = photo.keypoints_2d
    box = np.concatenate([keypoints.min(axis=0), keypoints.max(axis=0)])
    return Hand(1.0, box, side, keypoints, photo.keypoints_3d, photo.valleys, photo.mask)


if __name__ == "__main__":
    main()
