"""Single weight files that many programs share: their digests, and the folders in which they usually lie."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from recognizers.common.errors import MissingWeights


class WeightFile(NamedTuple):
    """A published weight file.

    Attributes
    ----------
    metric : str
        What it is for: "lpips", "fid" or "inpainting".
    name : str
        Of the file, as published.
    sha256 : str
        Beginning of its digest, as its publishers put it in the name.
    package, setting : str
        The package that wraps the network, and the key of the quality settings, or of the method's, that names a file
        elsewhere.
    fetched_as : str
        Its name for `palmbench weights fetch`.
    also : str or None
        A name under which another package keeps the same contents.
    """

    metric: str
    name: str
    sha256: str
    package: str
    setting: str
    fetched_as: str
    also: str | None = None


VGG16 = WeightFile("lpips", "vgg16-397923af.pth", "397923af", "lpips", "lpips_weights", "lpips")
ALEXNET = WeightFile("lpips", "alexnet-owt-7be5be79.pth", "7be5be79", "lpips", "lpips_weights", "lpips-alexnet")
INCEPTION = WeightFile(
    "fid",
    "pt_inception-2015-12-05-6726825d.pth",
    "6726825d",
    "pytorch_fid",
    "inception_weights",
    "inception",
    also="weights-inception-2015-12-05-6726825d.pth",  # torch-fidelity's name
)

# OpenCV's export, as its model zoo announces it.
LAMA = WeightFile(
    "inpainting",
    "inpainting_lama_2025jan.onnx",
    "7df918ac3921d3daf0aae1d219776cf0dc4e4935f035af81841b40adcf74fdf2",
    "onnxruntime",
    "weights",
    "lama",
)


def torch_cache() -> Path:
    """The folder in which torch keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME or ~/.cache."""
    return _torch_home() / "hub" / "checkpoints"


def weight_caches() -> list[Path]:
    """Folders in which such files usually lie, torch's own first: where torch keeps them, or its older versions did."""
    default = Path("~/.cache/torch").expanduser()
    folders = [torch_cache(), _torch_home() / "checkpoints", default / "hub" / "checkpoints", default / "checkpoints"]
    zoo = os.environ.get("TORCH_MODEL_ZOO")
    folders += [Path(zoo).expanduser()] if zoo else []
    folders += [_torch_home() / "models", Path("~/.torch/models").expanduser()]
    return list(dict.fromkeys(folders))


def _torch_home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")).expanduser()


def in_caches(file: WeightFile) -> Path | None:
    """The weight file in one of the usual caches, or None.

    Raises
    ------
    MissingWeights
        If there is one by its name, and the contents of none are the published ones.
    """
    found = [path for path in copies(file) if path.is_file()]
    for path in found:
        if fits(path, file.sha256):
            return path
    if found:
        raise MissingWeights(
            f"{told_apart(found[0], file)} Fetch it again with `palmbench weights fetch {file.fetched_as}`, "
            f"or set quality.{file.setting} to another copy."
        )
    return None


def copies(file: WeightFile) -> list[Path]:
    """Where a file may lie in the usual caches."""
    return [folder / name for folder in weight_caches() for name in (file.name, file.also) if name]


def fits(path: Path, sha256: str) -> bool:
    """Whether a file's digest begins as it should."""
    return sha256_of(path).startswith(sha256)


def told_apart(path: Path, file: WeightFile) -> str:
    return f"{path} is truncated or is not {file.name} (its sha256 should begin with {file.sha256})."


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
