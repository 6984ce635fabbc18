"""PKLNet's weights from a file: read without running code, fitted by name, with words for what does not fit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from palmbench.errors import MissingWeights
from palmbench.hands.pklnet.network import PKLNet
from recognizers.checkpoint import read_state

# Fixed by the window's size, counted for training only, or without a part in the answer.
_NEEDLESS = ("relative_position_index", "num_batches_tracked", "kcr.s")
_INDEX = "relative_position_index"
_SHOWN = 4


@lru_cache(maxsize=2)
def load_pklnet(path: Path, modified: int, device: str) -> PKLNet:
    """PKLNet with the weights of a file, ready for inference; `modified` is the file's time, so that a new one counts.

    Raises
    ------
    MissingWeights
        If the file is unreadable or does not hold a PKLNet.
    """
    network = PKLNet()
    fill(network, read_state(path), path)
    return network.to(device)


def fill(network: PKLNet, state: Mapping[str, Tensor], source: Path) -> None:
    """Put a state dict into a PKLNet, in place, and ready it for inference.

    Parameters
    ----------
    network : PKLNet
    state : mapping
        Tensors of any floating-point type by name, without the prefix of parallel training.
    source : Path
        Where they come from, for messages.

    Raises
    ------
    MissingWeights
        If a tensor has another shape, one is missing that only training can give, or the windows are numbered
        otherwise. Tensors that are unknown or can be done without are told in a warning.
    """
    own = network.state_dict()
    missing = sorted(own.keys() - state.keys())
    trained = [name for name in missing if not name.endswith(_NEEDLESS)]
    if trained:
        raise MissingWeights(
            f"{source} is not a PKLNet: it lacks {_some(trained)} ({len(trained)} of its {len(own)} tensors). "
            "Name the file of a whole network, such as net_params_500.pth, with detector.valley_weights=."
        )
    for name in sorted(own.keys() & state.keys()):
        if state[name].shape != own[name].shape:
            found, wanted = tuple(state[name].shape), tuple(own[name].shape)
            raise MissingWeights(
                f"{source}: {name} is {found}, and PKLNet's is {wanted}; {_likely_cause(name, found)}."
            )
        if name.endswith(_INDEX) and not torch.equal(state[name].long(), own[name].cpu()):
            raise MissingWeights(f"{source}: {name} numbers the cells of a window otherwise than HRFormer does.")
    extra = sorted(state.keys() - own.keys())
    if missing or extra:
        told = [f"{what} {_some(names)}" for what, names in (("lacks", missing), ("also holds", extra)) if names]
        warnings.warn(f"{source} {' and '.join(told)}; the rest is used", stacklevel=2)
    network.load_state_dict({name: value for name, value in state.items() if name in own}, strict=False)
    network.requires_grad_(False).eval()


def _likely_cause(name: str, found: tuple[int, ...]) -> str:
    if name.startswith(("kcr.hm.3.", "kcr.kp_head.2.mlp.fc2.")):
        return "it probably finds another number of points (the ROI's corners instead of its centre)"
    if name.startswith(("kcr.fc_loc.0.", "kcr.kp_head.2.mlp.fc1.")) and len(found) == 2:
        return "it was probably trained on views of another size than 400 x 300"
    return "it is probably a variant of other widths"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN)
