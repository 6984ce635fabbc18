"""Train the compact CCNet on recognition ROIs of rendered and of drawn palms, for palms that it has never seen.

    python -m experiments.weights.train_ccnet

Writes recognizers/weights/ccnet/ccnet.safetensors and prints equal error rates on identities held out from training.
The loss is that of the published training, with more weight on the contrast: 0.7 of ArcFace's cross-entropy and 0.3 of
supervised contrast between two photos of a palm; both photos are classified. The classifier is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

import recognizers
from experiments.weights.card import write_card
from experiments.weights.drawn_palms import KIN, SIDE, draw_palm, photograph
from experiments.weights.rendered_rois import ROIS, augment, cut_rois
from experiments.weights.training import Options, Schedule, Trainer, begin_with, parse_options, save_half, spread
from experiments.weights.world import TURNS, load_world
from palmbench.scoring import equal_error_rate, pair_kinds
from palmbench.synth import RENDERER_VERSION, TRAINING_IDENTITIES, person_of
from recognizers.common.paths import weights_dir
from recognizers.networks.ccnet import COMPACT, CCNet, normalised
from recognizers.networks.losses import supervised_contrast
from recognizers.training.ccnet import standardise

CONTRAST = 0.3
# The margin grows over this share of the training: with all of it from the start, every palm ends in one place.
MARGIN, EASED = 0.5, 0.6
HELD_OUT = 50  # identities, or a fifth of a smaller training set
# Palms of each kind, at most. With thousands more, a classifier that begins anywhere meets each too seldom to learn
# where it belongs; one that begins with the palms' own embeddings can be told of all.
PALMS, CONTINUED_PALMS = 1000, 4000
# From this share of the training on, the Gabor filters stay as they are: each has three numbers, which are found early,
# and their gradients are four fifths of a step's work.
SETTLED = 0.2


def main() -> None:
    options = parse_options(__doc__ or "", steps=20_000, minutes=50, batch=64)
    cut_rois(load_world(options.data, options.identities, options.samples, options.processes), options)
    draw_palms(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    photos = Photos(options, rank)
    network = CCNet(photos.palms, COMPACT)
    standardise(network, next(iter(photos))[0])
    if options.continued:
        begin_with(network, weights_dir() / "ccnet" / "ccnet.safetensors")
        begin_with_centres(network, photos)
    network.to(device)
    schedule = Schedule(options.steps, options.minutes, rate=1e-3 if options.continued else 2e-3, warmup=100)
    checkpoint = options.data / "ccnet.pt"
    # ArcFace's gradients are long, and tell palms apart by their length: they are not cut.
    trainer = Trainer(network, schedule, checkpoint, average=0.997, decay=1e-4, second=0.999, longest=float("inf"))
    photos = Photos(options, rank, trainer.step)
    # Spawned: a fork would share locks with the threads that have drawn and standardised.
    loader = DataLoader(photos, batch_size=None, num_workers=1, prefetch_factor=4, multiprocessing_context="spawn")
    batches = iter(loader)
    network.train()
    while trainer.running():
        images, labels = (part.to(device) for part in next(batches))
        assert network.arclayer_ is not None
        progress = schedule.progress(trainer.step, trainer.spent)
        network.arclayer_.margin = MARGIN if options.continued else MARGIN * min(1.0, progress / EASED)
        if options.continued or progress > SETTLED:
            settle_filters(network)
        # On a CPU bfloat16 pays only where it has instructions for it.
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits, features = network(normalised(images), labels)
        entropy = functional.cross_entropy(logits.float(), labels)
        trainer.update((1 - CONTRAST) * entropy + CONTRAST * supervised_contrast(features.float(), labels))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        state = {name: value for name, value in network.state_dict().items() if not name.startswith("arclayer_.")}
        path = weights_dir() / "ccnet" / "ccnet.safetensors"
        save_half(state, path, metadata={"variant": "compact"})
        what = (
            "Compact CCNet: palm recognition weights trained on nobody, free to use; the architecture at small width."
        )
        write_card(path, what, "ccnet", options, trainer, report(options), trained_on(options))


def settle_filters(network: CCNet) -> None:
    """Leave the Gabor filters as they are from now on."""
    for block in network.blocks:
        for layer in (block.gabor_conv2d, block.gabor_conv2d2):
            layer.requires_grad_(False)
            for parameter in layer.parameters():
                parameter.grad = None


def begin_with_centres(network: CCNet, photos: Photos) -> None:
    """Put the classifier's centre of each palm, in place, where the network puts a photo of it."""
    assert network.arclayer_ is not None
    network.eval()
    with torch.no_grad():
        for first in range(0, photos.palms, 64):
            some = range(first, min(first + 64, photos.palms))
            images = torch.from_numpy(
                np.stack([photos.photo(palm, np.random.default_rng((12, palm))) for palm in some])
            )
            network.arclayer_.weight[first : first + 64] = network.embed(normalised(images))


