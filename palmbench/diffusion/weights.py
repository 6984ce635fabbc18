"""Where a Paint by Example checkpoint lies, which of its files are read, and their digest. Imports no torch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from palmbench.base.paths import weights_dir
from palmbench.fetching import hub_cache
from palmbench.fetching.hub_cache import PAINT_BY_EXAMPLE, NotInRepository, Snapshot, paint_by_example_files
from palmbench.fetching.hub_download import snapshot
from recognizers.common.cache_keys import digest
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned

EMBEDDED = "embedded"
_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(@(?P<revision>[\w./-]+))?")
_DIFFUSERS_FILES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
_TRANSFORMERS_FILES = ("model.safetensors", "pytorch_model.bin")


class WeightFiles(NamedTuple):
    """The files of a checkpoint in the hub's layout that are read; `preprocessor_config` may be absent."""

    folder: Path
    unet_config: Path
    unet: Path
    vae_config: Path
    vae: Path
    image_encoder_config: Path
    image_encoder: Path
    scheduler_config: Path
    preprocessor_config: Path | None


def resolve(weights: str, download: bool = True) -> Path:
    """Folder of a checkpoint.

    Parameters
    ----------
    weights : str
        "embedded", a local folder, or a hub id ("owner/name", "owner/name@revision"). A folder wins over a hub id
        of the same spelling.
    download : bool
        Whether a hub id that is not in the local cache may be fetched.

    Raises
    ------
    MissingWeights
        If there is no such folder, or the hub cannot be reached and the cache does not hold the checkpoint.
    """
    if weights == EMBEDDED:
        folder = weights_dir() / "paint-by-example"
        if not folder.is_dir():
            raise MissingWeights(
                f"The embedded diffusion weights are missing: there is no folder {folder}. "
                "Train them with `make weights`, or name a checkpoint: method.weights=Fantasy-Studio/Paint-by-Example."
            )
        return folder
    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    hub_id = _HUB_ID.fullmatch(weights)
    if hub_id is None:
        raise MissingWeights(
            f"There is no folder of diffusion weights at {weights}. "
            'Give "embedded", a folder in the hub\'s layout, or a hub id such as Fantasy-Studio/Paint-by-Example.'
        )
    repo, revision = hub_id["repo"], hub_id["revision"]
    if revision is None and repo == PAINT_BY_EXAMPLE.repo:
        revision = PAINT_BY_EXAMPLE.revision
    return _snapshot(repo, revision, download)


def weight_files(folder: Path) -> WeightFiles:
    """Find the files of a checkpoint; safetensors are taken where a component has both kinds.

    Raises
    ------
    MissingWeights
        If a file is absent or empty; the message names it.
    """
    preprocessor = folder / "feature_extractor" / "preprocessor_config.json"
    return WeightFiles(
        folder=folder,
        unet_config=_present(folder, "unet", ("config.json",)),
        unet=_present(folder, "unet", _DIFFUSERS_FILES),
        vae_config=_present(folder, "vae", ("config.json",)),
        vae=_present(folder, "vae", _DIFFUSERS_FILES),
        image_encoder_config=_present(folder, "image_encoder", ("config.json",)),
        image_encoder=_present(folder, "image_encoder", _TRANSFORMERS_FILES),
        scheduler_config=_present(folder, "scheduler", ("scheduler_config.json",)),
        preprocessor_config=preprocessor if preprocessor.is_file() else None,
    )


def pinned(files: WeightFiles) -> dict[Path, Pinned]:
    """The files that are read, by their path, with the contents that they have now; a README beside them is not one."""
    return {path: Pinned.now(path) for path in files[1:] if path is not None}


def palms_trained_on(folder: Path) -> int:
    """How many palms a checkpoint was trained on, as its card tells; 0 where it has none that does."""
    card = folder / "unet" / "card.yaml"
    if not card.is_file():
        return 0
    told = re.match(r"(\d+) training palms ", str(yaml.safe_load(card.read_text(encoding="utf-8")).get("trained_on")))
    return int(told[1]) if told else 0


def weights_digest(files: WeightFiles, pins: Mapping[Path, Pinned] | None = None) -> str:
    """Digest of the files that are read, by relative name and contents: those of `pins`, or else what they are now."""
    known = pinned(files) if pins is None else pins
    names = {path.relative_to(files.folder).as_posix(): pin.digest for path, pin in known.items()}
    return digest("paint-by-example weights", files=names)


def read_config(file: Path | Pinned) -> dict[str, Any]:
    """A component's JSON config; MissingWeights if it is not one, RequestError if it is not what it was."""
    path, data = (file.path, file.read()) if isinstance(file, Pinned) else (file, file.read_bytes())
    try:
        content = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MissingWeights(f"{path} is truncated or not JSON. Fetch it again.") from error
    if not isinstance(content, dict):
        raise MissingWeights(f"{path} is not a config. Fetch it again.")
    return content


def pixels_per_latent(files: WeightFiles) -> int:
    """Pixels per latent along a side of an image, from the autoencoder's config."""
    try:
        return 2 ** (len(read_config(files.vae_config)["block_out_channels"]) - 1)
    except KeyError as error:
        raise MissingWeights(f"{files.vae_config} is not the config of an autoencoder: it has no {error}.") from error


def _present(folder: Path, component: str, names: tuple[str, ...]) -> Path:
    for name in names:
        path = folder / component / name
        if path.is_file() and path.stat().st_size > 0:
            return path
    raise MissingWeights(
        f"Diffusion weights are incomplete: {folder / component} has no {' or '.join(names)}. "
        "Copy the whole checkpoint there in the hub's layout (unet, vae, image_encoder, scheduler, feature_extractor)."
    )


def _snapshot(repo: str, revision: str | None, download: bool) -> Path:
    published = Snapshot(repo, revision, PAINT_BY_EXAMPLE.patterns) == PAINT_BY_EXAMPLE
    kinds = [paint_by_example_files(kind) for kind in (("safetensors",) if published else ("safetensors", "bin"))]
    command = "palmbench weights fetch pbe" if published else None
    for files in kinds:
        folder = hub_cache.cached(Snapshot(repo, revision, files))
        if folder is not None:
            return folder
    try:
        return snapshot(repo, revision, kinds[0], download, command)
    except NotInRepository:
        if published:
            raise
    return snapshot(repo, revision, kinds[1], download)
