"""What works here, and how to mend what does not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from palmbench.datasets import card_names, present_datasets, read_card
from palmbench.engine.executor import available_cores
from palmbench.hands.settings import SAM2Config
from recognizers.common.errors import MissingWeights, RequestError

_NEEDED = {
    "torch": "torch", "diffusers": "diffusers", "transformers": "transformers", "hydra-core": "hydra",
    "numpy": "numpy", "numba": "numba", "opencv-python-headless": "cv2", "pillow": "PIL",
    "pandas": "pandas", "safetensors": "safetensors", "pyyaml": "yaml",
}  # fmt: skip
_OPTIONAL = {
    "lpips": ("lpips", "LPIPS"),
    "pytorch-fid": ("pytorch_fid", "FID"),
    "wandb": ("wandb", "tracker=wandb"),
    "trackio": ("trackio", "tracker=trackio"),
    "pillow-heif": ("pillow_heif", "HEIF photos"),
}
_LEAST_FREE = 2 * 2**30  # bytes


class Finding(NamedTuple):
    """One line: `state` is "ok", "absent" (something optional) or "broken" (the default run needs it)."""

    state: str
    subject: str
    detail: str


def doctor(overrides: Sequence[str] = ()) -> int:
    """Print what works; exit status 0 if a run with these settings can start here, 2 if not.

    Parameters
    ----------
    overrides : sequence of str
        As for a run; none for the default one.
    """
    points = compose_points(list(overrides))
    findings = [*_packages(), *_device()]
    for config in points:
        findings += [*_weights(config), *_quality(config)]
    findings += [*_published(points), *_detectors()]
    for config in points:
        findings += [*_data(config), *_disk(config)]
    findings = list(dict.fromkeys(findings))
    for finding in findings:
        print(f"{finding.state:<7} {finding.subject:<22} {finding.detail}")
    broken = [finding.subject for finding in findings if finding.state == "broken"]
    print(f"to mend before a run: {', '.join(dict.fromkeys(broken))}" if broken else "a run can start here")
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
    yield Finding("ok", "cpu", f"{available_cores()} cores")
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        for place in range(torch.cuda.device_count()):
            memory = torch.cuda.get_device_properties(place).total_memory / 2**30
            yield Finding("ok", f"cuda:{place}", f"{torch.cuda.get_device_name(place)}, {memory:.0f} GiB")
    else:
        yield Finding("absent", "cuda", "no GPU seen by torch; everything runs on the CPU")


def _weights(config: RunConfig) -> Iterator[Finding]:
    """The networks of a run: their files are found here; those that a recognizer's settings name are read too."""
    from palmbench import hands

    loads: dict[str, tuple[Callable[[], object], str]] = {
        "hand network": (lambda: hands.load_detector(config.detector), "finds hands: every column needs it"),
        "segmenter": (lambda: _load_segmenter(config), "hand masks: every column needs them"),
        f"method={config.method.name}": (
            lambda: _load_method(config),
            config.method.describe() or "needs no files of its own",
        ),
    }
    if named := config.recognizer.options.get("weights"):
        loads[f"{config.recognizer.name} weights"] = (
            lambda: _load_recognizer(config),
            f"{named}: Tables II, V, VI, VII",
        )
    for subject, (load, use) in loads.items():
        try:
            load()
            yield Finding("ok", subject, use)
        except RequestError as error:
            yield Finding("broken", subject, str(error))


def _load_method(config: RunConfig) -> None:
    from palmbench import methods

    config.method.require_here()  # a run may fetch weights; asking may not
    methods.load(config.method)


def _load_segmenter(config: RunConfig) -> None:
    from palmbench import hands
    from palmbench.hands import sam2

    if isinstance(config.segmenter, SAM2Config):
        sam2.in_cache(config.segmenter.weights, config.segmenter.package)
    hands.load_segmenter(config.segmenter)


def _load_recognizer(config: RunConfig) -> None:
    from palmbench.stages.enrol import require_weights

    require_weights(config.recognizer)


def _quality(config: RunConfig) -> Iterator[Finding]:
    from palmbench.fetching.catalogue import entry
    from palmbench.quality import missing_weights
    from palmbench.quality.weights import WEIGHT_FILES, torch_cache

    try:
        missing = missing_weights(config.quality)
    except MissingWeights as error:
        yield Finding("broken", "quality weights", str(error))
        return
    for file, column in zip(WEIGHT_FILES[config.quality.name], ("LPIPS", "FID"), strict=True):
        lack = missing.get(file.metric)
        if lack is None:
            yield Finding("ok", f"{column} weights", f"column {column} of Table III")
            continue
        mend = f"pip install {file.package.replace('_', '-')}"
        if lack == file.name:
            size = (entry(file.fetched_as).size or 0) / 1e6
            mend = f"palmbench weights fetch {file.fetched_as} ({size:.0f} MB), or put it in {torch_cache()}"
            mend += f" or name it with quality.{file.setting}=FILE"
        yield Finding("absent", f"{column} weights", f"no column {column} in Table III: {lack} is missing; {mend}")


def _published(points: Sequence[RunConfig]) -> Iterator[Finding]:
    """Published weights that a run may ask for; none of these points need be one that does."""
    from palmbench.fetching.catalogue import CATALOGUE, entry
    from palmbench.fetching.local import PARTIAL, READY, find

    # A folder that was named, or weights that were converted, stand in for the hub's.
    named = [point.method.point().get("weights") for point in points]
    folders = [weights for weights in named if weights and Path(weights).is_dir()]
    sizes = [weights.name for weights in CATALOGUE if weights.name.startswith("sam2")]
    for subject, names in (("Paint by Example", ["pbe"]), ("SAM 2 weights", sizes)):
        first, found = entry(names[0]), {name: find(entry(name)) for name in names}
        ready = [f"{name} in {each.where}" for name, each in found.items() if each.state == READY]
        if first.setting and folders:
            ready.append(folders[0])
        if ready:
            yield Finding("ok", subject, f"{first.use}; {', '.join(ready)}")
            continue
        half = "fetched in part, the rest: " if any(each.state == PARTIAL for each in found.values()) else ""
        size = (first.size or 0) / 1e9
        yield Finding("absent", subject, f"{first.without}; {half}palmbench weights fetch {first.name} ({size:.1f} GB)")


def _detectors() -> Iterator[Finding]:
    """The detectors that live in environments of their own: whether there is one, not whether it works."""
    from palmbench.hands.external.environment import PACKAGES, interpreter_of

    for name, package in PACKAGES.items():
        try:
            yield Finding("ok", f"detector={name}", f"{package.title} in {interpreter_of(name, None)}")
        except RequestError:
            without = f"hands, and Table IV, are the embedded detector's, not {package.title}'s"
            mend = f"{package.install}, or name one with detector.python=FILE"
            yield Finding("absent", f"detector={name}", f"{without}; {mend}")


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