def trained_on(options: Options) -> str:
    """What the card says that the palms were."""
    rendered, drawn = Photos(options, 0).rendered, drawn_count(options)
    return (
        f"{rendered} training palms x {options.samples} photos, renderer version {RENDERER_VERSION}; "
        f"{drawn} drawn palms in families of {KIN} (experiments/weights/drawn_palms.py)"
    )


def drawn_count(options: Options) -> int:
    """How many palms are drawn."""
    return CONTINUED_PALMS if options.continued else min(PALMS, options.identities)


def draw_palms(options: Options) -> np.ndarray:
    """The maps of the drawn palms, float16 (n, 5, 176, 176), drawn once and kept beside the checkpoint."""
    count = drawn_count(options)
    kept = options.data / f"drawn_{count}_families_of_{KIN}.npy"
    if not kept.is_file():
        cv2.setNumThreads(1)
        options.data.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        maps = np.lib.format.open_memmap(part, "w+", np.float16, (count, 5, SIDE, SIDE))
        for number in range(count):
            maps[number] = draw_palm(number)
        maps.flush()
        part.replace(kept)
    return np.load(kept, mmap_mode="r")


class Photos(IterableDataset[tuple[np.ndarray, np.ndarray]]):
    """Batches without end: two photos of each of some palms, uint8 (n, 128, 128), and whose they are, int64 (n,).

    Half of the palms are rendered and half are drawn, these two of a family each. A batch depends on its number alone,
    so that a training which goes on sees what it would have seen.
    """

    def __init__(self, options: Options, rank: int, first: int = 0) -> None:
        self._options, self._rank, self._first = options, rank, first
        most = CONTINUED_PALMS if options.continued else PALMS
        self.rendered = min(most, options.identities - min(HELD_OUT, options.identities // 5))
        self._rois = np.load(options.data / ROIS, mmap_mode="r")
        self._drawn = draw_palms(options)

    @property
    def palms(self) -> int:
        """How many there are: the rendered ones come first."""
        return self.rendered + len(self._drawn)

    def photo(self, palm: int, random: np.random.Generator, sample: int = 0) -> np.ndarray:
        """A photo of a palm, changed or drawn at random, uint8 (128, 128); `sample` is of the rendered photos."""
        if palm >= self.rendered:
            return photograph(self._drawn[palm - self.rendered], random)
        # Toolboxes lay ROIs in all four ways; a network that was taught one reads the others worse.
        return np.rot90(augment(self._rois[palm * self._options.samples + sample], random), palm % 4)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        cv2.setNumThreads(1)
        step, samples, half = self._first, self._options.samples, self._options.batch // 4
        while True:
            random = np.random.default_rng((11, step, self._rank))
            rendered = random.choice(self.rendered, min(half, self.rendered), replace=False)
            families = random.choice(len(self._drawn) // KIN, min(half // 2, len(self._drawn) // KIN), replace=False)
            drawn = [self.rendered + KIN * each + random.choice(KIN, 2, replace=False) for each in families]
            palms = np.concatenate([rendered, *drawn])
            photos = [
                self.photo(palm, random, sample)
                for palm in palms
                for sample in random.choice(samples, 2, replace=False)
            ]
            yield np.stack(photos), np.repeat(palms, 2)
            step += 1


def report(options: Options) -> dict[str, float | str]:
    """Equal error rates (percent) of the written weights, and of MTCC, on held-out palms; printed."""
    rates: dict[str, float | str] = {}
    held_out = min(HELD_OUT, options.identities // 5)
    hands = TRAINING_IDENTITIES[options.identities - held_out : options.identities]
    entries = [(place, sample) for place in range(held_out) for sample in range(options.samples)]
    rois = np.load(options.data / ROIS, mmap_mode="r")[-len(entries) :]
    for profile in ("", *dict.fromkeys(TURNS)):
        chosen = [n for n, (_, sample) in enumerate(entries) if profile in ("", TURNS[sample % len(TURNS)])]
        palms = [hands[entries[n][0]] for n in chosen]
        kinds = pair_kinds(palms, [person_of(palm) for palm in palms])
        for name in ("ccnet", "mtcc") if kinds.genuine.any() else ():
            recognizer = recognizers.load(name)
            distances = recognizers.pairwise(recognizer, recognizer.extract(np.asarray(rois[chosen])))
            rate = equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate
            what = f"EER of {name} on {held_out} held-out palms, {profile or 'all photos'} (%)"
            rates[what] = round(100 * rate, 2)
            print(f"{what}: {rates[what]}")
    return rates


if __name__ == "__main__":
    main()
