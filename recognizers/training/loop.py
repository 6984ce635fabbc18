"""The training loop of learned recognizers: epochs, checkpoints, resumption, the best and the last weights."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from recognizers.common.cache_keys import sample_seed
from recognizers.common.errors import RequestError
from recognizers.common.writing import write_bytes
from recognizers.training.batches import Batch, batches
from recognizers.training.checkpoints import load_checkpoint, save_checkpoint
from recognizers.training.recipe import Photos, Recipe

CHECKPOINT, LAST, BEST, LOG = "checkpoint.pt", "last.safetensors", "best.safetensors", "log.csv"


@dataclass(frozen=True)
class Schedule:
    """How long, how fast and in how large steps.

    Attributes
    ----------
    epochs, batch : int
        Passes through the photos; photos a step.
    rate : float
        Adam's learning rate at the start.
    rate_step, rate_factor : int, float
        Every so many epochs the rate is multiplied by the factor.
    precision : {"auto", "float32", "bfloat16"}
        "auto" is mixed precision (bfloat16) on CUDA and float32 elsewhere.
    measure_every : int
        Epochs between measurements of held-out photos; the last epoch is measured anyway.
    checkpoint_minutes : float
        What a killed training loses at most, and 0 after every epoch.
    seed : int
    """

    epochs: int = 3000
    batch: int = 1024
    rate: float = 1e-3
    rate_step: int = 500
    rate_factor: float = 0.8
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    measure_every: int = 100
    checkpoint_minutes: float = 2.0
    seed: int = 0

    def rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch, from 0."""
        return self.rate * self.rate_factor ** (epoch // self.rate_step)


class Epoch(NamedTuple):
    """A row of the log.

    Attributes
    ----------
    epoch : int
        From 1.
    loss : float
        Mean over the photos.
    accuracy : float or None
        Share of first views classified rightly during the epoch, margin included.
    rate : float
    eer : float or None
        Of held-out photos, a fraction, where it was measured.
    minutes : float
        Since the first epoch began, without the time in which nothing ran.
    """

    epoch: int
    loss: float
    accuracy: float | None
    rate: float
    eer: float | None
    minutes: float


def train(
    recipe: Recipe,
    photos: Photos,
    identities: Sequence[str],
    schedule: Schedule,
    folder: Path,
    device: str = "cpu",
    measure: Callable[[], float | None] = lambda: None,
    tell: Callable[[Epoch], None] = lambda epoch: None,
    threads: int = 1,
) -> list[Epoch]:
    """Train a network, or go on where a killed training stopped.

    On a CPU a training that was killed and goes on ends with the same weights as one that was not. Writes
    `last.safetensors` (after the last epoch), `best.safetensors` (the epoch of the highest training accuracy, of equal
    ones the latest; while nobody counts, of the lowest loss), `checkpoint.pt` and `log.csv`. CCNet's authors took
    the numbers of their paper from the last epoch.

    Parameters
    ----------
    recipe : Recipe
        Its network is trained in place, and left ready for inference.
    photos : Photos
    identities : sequence of str
        Name of each class, for the weight files.
    schedule : Schedule
    folder : Path
        Of this training alone: a checkpoint in it is gone on from.
    device : str
    measure : callable
        Equal error rate of held-out photos by the network as it is; None where there is none.
    tell : callable
        Is given every epoch that ends.
    threads : int
        For making batches.

    Returns
    -------
    list of Epoch

    Raises
    ------
    ValueError
        If a palm has a single photo.
    RequestError
        If the disk is full, the checkpoint cannot be read, or the loss is not a number any more.
    """
    network = recipe.network.to(device)
    optimiser = torch.optim.Adam(
        [value for value in network.parameters() if value.requires_grad], lr=schedule.rate, fused=True
    )
    state = _State(folder, recipe, optimiser, identities, device)
    state.resume()
    mixed = schedule.precision == "bfloat16" or (schedule.precision == "auto" and device == "cuda")
    saved = time.monotonic()
    todo = range(len(state.log), schedule.epochs)
    with closing(batches(recipe, photos, todo, schedule.batch, schedule.seed, threads)) as stream:
        for epoch in todo:
            began = time.monotonic()
            rate = schedule.rate_at(epoch)
            for group in optimiser.param_groups:
                group["lr"] = rate
            # Dropout's numbers depend on the epoch, not on how often the training was stopped.
            torch.manual_seed(sample_seed(schedule.seed, f"epoch {epoch}"))
            network.train()
            loss, correct = _epoch(recipe, stream, optimiser, device, mixed, len(photos.labels))
            if not math.isfinite(loss):
                raise RequestError(
                    f"The loss is not a number any more in epoch {epoch + 1}; train with a lower training.rate."
                )
            network.eval()
            final = epoch + 1 == schedule.epochs
            eer = measure() if final or (epoch + 1) % schedule.measure_every == 0 else None
            accuracy = None if correct is None else correct / len(photos.labels)
            minutes = (state.log[-1].minutes if state.log else 0.0) + (time.monotonic() - began) / 60
            state.add(Epoch(epoch + 1, loss, accuracy, rate, eer, minutes))
            tell(state.log[-1])
            if final or time.monotonic() - saved >= 60 * schedule.checkpoint_minutes:
                state.save()
                saved = time.monotonic()
    network.eval()
    write_weights(folder / LAST, recipe, network.state_dict(), identities)
    state.write_best()
    return state.log


def write_weights(path: Path, recipe: Recipe, state: dict[str, Tensor], identities: Sequence[str]) -> None:
    """Write weights as safetensors that say which network they are of, and which palm each class is."""
    from safetensors.torch import save

    notes = {name: value if isinstance(value, str) else json.dumps(value) for name, value in recipe.notes().items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    write_bytes(path, _sorted_notes(save(tensors, metadata={**notes, "identities": json.dumps(list(identities))})))


def _sorted_notes(data: bytes) -> bytes:
    """The safetensors file with its metadata in the order of their names: equal weights are equal files."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format wants tensors to begin at multiples of 8
    return len(text).to_bytes(8, "little") + text + data[start:]


def _epoch(
    recipe: Recipe, stream: Iterator[Batch], optimiser: torch.optim.Optimizer, device: str, mixed: bool, photos: int
) -> tuple[float, int | None]:
    """Go down the batches of one epoch; mean loss, and photos classified rightly."""
    total, correct = 0.0, 0
    counted = True
    for batch in stream:
        views = tuple(part.to(device, non_blocking=True) for part in batch.views)
        with torch.autocast(device, torch.bfloat16, enabled=mixed):
            loss, right = recipe.step(views, batch.labels.to(device), batch.epoch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch.labels)
        counted = counted and right is not None
        correct += right or 0
        if batch.last:
            break
    return total / photos, correct if counted else None


class _State:
    """What a checkpoint holds: network, optimiser, log, and the best weights so far."""

    def __init__(
        self, folder: Path, recipe: Recipe, optimiser: torch.optim.Optimizer, identities: Sequence[str], device: str
    ) -> None:
        self.log: list[Epoch] = []
        self._folder, self._recipe, self._optimiser = folder, recipe, optimiser
        self._identities, self._device = identities, device
        self._name = f"{folder.name}/{CHECKPOINT}"
        self._merit = -math.inf
        self._best: dict[str, Tensor] | None = None

    def add(self, epoch: Epoch) -> None:
        """Log an epoch, and keep its weights if they are the best."""
        self.log.append(epoch)
        merit = -epoch.loss if epoch.accuracy is None else epoch.accuracy
        if merit >= self._merit:
            self._merit = merit
            self._best = {name: value.clone() for name, value in self._recipe.network.state_dict().items()}
        _write_log(self._folder / LOG, self.log)

    def save(self) -> None:
        """Write the best weights and the checkpoint, which holds them too: a damaged file of theirs is written anew."""
        self.write_best()
        content = {
            "network": self._recipe.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "merit": self._merit,
            "best": self._best,
            "log": [tuple(epoch) for epoch in self.log],
        }
        save_checkpoint(self._folder / CHECKPOINT, self._name, content)

    def write_best(self) -> None:
        """Write the best weights, where there are any."""
        if self._best is not None:
            write_weights(self._folder / BEST, self._recipe, self._best, self._identities)

    def resume(self) -> None:
        """Take over a checkpoint, where there is one."""
        content = load_checkpoint(self._folder / CHECKPOINT, self._name, self._device)
        if content is None:
            return
        try:
            self._recipe.network.load_state_dict(content["network"])
            self._optimiser.load_state_dict(content["optimiser"])
            self._merit, self._best = content["merit"], content["best"]
            self.log = [Epoch(*row) for row in content["log"]]
        except Exception as error:
            raise RequestError(
                f"{self._folder / CHECKPOINT} is not a checkpoint of this training; delete {self._folder} to train "
                "from the start."
            ) from error


def _write_log(path: Path, log: Sequence[Epoch]) -> None:
    rows = [",".join("" if value is None else f"{value:.6g}" for value in row) for row in log]
    write_bytes(path, "\n".join([",".join(Epoch._fields), *rows, ""]).encode())
