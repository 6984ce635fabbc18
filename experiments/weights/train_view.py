"""Train the embedded view network, the second look at a hand, on rendered hands of training identities.

    python -m experiments.weights.train_view

Writes palmbench/weights/view/view.safetensors and prints what it says of hands held out from training. What the hand
network takes for hands in pictures without one is a part of what it learns from, so it is trained after that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.weights.card import write_card
from experiments.weights.others import Others, load_others
from experiments.weights.sightings import load_sightings
from experiments.weights.train_hand import HELD_OUT, held_out_others
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
from experiments.weights.upright_views import NO_HAND, Sources, draw_upright
from experiments.weights.world import load_world
from palmbench.base.paths import weights_dir
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.network import VIEWS
from palmbench.hands.view_network import ViewNetwork
from palmbench.synth import RENDERER_VERSION
from palmbench.synth.empty_scenes import empty_scene

# Photos of other hands, and pictures without one, for each palm of the training set. Backs and fists, whose palms must
# not be repainted, come twice as often; open palms are among them so that how they are drawn does not tell what they
# show.
OTHERS, EMPTIES = 5, 3
TURNS = ("back", "fist", "closed", "open", "back", "fist", "holding", "glove")
ALARMED = 5 / 9  # share of the empty pictures in which the hand network's alarms are looked for
SMOOTHING = 0.02  # of the labels


def main() -> None:
    options = parse_options(__doc__ or "", steps=20000, minutes=20, batch=64)
    sources_of(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sources = sources_of(options)
    path = weights_dir() / "view" / "view.safetensors"
    network = ViewNetwork()
    if options.continued:
        begin_with(network, path)
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=1e-3 if options.continued else 2e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "view.pt", average=0.997, decay=1e-2)
    batches = prefetch(_batches(sources, options.batch, trainer.step, rank))
    network.train()
    while trainer.running():
        views, shown = (part.to(device, non_blocking=True) for part in next(batches))
        logits = network(views.permute(0, 3, 1, 2).float() / 255)
        trainer.update(functional.cross_entropy(logits, shown, label_smoothing=SMOOTHING))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        save_half(network.state_dict(), path)
        what = "View network: whether an upright hand shows its palm, its back or closed fingers, or is no hand."
        write_card(path, what, "view", options, trainer, _report(sources), trained_on(options, sources.others))


def sources_of(options: Options) -> Sources:
    """What the views of a training are drawn from, made first where it is absent."""
    world = load_world(options.data, options.identities, options.samples, options.processes)
    folder = options.data / "view"
    others = load_others(folder, OTHERS * options.identities, EMPTIES * options.identities, options.processes, TURNS)
    alarms = load_sightings(folder / "empties.npy", int(ALARMED * len(others.empties)), options.processes)
    seen = load_sightings(folder / "photos.npy", len(others.photos), options.processes)
    told = np.asarray(others.views)[: held_out_others(others)]
    hands = tuple(np.flatnonzero(told == view) for view in range(len(VIEWS)))
    palms = options.samples * (options.identities - min(HELD_OUT, options.identities // 5))
    return Sources(world, others, alarms, seen, palms, hands)


def trained_on(options: Options, others: Others) -> str:
    """What the card says that the photos were."""
    return (
        f"{options.identities} training palms x {options.samples} photos, {len(others.photos)} photos of other hands, "
        f"{len(others.empties)} pictures without a hand, renderer version {RENDERER_VERSION}"
    )


def _batches(sources: Sources, size: int, start: int, rank: int) -> Iterator[tuple[Tensor, Tensor]]:
    step = start
    while True:
        random = np.random.default_rng((11, step, rank))
        views, shown = zip(*(draw_upright(sources, random) for _ in range(size)), strict=True)
        yield torch.from_numpy(np.stack(views)), torch.tensor(shown)
        step += 1


def _report(sources: Sources) -> dict[str, float | str]:
    """What the embedded detector says of held-out palms and other hands, and of pictures without any; printed."""
    detector = EmbeddedDetector()
    world, others = sources.world, sources.others
    palms = [world.photos[index] for index in range(sources.palms, len(world.photos))]
    shown = [(VIEWS[0], photo) for photo in palms]
    first = held_out_others(others)
    told = ((int(view), photo) for view, photo in zip(others.views[first:], others.photos[first:], strict=True))
    shown += [(VIEWS[view], photo) for view, photo in told if view < NO_HAND]
    said: dict[str, Counter[str]] = {view: Counter() for view in VIEWS}
    for view, photo in shown:
        found = detector.detect([np.array(photo)])[0]
        said[view][found[0].view if found else "none"] += 1
    empty = [empty_scene(seed) for seed in range(1000, 1200)]
    report: dict[str, float | str] = {
        f"hands that show: {view}": "said " + ", ".join(f"{answer} {number}" for answer, number in counts.most_common())
        for view, counts in said.items()
    }
    report["pictures without a hand"] = f"a hand seen in {sum(map(bool, detector.detect(empty)))} of {len(empty)}"
    for name, result in report.items():
        print(f"{name}: {result}")
    return report


if __name__ == "__main__":
    main()
