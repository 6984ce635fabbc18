"""SAM 2 (Ravi et al., 2024) as segmenter, as in the paper's run: the mask of the object below the 21 keypoints."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from palmbench.fetching.hub_cache import SAM2_FILES
from palmbench.fetching.hub_download import snapshot
from palmbench.hands.assembly import closed
from palmbench.hands.hand import Hand
from palmbench.hands.palm import fill_polygon, palm_polygon
from recognizers.common.cache_keys import bytes_digest, digest, versions_of
from recognizers.common.errors import MissingWeights, RequestError, SampleError
from recognizers.common.pinned import Pinned, copied
from recognizers.common.tensor_files import read_tensors

VERSION = 1
_CODE = ("sam2", "assembly", "palm")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_PUBLISHED = "facebook/sam2.1-hiera-"
_TRANSFORMERS_FILES = ("config.json", "model.safetensors", "processor_config.json", "preprocessor_config.json")
# The authors' checkpoints, and where their package keeps the shape of each.
_SIZES = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}
_CONFIGS = {
    f"sam2{dot}_hiera_{size}.pt": f"configs/sam2{dot}/sam2{dot}_hiera_{letter}.yaml"
    for dot in (".1", "")
    for size, letter in _SIZES.items()
}


class Model(Protocol):
    """What cuts out one object: photo uint8 (height, width, 3) RGB, points (n, 2) in pixels; mask (height, width)."""

    def mask(self, image: np.ndarray, points: np.ndarray) -> np.ndarray: ...


class SAM2Segmenter:
    """Gives a hand the mask that SAM 2 makes of its keypoints, then closes it as the paper's run does.

    All 21 keypoints are foreground points of one object, and one mask is asked for. A keypoint outside the photo is
    moved to its edge. Photos go through the model one at a time, so that no batch can change a mask; the hands of one
    photo, asked for in a row, share the costly part of it.

    Parameters
    ----------
    model : Model
        Kept as the attribute `model`.
    settings : dict
        What the model is.
    closing : int
        Side of the square structuring element in pixels; 0 leaves the mask as it is.
    """

    name = "sam2"

    def __init__(self, model: Model, settings: dict[str, Any], closing: int) -> None:
        self.model, self._settings, self._closing = model, settings, closing

    def settings(self) -> dict[str, Any]:
        """Package, digest of the weights, the closing, and versions of the code."""
        return {
            "name": self.name,
            **self._settings,
            "closing": self._closing,
            "versions": versions_of("palmbench.hands", *_CODE),
        }

    def segment(self, image: np.ndarray, hand: Hand) -> Hand:
        """The hand with its final mask.

        Raises
        ------
        SampleError
            If SAM 2 marks nothing of the palm: no method would hide it.
        """
        height, width = image.shape[:2]
        points = np.clip(hand.keypoints_2d, 0, (width - 1, height - 1)).astype(np.float32)
        mask = closed(self.model.mask(np.ascontiguousarray(image), points), self._closing)
        if not (mask & fill_polygon(palm_polygon(hand.keypoints_2d), (height, width))).any():
            raise SampleError("SAM 2's mask has nothing of the palm")
        return replace(hand, mask=mask)


def load_sam2(weights: str, package: str, closing: int, device: str = "cpu") -> SAM2Segmenter:
    """The segmenter; its model is loaded at the first photo.

    Parameters
    ----------
    weights : str
        A hub id, a folder in the hub's layout, or a checkpoint of the authors (.pt).
    package : {"auto", "transformers", "sam2"}
        "auto" is the authors' package for a .pt file, and transformers for all else.
    closing : int
    device : str

    Raises
    ------
    MissingWeights
        If the weights are neither in the local cache nor to be fetched, or files are lacking.
    RequestError
        If the authors' package is asked for and not installed.
    """
    if _in_transformers_layout(weights, package):
        folder = _folder(weights)
        files = tuple(Pinned.now(folder / name) for name in _TRANSFORMERS_FILES if (folder / name).is_file())
        settings = {"package": "transformers", "weights": _digest(files)}
        return SAM2Segmenter(_Transformers(files, device), settings, closing)
    checkpoint = Path(weights).expanduser()
    path = checkpoint if checkpoint.is_file() else _checkpoint(weights)
    if path.name not in _CONFIGS:
        raise RequestError(
            f"segmenter.weights={weights}: the authors' package tells a checkpoint's shape by its name, which must be "
            f"one of {', '.join(_CONFIGS)}."
        )
    checked = Pinned.now(path)
    settings = {"package": "sam2", "config": _CONFIGS[path.name], "weights": _digest([checked])}
    return SAM2Segmenter(_Authors(checked, device), settings, closing)


class _LastPhoto:
    """What a model made of the photo that it saw last: encoding one costs far more than asking for a hand in it."""

    def __init__(self) -> None:
        self._photo: tuple[tuple[int, ...], str] | None = None
        self._encoded: Any = None

    def encoded(self, image: np.ndarray, encode: Callable[[np.ndarray], Any]) -> Any:
        photo = image.shape, bytes_digest(image.data)
        if photo != self._photo:
            self._photo = None  # should encoding fail, the model may hold neither photo
            self._encoded, self._photo = encode(image), photo
        return self._encoded


class _Loaded(NamedTuple):
    processor: Any
    model: Any
    last: _LastPhoto


class _Transformers:
    def __init__(self, files: tuple[Pinned, ...], device: str) -> None:
        self._files, self._device = files, device

    def mask(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        import torch

        processor, model, last = self._loaded
        with torch.inference_mode():
            embeddings = last.encoded(image, self._encode)
            asked = processor(
                input_points=[[points.tolist()]],  # of one image, of one object
                input_labels=[[[1] * len(points)]],
                original_sizes=[list(image.shape[:2])],
                return_tensors="pt",
            ).to(self._device)
            answer = model(
                image_embeddings=embeddings,
                input_points=asked["input_points"],
                input_labels=asked["input_labels"],
                multimask_output=False,
            )
        (masks,) = processor.post_process_masks(answer.pred_masks.cpu(), [image.shape[:2]])
        return masks[0, 0].numpy()

    def _encode(self, image: np.ndarray) -> Any:
        pixels = self._loaded.processor(images=image, return_tensors="pt")["pixel_values"].to(self._device)
        return self._loaded.model.get_image_embeddings(pixels)

    @cached_property
    def _loaded(self) -> _Loaded:
        return _load(self._files, self._device)


class _Predictor(NamedTuple):
    """The authors' predictor keeps the photo that it saw last in itself."""

    predictor: Any
    last: _LastPhoto


