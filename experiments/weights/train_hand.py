"""Train the embedded hand network on rendered hands of training identities.

    python -m experiments.weights.train_hand

Writes palmbench/weights/hand/hand.safetensors and prints its errors on identities held out from training. With
--continued it goes on with the weights that are there, and ends halfway between those and what it came to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.weights.card import write_card
from experiments.weights.others import UNTOLD, Others, load_others
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
from experiments.weights.views import View, draw_view, open_palm, other_hand
from experiments.weights.world import PROFILE_NAMES, World, load_world
from palmbench.base.paths import weights_dir
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.hand import Hand
from palmbench.hands.network import GRID, INPUT_SIZE, VIEWS, HandNetwork, Outputs
from palmbench.hands.recognition_roi import recognition_corners
from palmbench.synth import RENDERER_VERSION
from palmbench.synth.empty_scenes import empty_scene

# Photos of other hands, and pictures without one, for each palm of the training set.
OTHERS, EMPTIES = 3, 2
OTHER = 0.5  # share of the views with a hand whose hand is one of them
HELD_OUT = 60  # identities, or a fifth of a smaller training set
SPREAD = 1.2  # of the target heat maps, in cells
VALLEY_WEIGHT = 4.0  # the recognition ROI hangs from the valley points alone
USUAL_SIZE = 150.0  # of a hand in the close look, in pixels; errors count in proportion to the hand
SMALLEST_SIZE = 60.0  # below it a hand is only to be found, not measured
OUTSIDE_WEIGHT = 0.1  # of points beyond the view, which are only to be put at its rim


def main() -> None:
    options = parse_options(__doc__ or "", steps=10000, minutes=30, batch=24)
    load_world(options.data, options.identities, options.samples, options.processes)
    others_of(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples, options.processes)
    others = others_of(options)
    path = weights_dir() / "hand" / "hand.safetensors"
    network = HandNetwork()
    if options.continued:
        begin_with(network, path)
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=1e-3 if options.continued else 2e-3, warmup=100)
    trainer = Trainer(network, schedule, options.data / "hand.pt", average=0.997, halfway=options.continued)
    each = len(world.photos) // options.identities
    count = each * (options.identities - min(HELD_OUT, options.identities // 5))
    batches = prefetch(_batches(world, others, count, options.batch, trainer.step, rank))
    network.train()
    while trainer.running():
        batch = Batch(*(part.to(device, non_blocking=True) for part in next(batches)))
        with torch.autocast(device.type, torch.bfloat16):
            outputs = network(batch.images.float() / 255)
        trainer.update(hand_loss(outputs, batch))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        save_half(network.state_dict(), path)
        measured = _report(world, others, range(count, len(world.photos)))
        what = "Hand network: presence, view, 21 keypoints with depths, two valley points, masks of hand and palm."
        write_card(path, what, "hand", options, trainer, measured, trained_on(options, others))


def trained_on(options: Options, others: Others) -> str:
    """What the card says that the photos were."""
    return (
        f"{options.identities} training palms x {options.samples} photos, {len(others.photos)} photos of other hands, "
        f"{len(others.empties)} pictures without a hand, renderer version {RENDERER_VERSION}"
    )


def others_of(options: Options) -> Others:
    """What is learned beside the open palms of the training set."""
    hands, empties = int(OTHERS * options.identities), int(EMPTIES * options.identities)
    return load_others(options.data / "others", hands, empties, options.processes)


class Batch(NamedTuple):
    """Views of a step: see `View`; images (n, 3, 192, 192), masks (n, 1, 96, 96), the rest (n, ...)."""

    images: Tensor
    points: Tensor
    depths: Tensor
    mask: Tensor
    palm: Tensor
    present: Tensor
    view: Tensor


def _batches(world: World, others: Others, count: int, size: int, start: int, rank: int) -> Iterator[Batch]:
    step = start
    last = held_out_others(others)
    while True:
        random = np.random.default_rng((7, step, rank))
        subjects = [
            other_hand(others, int(random.integers(last)))
            if random.random() < OTHER
            else open_palm(world, int(random.integers(count)))
            for _ in range(size)
        ]
        yield batch_of([draw_view(subject, world, others, random) for subject in subjects])
        step += 1


def held_out_others(others: Others) -> int:
    """Where the photos of other hands begin that are held out from training."""
    return len(others.photos) - len(others.photos) // 20


def batch_of(views: list[View]) -> Batch:
    """The views of a step, one behind the other."""
    stacked = [np.stack(parts) for parts in zip(*views, strict=True)]
    images, points, depths, mask, palm, present, view = (torch.from_numpy(part) for part in stacked)
    # Stacked as height x width x channels and then permuted, the images are channels-last already.
    return Batch(images.permute(0, 3, 1, 2), points, depths, mask[:, None], palm[:, None], present.float(), view)


def hand_loss(outputs: Outputs, batch: Batch) -> Tensor:
    """Places (cross-entropy of heat maps and distance), depths, masks, presence and view; absent hands have no places.

    Of closed hands and backs places count a third: their palms are not repainted.
    """
    points, depths, present = batch.points, batch.depths, batch.present
    share = present / present.sum().clamp(min=1)
    placed = share * torch.where(batch.view == 0, 1.0, 1 / 3)
    told = (batch.view != UNTOLD).float()
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
    places = ((0.3 * distance + 0.1 * entropy + 2 * depth) * placed).sum()

    masks = _cover(outputs.mask, batch.mask, share) + 0.5 * _cover(outputs.palm, batch.palm, share, told)
    presence = functional.binary_cross_entropy_with_logits(outputs.presence, present)
    view = (functional.cross_entropy(outputs.views, batch.view, reduction="none", ignore_index=UNTOLD) * share).sum()
    return places + masks + 0.5 * presence + 0.4 * view


def _cover(logits: Tensor, mask: Tensor, share: Tensor, told: Tensor | float = 1.0) -> Tensor:
    """Cross-entropy of a mask, and what its union with the true one has beyond what they share, where it is told."""
    shown = logits.sigmoid()
    common = (shown * mask).sum(dim=(1, 2, 3))
    overlap = (common + 1) / ((shown + mask - shown * mask).sum(dim=(1, 2, 3)) + 1)
    entropy = functional.binary_cross_entropy_with_logits(logits, mask, reduction="none").mean(dim=(1, 2, 3))
    return (entropy * told).mean() + 0.5 * ((1 - overlap) * share * told).sum()


def _targets(points: Tensor) -> Tensor:
    centres = torch.arange(GRID, device=points.device) * 4 + 1.5
    spread = 4 * SPREAD
    columns = torch.exp(-0.5 * ((centres - points[..., :1]) / spread) ** 2)
    rows = torch.exp(-0.5 * ((centres - points[..., 1:]) / spread) ** 2)
    heat = rows[..., :, None] * columns[..., None, :]
    return heat / heat.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)


def _report(world: World, others: Others, held_out: Iterable[int]) -> dict[str, float | str]:
    """How the detector does on held-out photos of each profile and of other hands, and where none are; printed."""
    detector = EmbeddedDetector()
    report: dict[str, float | str] = {}
    errors = defaultdict(list)
    said: dict[str, list[str]] = defaultdict(list)
    for index in held_out:
        found = detector.detect([world.photos[index]])[0]
        errors[PROFILE_NAMES[world.profiles[index]]].append(_errors(found[0], world, index) if found else None)
        said["palm"].append(found[0].view if found else "none")
    for name, all_of in errors.items():
        measured = np.array([each for each in all_of if each is not None]).reshape(-1, 4)
        keypoints, valleys, centre, overlap = measured.mean(axis=0)
        report[name] = (
            f"found {len(measured)} of {len(all_of)}, keypoints {100 * keypoints:.2f} % of the box, "
            f"valleys {100 * valleys:.2f} %, centre of the recognition ROI {100 * centre:.2f} %, "
            f"mask IoU {overlap:.4f}"
        )
    for index in range(held_out_others(others), len(others.photos)):
        found = detector.detect([others.photos[index]])[0]
        if others.views[index] != UNTOLD:
            said[VIEWS[others.views[index]]].append(found[0].view if found else "none")
    for view, answers in said.items():
        counts = ", ".join(f"{answer} {number}" for answer, number in Counter(answers).most_common())
        report[f"hands that show: {view}"] = f"said {counts}"
    random = np.random.default_rng(99)
    negatives = [empty_scene(seed) for seed in range(200)]
    negatives += [_emptied(world, others, index, random) for index in list(held_out)[:100]]
    seen = sum(bool(detector.detect([picture])[0]) for picture in negatives)
    report["pictures without a hand"] = f"a hand seen in {seen} of {len(negatives)}"
    for name, result in report.items():
        print(f"{name}: {result}")
    return report


def _emptied(world: World, others: Others, index: int, random: np.random.Generator) -> np.ndarray:
    while True:
        view = draw_view(open_palm(world, index), world, others, random)
        if not view.present:
            return view.image


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
