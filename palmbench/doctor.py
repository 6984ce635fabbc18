"""What works here, and how to mend what does not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from palmbench.compose import compose_points
from palmbench.datasets import card_names, present_datasets, read_card
from palmbench.errors import MissingWeights, RequestError
from palmbench.schema import RunConfig

_NEEDED = {
    "torch": "torch", "diffusers": "diffusers", "transformers": "transformers", "hydra-core": "hydra",
    "numpy": "numpy", "numba": "numba", "opencv-python-headless": "cv2", "pillow": "PIL",
    "scikit-image": "skimage", "piq": "piq", "pandas": "pandas", "safetensors": "safetensors", "pyyaml": "yaml",
}  # fmt: skip
_OPTIONAL = {
    "lpips": ("lpips", "LPIPS"),
    "pytorch-fid": ("pytorch_fid", "FID"),
    "wandb": ("wandb", "tracker=wandb"),
    "pillow-heif": ("pillow_heif", "HEIF photos"),
}
_LEAST_FREE = 2 * 2**30  # bytes


class Finding(NamedTuple):
    """One line: `state` is "ok", "absent" (something optional) or "broken" (the default run needs it)."""

    state: str
    subject: str
    detail: str


def doctor() -> int:
    """Print what works; exit status 0 if a default run can start here, 2 if not."""
    config = compose_points([])[0]
    findings = [*_packages(), *_device(), *_weights(config), *_quality(config), *_data(config), *_disk(config)]
    for finding in findings:
        print(f"{finding.state:<7} {finding.subject:<22} {finding.detail}")
    broken = [finding.subject for finding in findings if finding.state == "broken"]
    print(f"to mend before a run: {', '.join(broken)}" if broken else "a run can start here")
    return 2 if broken else 0


def _packages() -> Iterator[Finding]:
    yield Finding("ok", "python", sys.version.split()[0])
    for package, module in _NEEDED.items():
        if importlib.util.find_spec(module) is None:
            yield Finding("broken", package, "not installed; run: make setup")
        else:
            yield Finding("ok", package, _version(package))
    for package, (module, use) in _OPTIONAL.items():
        if importlib.util.find_spec(module) is None:
            yield Finding("absent", package, f"not installed; only for {use}: pip install {package}")
        else:
            yield Finding("ok", package, _version(package))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "installed under another name"


def _device() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("ok", "cpu", f"{cores} cores")
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        yield Finding("ok", "cuda", f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    else:
        yield Finding("absent", "cuda", "no GPU seen by torch; everything runs on the CPU")


def _weights(config: RunConfig) -> Iterator[Finding]:
    """The embedded networks: their files are found here, and read at their first use."""
    from palmbench import hands, methods

    loads: dict[str, tuple[Callable[[], object], str]] = {
        "hand network": (lambda: hands.load_detector(config.detector), "finds hands: every column needs it"),
        "diffusion weights": (lambda: methods.load(config.method), "the rows Diffusion; baselines do without"),
    }
    for subject, (load, use) in loads.items():
        try:
            load()
            yield Finding("ok", subject, use)
        except RequestError as error:
            yield Finding("broken", subject, str(error))


def _quality(config: RunConfig) -> Iterator[Finding]:
    from palmbench.quality import missing_weights
    from palmbench.quality.weights import INCEPTION, VGG16, torch_cache

    try:
        missing = missing_weights(config.quality)
    except MissingWeights as error:
        yield Finding("broken", "quality weights", str(error))
        return
    for file, column in ((VGG16, "LPIPS"), (INCEPTION, "FID")):
        where = f"put it in {torch_cache()} or name it with quality.{file.setting}=FILE"
        lack = missing.get(file.metric)
        if lack is None:
            yield Finding("ok", f"{column} weights", f"column {column} of Table III")
        else:
            mend = where if lack == file.name else f"pip install {file.package.replace('_', '-')}"
            yield Finding("absent", f"{column} weights", f"no column {column} in Table III: {lack} is missing; {mend}")


def _data(config: RunConfig) -> Iterator[Finding]:
    present = present_datasets(config.data_dir)
    for name in card_names():
        card = read_card(name)
        if name in present:
            yield Finding("ok", f"dataset={name}", card.title)
        else:
            yield Finding("absent", f"dataset={name}", f"not in {Path(config.data_dir) / name}; ask at {card.request}")


def _disk(config: RunConfig) -> Iterator[Finding]:
    folder = Path(config.results_dir).resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        yield Finding("broken", "results_dir", f"{folder} cannot be written; set results_dir=FOLDER")
    elif free < _LEAST_FREE:
        yield Finding("broken", "disk", f"{free / 2**30:.1f} GiB free below {folder}; set results_dir=FOLDER elsewhere")
    else:
        yield Finding("ok", "disk", f"{free / 2**30:.0f} GiB free below {folder}")
