"""Train the embedded hand network on rendered hands of training identities.

    python -m experiments.weights.train_hand

Writes palmbench/weights/hand/hand.safetensors and prints its errors on identities held out from training.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.weights.training import Options, Schedule, Trainer, parse_options, prefetch, save_half, spread
from experiments.weights.views import View, draw_view
from experiments.weights.world import World, load_world
from palmbench.hands.network import GRID, HandNetwork, Sight
from palmbench.paths import weights_dir

HELD_OUT = 200
SPREAD = 1.2  # of the target heat maps, in cells


def main() -> None:
    options = parse_options(__doc__ or "", steps=4000, minutes=22, batch=24)
    load_world(options.data, options.identities, options.samples)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    world = load_world(options.data, options.identities, options.samples)
    network = HandNetwork().to(memory_format=torch.channels_last)
    schedule = Schedule(options.steps, options.minutes, rate=2e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "hand.pt", average=0.997)
    count = len(world.photos) - HELD_OUT
    batches = prefetch(_batches(world, count, options.batch, trainer.step, rank))
    network.train()
    while trainer.running():
        images, points, depths, mask, present = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            sight = network(images)
        trainer.update(_loss(sight, points, depths, mask, present))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        save_half(network.state_dict(), weights_dir() / "hand" / "hand.safetensors")
        _report(network, world, options.batch)


def _batches(world: World, count: int, size: int, start: int, rank: int) -> Iterator[tuple[Tensor, ...]]:
    step = start
    while True:
        random = np.random.default_rng((7, step, rank))
        yield _tensors([draw_view(world, int(index), random) for index in random.integers(0, count, size)])
        step += 1


def _tensors(views: list[View]) -> tuple[Tensor, ...]:
    images = torch.from_numpy(np.stack([view.image for view in views])).permute(0, 3, 1, 2).float() / 255
    return (
        images.contiguous(memory_format=torch.channels_last),
        torch.from_numpy(np.stack([view.points for view in views])),
        torch.from_numpy(np.stack([view.depths for view in views])),
        torch.from_numpy(np.stack([view.mask for view in views]))[:, None],
        torch.tensor([view.present for view in views]).float(),
    )


def _loss(sight: Sight, points: Tensor, depths: Tensor, mask: Tensor, present: Tensor) -> Tensor:
    """Places (cross-entropy of heat maps and distance), depths, mask and presence; absent hands have no places."""
    share = present / present.sum().clamp(min=1)
    distance = functional.smooth_l1_loss(sight.points, points, reduction="none", beta=0.5).mean(dim=(1, 2))
    entropy = -(_targets(points) * sight.heat).sum(dim=2).mean(dim=1)
    depth = (sight.depths - depths).abs().mean(dim=1)
    overlap = functional.binary_cross_entropy_with_logits(sight.mask, mask)
    presence = functional.binary_cross_entropy_with_logits(sight.presence, present)
    return ((0.3 * distance + 0.1 * entropy + 2 * depth) * share).sum() + overlap + 0.2 * presence


def _targets(points: Tensor) -> Tensor:
    centres = torch.arange(GRID) * 4 + 1.5
    spread = 4 * SPREAD
    columns = torch.exp(-0.5 * ((centres - points[..., :1]) / spread) ** 2)
    rows = torch.exp(-0.5 * ((centres - points[..., 1:]) / spread) ** 2)
    heat = (rows[..., :, None] * columns[..., None, :]).flatten(2)
    return heat / heat.sum(dim=2, keepdim=True).clamp(min=1e-6)


@torch.inference_mode()
def _report(network: HandNetwork, world: World, size: int) -> None:
    random = np.random.default_rng(99)
    held_out = range(len(world.photos) - HELD_OUT, len(world.photos))
    views = [draw_view(world, index, random) for index in held_out]
    errors, valleys, overlaps, right = [], [], [], 0
    for start in range(0, len(views), size):
        images, points, _, mask, present = _tensors(views[start : start + size])
        sight = network(images)
        box = (points.amax(dim=1) - points.amin(dim=1)).amax(dim=1)
        distance = (sight.points - points).norm(dim=2)[present > 0] / box[present > 0, None]
        errors.append(distance[:, :21].mean(dim=1))
        valleys.append(distance[:, 21:].mean(dim=1))
        seen, true = sight.mask > 0, mask > 0.5
        overlap = (seen & true).sum(dim=(1, 2, 3)) / (seen | true).sum(dim=(1, 2, 3)).clamp(min=1)
        overlaps.append(overlap[present > 0])
        right += int(((sight.presence > 0) == (present > 0)).sum())
    print(
        f"held out: keypoints {100 * torch.cat(errors).mean():.2f} % of the box, "
        f"valleys {100 * torch.cat(valleys).mean():.2f} %, mask IoU {torch.cat(overlaps).mean():.4f}, "
        f"presence right {right} of {len(views)}"
    )


if __name__ == "__main__":
    main()
