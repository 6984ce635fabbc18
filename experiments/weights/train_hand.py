"""Train the embedded hand network on rendered hands of training identities.

    python -m experiments.weights.train_hand

Writes palmbench/weights/hand/hand.safetensors and prints its errors on identities held out from training.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.weights.card import write_card
from experiments.weights.training import Options, Schedule, Trainer, parse_options, prefetch, save_half, spread
from experiments.weights.views import View, draw_view
from experiments.weights.world import PROFILE_NAMES, World, load_world
from palmbench.base.paths import weights_dir
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.hand import Hand
from palmbench.hands.network import GRID, INPUT_SIZE, HandNetwork, Outputs
from palmbench.hands.recognition_roi import recognition_corners

HELD_OUT = 60  # identities, or a fifth of a smaller training set
SPREAD = 1.2  # of the target heat maps, in cells
VALLEY_WEIGHT = 4.0  # the recognition ROI hangs from the valley points alone
USUAL_SIZE = 150.0  # of a hand in the close look, in pixels; errors count in proportion to the hand
SMALLEST_SIZE = 60.0  # below it a hand is only to be found, not measured
OUTSIDE_WEIGHT = 0.1  # of points beyond the view, which are only to be put at its rim


def main() -> None:
    options = parse_options(__doc__ or "", steps=10000, minutes=58, batch=24)
    load_world(options.data, options.identities, options.samples)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples)
    network = HandNetwork().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=2e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "hand.pt", average=0.997)
    each = len(world.photos) // options.identities
    count = each * (options.identities - min(HELD_OUT, options.identities // 5))
    batches = prefetch(_batches(world, count, options.batch, trainer.step, rank))
    network.train()
    while trainer.running():
        images, points, depths, mask, present = (part.to(device, non_blocking=True) for part in next(batches))
        with torch.autocast(device.type, torch.bfloat16):
            outputs = network(images.float() / 255)
        trainer.update(_loss(outputs, points, depths, mask, present))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        path = weights_dir() / "hand" / "hand.safetensors"
        save_half(network.state_dict(), path)
        measured = _report(world, range(count, len(world.photos)))
        what = "Hand network: presence, 21 keypoints with their depths, two valley points and the mask of one hand."
        write_card(path, what, "hand", options, trainer, measured)


def _batches(world: World, count: int, size: int, start: int, rank: int) -> Iterator[tuple[Tensor, ...]]:
    step = start
    while True:
        random = np.random.default_rng((7, step, rank))
        yield _tensors([draw_view(world, int(index), random) for index in random.integers(0, count, size)])
        step += 1


def _tensors(views: list[View]) -> tuple[Tensor, ...]:
    # Stacked as height x width x channels and then permuted, the images are channels-last already.
    return (
        torch.from_numpy(np.stack([view.image for view in views])).permute(0, 3, 1, 2),
        torch.from_numpy(np.stack([view.points for view in views])),
        torch.from_numpy(np.stack([view.depths for view in views])),
        torch.from_numpy(np.stack([view.mask for view in views]))[:, None],
        torch.tensor([view.present for view in views]).float(),
    )


def _loss(outputs: Outputs, points: Tensor, depths: Tensor, mask: Tensor, present: Tensor) -> Tensor:
    """Places (cross-entropy of heat maps and distance), depths, mask and presence; absent hands have no places."""
    share = present / present.sum().clamp(min=1)
    size = (points[:, :21].amax(dim=1) - points[:, :21].amin(dim=1)).amax(dim=1).clamp(min=SMALLEST_SIZE)
    inside = ((points > -0.5) & (points < INPUT_SIZE - 0.5)).all(dim=2).float()
    worth = torch.ones_like(inside)
    worth[:, 21:] = VALLEY_WEIGHT
    worth = worth / worth.sum(dim=1, keepdim=True)

    apart = (outputs.points - points.clamp(0, INPUT_SIZE - 1)) * (USUAL_SIZE / size)[:, None, None]
    far = functional.smooth_l1_loss(apart, torch.zeros_like(apart), reduction="none", beta=0.5).mean(dim=2)
    distance = (far * worth * (inside + OUTSIDE_WEIGHT * (1 - inside))).sum(dim=1)
    entropy = (-(_targets(points) * outputs.heat).sum(dim=(2, 3)) * worth * inside).sum(dim=1)
    depth = (outputs.depths - depths).abs().mean(dim=1)
    places = ((0.3 * distance + 0.1 * entropy + 2 * depth) * share).sum()

    cover = functional.binary_cross_entropy_with_logits(outputs.mask, mask)
    shown = outputs.mask.sigmoid()
    common = (shown * mask).sum(dim=(1, 2, 3))
    overlap = common / (shown + mask - shown * mask).sum(dim=(1, 2, 3)).clamp(min=1)
    presence = functional.binary_cross_entropy_with_logits(outputs.presence, present)
    return places + cover + 0.5 * ((1 - overlap) * share).sum() + 0.5 * presence


def _targets(points: Tensor) -> Tensor:
    centres = torch.arange(GRID, device=points.device) * 4 + 1.5
    spread = 4 * SPREAD
    columns = torch.exp(-0.5 * ((centres - points[..., :1]) / spread) ** 2)
    rows = torch.exp(-0.5 * ((centres - points[..., 1:]) / spread) ** 2)
    heat = rows[..., :, None] * columns[..., None, :]
    return heat / heat.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)


def _report(world: World, held_out: Iterable[int]) -> dict[str, float | str]:
    """How the detector does on held-out photos of each profile, and how often it sees hands where none are; printed."""
    detector = EmbeddedDetector()
    report: dict[str, float | str] = {}
    errors = defaultdict(list)
    alarms, empty = 0, 0
    random = np.random.default_rng(99)
    for index in held_out:
        found = detector.detect([world.photos[index]])[0]
        errors[PROFILE_NAMES[world.profiles[index]]].append(_errors(found[0], world, index) if found else None)
        view = draw_view(world, index, random)
        if not view.present:
            alarms, empty = alarms + len(detector.detect([view.image])[0]), empty + 1
    for name, all_of in errors.items():
        measured = np.array([each for each in all_of if each is not None]).reshape(-1, 4)
        keypoints, valleys, centre, overlap = measured.mean(axis=0)
        report[name] = (
            f"found {len(measured)} of {len(all_of)}, keypoints {100 * keypoints:.2f} % of the box, "
            f"valleys {100 * valleys:.2f} %, centre of the recognition ROI {100 * centre:.2f} %, "
            f"mask IoU {overlap:.4f}"
        )
    report["views without a hand"] = f"a hand seen in {alarms} of {empty}"
    for name, result in report.items():
        print(f"{name}: {result}")
    return report


def _errors(hand: Hand, world: World, index: int) -> tuple[float, float, float, float]:
    """Mean error of keypoints, of valleys, and of the ROI's centre, as shares of the keypoints' box; mask IoU."""
    points, mask = world.points[index], world.masks[index] > 0
    size = float(np.ptp(points[:21], axis=0).max())
    centres = [recognition_corners(valleys, hand.side).mean(axis=0) for valleys in (hand.valleys, points[21:])]
    return (
        float(np.linalg.norm(hand.keypoints_2d - points[:21], axis=1).mean()) / size,
        float(np.linalg.norm(hand.valleys - points[21:], axis=1).mean()) / size,
        float(np.linalg.norm(centres[0] - centres[1])) / size,
        float((hand.mask & mask).sum() / (hand.mask | mask).sum()),
    )


if __name__ == "__main__":
    main()
