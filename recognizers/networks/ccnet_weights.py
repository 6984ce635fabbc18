"""Weights of a CCNet from a state dict: what may be absent, and what a file that does not fit probably is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from recognizers.common.errors import MissingWeights
from recognizers.networks.ccnet import SIDE, CCNet, flat_size
from recognizers.networks.checkpoint import remark, require_fit, some

_CLASSIFIER = "arclayer_."
# Of a Gabor layer: not learned, so that a file without them says the same as one with them.
_PRESET = (".theta", ".psi")
_SIDES = range(32, 513)


def fill(network: CCNet, state: Mapping[str, Tensor], source: Path) -> str | None:
    """Put a state dict into a CCNet, in place, and ready it for inference.

    The classifier may be absent on either side (`class_centres` reads it for a network without one). Harmless, and
    told: tensors that the network has no place for, as the authors' own script leaves them aside, and the absence of
    the numbers of a Gabor layer that nobody learns, direction and phase, which keep their published values.

    Parameters
    ----------
    network : CCNet
    state : mapping
        Tensors of any floating-point type by name.
    source : Path
        Where they come from, for messages.

    Returns
    -------
    str or None
        What the file lacks or has too much, to be told whenever it is used.

    Raises
    ------
    MissingWeights
        If a tensor has another shape or type, or one is missing that only training can give.
    """
    own = network.state_dict()
    require_fit(own, state, source, "the network's", lambda name, found: _likely_cause(name, found, network))
    missing = sorted(own.keys() - state.keys())
    trained = [name for name in missing if not name.endswith(_PRESET) and not name.startswith(_CLASSIFIER)]
    if trained:
        raise MissingWeights(f"{source} is not a CCNet: it has no {some(trained)}.")
    extra = sorted(name for name in state.keys() - own.keys() if not name.startswith(_CLASSIFIER))
    network.load_state_dict({name: value.float() for name, value in state.items() if name in own}, strict=False)
    network.requires_grad_(False).eval()
    return remark(source, [name for name in missing if not name.startswith(_CLASSIFIER)], extra)


def _likely_cause(name: str, found: tuple[int, ...], network: CCNet) -> str:
    if name.startswith(_CLASSIFIER):
        return "the classifier is of another number of palms, or of another embedding"
    if name == "fc.weight" and len(found) == 2:
        channels = network.cb1.conv1_1.out_channels
        sides = [side for side in _SIDES if flat_size(channels, side) == found[1]]
        if sides and SIDE not in sides:
            near = f"{sides[0]} to {sides[-1]}" if len(sides) > 1 else f"{sides[0]}"
            return f"it was probably trained on ROIs of {near} pixels a side, not {SIDE}"
    return "it is probably a CCNet of other widths (a compact one says so in its safetensors metadata)"
