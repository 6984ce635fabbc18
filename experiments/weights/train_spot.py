"""Train the embedded spot network, which sees palms with and without fingers, on rendered hands of training identities.

    python -m experiments.weights.train_spot

Writes palmbench/weights/spot/spot.safetensors and prints what it sees on hands held out from training. With --continued
it goes on with the weights that are there, and ends halfway between those and what it came to.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.weights.card import write_card
from experiments.weights.others import load_others
from experiments.weights.spot_views import IGNORED, NONE, OTHER, PALM, Sources, draw_spot_view
from experiments.weights.train_hand import HELD_OUT, held_out_others
from experiments.weights.train_view import EMPTIES, OTHERS, TURNS, trained_on
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
from experiments.weights.world import load_world
from palmbench.base.paths import weights_dir
from palmbench.hands.spot_network import SpotNetwork
from palmbench.hands.spotting import KINDS, SURE

VIEWS_LOOKED_AT = 1500
HARD = 0.005  # share of the cells that show no palm, those taken for one most, that count half as much as all others


def main() -> None:
    options = parse_options(__doc__ or "", steps=20000, minutes=20, batch=24)
    sources_of(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sources = sources_of(options)
    path = weights_dir() / "spot" / "spot.safetensors"
    network = SpotNetwork()
    begin_with(network, path if options.continued else weights_dir() / "hand" / "hand.safetensors")
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=1e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "spot.pt", average=0.997, decay=1e-2, halfway=options.continued)
    batches = prefetch(_batches(sources, options.batch, trainer.step, rank))
    network.train()
    while trainer.running():
        views, cells = (part.to(device, non_blocking=True) for part in next(batches))
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(views.permute(0, 3, 1, 2).float() / 255)
        trainer.update(spot_loss(logits.float(), cells))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        save_half(network.state_dict(), path)
        what = "Spot network: where a picture shows a palm, with fingers or without."
        write_card(path, what, "spot", options, trainer, _report(network, sources), trained_on(options, sources.others))


def sources_of(options: Options) -> Sources:
    """What the views of a training are drawn from, made first where it is absent."""
    world = load_world(options.data, options.identities, options.samples, options.processes)
    others = load_others(
        options.data / "view", OTHERS * options.identities, EMPTIES * options.identities, options.processes, TURNS
    )
    palms = options.samples * (options.identities - min(HELD_OUT, options.identities // 5))
    return Sources(world, others, range(palms), range(held_out_others(others)))


def spot_loss(logits: Tensor, cells: Tensor) -> Tensor:
    """Cross-entropy of cells: means over palms, other hands, the rest, and, by half, the worst of the rest."""
    entropy = functional.cross_entropy(logits, cells.long(), reduction="none", ignore_index=IGNORED)
    none = entropy[cells == NONE]
    worst = none.topk(max(1, int(HARD * len(none)))).values if len(none) else none
    parts = [(1.0, entropy[cells == PALM]), (1.0, entropy[cells == OTHER]), (1.0, none), (0.5, worst)]
    return sum((weight * part.mean() for weight, part in parts if len(part)), torch.zeros((), device=cells.device))


def _batches(sources: Sources, size: int, start: int, rank: int) -> Iterator[tuple[Tensor, Tensor]]:
    step = start
    while True:
        random = np.random.default_rng((13, step, rank))
        views, cells = zip(*(draw_spot_view(sources, random) for _ in range(size)), strict=True)
        yield torch.from_numpy(np.stack(views)), torch.from_numpy(np.stack(cells))
        step += 1


def _report(network: SpotNetwork, sources: Sources) -> dict[str, float | str]:
    """In how many views of palms, of other hands and of none a palm is spotted, of photos held out; printed."""
    world, others = sources.world, sources.others
    held_out = Sources(
        world,
        others,
        range(sources.palms.stop, len(world.photos)),
        range(sources.hands.stop, len(others.photos)),
    )
    random = np.random.default_rng(99)
    said: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for _ in range(VIEWS_LOOKED_AT):
        view = draw_spot_view(held_out, random)
        with torch.inference_mode():
            image = torch.from_numpy(view.image).permute(2, 0, 1)[None].float() / 255
            sure = network(image)[0].softmax(dim=0)[PALM].numpy()
        for kind in (PALM, OTHER, NONE):
            if (view.cells == kind).any():
                said[KINDS[kind]].append(bool(sure[view.cells == kind].max() >= SURE))
                break
    report: dict[str, float | str] = {
        f"views that show: {kind}": f"a palm spotted in {sum(each)} of {len(each)}" for kind, each in said.items()
    }
    for name, result in report.items():
        print(f"{name}: {result}")
    return report


if __name__ == "__main__":
    main()
