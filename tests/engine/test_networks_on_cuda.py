"""Every network that a device is given runs there: on fake CUDA tensors one that was left on the CPU raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lpips
import pytest
import torch
from pytorch_fid import inception
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC2701  # torch has no public name for it

from palmbench.hands.network import HandNetwork
from palmbench.hands.pklnet.network import PKLNet
from recognizers.networks.ccnet import CCNet
from recognizers.networks.eehnet import EEHNet


def inception_without_weights() -> nn.Module:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(nn.Module, "load_state_dict", lambda *_, **__: None)
        return inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[2048]])


def forward(network: Any, batch: Tensor) -> Any:
    return network(batch)


def embed(network: Any, batch: Tensor) -> Any:
    return network.embed(batch)


# What makes a network of the published size, what is asked of it, and the shape of a batch.
NETWORKS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any, Tensor], Any], tuple[int, ...]]] = {
    "hand network": (HandNetwork, forward, (2, 3, 256, 192)),
    "PKLNet": (PKLNet, forward, (2, 3, 400, 300)),
    "CCNet": (lambda: CCNet(None), embed, (2, 1, 128, 128)),
    "EEHNet": (EEHNet, embed, (2, 3, 224, 224)),
    "Inception": (inception_without_weights, forward, (2, 3, 1200, 1600)),
    "LPIPS": (
        lambda: lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False),
        lambda network, batch: network(batch, batch),
        (2, 3, 1200, 1600),
    ),
}


def tensors(found: Any) -> list[Tensor]:
    if isinstance(found, Tensor):
        return [found]
    return [each for part in found if part is not None for each in tensors(part)]


def bring_to_cuda(network: nn.Module) -> None:
    """As `to` does it, which fake tensors cannot."""
    for module in network.modules():
        for held in (vars(module)["_parameters"], vars(module)["_buffers"]):
            for name, tensor in held.items():
                if tensor is not None:
                    moved = torch.empty(tensor.shape, dtype=tensor.dtype, device="cuda")
                    held[name] = nn.Parameter(moved, False) if isinstance(tensor, nn.Parameter) else moved


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained':UserWarning")
@pytest.mark.filterwarnings("ignore:Arguments other than a weight enum:UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_leaves_nothing_on_the_cpu(name: str) -> None:
    make, ask, shape = NETWORKS[name]
    network = make().eval()
    # cuDNN's own sampling of grids is nothing that a fake tensor knows.
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), torch.backends.cudnn.flags(enabled=False):
        bring_to_cuda(network)
        answers = tensors(ask(network, torch.empty(shape, device="cuda")))
    assert answers and {answer.device.type for answer in answers} == {"cuda"}
    assert {answer.shape[0] for answer in answers} == {2}


def test_what_is_left_on_the_cpu_is_noticed() -> None:
    class Forgetful(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images + torch.ones(3, device="cpu")

    with FakeTensorMode(), pytest.raises(Exception, match="device"):
        Forgetful()(torch.empty(2, 3, device="cuda"))
