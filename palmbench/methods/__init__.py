"""De-identification methods: each turns a photo and the hand found in it into a new photo."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recognizers.common.errors import RequestError
from recognizers.common.hints import not_found
from recognizers.common.strict import build

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods.settings import MethodConfig

NAMES = ("diffusion", "mask", "blur", "pixelate", "identity")


class Method(Protocol):
    """What a method can do. Photos are uint8 (H, W, 3), RGB; results do not depend on what shares a call.

    Attributes
    ----------
    name : str
    seeded : bool
        False if the seed cannot change the output.
    """

    name: str
    seeded: bool

    def settings(self) -> dict[str, Any]:
        """Everything that can change the output, the digest of the weights included; never batch size or device."""
        ...

    def encode_settings(self) -> dict[str, Any] | None:
        """What `encode` depends on; None if it yields nothing worth keeping between points of a sweep."""
        ...

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        """What all points of a sweep share of each photo, as float32 arrays by name."""
        ...

    def deidentify(
        self,
        images: list[np.ndarray],
        hands: list[Hand],
        seeds: list[int],
        encodings: list[dict[str, np.ndarray] | None],
    ) -> list[np.ndarray]:
        """New photos of the same sizes; an encoding that is None is computed.

        Raises
        ------
        SampleError
            If a hand has no palm region to repaint: the photo must not pass as de-identified.
        """
        ...


def load(config: MethodConfig, device: str = "cpu", region: Region = "paper") -> Method:
    """The method that a configuration asks for. Networks are loaded at their first use, weight files found now.

    Parameters
    ----------
    config : MethodConfig
    device : str
        A torch device.
    region : {"paper", "palm"}
        What it repaints of a hand; see `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    RequestError
        If there is no such method or a setting is out of range.
    MissingWeights
        If the diffusion weights are absent.
    """
    if config.name not in NAMES:
        raise RequestError(not_found(f"There is no method {config.name}", config.name, NAMES))
    # A configuration that was made in Python has not been through the checks of the command line's.
    config = build(type(config), asdict(config), "method")
    if config.name == "diffusion":
        from palmbench.methods.diffusion import DiffusionMethod

        return DiffusionMethod(config, device, region)
    if config.name == "mask":
        from palmbench.methods.mask import MaskMethod

        return MaskMethod(config.fill, region)
    if config.name == "blur":
        from palmbench.methods.blur import BlurMethod

        return BlurMethod(config.sigma, region)
    if config.name == "pixelate":
        from palmbench.methods.pixelate import PixelateMethod

        return PixelateMethod(config.block, region)
    from palmbench.methods.identity import IdentityMethod

    return IdentityMethod()
