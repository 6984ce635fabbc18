"""How much faster the painter is than diffusers' own pipeline, and what each saving is worth.

    python -m experiments.bench_painter [--images N] [--rounds N] [--threads N] [--compile] [--full-size]

Every way paints the same crops in turn, round after round, so that whatever else the machine does weighs on all of
them; printed are medians of seconds an image, and their ratio to diffusers' pipeline that is given all images at once.
On a CPU the process's own CPU time is counted, which other processes disturb least. Each saving is also left out in
turn. With --full-size networks have the published size and random weights, which wants a GPU; there the share of the
device's measured peak of matrix products is printed too.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from experiments.painters import random_parts, scene, stock_pipeline
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.config.compose import compose_points
from palmbench.diffusion.components import Components, load_components
from palmbench.diffusion.denoiser import Condition
from palmbench.diffusion.paint import Conditions, PaintByExample
from palmbench.diffusion.precision import Precision, automatic
from palmbench.diffusion.prior import background_image
from palmbench.diffusion.sampler import Sampling
from palmbench.diffusion.weights import EMBEDDED, resolve, weight_files
from palmbench.methods.diffusion import DiffusionConfig

_EVEN_STEPS = 20  # with which DPM-Solver++ is used where steps are even
_TFLOP_A_CALL = 1.594  # of the published network under guidance, as diffusers computes it
_PRESETS = {"fast": "diffusion", "turbo": "diffusion_turbo"}
Way = Callable[[], Any]


class Painted(NamedTuple):
    """What every way is asked for: pictures with their masks and exemplars, and how to sample."""

    scenes: list[Any]
    sampling: Sampling


def main(arguments: Sequence[str] | None = None) -> int:
    """Time every way and print a line each."""
    parser = argparse.ArgumentParser(prog="python -m experiments.bench_painter", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2, help="images that share a call (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each way is timed (default 3)")
    parser.add_argument("--threads", type=int, default=1, help="of a CPU (default 1, as a run's workers have)")
    parser.add_argument("--steps", type=int, help="of the usual sampling (default: that of the preset)")
    parser.add_argument("--size", type=int, help="side of an image (default: that of the preset)")
    parser.add_argument("--compile", action="store_true", help="compiled networks too; takes minutes on a CPU")
    parser.add_argument("--full-size", action="store_true", help="the published size, random weights; wants a GPU")
    asked = parser.parse_args(arguments)
    if asked.full_size and not torch.cuda.is_available():
        print("The painter of the published size is timed on a GPU, and torch finds no CUDA device here.")
        return DONE
    torch.set_num_threads(asked.threads)
    device = "cuda" if asked.full_size else "cpu"
    usual = _preset("diffusion_paper" if asked.full_size else "diffusion")
    parts = random_parts() if asked.full_size else load_components(weight_files(resolve(EMBEDDED)))
    painted = _painted(usual, asked.images, asked.steps, asked.size)
    presets = {name: _sampling(_preset(method)) for name, method in _PRESETS.items()}
    ways = all_ways(parts, painted, presets, device, asked.compile)
    side = painted.scenes[0].image.shape[0]
    print(
        f"{asked.images} images of {side} x {side}, {painted.sampling.steps} steps, {device}, {asked.threads} threads"
    )
    seconds = timed(ways, asked.rounds, device)
    for line in report(seconds, asked.images):
        print(line)
    if asked.full_size:
        work = _TFLOP_A_CALL * (painted.sampling.steps + 1) * asked.images
        peak = _peak()
        fastest = min(seconds["ours, float16"], seconds["ours, bfloat16"])
        share = work / fastest / peak
        print(f"measured peak of bfloat16 {peak:.0f} TFLOP/s; diffusers' work in our time is {share:.0%} of it")
    return DONE


def all_ways(
    parts: Components, painted: Painted, presets: Mapping[str, Sampling], device: str, compiled: bool
) -> dict[str, Way]:
    """Every way of painting, by name; the first is what the others are compared with."""
    fastest: Precision = automatic(device)
    alike: tuple[Precision, ...] = ("bfloat16", "float16") if device == "cuda" else ("bfloat16",)

    def ours(precision: Precision = "float32", compiled: bool = False, sampling: Sampling = painted.sampling) -> Ours:
        painter = PaintByExample(copy.deepcopy(parts), device, precision, compiled)
        return Ours(painter, painted.scenes, sampling)

    ways: dict[str, Way] = {
        "diffusers, all at once": _stock(parts, painted, device, len(painted.scenes)),
        "diffusers, one by one": _stock(parts, painted, device, 1),
        "ours, float32": ours(),
        **{f"  without {name}": _without(name, ours()) for name in _LEFT_OUT},
        **{f"ours, {each}": ours(each) for each in alike},
    }
    for name, sampling in presets.items():
        ways |= {f"{name}, {each}": ours(each, sampling=sampling) for each in dict.fromkeys(("float32", fastest))}
    if compiled:
        ways[f"ours, {fastest}, compiled"] = ours(fastest, True)
    return ways


def timed(ways: dict[str, Way], rounds: int, device: str) -> dict[str, float]:
    """Median of seconds that each way takes, in turn; a first round, which compiles and warms up, is told apart."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            began = clock()
            way()
            if device != "cpu":
                torch.cuda.synchronize()
            taken[name].append(clock() - began)
    medians = {name: float(np.median(each[1:])) for name, each in taken.items()}
    for name, each in taken.items():
        plain = name.removesuffix(", compiled")
        if plain != name:
            print(break_even(name, each[0] - medians[name], medians[plain] - medians[name]))
    return medians


