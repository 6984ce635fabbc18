"""Processes that share a training make the steps that one process would."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from experiments.weights.training import Schedule, Trainer, spread

STEPS, BATCH = 6, 8


def train(rank: int, processes: int, checkpoint: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    trainer = Trainer(module, Schedule(STEPS, 1e9, rate=1e-2, warmup=2), checkpoint)
    share = BATCH // processes
    while trainer.running():
        batch = torch.randn(BATCH, 4, generator=torch.Generator().manual_seed(trainer.step))
        mine = batch[rank * share : (rank + 1) * share]
        trainer.update((module(mine).squeeze(1) - mine.sum(dim=1)).square().mean())
    trainer.save()


@pytest.mark.slow
def test_two_processes_with_half_a_batch_each_train_as_one_with_the_whole(tmp_path: Path) -> None:
    spread(train, 2, 2, tmp_path / "two.pt")
    train(0, 1, tmp_path / "one.pt")
    two, one = (torch.load(tmp_path / name, weights_only=True) for name in ("two.pt", "one.pt"))
    assert two["step"] == one["step"] == STEPS
    for name, value in one["module"].items():
        # Sums of halves round differently from sums of wholes.
        torch.testing.assert_close(two["module"][name], value, rtol=1e-4, atol=1e-5)
