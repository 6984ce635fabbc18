"""A painter of the published size on a GPU that is not there: shapes, types and devices of every step, and its work.

On fake tensors nothing is computed, but a tensor that was left on the CPU, or is of another precision, is an error.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily  # noqa: PLC2701
from torch.utils.flop_counter import FlopCounterMode

from experiments.painters import random_parts
from palmbench.diffusion.layers import settle
from palmbench.diffusion.paint import PaintByExample
from palmbench.diffusion.precision import PRECISIONS
from palmbench.diffusion.sampler import Sampling, scheduler_for

FOUR_CALLS = Sampling(steps=3, sampler="plms")  # PLMS makes one call more


class Walked:
    """A painter of the published size on a fake GPU, and the work of painting a batch with it."""

    def __init__(self, precision: str) -> None:
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        with self.mode, torch.device("cuda"):
            parts = random_parts()
            self.painter = PaintByExample(parts, "cuda", precision)  # type: ignore[arg-type]

    def paint(self, sampling: Sampling, batch: int = 1) -> torch.Tensor:
        with self.mode, torch.device("cpu"):
            latents = [torch.zeros(batch, 4, 64, 64) for _ in range(2)]
            return self.painter.decoded(*latents, torch.ones(batch, 1, 64, 64), torch.zeros(batch, 768), sampling)

    def teraflops(self, sampling: Sampling, batch: int = 1) -> float:
        with FlopCounterMode(display=False) as counter:
            self.paint(sampling, batch)
        return counter.get_total_flops() / 1e12


@pytest.fixture(autouse=True)
def scheduler_that_knows_its_steps(monkeypatch):
    def outside(*words):
        with unset_fake_temporarily():
            made = scheduler_for(*words)
            made.timesteps = made.timesteps.numpy()  # whose values can be read inside the mode
            return made

    monkeypatch.setattr("palmbench.diffusion.paint.scheduler_for", outside)


@pytest.fixture(scope="module")
def painters() -> dict[str, Walked]:
    return {precision: Walked(precision) for precision in PRECISIONS}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(steps=3, sampler="plms"),
        Sampling(steps=3, sampler="plms", guidance=1.0),
        Sampling(steps=4, sampler="dpmsolver++", guidance_start=0.25, guidance_end=0.75),
    ],
    ids=["guided", "unguided", "guided in part"],
)
def test_a_batch_is_painted_on_the_device_alone(painters, precision, sampling):
    painted = painters[precision].paint(sampling, batch=3)
    assert painted.shape == (3, 512, 512, 3)
    assert (painted.device.type, painted.dtype) == ("cuda", torch.float32)


def test_encodings_are_made_on_the_device_and_come_back(painters):
    walked = painters["float16"]
    with walked.mode, torch.device("cpu"):
        moments = walked.painter.moments([torch.zeros(3, 512, 512), torch.zeros(3, 512, 512)])
        embeddings = walked.painter.embed([np.zeros((128, 128, 3), np.uint8) for _ in range(3)])
    assert (moments.shape, moments.device.type, moments.dtype) == ((2, 8, 64, 64), "cpu", torch.float32)
    assert (embeddings.shape, embeddings.device.type) == ((3, 768), "cpu")


def test_a_tensor_that_is_left_on_the_cpu_would_be_seen(painters):
    walked = painters["float32"]
    with walked.mode:
        settle(walked.painter.denoiser.conv_out, torch.device("cpu"))
    with pytest.raises(Exception, match=r"device|NVIDIA"):
        walked.paint(Sampling(steps=1, sampler="plms"))
    with walked.mode:
        settle(walked.painter.denoiser.conv_out, torch.device("cuda"))


def test_the_work_is_what_diffusers_does_without_what_is_saved(painters):
    """Of the published network diffusers makes 1.594 TFLOP a guided call, and 2.515 of a decoding."""
    work = painters["float16"].teraflops(FOUR_CALLS)
    assert 0.93 < (work - 2.515) / (4 * 1.594) < 0.99
    unguided = painters["float16"].teraflops(Sampling(steps=3, sampler="plms", guidance=1.0))
    assert 0.49 < (unguided - 2.515) / (work - 2.515) < 0.53
