"""What the recipes share: schedule, moving average, checkpoints that survive a kill, safetensors in half precision."""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.multiprocessing.spawn import start_processes

from palmbench.engine.executor import available_cores, leave_with
from recognizers.training.checkpoints import load_checkpoint, save_checkpoint

Item = TypeVar("Item")
IDENTITIES, SAMPLES = 2400, 4  # palms, and photos of each, that a recipe trains on if it is not told


@dataclass(frozen=True)
class Options:
    """What a recipe is told on its command line.

    Attributes
    ----------
    data : Path
        Folder of the training set, of the checkpoint and of whatever else is kept between runs.
    identities, samples : int
        Size of the training set: palms, and photos of each.
    steps, minutes : int, float
        Training ends with whichever runs out first.
    batch : int
        Examples a process and step.
    processes : int
        Processes of one thread each.
    continued : bool
        Whether training begins with the weights that are there, as far as they fit, instead of random ones.
    """

    data: Path
    identities: int
    samples: int
    steps: int
    minutes: float
    batch: int
    processes: int
    continued: bool = False


def parse_options(recipe: str, steps: int, minutes: float, batch: int) -> Options:
    """Options of a recipe from the process's words; `recipe` is its docstring."""
    parser = argparse.ArgumentParser(description=recipe, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/training"), help="training set and checkpoints")
    parser.add_argument("--identities", type=int, default=IDENTITIES, help="palms in the training set")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="photos of each palm")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--minutes", type=float, default=minutes, help="training ends when steps or minutes run out")
    parser.add_argument("--batch", type=int, default=batch, help="examples a process and step")
    parser.add_argument("--processes", type=int, default=available_cores(), help="of one thread each")
    parser.add_argument("--continued", action="store_true", help="begin with the weights that are there, if they fit")
    return Options(**vars(parser.parse_args()))


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train. `minutes` ends training early; the learning rate falls as a cosine either way."""

    steps: int
    minutes: float
    rate: float
    warmup: int = 50

    def progress(self, step: int, spent: float) -> float:
        """Share of the training that is done, in [0, 1], by whichever of steps and minutes runs out first."""
        return min(1.0, max(step / self.steps, spent / (self.minutes * 60)))

    def rate_at(self, step: int, progress: float) -> float:
        """Learning rate: a linear rise, then half a cosine."""
        return self.rate * min(1.0, (step + 1) / self.warmup) * (0.5 + 0.5 * math.cos(math.pi * progress))


class Trainer:
    """Optimises a module, keeps a moving average of its weights, and picks up where a killed run stopped.

    Among processes of a `torch.distributed` group, each with a batch of its own, gradients are averaged and the first
    process keeps the clock and the checkpoint.

    Parameters
    ----------
    module, schedule, checkpoint
    average : float
        Decay of the moving average.
    decay : float
        Weight decay.
    second : float
        Decay of AdamW's second moment.
    longest : float
        Norm to which longer gradients are cut.
    halfway : bool
        Whether the average that is adopted is the mean of that and the weights that the training began with: most of
        what it gained, for less of what it forgot.
    """

    def __init__(
        self,
        module: nn.Module,
        schedule: Schedule,
        checkpoint: Path,
        average: float = 0.998,
        decay: float = 1e-3,
        second: float = 0.99,
        longest: float = 1.0,
        halfway: bool = False,
    ) -> None:
        self.module, self.schedule, self.checkpoint, self.average = module, schedule, checkpoint, average
        self.longest = longest
        self.optimiser = torch.optim.AdamW(
            module.parameters(), lr=schedule.rate, weight_decay=decay, betas=(0.9, second), fused=True
        )
        self.smooth = {name: value.detach().clone().float() for name, value in module.state_dict().items()}
        self.begun = {name: value.clone() for name, value in self.smooth.items()} if halfway else {}
        self.step, self.spent, self._loss = 0, 0.0, 0.0
        self._since = self._saved = time.monotonic()
        state = load_checkpoint(checkpoint, checkpoint.name)
        if state is not None:
            self._resume(state)

    def running(self) -> bool:
        """Whether the schedule asks for another step."""
        return self._progress() < 1

    def update(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`, then the moving average, then perhaps a checkpoint."""
        rate = self.schedule.rate_at(self.step, self._progress())
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        _average_gradients(self.module)
        nn.utils.clip_grad_norm_(self.module.parameters(), self.longest)
        self.optimiser.step()
        self.step += 1
        keep = min(self.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.module.state_dict().items():
                if value.is_floating_point():
                    self.smooth[name].lerp_(value.float(), 1 - keep)
                else:
                    self.smooth[name].copy_(value)
        now = time.monotonic()
        self.spent, self._since = self.spent + now - self._since, now
        self._loss = loss.item() if self.step == 1 else 0.98 * self._loss + 0.02 * loss.item()
        if self.step % 50 == 0 and _is_first():
            print(f"step {self.step}  loss {self._loss:.4f}  rate {rate:.2e}  {self.spent / 60:.1f} min", flush=True)
        if now - self._saved > 120:
            self.save()
            self._saved = now

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if not _is_first():
            return
        state = {
            "module": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "smooth": self.smooth,
            "begun": self.begun,
            "step": self.step,
            "spent": self.spent,
        }
        save_checkpoint(self.checkpoint, self.checkpoint.name, state)

    def adopt_average(self) -> nn.Module:
        """Put the averaged weights into the module and return it, ready for use."""
        own = self.module.state_dict()
        found = {name: (value + self.begun[name]) / 2 if self.begun else value for name, value in self.smooth.items()}
        self.module.load_state_dict({name: value.to(own[name].dtype) for name, value in found.items()})
        return self.module.eval()

    def _progress(self) -> float:
        # One clock for all processes: they must agree on the last step.
        clock = torch.tensor([self.spent], dtype=torch.float64)
        if dist.is_initialized():
            dist.broadcast(clock, src=0)
        self.spent = float(clock)
        return self.schedule.progress(self.step, self.spent)

    def _resume(self, state: dict[str, Any]) -> None:
        try:
            self.module.load_state_dict(state["module"])
            for name, value in self.begun.items():
                value.copy_(state["begun"][name])
        except (RuntimeError, KeyError) as error:
            raise SystemExit(
                f"{self.checkpoint} is of a training of another size or kind: give the same options again, or remove "
                f"it and {self.checkpoint.with_suffix('.before.pt').name} to start anew."
            ) from error
        self.optimiser.load_state_dict(state["optimiser"])
        for name, value in state["smooth"].items():
            self.smooth[name].copy_(value)
        self.step, self.spent = state["step"], state["spent"]
        print(f"resumed at step {self.step}", flush=True)


def begin_with(module: nn.Module, weights: Path) -> None:
    """Put the weights of a file into a module, in place, wherever names and shapes agree; how many is printed.

    Raises
    ------
    SystemExit
        If the file is absent or none of its weights fit.
    """
    own = module.state_dict()
    found = load_file(weights) if weights.is_file() else {}
    fitting = {name: value for name, value in found.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise SystemExit(f"{weights} holds no weights that fit: train without --continued.")
    module.load_state_dict({name: value.to(own[name].dtype) for name, value in fitting.items()}, strict=False)
    print(f"begun with {len(fitting)} of {len(own)} weights of {weights.name}", flush=True)


def spread(train: Callable[..., None], processes: int, *arguments: Any) -> None:
    """Call `train(rank, *arguments)` in processes of one thread each that form a `torch.distributed` group."""
    if processes == 1:
        torch.set_num_threads(1)
        train(0, *arguments)
        return
    far_end, lifeline = Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder, lifeline:
        meeting = f"file://{folder}/meeting"
        start_processes(_join, (far_end, meeting, processes, train, arguments), nprocs=processes)


def _join(
    rank: int,
    lifeline: Connection,
    meeting: str,
    processes: int,
    train: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    leave_with(lifeline)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    train(rank, *arguments)
    dist.destroy_process_group()


def _is_first() -> bool:
    return not dist.is_initialized() or dist.get_rank() == 0


def _average_gradients(module: nn.Module) -> None:
    if not dist.is_initialized():
        return
    gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def prefetch(source: Iterator[Item], depth: int = 4) -> Iterator[Item]:
    """Draw from `source` in a thread, a few items ahead."""
    queue: Queue[Item] = Queue(depth)

    def fill() -> None:
        for item in source:
            queue.put(item)

    Thread(target=fill, daemon=True).start()
    while True:
        yield queue.get()


def save_half(state: dict[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write weights as safetensors, floating-point ones in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu() for name, value in state.items()
    }
    path.write_bytes(save(half, metadata=metadata))
