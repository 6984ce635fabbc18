"""CCNet against a plain one written from the paper's description: every filter built, every step spelled out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recognizers.networks.ccnet import COMPACT, CCNet

State = dict[str, Tensor]
# Filters of the first order, of the second, kernel, for each block.
KERNELS = {"cb1": 35, "cb2": 17, "cb3": 7}


def gabor_responses(images: Tensor, state: State, layer: str, size: int) -> Tensor:
    """Responses of one layer: each filter repeated over all input channels, stride 2, no bias."""
    gamma, sigma, theta, f, psi = (
        state[f"{layer}.{name}"].double() for name in ("gamma", "sigma", "theta", "f", "psi")
    )
    filters = []
    for angle in theta:
        kernel = torch.empty(size, size, dtype=torch.float64)
        for row in range(size):
            for column in range(size):
                x, y = row - size // 2, column - size // 2
                along = x * torch.cos(angle) + y * torch.sin(angle)
                across = -x * torch.sin(angle) + y * torch.cos(angle)
                envelope = torch.exp(-0.5 * ((gamma * along) ** 2 + across**2) / (8 * sigma**2))
                kernel[row, column] = (-envelope * torch.cos(2 * math.pi * f * along + psi)).item()
        filters.append(kernel - kernel.mean())
    weight = torch.stack(filters)[:, None].repeat(1, images.shape[1], 1, 1)
    return functional.conv2d(images, weight, stride=2, padding=size // 2)


def competed(x: Tensor) -> Tensor:
    return 0.8 * torch.softmax(x, 1) + 0.1 * (torch.softmax(x, 2) + torch.softmax(x, 3))


def weighed(x: Tensor, state: State, name: str) -> Tensor:
    means = x.mean(dim=(2, 3))
    hidden = torch.relu(means @ state[f"{name}.fc.0.weight"].double().T)
    return x * torch.sigmoid(hidden @ state[f"{name}.fc.2.weight"].double().T)[..., None, None]


def convolved(x: Tensor, state: State, name: str) -> Tensor:
    weight, bias = state[f"{name}.weight"].double(), state[f"{name}.bias"].double()
    return functional.max_pool2d(functional.conv2d(x, weight, bias, stride=2), 2, 2).flatten(1)


def plain_ccnet(images: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor]:
    """Embedding, contrastive feature and logits in evaluation, in double precision."""
    images = images.double()
    flat = []
    for block, size in KERNELS.items():
        first = gabor_responses(images, state, f"{block}.gabor_conv2d", size)
        second = gabor_responses(first, state, f"{block}.gabor_conv2d2", size)
        flat.append(convolved(weighed(competed(first), state, f"{block}.se1"), state, f"{block}.conv1_1"))
        flat.append(convolved(weighed(competed(second), state, f"{block}.se2"), state, f"{block}.conv2_1"))
    hidden = torch.cat(flat, 1) @ state["fc.weight"].double().T + state["fc.bias"].double()
    code = hidden @ state["fc1.weight"].double().T + state["fc1.bias"].double()
    unit = code / code.norm(dim=1, keepdim=True)
    both = torch.cat([hidden, code], 1)
    centres = state["arclayer_.weight"].double()
    cosines = unit @ (centres / centres.norm(dim=1, keepdim=True)).T
    return unit, both / both.norm(dim=1, keepdim=True), 30 * cosines


@pytest.fixture(scope="module")
def network() -> CCNet:
    """A compact CCNet of which every number was moved from its start, so that no mistake can hide behind a zero."""
    torch.manual_seed(1)
    made = CCNet(7, COMPACT).eval()
    with torch.no_grad():
        for name, value in made.state_dict().items():
            if name.endswith((".gamma", ".sigma", ".f")):
                value *= 1 + 0.2 * torch.rand_like(value)
            elif name.endswith((".theta", ".psi")):
                value += 0.3 * torch.rand_like(value)
            else:
                value += 0.5 * value.std() * torch.randn_like(value)
    return made


def test_embedding_feature_and_logits_are_those_of_the_published_wiring(network: CCNet):
    images = torch.randn(2, 1, 128, 128, generator=torch.Generator().manual_seed(2))
    embedding, feature, logits = plain_ccnet(images, network.state_dict())
    with torch.inference_mode():
        found = network.embed(images)
        scores, both = network(images)
    torch.testing.assert_close(found.double(), embedding, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(both.double(), feature, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(scores.double(), logits, rtol=1e-4, atol=1e-4)
    # The two images are told apart by far more than that.
    assert (embedding[0] - embedding[1]).abs().max() > 1e-3


def test_half_of_the_code_is_dropped_before_the_classifier_alone(network: CCNet):
    seen = []
    hook = network.arclayer_.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    images = torch.randn(8, 1, 128, 128, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(0)
    with torch.no_grad():
        _, calm = network(images)
        _, trained = network.train()(images)
    network.eval()
    hook.remove()
    torch.testing.assert_close(trained, calm)  # not on the way to the contrastive feature
    kept = seen[1] != 0
    assert 0.4 < kept.double().mean() < 0.6
    torch.testing.assert_close(seen[1][kept], 2 * seen[0][kept])
