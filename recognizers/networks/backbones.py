"""Feature extractors of torchvision, cut where maps are left, with ImageNet weights from a file or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn
from torchvision import models
from torchvision.models.vgg import make_layers

from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned
from recognizers.networks.checkpoint import read_state, require_file

VERSION = 1
_THROUGH_POOL3 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M")
_QUARTER = (16, 16, "M", 32, 32, "M", 64, 64, 64, "M")


class _VGG16(nn.Module):
    """VGG-16 through pool3 under torchvision's names; the rest, nine tenths of its weights, is never made."""

    def __init__(self, channels: tuple[str | int, ...], batch_norm: bool) -> None:
        super().__init__()
        self.features = make_layers(list(channels), batch_norm)
        for layer in self.features:
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)


def _residual(network: models.ResNet) -> nn.Sequential:
    stem = (network.conv1, network.bn1, network.relu, network.maxpool)
    return nn.Sequential(*stem, network.layer1, network.layer2, network.layer3, network.layer4)


def _shuffled(network: models.ShuffleNetV2) -> nn.Sequential:
    return nn.Sequential(network.conv1, network.maxpool, network.stage2, network.stage3)


# How the network is made, and how it is cut.
_CUTS: dict[str, tuple[Callable[[], nn.Module], Callable[..., nn.Module]]] = {
    "vgg16": (lambda: _VGG16(_THROUGH_POOL3, batch_norm=False), lambda network: network.features),
    "vgg16_quarter": (lambda: _VGG16(_QUARTER, batch_norm=True), lambda network: network.features),
    "resnet18": (lambda: models.resnet18(weights=None), _residual),
    "resnet50": (lambda: models.resnet50(weights=None), _residual),
    "densenet121": (
        lambda: models.densenet121(weights=None),
        lambda network: nn.Sequential(network.features, nn.ReLU()),
    ),
    "mobilenet_v3_small": (lambda: models.mobilenet_v3_small(weights=None), lambda network: network.features),
    "shufflenet_v2_x0_5": (lambda: models.shufflenet_v2_x0_5(weights=None), _shuffled),
}
NAMES = tuple(_CUTS)


def backbone(name: str, weights: str | Pinned | None = None) -> nn.Module:
    """A convolutional network without its classifier.

    Parameters
    ----------
    name : str
        One of `NAMES`: a torchvision network, of which "vgg16" ends with its third pooling, as in EE-PRnet,
        "shufflenet_v2_x0_5" with its third stage, and the others with their last maps. "vgg16_quarter" is VGG-16
        through its third pooling with a quarter of the channels and batch normalisation; nobody published weights.
    weights : str, Pinned or None
        Path of torchvision's state dict of the whole network; None starts from random weights. Nothing is downloaded.

    Raises
    ------
    ValueError
        If there is no such network.
    MissingWeights
        If the file is absent, or of another network.
    """
    if name not in _CUTS:
        raise ValueError(not_found(f"there is no backbone {name!r}", name, NAMES))
    make, cut = _CUTS[name]
    network = make()
    if weights is not None:
        _fill(network, name, weights if isinstance(weights, Pinned) else Path(weights))
    return cut(network)


def _fill(network: nn.Module, name: str, file: Path | Pinned) -> None:
    path = file.path if isinstance(file, Pinned) else file
    require_file(path, f"{name}'s weights are missing: {path}. Name a state dict of torchvision's {name}.")
    state = read_state(file)
    own = network.state_dict()
    # Layers behind the cut may be left over; all others must be there and fit.
    unfit = sorted(key for key in own if key not in state or state[key].shape != own[key].shape)
    if unfit:
        raise MissingWeights(
            f"{path} is not a state dict of torchvision's {name}: {unfit[0]} is absent or does not fit."
        )
    network.load_state_dict({key: state[key] for key in own})
