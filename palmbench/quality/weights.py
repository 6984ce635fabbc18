"""Where the networks of LPIPS and FID are found. Nothing here downloads, and nothing imports torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Protocol

from palmbench.fetching.torch_files import (
    ALEXNET,
    INCEPTION,
    VGG16,
    WeightFile,
    fits,
    in_caches,
    sha256_of,
    told_apart,
    torch_cache,
)
from recognizers.common.errors import MissingWeights

__all__ = [
    "ALEXNET",
    "INCEPTION",
    "VGG16",
    "WEIGHT_FILES",
    "QualityWeights",
    "WeightFile",
    "locate",
    "missing_weights",
    "sha256_of",
    "torch_cache",
]


class QualityWeights(Protocol):
    """The part of the quality settings that names the convention and weight files; None means torch's own cache."""

    @property
    def name(self) -> str: ...

    @property
    def lpips_weights(self) -> str | None: ...

    @property
    def inception_weights(self) -> str | None: ...


# The network of LPIPS, then that of FID.
WEIGHT_FILES = {"paper": (VGG16, INCEPTION), "torchmetrics": (ALEXNET, INCEPTION)}


def locate(file: WeightFile, config: QualityWeights) -> Path | None:
    """The weight file of a metric, or None when it is not on this machine.

    Raises
    ------
    MissingWeights
        If a file is named in the settings and absent, or a file's contents are not the published ones.
    """
    named = getattr(config, file.setting)
    if named is None:
        return in_caches(file)
    path = Path(named).expanduser()
    if not path.is_file():
        raise MissingWeights(f"quality.{file.setting}={named} is not a file; it should be {file.name}.")
    if not fits(path, file.sha256):
        raise MissingWeights(f"{told_apart(path, file)} Name another copy, or leave quality.{file.setting} out.")
    return path


def missing_weights(config: QualityWeights) -> dict[str, str]:
    """Metrics that cannot be computed here, each with what is absent: a weight file, or else a package.

    Returns
    -------
    dict of str to str
        A subset of "lpips", "fid" and "kid"; for example {"lpips": "vgg16-397923af.pth"}.
    """
    missing = {}
    for file in WEIGHT_FILES[config.name]:
        if locate(file, config) is None:
            missing[file.metric] = file.name
        elif importlib.util.find_spec(file.package) is None:
            missing[file.metric] = f"package {file.package.replace('_', '-')}"
    if "fid" in missing:
        missing["kid"] = missing["fid"]
    return missing