class _Authors:
    def __init__(self, checkpoint: Pinned, device: str) -> None:
        self._checkpoint, self._device = checkpoint, device
        _builder()

    def mask(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        import torch

        predictor, last = self._loaded
        with torch.inference_mode():
            last.encoded(image, predictor.set_image)
            masks, _, _ = predictor.predict(
                point_coords=points, point_labels=np.ones(len(points), np.int32), multimask_output=False
            )
        return np.asarray(masks)[0] > 0.5

    @cached_property
    def _loaded(self) -> _Predictor:
        return _load_authors(self._checkpoint, self._device)


@lru_cache(maxsize=1)
def _load(files: tuple[Pinned, ...], device: str) -> _Loaded:
    from transformers import Sam2Model, Sam2Processor
    from transformers.utils import logging

    # The published config is the video model's, of which the image model is a part: transformers says so at length.
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with _in_a_folder(files) as folder:
            processor = Sam2Processor.from_pretrained(folder, local_files_only=True)
            model = Sam2Model.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except RequestError:
        raise
    except Exception as error:
        raise MissingWeights(
            f"{files[0].path.parent} does not hold SAM 2 in transformers' layout ({_first_line(error)})."
        ) from error
    finally:
        logging.set_verbosity(level)
    return _Loaded(processor, model.eval().to(device), _LastPhoto())


@contextmanager
def _in_a_folder(files: Sequence[Pinned]) -> Iterator[str]:
    """A folder that holds the files with the contents that the key was made of: transformers reads by name."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for path, wanted in files:
            os.symlink(stack.enter_context(copied(path, wanted)), os.path.join(folder, path.name))
        yield folder


@lru_cache(maxsize=1)
def _load_authors(checkpoint: Pinned, device: str) -> _Predictor:
    build, predictor = _builder()
    model = build(_CONFIGS[checkpoint.path.name], ckpt_path=None, device=device)
    try:
        model.load_state_dict(read_tensors(checkpoint)["model"])
    except RequestError:
        raise
    except Exception as error:
        raise MissingWeights(f"{checkpoint.path} does not hold SAM 2's weights ({_first_line(error)}).") from error
    return _Predictor(predictor(model), _LastPhoto())


def _builder() -> tuple[Any, Any]:
    try:
        from sam2.build_sam import build_sam2
        from sam2.sam2_image_predictor import SAM2ImagePredictor
    except ImportError as error:
        raise RequestError(
            "segmenter.package=sam2 needs the authors' package: SAM2_BUILD_CUDA=0 pip install "
            "git+https://github.com/facebookresearch/sam2. Without it transformers does the same: "
            "segmenter.package=transformers."
        ) from error
    return build_sam2, SAM2ImagePredictor


def in_cache(weights: str, package: str) -> None:
    """Make sure that the weights are on this machine; asks nothing of the network.

    Raises
    ------
    MissingWeights
        If they are not.
    """
    if _in_transformers_layout(weights, package):
        _folder(weights, download=False)
    elif not Path(weights).expanduser().is_file():
        _checkpoint(weights, download=False)


def _in_transformers_layout(weights: str, package: str) -> bool:
    return package == "transformers" or (package == "auto" and Path(weights).suffix != ".pt")


def _folder(weights: str, download: bool = True) -> Path:
    """The folder of weights in transformers' layout."""
    local = Path(weights).expanduser()
    if not local.is_dir():
        return _cached(weights, SAM2_FILES, download)
    if absent := [name for name in ("config.json", "model.safetensors") if not (local / name).is_file()]:
        raise MissingWeights(f"SAM 2's weights are incomplete: {local} has no {' and no '.join(absent)}.")
    return local


def _checkpoint(weights: str, download: bool = True) -> Path:
    """The authors' checkpoint in a hub repository: sam2.1_hiera_tiny.pt of facebook/sam2.1-hiera-tiny."""
    name = weights.rsplit("/", 1)[-1].replace("-", "_") + ".pt"
    return _cached(weights, (name,), download) / name


def _cached(weights: str, patterns: tuple[str, ...], download: bool) -> Path:
    """Folder of a hub repository's files: from the local cache, else fetched."""
    if not _HUB_ID.fullmatch(weights):
        raise MissingWeights(
            f"There is no folder of SAM 2's weights at {weights}. Give a folder in the hub's layout, or a hub id such "
            "as facebook/sam2.1-hiera-large."
        )
    size = weights.removeprefix(_PUBLISHED)
    name = {"large": "sam2"}.get(size, f"sam2-{size}")
    listed = weights.startswith(_PUBLISHED) and patterns == SAM2_FILES
    return snapshot(weights, None, patterns, download, f"palmbench weights fetch {name}" if listed else None)


def _digest(files: Sequence[Pinned]) -> str:
    return digest("sam2 weights", files={path.name: contents for path, contents in files})


def _first_line(error: Exception) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())[:160]
