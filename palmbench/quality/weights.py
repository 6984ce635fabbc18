"""Where the networks of LPIPS and FID are found. Nothing here downloads, and nothing imports torch."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from palmbench.errors import MissingWeights


class QualityWeights(Protocol):
    """The part of the quality settings that names the convention and weight files; None means torch's own cache."""

    @property
    def name(self) -> str: ...

    @property
    def lpips_weights(self) -> str | None: ...

    @property
    def inception_weights(self) -> str | None: ...


class WeightFile(NamedTuple):
    """A published weight file; `sha256` is the beginning of its digest, as its publishers put it in the name."""

    metric: str
    name: str
    sha256: str
    package: str
    setting: str


VGG16 = WeightFile("lpips", "vgg16-397923af.pth", "397923af", "lpips", "lpips_weights")
ALEXNET = WeightFile("lpips", "alexnet-owt-7be5be79.pth", "7be5be79", "torchmetrics", "lpips_weights")
INCEPTION = WeightFile("fid", "pt_inception-2015-12-05-6726825d.pth", "6726825d", "pytorch_fid", "inception_weights")


# The network of LPIPS, then that of FID.
WEIGHT_FILES = {"paper": (VGG16, INCEPTION), "torchmetrics": (ALEXNET, INCEPTION)}


def torch_cache() -> Path:
    """The folder in which torch keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME or ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def locate(file: WeightFile, config: QualityWeights) -> Path | None:
    """The weight file of a metric, or None when it is not on this machine.

    Raises
    ------
    MissingWeights
        If a file is named in the settings and absent, or a file's contents are not the published ones.
    """
    named = getattr(config, file.setting)
    path = Path(named).expanduser() if named else torch_cache() / file.name
    if not path.is_file():
        if named:
            raise MissingWeights(f"quality.{file.setting}={named} is not a file; it should be {file.name}.")
        return None
    if not sha256_of(path).startswith(file.sha256):
        raise MissingWeights(
            f"{path} is truncated or is not {file.name} (its sha256 should begin with {file.sha256}). "
            f"Fetch it again, or set quality.{file.setting} to another copy."
        )
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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits; a file of the same size and time is read only once."""
    status = path.stat()
    return _sha256(str(path.resolve()), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _sha256(path: str, size: int, modified: int) -> str:
    sha = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()
