"""Weight files of the small networks that come with palmbench and stand beside the hand network."""

from __future__ import annotations

from palmbench.base.paths import weights_dir
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned


def embedded_file(name: str) -> Pinned:
    """The weight file of a network, "view" or "spot", as it is now.

    Raises
    ------
    MissingWeights
        If it is absent.
    """
    path = weights_dir() / name / f"{name}.safetensors"
    if not path.is_file():
        raise MissingWeights(f"The {name} network's weights are missing: {path}. Install palmbench again.")
    return Pinned.now(path)
