"""The methods by name: ours, and those that installed packages add; found, set strictly, and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from palmbench.methods.method import Method, MethodConfig
from recognizers.common.entry_points import SettingsOffers
from recognizers.common.errors import RequestError, no_exit
from recognizers.common.strict import build

if TYPE_CHECKING:
    from palmbench.hands.palm import Region

# One more is a file beside these, a line here, a YAML in conf/method and a golden artefact: docs/methods.md.
METHODS = {
    "adversarial": "palmbench.methods.adversarial:AdversarialConfig",
    "blur": "palmbench.methods.blur:BlurConfig",
    "diffusion": "palmbench.methods.diffusion:DiffusionConfig",
    "folder": "palmbench.methods.folder:FolderConfig",
    "dp_pix": "palmbench.methods.dp_pix:DpPixConfig",
    "identity": "palmbench.methods.identity:IdentityConfig",
    "inpaint": "palmbench.methods.inpaint:InpaintConfig",
    "ksame": "palmbench.methods.ksame:KSameConfig",
    "lama": "palmbench.methods.lama:LamaConfig",
    "mask": "palmbench.methods.mask:MaskConfig",
    "pixelate": "palmbench.methods.pixelate:PixelateConfig",
    "scramble": "palmbench.methods.scramble:ScrambleConfig",
    "sd_inpaint": "palmbench.methods.text_inpaint:SdInpaintConfig",
    "sdedit": "palmbench.methods.sdedit:SdeditConfig",
    "sdxl_inpaint": "palmbench.methods.text_inpaint:SdxlInpaintConfig",
    "smooth": "palmbench.methods.smooth:SmoothConfig",
    "swap": "palmbench.methods.swap:SwapConfig",
    "whole_hand": "palmbench.methods.whole_hand:WholeHandConfig",
}
ENTRY_POINTS = "palmbench.methods"
_OFFERS: SettingsOffers[MethodConfig] = SettingsOffers("method", ENTRY_POINTS, METHODS, MethodConfig)


def names() -> list[str]:
    """Names of the methods: ours, and those that installed packages add under `palmbench.methods`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of methods that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def find(name: str) -> type[MethodConfig]:
    """The class of a method's settings; errors as of `SettingsOffers.find`."""
    return _OFFERS.find(name)


def named(name: str) -> MethodConfig:
    """The settings of a method by its name, all at their defaults; errors as of `SettingsOffers.named`."""
    return _OFFERS.named(name)


def method_config(values: Mapping[str, Any]) -> MethodConfig:
    """Settings of a method from a plain mapping, strictly; errors as of `SettingsOffers.config`."""
    return _OFFERS.config(values)


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
        If a setting is out of range, or the method cannot be made of these settings.
    MissingWeights
        If its weights are absent.
    """
    # A configuration that was made in Python has not been through the checks of the command line's.
    config = build(type(config), asdict(config), "method")
    try:
        with no_exit(f"method={config.name}"):
            return config.load(device, region)
    except ValueError as error:
        raise RequestError(f"method={config.name}: {error}") from error
