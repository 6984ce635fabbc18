"""Paint by Example in PyTorch: exemplar-guided inpainting with fused exemplars and prior interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palmbench.diffusion.paint import PaintByExample


def load(path_or_hub_id: str, device: str = "cpu") -> PaintByExample:
    """Load a Paint by Example model.

    Parameters
    ----------
    path_or_hub_id : str
        "embedded" (the small weights that ship with palmbench), a folder in the hub's layout, or a hub id,
        optionally with a revision: "Fantasy-Studio/Paint-by-Example@refs/pr/3".
    device : str
        A torch device.

    Returns
    -------
    PaintByExample

    Raises
    ------
    MissingWeights
        If a file is absent, truncated or of another model; the message names it and says how to mend it.
    """
    from palmbench.diffusion import weights
    from palmbench.diffusion.components import load_components
    from palmbench.diffusion.paint import PaintByExample

    files = weights.weight_files(weights.resolve(path_or_hub_id))
    return PaintByExample(load_components(files), device)