def break_even(name: str, spent: float, saved: float) -> str:
    """When compilation pays, from the seconds that it takes at first and those that it saves a call."""
    if saved <= 0:
        return f"{name}: {spent:.0f} s at first, and slower after: it never pays"
    return f"{name}: {spent:.0f} s at first, {saved:.2f} s saved a call: it pays from call {spent / saved:.0f} on"


def report(seconds: dict[str, float], images: int) -> Iterator[str]:
    """A line for each way: seconds an image, and how many times as fast as the first it is."""
    base = next(iter(seconds.values()))
    for name, each in seconds.items():
        yield f"{name:44} {each / images:8.3f} s an image {base / each:7.2f} x"


def _preset(name: str) -> DiffusionConfig:
    (point,) = compose_points([f"method={name}"])
    assert isinstance(point.method, DiffusionConfig)
    return point.method


def _sampling(config: DiffusionConfig) -> Sampling:
    return Sampling(
        config.steps, config.guidance, config.sampler, "mode", config.guidance_start, config.guidance_end,
        spacing=config.spacing,
    )  # fmt: skip


def _painted(config: DiffusionConfig, images: int, steps: int | None, size: int | None) -> Painted:
    # As diffusers' pipeline samples: even steps, all of them guided.
    even = config.steps if config.spacing == 1 else _EVEN_STEPS
    sampling = Sampling(steps or even, config.guidance, config.sampler, "mode")
    side = size or config.size
    assert side is not None
    return Painted([scene(side, sampling, seed) for seed in range(images)], sampling)


def _stock(parts: Components, painted: Painted, device: str, together: int) -> Way:
    pipeline: Any = stock_pipeline(parts, painted.sampling.sampler).to(device)

    def paint() -> None:
        for start in range(0, len(painted.scenes), together):
            scenes = painted.scenes[start : start + together]
            pipeline(
                example_image=torch.stack([parts.preprocessing(each.exemplars[0]) for each in scenes]),
                image=[Image.fromarray(each.image) for each in scenes],
                mask_image=[Image.fromarray(each.mask.astype(np.uint8) * 255) for each in scenes],
                num_inference_steps=painted.sampling.steps,
                guidance_scale=painted.sampling.guidance,
                generator=[torch.Generator().manual_seed(each.seed) for each in scenes],
                output_type="np",
            )

    return paint


@dataclass(frozen=True)
class Ours:
    """Our painter's way."""

    painter: PaintByExample
    scenes: list[Any]
    sampling: Sampling

    def __call__(self) -> None:
        exemplars = self.painter.embed([each.exemplars[0] for each in self.scenes])
        moments = self.painter.moments([background_image(each.image, each.mask) for each in self.scenes])
        conditions = [
            Conditions(moment, None, each.mask, exemplar[None], 0.0)
            for moment, each, exemplar in zip(moments, self.scenes, exemplars, strict=True)
        ]
        generators = [torch.Generator().manual_seed(each.seed) for each in self.scenes]
        self.painter.paint(conditions, generators, self.sampling)


@contextmanager
def _plain_products(_: PaintByExample) -> Iterator[None]:
    with mock.patch("palmbench.diffusion.layers.affine", F.linear):
        yield


@contextmanager
def _halves_apart(painter: PaintByExample) -> Iterator[None]:
    def twice(sample: torch.Tensor, condition: Condition) -> torch.Tensor:
        several = len(condition.vectors[0]) // len(sample)
        copies = torch.cat([sample] * several).contiguous(memory_format=torch.channels_last)
        return torch.Tensor(painter.denoiser(copies, condition))

    with mock.patch.object(painter, "_predict", twice):
        yield


@contextmanager
def _shares_at_each_step(painter: PaintByExample) -> Iterator[None]:
    tokens = torch.zeros(2, painter.denoiser.mid_block.attentions[0].token_value.in_features, device=painter.device)

    def again(sample: torch.Tensor, condition: Condition) -> torch.Tensor:
        painter.denoiser.times([500]), painter.denoiser.vectors(tokens)
        return torch.Tensor(painter.denoiser(sample, condition))

    with mock.patch.object(painter, "_predict", again):
        yield


@contextmanager
def _channels_first(painter: PaintByExample) -> Iterator[None]:
    weights = [weight for weight in painter.denoiser.parameters() if weight.ndim == 4]
    before = [weight.data for weight in weights]
    for weight in weights:
        weight.data = weight.data.contiguous()

    def first(sample: torch.Tensor, condition: Condition) -> torch.Tensor:
        return torch.Tensor(painter.denoiser(sample.contiguous(), condition))

    with mock.patch.object(painter, "_predict", first):
        yield
    for weight, data in zip(weights, before, strict=True):
        weight.data = data


_LEFT_OUT: dict[str, Callable[[PaintByExample], Any]] = {
    "one pass for both halves up to the condition": _halves_apart,
    "times and tokens computed once": _shares_at_each_step,
    "oneDNN for linear layers": _plain_products,
    "channels last": _channels_first,
}


def _without(name: str, made: Ours) -> Way:
    def paint() -> None:
        with _LEFT_OUT[name](made.painter):
            made()

    return paint


def _peak(side: int = 8192, rounds: int = 20) -> float:
    """TFLOP/s of bfloat16 matrix products, as measured on the GPU."""
    factor = torch.randn(side, side, device="cuda", dtype=torch.bfloat16)
    factor @ factor
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(rounds):
        factor @ factor
    torch.cuda.synchronize()
    return 2 * side**3 * rounds / (time.perf_counter() - began) / 1e12


if __name__ == "__main__":
    sys.exit(guarded(main))
