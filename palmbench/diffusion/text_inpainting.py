"""Published models that fill in a region after a text, through diffusers' own pipelines. Imports no torch by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.diffusion.weights import read_config
from palmbench.fetching import hub_cache
from palmbench.fetching.hub_cache import Snapshot
from palmbench.fetching.hub_download import snapshot
from recognizers.common.cache_keys import digest
from recognizers.common.errors import MissingWeights, SampleError
from recognizers.common.pinned import Pinned

# What a generated picture is checked by for its topic: no palm is any, and it would be another gigabyte.
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "StableDiffusionInpaintPipeline": ("safety_checker", "feature_extractor", "image_encoder"),
    "StableDiffusionXLInpaintPipeline": ("feature_extractor", "image_encoder"),
}
_UNET = "diffusion_pytorch_model"


class Asked(NamedTuple):
    """What is to be painted, and how: a text, what the text shall not say, and diffusers' words for the rest."""

    prompt: str
    negative: str
    guidance: float
    steps: int
    strength: float


class Checkpoint(NamedTuple):
    """A folder in diffusers' layout.

    Attributes
    ----------
    folder : Path
    kind : str
        The pipeline's class.
    variant : str or None
        "fp16" where it holds weights of half precision alone.
    digest : str
        Of all files that are read.
    """

    folder: Path
    kind: str
    variant: str | None
    digest: str


def resolve(weights: str, published: Snapshot, command: str, download: bool = True) -> Path:
    """Folder of a checkpoint.

    Parameters
    ----------
    weights : str
        A folder, or the published repository's name.
    published : Snapshot
    command : str
        What fetches it.
    download : bool
        Whether what is not in the local cache may be fetched.

    Raises
    ------
    MissingWeights
        If it is neither, or not to be had.
    """
    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    if weights != published.repo:
        raise MissingWeights(
            f"There is no folder of weights at {weights}. Name one in diffusers' layout, or {published.repo}."
        )
    if (here := hub_cache.cached(published)) is not None:
        return here
    return snapshot(published.repo, published.revision, published.patterns, download, command)


def checkpoint(folder: Path, kind: str) -> Checkpoint:
    """What of a folder is read; MissingWeights if it is of no such pipeline or lacks its networks."""
    whole, half = (folder / "unet" / f"{_UNET}{variant}.safetensors" for variant in ("", ".fp16"))
    if not (folder / "model_index.json").is_file() or not (whole.is_file() or half.is_file()):
        raise MissingWeights(
            f"{folder} is no folder in diffusers' layout: it has no model_index.json or no unet/{_UNET}.safetensors."
        )
    made_for = read_config(folder / "model_index.json").get("_class_name")
    if made_for != kind:
        raise MissingWeights(f"{folder} is of diffusers' {made_for}, and a {kind} is wanted; name another folder.")
    variant = None if whole.is_file() else "fp16"
    return Checkpoint(folder, kind, variant, _digest(_read(folder, kind, variant), folder))


class TextPainter:
    """A pipeline of diffusers, loaded in single precision.

    Raises
    ------
    MissingWeights
        If the folder does not hold what the pipeline needs.
    RequestError
        If a file changed since its digest was taken.
    """

    def __init__(self, found: Checkpoint, device: str = "cpu") -> None:
        import diffusers
        import torch

        left_out: dict[str, Any] = dict.fromkeys(_LEFT_OUT[found.kind])
        if found.kind == "StableDiffusionXLInpaintPipeline":
            left_out["add_watermarker"] = False
        try:
            with _no_progress_bars():
                self._pipeline = getattr(diffusers, found.kind).from_pretrained(
                    found.folder, variant=found.variant, dtype=torch.float32, local_files_only=True,
                    use_safetensors=True, **left_out,
                )  # fmt: skip
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise MissingWeights(f"{found.folder} does not hold a {found.kind}: {error}") from error
        if _digest(_read(found.folder, found.kind, found.variant), found.folder) != found.digest:
            raise MissingWeights(f"{found.folder} changed while it was read; run the same command again.")
        # All is in single precision already: the pipeline would only warn of what it need not do.
        self._pipeline.vae.register_to_config(force_upcast=False)
        self._pipeline.to(device)
        self._pipeline.set_progress_bar_config(disable=True)

    def paint(self, image: np.ndarray, mask: np.ndarray, asked: Asked, seed: int) -> np.ndarray:
        """The image with what the mask covers painted anew.

        Parameters
        ----------
        image : ndarray of shape (side, side, 3), uint8
        mask : ndarray of shape (side, side), bool
        asked : Asked
        seed : int
            All noise is drawn from it on the CPU.

        Returns
        -------
        ndarray of shape (side, side, 3), float32
            In [0, 1]; what lies outside of the mask has passed through the autoencoder.

        Raises
        ------
        SampleError
            If the networks give NaN.
        """
        import torch
        from PIL import Image

        painted = self._pipeline(
            prompt=asked.prompt,
            negative_prompt=asked.negative,
            image=Image.fromarray(image),
            mask_image=Image.fromarray(mask.astype(np.uint8) * 255),
            height=len(image),
            width=len(image),
            strength=asked.strength,
            guidance_scale=asked.guidance,
            num_inference_steps=asked.steps,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        ).images[0]
        if not np.isfinite(painted).all():
            raise SampleError("the diffusion model gave NaN or infinite values: its weights are damaged")
        return np.asarray(painted, np.float32)


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """The libraries draw one for each network that they load, between those of the run."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    shown = [each for each in (of_diffusers, of_transformers) if each.is_progress_bar_enabled()]
    try:
        for each in shown:
            each.disable_progress_bar()
        yield
    finally:
        for each in shown:
            each.enable_progress_bar()


def _read(folder: Path, kind: str, variant: str | None) -> list[Path]:
    """Files that the pipeline reads: configs, vocabularies, and the weights of one precision."""
    found = [folder / "model_index.json"]
    for part in sorted(each for each in folder.iterdir() if each.is_dir() and each.name not in _LEFT_OUT[kind]):
        weights = [path for path in part.glob("*.safetensors") if (path.suffixes[-2:-1] == [".fp16"]) == bool(variant)]
        found += sorted(weights)
        found += sorted(path for path in part.iterdir() if path.suffix in (".json", ".txt"))
    return found


def _digest(files: list[Path], folder: Path) -> str:
    names = {path.relative_to(folder).as_posix(): Pinned.now(path).digest for path in files}
    return digest("text inpainting weights", files=names)
