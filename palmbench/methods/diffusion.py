"""Semantic-guided embedding fusion and prior interpolation on Paint by Example (paper, section III-B)."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from palmbench.diffusion import weights
from palmbench.diffusion.sampling import Sampling, require_steps
from palmbench.hands import Hand
from palmbench.hands.geometry import Square, hand_crop, palm_crop, region_crop, roi_square
from palmbench.hands.palm import Region
from palmbench.methods.finish import match_colour, match_contrast, match_grain, soft_rim, witnesses
from palmbench.methods.region import palm_region, region_versions
from palmbench.methods.settings import ROI_NAMES, DiffusionConfig, canonical_fusion
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.pinned import changed
from recognizers.common.versions import versions_of

if TYPE_CHECKING:
    from palmbench.diffusion.model import Conditions, PaintByExample

VERSION = 1
EXEMPLAR_SIZE = 128
_ENCODING = ("conditioning", "model")
_PAINTING = ("attention", "denoising")
_GRAIN = 1  # tells the stream of the grain from other uses of a photo's seed


class View(NamedTuple):
    """What the model sees of a photo: where it lies, its pixels (uint8, square) and what to repaint (bool)."""

    square: Square
    image: np.ndarray
    mask: np.ndarray


class DiffusionMethod:
    """Repaint the palm after exemplars of the palm itself, and paste the hand back into the photo.

    A square crop about the hand or the palm is brought to `size` pixels (bilinear both ways, as the authors do), the
    palm region is repainted in it, the result is truncated to uint8 (as the authors do), brought back to the crop's
    size and pasted inside the hand mask. So fingers pass through the autoencoder too, and the background is untouched.
    Of a palm crop, unlike the authors' hand crop, only the palm is pasted, with a soft rim around it; with `colour`
    and `grain` "match" both follow the skin around the palm (`match_colour`, `match_grain`), and with `contrast`
    "match" the lines are as deep as they were (`match_contrast`).

    Exemplars are 128 pixels a side, as the authors', and go to the encoder's size at once; theirs go by way of 512.

    A crop is no larger than the photo's shorter side, and that about a hand which lies along a photo it hardly fits in
    leaves out an end of the palm, which stays as it was: so in the authors' code, and with `whole_palm` false. With
    true the crop is moved until it holds the palm; a palm that is longer than it is a SampleError.

    Parameters
    ----------
    config : DiffusionConfig
        Of values in their ranges, as `methods.load` makes sure. `noise` is not read here: who calls chooses the seeds,
        one for all photos or one each.
    device : str
        A torch device.
    region : {"paper", "palm"}
        What is repainted; see `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    RequestError
        If a setting does not suit the weights.
    MissingWeights
        If the weight files are absent.
    """

    name = "diffusion"
    seeded = True

    def __init__(self, config: DiffusionConfig, device: str = "cpu", region: Region = "paper") -> None:
        self._fusion = canonical_fusion(config.fusion).split("+")
        self._sampling = Sampling(config.steps, config.guidance, config.sampler, config.posterior)
        self._config = config
        self._device, self._region = device, region
        self._files = weights.weight_files(weights.resolve(config.weights))
        self._digest = weights.weights_digest(self._files)
        require_steps(weights.read_config(self._files.scheduler_config), config.sampler, config.steps)
        factor = weights.pixels_per_latent(self._files)
        if config.size is not None and config.size % factor:
            raise RequestError(f"method.size must be a multiple of {factor} for these weights, not {config.size}.")

    def settings(self) -> dict[str, Any]:
        """Everything that can change the output of a given seed."""
        config = self._config
        versions = versions_of("palmbench.methods", "finish") | versions_of("palmbench.diffusion", *_PAINTING)
        return self._crop_settings() | {
            "name": self.name,
            "weights": self._digest,
            "fusion": "+".join(self._fusion),
            "scales": {name: config.scales[name] for name in self._fusion},
            "alpha": config.alpha,
            "guidance": config.guidance,
            "sampler": config.sampler,
            "steps": config.steps,
            "posterior": config.posterior,
            "colour": config.colour,
            "contrast": config.contrast,
            "grain": config.grain,
            "versions": _encoding_versions() | versions,
        }

    def encode_settings(self) -> dict[str, Any]:
        """What encodings depend on: not fusion, alpha, guidance, sampler or seed, which a sweep varies."""
        config = self._config
        return self._crop_settings() | {
            "weights": self._digest,
            "scales": dict(config.scales),
            "versions": _encoding_versions(),
        }

    def _crop_settings(self) -> dict[str, Any]:
        config = self._config
        return {"crop": config.crop, "size": config.size, "region": self._region, "whole_palm": config.whole_palm}

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        """Encode photos.

        Returns
        -------
        list of dict
            For each photo `original` and `background`, moments of the autoencoder's posterior of the crop with and
            without its palm greyed, (2 * channels, h, w); and `embeddings` (3, dim) of the s, m and f squares.
        """
        from palmbench.diffusion.conditioning import background_image, signed_image

        views = [self._view(image, hand) for image, hand in zip(images, hands, strict=True)]
        encodings: list[dict[str, np.ndarray]] = [{} for _ in images]
        for group in _by_size(views):
            pictures = [signed_image(views[i].image) for i in group]
            pictures += [background_image(views[i].image, views[i].mask) for i in group]
            exemplars = [exemplar for i in group for exemplar in self._exemplars(images[i], hands[i])]
            moments = self._model.moments(pictures).numpy()
            embeddings = self._model.embed(exemplars).numpy().reshape(len(group), len(ROI_NAMES), -1)
            for place, i in enumerate(group):
                encodings[i] = {
                    "original": moments[place],
                    "background": moments[len(group) + place],
                    "embeddings": embeddings[place],
                }
        return encodings

    def deidentify(
        self,
        images: list[np.ndarray],
        hands: list[Hand],
        seeds: list[int],
        encodings: list[dict[str, np.ndarray] | None],
    ) -> list[np.ndarray]:
        """New photos; each seed, in [0, 2**63), names its photo's start noise."""
        import torch

        views = [self._view(image, hand) for image, hand in zip(images, hands, strict=True)]
        missing = [i for i, encoding in enumerate(encodings) if encoding is None]
        computed = self.encode([images[i] for i in missing], [hands[i] for i in missing])
        known = {i: encoding for i, encoding in enumerate(encodings) if encoding is not None}
        known |= dict(zip(missing, computed, strict=True))
        deidentified = [image.copy() for image in images]
        for group in _by_size(views):
            conditions = [self._conditions(views[i], known[i]) for i in group]
            generators = [torch.Generator("cpu").manual_seed(seeds[i]) for i in group]
            for i, painted in zip(group, self._model.paint(conditions, generators, self._sampling), strict=True):
                finished = self._finished(painted, views[i], hands[i], seeds[i])
                self._paste_back(deidentified[i], finished, views[i].square, hands[i])
        return deidentified

    def _finished(self, painted: np.ndarray, view: View, hand: Hand, seed: int) -> np.ndarray:
        """A painted crop, float in [0, 1], with the contrast, colour and grain that were asked for."""
        size = painted.shape[1::-1]
        inside = cv2.resize(view.square.crop(hand.mask).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        skin = witnesses(inside > 0, view.mask)
        if self._config.contrast == "match":
            painted = match_contrast(painted, view.image, view.mask)
        if self._config.colour == "match":
            painted = match_colour(painted, view.image, skin)
        if self._config.grain == "match":
            painted = match_grain(painted, view.image, skin, view.mask, np.random.default_rng((seed, _GRAIN)))
        return painted

    def _paste_back(self, photo: np.ndarray, painted: np.ndarray, square: Square, hand: Hand) -> None:
        levels = (painted * 255).astype(np.uint8)
        pixels = cv2.resize(levels, (square.side, square.side), interpolation=cv2.INTER_LINEAR)
        inside, view = square.crop(hand.mask), square.crop(photo)
        if self._config.crop == "hand":
            view[inside] = pixels[inside]
            return
        rim = soft_rim(square.crop(palm_region(hand, self._region)))
        inside = inside & (rim > 0)
        share = rim[inside][:, None]
        view[inside] = np.round(share * pixels[inside] + (1 - share) * view[inside]).astype(np.uint8)

    @cached_property
    def _model(self) -> PaintByExample:
        return _painter(self._files, self._digest, self._device)

    def _view(self, image: np.ndarray, hand: Hand) -> View:
        palm = palm_region(hand, self._region)
        square = self._square(image, hand, palm)
        if self._config.whole_palm:
            moved = square.moved_to_hold(palm)
            if moved is None:
                raise SampleError("The palm is longer than the photo's shorter side: a square crop cannot hold it.")
            square = moved
        size = self._config.size
        if size is None:
            step = self._model.side_step
            size = max(step, round(square.side / step) * step)
        region = square.crop(palm).astype(np.uint8)
        return View(
            square,
            cv2.resize(square.crop(image), (size, size), interpolation=cv2.INTER_LINEAR),
            cv2.resize(region, (size, size), interpolation=cv2.INTER_NEAREST).astype(bool),
        )

    def _square(self, image: np.ndarray, hand: Hand, palm: np.ndarray) -> Square:
        if self._config.crop == "hand":
            return hand_crop(hand, image.shape[:2])
        return palm_crop(hand, image.shape[:2]) if self._region == "paper" else region_crop(palm)

    def _exemplars(self, image: np.ndarray, hand: Hand) -> list[np.ndarray]:
        squares = [roi_square(hand, image.shape[:2], self._config.scales[name]) for name in ROI_NAMES]
        size = (EXEMPLAR_SIZE, EXEMPLAR_SIZE)
        return [cv2.resize(square.crop(image), size, interpolation=cv2.INTER_LINEAR) for square in squares]

    def _conditions(self, view: View, encoding: dict[str, np.ndarray]) -> Conditions:
        import torch

        from palmbench.diffusion.model import Conditions

        chosen = [ROI_NAMES.index(name) for name in self._fusion]
        return Conditions(
            background=torch.tensor(encoding["background"]),
            original=torch.tensor(encoding["original"]),
            mask=view.mask,
            embeddings=torch.tensor(encoding["embeddings"][chosen]),
            alpha=self._config.alpha,
        )


def _encoding_versions() -> dict[str, int]:
    return {"diffusion": VERSION, **versions_of("palmbench.diffusion", *_ENCODING), **region_versions()}


@lru_cache(maxsize=1)
def _painter(files: weights.WeightFiles, digest: str, device: str) -> PaintByExample:
    """The model of some weights, loaded once for all points of a sweep; RequestError if they are not of the digest."""
    from palmbench.diffusion.components import load_components
    from palmbench.diffusion.model import PaintByExample

    components = load_components(files)
    if components.digest != digest:
        raise changed(files.folder)
    return PaintByExample(components, device)


def _by_size(views: list[View]) -> list[list[int]]:
    """Places of the views that have the same size, and so can share a batch."""
    groups: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        groups.setdefault(view.image.shape[0], []).append(place)
    return list(groups.values())
