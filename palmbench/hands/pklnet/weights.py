"""PKLNet's weights from a file: read without running code, fitted by name, with words for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from palmbench.hands.pklnet.network import PKLNet
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned
from recognizers.networks.checkpoint import read_state, remark, require_fit, some

# Fixed by the window's size, counted for training only, or without a part in the answer.
_NEEDLESS = ("relative_position_index", "num_batches_tracked", "kcr.s")
_INDEX = "relative_position_index"


class Weights(NamedTuple):
    """A network with the weights of a file, and what that lacks or has too much, to be told whenever it is used."""

    network: PKLNet
    remark: str | None


@lru_cache(maxsize=2)
def load_pklnet(file: Pinned, device: str) -> Weights:
    """PKLNet with the weights of a file, ready for inference.

    Raises
    ------
    MissingWeights
        If the file is unreadable or does not hold a PKLNet.
    RequestError
        If it changed since it was pinned.
    """
    network = PKLNet()
    told = fill(network, read_state(file), file.path)
    return Weights(network.to(device), told)


def fill(network: PKLNet, state: Mapping[str, Tensor], source: Path) -> str | None:
    """Put a state dict into a PKLNet, in place, and ready it for inference.

    Parameters
    ----------
    network : PKLNet
    state : mapping
        Tensors of any floating-point type by name, without the prefix of parallel training.
    source : Path
        Where they come from, for messages.

    Returns
    -------
    str or None
        Which tensors are unknown, or absent and can be done without.

    Raises
    ------
    MissingWeights
        If a tensor has another shape or type, one is missing that only training can give, or the windows are numbered
        otherwise.
    """
    own = network.state_dict()
    missing = sorted(own.keys() - state.keys())
    trained = [name for name in missing if not name.endswith(_NEEDLESS)]
    if trained:
        raise MissingWeights(
            f"{source} is not a PKLNet: it lacks {some(trained)} ({len(trained)} of its {len(own)} tensors). "
            "Name the file of a whole network, such as net_params_500.pth, with detector.valley_weights=."
        )
    require_fit(own, state, source, "PKLNet's", _likely_cause)
    for name in sorted(own.keys() & state.keys()):
        if name.endswith(_INDEX) and not torch.equal(state[name].long(), own[name].cpu()):
            raise MissingWeights(f"{source}: {name} numbers the cells of a window otherwise than HRFormer does.")
    network.load_state_dict({name: value for name, value in state.items() if name in own}, strict=False)
    network.requires_grad_(False).eval()
    return remark(source, missing, sorted(state.keys() - own.keys()))


def _likely_cause(name: str, found: tuple[int, ...]) -> str:
    if name.startswith(("kcr.hm.3.", "kcr.kp_head.2.mlp.fc2.")):
        return "it probably finds another number of points (the ROI's corners instead of its centre)"
    if name.startswith(("kcr.fc_loc.0.", "kcr.kp_head.2.mlp.fc1.")) and len(found) == 2:
        return "it was probably trained on views of another size than 400 x 300"
    return "it is probably a variant of other widths"
