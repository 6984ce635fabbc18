"""Recipes train by a schedule, and a killed one ends with the weights of one that was never stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors import safe_open
from torch import Tensor, nn

from experiments.weights.train_autoencoder import CONFIG, start_as_thumbnail
from experiments.weights.train_inpainting import STRANGER_ALPHA, UNET, TrainingAttention, with_strangers
from experiments.weights.training import Schedule, Trainer, begin_with, prefetch, save_half

HOURS = 1e9  # never the limit
STEPS = 12


def a_module() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def loss_of(module: nn.Module, step: int) -> Tensor:
    inputs = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
    return (module(inputs).squeeze(1) - inputs.sum(dim=1)).square().mean()


def train(checkpoint: Path, until: int) -> Trainer:
    trainer = Trainer(a_module(), Schedule(STEPS, HOURS, rate=1e-2, warmup=4), checkpoint, average=0.9)
    while trainer.running() and trainer.step < until:
        trainer.update(loss_of(trainer.module, trainer.step))
    return trainer


def test_a_killed_training_resumes_exactly(tmp_path: Path) -> None:
    straight = train(tmp_path / "straight.pt", until=STEPS)
    train(tmp_path / "killed.pt", until=5).save()
    # The checkpoint after it was damaged.
    train(tmp_path / "killed.pt", until=7).save()
    (tmp_path / "killed.pt").write_bytes((tmp_path / "killed.pt").read_bytes()[:-100])
    resumed = train(tmp_path / "killed.pt", until=STEPS)
    assert resumed.step == straight.step == STEPS
    assert not resumed.running()
    for mine, theirs in (
        (resumed.module.state_dict(), straight.module.state_dict()),
        (resumed.smooth, straight.smooth),
    ):
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_training_may_begin_with_the_weights_that_are_there(tmp_path: Path) -> None:
    before, after = a_module(), nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    nn.init.constant_(before[0].weight, 0.25)
    save_half(before.state_dict(), tmp_path / "weights.safetensors")
    own = after[3].weight.clone()
    begin_with(after, tmp_path / "weights.safetensors")
    assert (after[0].weight == 0.25).all()
    assert torch.equal(after[3].weight, own)  # another shape
    with pytest.raises(SystemExit, match="without --continued"):
        begin_with(nn.Linear(7, 7), tmp_path / "weights.safetensors")


def test_a_checkpoint_of_another_size_is_told(tmp_path: Path) -> None:
    schedule, checkpoint = Schedule(steps=2, minutes=9, rate=0.1), tmp_path / "checkpoint.pt"
    Trainer(nn.Linear(3, 2), schedule, checkpoint).save()
    with pytest.raises(SystemExit, match="of a training of another size"):
        Trainer(nn.Linear(4, 2), schedule, checkpoint)


def test_training_learns_and_its_average_is_ready_for_use(tmp_path: Path) -> None:
    trainer = Trainer(a_module(), Schedule(300, HOURS, rate=3e-2), tmp_path / "net.pt", average=0.9)
    before = loss_of(trainer.module, 999).item()
    while trainer.running():
        trainer.update(loss_of(trainer.module, trainer.step))
    module = trainer.adopt_average()
    assert not module.training
    assert all(torch.equal(module.state_dict()[name], value) for name, value in trainer.smooth.items())
    assert loss_of(module, 999).item() < 0.1 * before


def test_what_runs_out_first_ends_the_training() -> None:
    schedule = Schedule(steps=100, minutes=2, rate=1.0, warmup=50)
    assert schedule.progress(25, spent=0) == 0.25
    assert schedule.progress(25, spent=60) == 0.5
    assert schedule.progress(25, spent=500) == 1
    assert schedule.progress(100, spent=0) == 1


def test_the_rate_rises_linearly_and_falls_as_a_cosine() -> None:
    schedule = Schedule(steps=100, minutes=2, rate=0.8, warmup=50)
    assert schedule.rate_at(0, 0.0) == pytest.approx(0.8 / 50)
    assert schedule.rate_at(24, 0.0) == pytest.approx(0.4)
    assert schedule.rate_at(60, 0.5) == pytest.approx(0.4)
    assert schedule.rate_at(60, 1 / 3) == pytest.approx(0.6)
    assert schedule.rate_at(99, 1.0) == pytest.approx(0.0)


def test_a_finished_training_takes_no_further_step(tmp_path: Path) -> None:
    trainer = Trainer(a_module(), Schedule(1000, minutes=0.01, rate=1e-2), tmp_path / "net.pt")
    trainer.spent = 0.6
    trainer.save()
    assert not Trainer(a_module(), trainer.schedule, tmp_path / "net.pt").running()


def test_prefetching_keeps_the_order() -> None:
    ahead = prefetch(iter(range(100)), depth=3)
    assert [next(ahead) for _ in range(100)] == list(range(100))


def test_weights_are_written_in_half_precision(tmp_path: Path) -> None:
    state = {"weight": torch.linspace(-3, 3, 12).reshape(3, 4).t(), "count": torch.tensor(70_001)}
    path = tmp_path / "deep" / "net.safetensors"
    save_half(state, path, metadata={"renderer": "1"})
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"renderer": "1"}
        weight, count = file.get_tensor("weight"), file.get_tensor("count")
    assert (weight.dtype, weight.shape) == (torch.float16, (4, 3))
    # Half precision keeps eleven binary digits.
    torch.testing.assert_close(weight.float(), state["weight"], rtol=2**-11, atol=0)
    assert (count.dtype, int(count)) == (torch.int64, 70_001)


def test_an_autoencoder_keeps_colours_before_it_is_trained() -> None:
    torch.manual_seed(0)
    autoencoder = AutoencoderKL(**CONFIG)
    start_as_thumbnail(autoencoder)
    colours = torch.tensor([[0.6, 0.1, -0.2], [-0.3, -0.5, -0.6], [-0.2, 0.1, 0.6]])
    with torch.no_grad():
        latents = autoencoder.encode(colours[:, :, None, None].expand(-1, -1, 64, 64)).latent_dist.mode()
        restored = autoencoder.decode(latents).sample.mean(dim=(2, 3))
    torch.testing.assert_close(restored, colours, rtol=0, atol=0.2)
    assert torch.equal(restored.argsort(dim=1), colours.argsort(dim=1))


def test_the_attention_of_training_is_that_of_the_product() -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(**UNET).eval()
    inputs = (torch.randn(2, 9, 16, 16), torch.tensor([10, 700]), torch.randn(2, 1, UNET["cross_attention_dim"]))
    with torch.no_grad():
        expected = unet(*inputs).sample
        unet.set_attn_processor(TrainingAttention())
        torch.testing.assert_close(unet(*inputs).sample, expected, rtol=0, atol=1e-4)


def test_strangers_lie_faintly_in_holes_and_bring_no_colour() -> None:
    originals, backgrounds = torch.randn(64, 2, 4, 8, 8).unbind(dim=1)
    keep = torch.ones(64, 1, 8, 8)
    keep[:, :, 2:6, 2:6] = 0
    hole = keep[0, 0] == 0
    changed = with_strangers(originals, backgrounds, keep, np.random.default_rng(1))
    assert torch.equal(changed[..., ~hole], backgrounds[..., ~hole])
    concerned = (changed != backgrounds).flatten(1).any(dim=1)
    assert 3 <= int(concerned.sum()) <= 20
    inside = [part[concerned][..., hole] for part in (changed, backgrounds, originals)]
    # The mean moves towards the hole's own, by alpha.
    moved = (inside[0] - inside[1]).mean(dim=2)
    alpha = moved / (inside[2] - inside[1]).mean(dim=2)
    torch.testing.assert_close(alpha, alpha[:, :1].expand_as(alpha), rtol=1e-2, atol=1e-3)
    assert alpha.min() > 0 and alpha.max() <= STRANGER_ALPHA + 1e-3


def test_a_training_that_went_on_ends_halfway_between_its_beginning_and_its_end(tmp_path: Path) -> None:
    def trained(begun: float, halfway: bool, checkpoint: str) -> float:
        module = nn.Linear(1, 1, bias=False)
        nn.init.constant_(module.weight, begun)
        trainer = Trainer(module, Schedule(STEPS, HOURS, 0.1, warmup=1), tmp_path / checkpoint, halfway=halfway)
        while trainer.running():
            trainer.update(module(torch.ones(1, 1)).sum())
        trainer.save()
        trainer.adopt_average()
        return module.weight.item()

    plain = trained(1.0, False, "plain.pt")
    assert plain < 0.9
    assert trained(1.0, True, "halfway.pt") == pytest.approx((1 + plain) / 2)
    # Again, where the weights that are there are those of the finished training already.
    assert trained((1 + plain) / 2, True, "halfway.pt") == pytest.approx((1 + plain) / 2)
