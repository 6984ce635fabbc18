"""Hub ids to folders on this machine: the cache first, the network only if it must be. Imports no torch.

The cache and what HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE and HF_TOKEN mean are the hub client's own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from recognizers.common.errors import MissingWeights

# What a snapshot of SAM 2 is in transformers' layout; one of the two kinds of processor files is enough.
SAM2_FILES = ("config.json", "*processor_config.json", "model.safetensors")


class NotInRepository(MissingWeights):
    """The hub's repository was reached and has no file of a kind that is needed."""


class Snapshot(NamedTuple):
    """Files of a repository.

    Attributes
    ----------
    repo : str
        "owner/name".
    revision : str or None
        Branch, tag, pull request or commit; None is the main branch.
    patterns : tuple of str
        Paths with wildcards; a snapshot is whole when each of them is met by a file.
    """

    repo: str
    revision: str | None
    patterns: tuple[str, ...]


def paint_by_example_files(kind: str) -> tuple[str, ...]:
    """What a snapshot of Paint by Example is in diffusers' layout, with weights that end in `.kind`."""
    parts = "unet", "vae", "image_encoder"
    configs = (*(f"{part}/config.json" for part in parts), "scheduler/scheduler_config.json")
    return (*configs, "*/*.json", *(f"{part}/*.{kind}" for part in parts))


# The main branch of the published checkpoint holds pickles only; this revision adds safetensors of the same weights.
PAINT_BY_EXAMPLE = Snapshot("Fantasy-Studio/Paint-by-Example", "refs/pr/3", paint_by_example_files("safetensors"))


def _pipeline_files(encoders: int, ending: str) -> tuple[str, ...]:
    """What a snapshot of a Stable Diffusion is in diffusers' layout, without what checks pictures for their topic."""
    numbered = [f"_{number}" if number > 1 else "" for number in range(1, encoders + 1)]
    texts = [f"text_encoder{number}" for number in numbered]
    tokenizers = [f"tokenizer{number}/{file}" for number in numbered for file in ("vocab.json", "merges.txt", "*.json")]
    networks = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", **dict.fromkeys(texts, "model")}
    each = [file for part, name in networks.items() for file in (f"{part}/config.json", f"{part}/{name}{ending}")]
    return ("model_index.json", "scheduler/scheduler_config.json", *tokenizers, *each)


SD_INPAINTING = Snapshot("stable-diffusion-v1-5/stable-diffusion-inpainting", None, _pipeline_files(1, ".safetensors"))
SDXL_INPAINTING = Snapshot(
    "diffusers/stable-diffusion-xl-1.0-inpainting-0.1", None, _pipeline_files(2, ".fp16.safetensors")
)


def cached(wanted: Snapshot) -> Path | None:
    """The folder of a snapshot that is whole in the cache, or None. Asks nothing of the network."""
    folder = _cached_folder(wanted)
    return folder if folder is not None and not lacking(folder, wanted.patterns) else None


def cache_folder() -> Path:
    """Where the hub client keeps what it fetched."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def repository_folder(wanted: Snapshot) -> Path:
    """Where in the cache all that concerns a repository lies."""
    return cache_folder() / f"models--{wanted.repo.replace('/', '--')}"


def begun(wanted: Snapshot) -> bool:
    """Whether the cache holds a part of a snapshot: some of its files, or half of one."""
    folder = _cached_folder(wanted)
    if folder is not None and any(lacking(folder, [pattern]) == [] for pattern in wanted.patterns):
        return True
    return any(path.suffix in (".incomplete", ".part") for path in (repository_folder(wanted) / "blobs").glob("*"))


def announced(wanted: Snapshot, folder: Path | None = None) -> list[tuple[Path, str]]:
    """Files of a snapshot that are here, each with the digest that the hub announced for it.

    Parameters
    ----------
    wanted : Snapshot
    folder : Path, optional
        As in `fetch`.

    Returns
    -------
    list of (Path, str)
        The digest is a large file's sha256 (64 hexadecimal digits) or a small one's name in git (40).
    """
    if folder is not None:
        notes = folder / ".cache" / "huggingface" / "download"
        found = []
        for note in sorted(notes.rglob("*.metadata")):
            path = folder / note.relative_to(notes).with_suffix("")
            # Commit, digest, time: a note that a kill cut short announces nothing, and the client fetches anew.
            lines = note.read_text(encoding="utf-8", errors="replace").splitlines()
            if path.is_file() and len(lines) > 2:
                found.append((path, lines[1]))
        return found
    cache = _cached_folder(wanted)
    # In the cache each file is a link to one that is named by its digest.
    links = sorted(path for path in cache.rglob("*") if path.is_symlink()) if cache is not None else []
    names = [path.relative_to(cache).as_posix() for path in links] if cache is not None else []
    return [
        (path, os.path.basename(os.readlink(path)))
        for path, name in zip(links, names, strict=True)
        if path.is_file() and any(fnmatch(name, pattern) for pattern in wanted.patterns)
    ]


def _cached_folder(wanted: Snapshot) -> Path | None:
    """The snapshot's folder in the cache, whole or not."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                wanted.repo,
                revision=wanted.revision,
                allow_patterns=list(wanted.patterns),
                local_files_only=True,
            )
        )
    except (OSError, ValueError) as error:  # nothing of it, or known to be a part only
        part = getattr(error, "snapshot_path", None)
        return None if part is None else Path(part)


def lacking(folder: Path, patterns: Sequence[str]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 0]
    names = [path.relative_to(folder).as_posix() for path in files]
    return [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)]


def named(wanted: Snapshot) -> str:
    return wanted.repo if wanted.revision is None else f"{wanted.repo}@{wanted.revision}"


def command_for(wanted: Snapshot, command: str | None) -> str:
    if command is None:
        command = f"hf download {wanted.repo}"
        command += f" --revision {wanted.revision}" if wanted.revision else ""
        command += "".join(f" --include '{pattern}'" for pattern in wanted.patterns)
    return f"`{command}`"
