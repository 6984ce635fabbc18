"""The paper's method: exemplar-guided repainting of the palm by Paint by Example (section III)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from palmbench.base.device import turn
from palmbench.diffusion.precision import automatic
from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from palmbench.methods.region import region_versions
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import RequestError
from recognizers.common.pinned import changed
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.diffusion.paint import Conditions, PaintByExample
    from palmbench.diffusion.precision import Precision
    from palmbench.diffusion.sampler import Sampling
    from palmbench.diffusion.weights import WeightFiles
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods.crop import Crop

VERSION = 5
ROI_NAMES = ("s", "m", "f")  # small, medium and full-scale exemplar square, in the paper's order
_ENCODING = ("fusion", "layers", "noise", "prior", "paint")
_PAINTING = ("attention", "denoiser", "sampler")
_FINISHING = ("bands", "blotches", "light", "palette", "palm_lines", "paste_back", "relief", "skin_texture", "wrinkles")
# Of weights that are known by name.
_LICENCES = {"embedded": "Apache-2.0", "Fantasy-Studio/Paint-by-Example": "CreativeML OpenRAIL-M"}
_MOST_ALPHA = 0.2  # the own palm shows through above it
_FINISH = 1  # tells the stream of wrinkles, relief and grain from other uses of a photo's seed
_ROUGHER = 1.15  # the finest structure of a palm, its creases among it, against that of the plain skin around it


def canonical_fusion(fusion: str) -> str:
    """Fusion set in the paper's order: "m+s" and "s+m" are the same mean of embeddings.

    Raises
    ------
    RequestError
        If a part is not s, m or f, or occurs twice.
    """
    parts = [part.strip() for part in fusion.split("+")]
    if not set(parts) <= set(ROI_NAMES) or len(set(parts)) < len(parts):
        raise RequestError(
            f"method.fusion must join different ones of s, m and f with +, such as s+m or s+m+f, not {fusion}."
        )
    return "+".join(name for name in ROI_NAMES if name in parts)


@dataclass(frozen=True)
class DiffusionConfig(MethodConfig):
    """Exemplar-guided inpainting of the palm (Section III of the paper)."""

    name: Literal["diffusion"] = "diffusion"
    weights: str = "embedded"
    fusion: str = "s+m"
    alpha: float = setting(0.1, low=0, high=1)
    guidance: float = setting(3.0, low=0, high=100)
    sampler: Literal["dpmsolver++", "plms"] = "dpmsolver++"
    steps: int = setting(8, low=1, high=1000)
    spacing: float = setting(1.5, low=1, high=4)
    guidance_start: float = setting(0.0, low=0, high=1)
    guidance_end: float = setting(0.5, low=0, high=1)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    noise: Literal["sample", "shared"] = "sample"
    crop: Literal["palm", "hand"] = "palm"
    whole_palm: bool = True
    size: int | None = setting(256, low=32, high=4096, multiple_of=8)
    posterior: Literal["mode", "sample"] = "mode"
    colour: Literal["match", "raw"] = "match"
    wrinkles: Literal["match", "none"] = "match"
    relief: Literal["match", "none"] = "match"
    grain: Literal["match", "none"] = "match"
    scales: dict[str, float] = field(
        default_factory=lambda: {"s": 0.1, "m": 0.5, "f": 1.0}, metadata={"above": 0, "high": 1}
    )

    label = "Diffusion"
    named: ClassVar[tuple[str, ...]] = ("fusion", "alpha", "weights")
    seeded = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "fusion", canonical_fusion(self.fusion))
        if self.guidance_start > self.guidance_end:
            raise RequestError(
                "method.guidance_start must not be above method.guidance_end, and they are "
                f"{self.guidance_start:g} and {self.guidance_end:g}."
            )

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region="hand",  # of a palm crop too: its rim fades into the skin around the palm
            sees=(),
            seeded=True,
            surrogate="photo",
            guarantee="",
            licence=_LICENCES.get(self.weights),
            reference="The paper, section III; Paint by Example, Yang et al., CVPR 2023",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Diffusion:
        return Diffusion(self, device, region)

    @property
    def shared_noise(self) -> bool:
        return self.noise == "shared"

    @property
    def leaves_lines(self) -> bool:  # type: ignore[override]
        """From alpha 0.3 on: MTCC then matches 30 % of the results of rendered palms, at 0.5 75 %, at 1 all."""
        return self.alpha > _MOST_ALPHA

    def setting(self) -> str:
        return f"{self.fusion} alpha {self.alpha:g}"

    def describe(self) -> str:
        whole = (self.guidance_start, self.guidance_end) == (0, 1)
        part = "" if whole else f" from {self.guidance_start:.0%} to {self.guidance_end:.0%} of the steps"
        spaced = "" if self.spacing == 1 else f" spaced by {self.spacing:g}"
        precision = "" if self.precision == "float32" else f", {self.precision}"
        return (
            f"Diffusion: {'the ' if self.weights == 'embedded' else ''}{self.weights} weights, {self.sampler}, "
            f"{self.steps} steps{spaced}, guidance {self.guidance:g}{part}, {self.crop} crop{precision}."
        )

    def on(self, device: str) -> DiffusionConfig:
        return replace(self, precision=automatic(device)) if self.precision == "auto" else self

    def require_here(self) -> None:
        from palmbench.diffusion.weights import resolve

        resolve(self.weights, download=False)

    def palms_trained_on(self) -> range:
        from palmbench.diffusion.weights import EMBEDDED, palms_trained_on, resolve
        from palmbench.synth.seeds import TRAINING_IDENTITIES

        return TRAINING_IDENTITIES[: palms_trained_on(resolve(EMBEDDED)) if self.weights == EMBEDDED else 0]

    def of_whole_palm(self) -> DiffusionConfig:
        return replace(self, whole_palm=True)


class Diffusion(Method):
    """Repaint the palm after exemplars of the palm itself, and paste the hand back into the photo.

    A square crop about the hand or the palm is brought to `size` pixels (bilinear both ways, as the authors do), the
    palm region is repainted in it, the result is truncated to uint8 (as the authors do), brought back to the crop's
    size and pasted inside the hand mask. So fingers pass through the autoencoder too, and the background is untouched.
    Of a palm crop, unlike the authors' hand crop, only the palm is pasted, with a soft rim around it.

    What small weights cannot paint is added after them. With `relief` "match" the palm is as uneven as it was: blotches
    that stand out are calmed (`blotches.without_blotches`), folds and pads that it lacks are drawn at random
    (`relief.with_relief`). With `wrinkles` "match" the lines and wrinkles of nobody's palm are drawn where palms have
    them (`palm_lines.palm_lines`), as strong as the lines that were there (`wrinkles.wrinkled`). With `colour` "match"
    the crop gets the light and the colours of the hand (`light.follow_light`, `light.in_usual_colour`,
    `palette.in_shades`), with `grain` "match" the texture of the skin around the palm, at the photo's own scale
    (`skin_texture.textured`). None of this is diffusion, and the paper's setting has none of it.

    Exemplars are 128 pixels a side, as the authors', and go to the encoder's size at once; theirs go by way of 512.

    A crop is no larger than the photo's shorter side, and that about a hand which lies along a photo it hardly fits in
    leaves out an end of the palm, which stays as it was: so in the authors' code, and with `whole_palm` false. With
    true the crop is moved until it holds the palm; a palm that is longer than it is a SampleError.

    Raises
    ------
    RequestError
        If a setting does not suit the weights.
    MissingWeights
        If the weight files are absent.
    """

    config: DiffusionConfig
    version: ClassVar[int] = VERSION
    takes_turns: ClassVar[bool] = True

    def __init__(self, config: DiffusionConfig, device: str = "cpu", region: Region = "paper") -> None:
        from palmbench.diffusion import weights
        from palmbench.diffusion.sampler import require_steps

        config = config.on(device)
        super().__init__(config, device, region)
        self._fusion = config.fusion.split("+")
        self._files = weights.weight_files(weights.resolve(config.weights))
        self._digest = weights.weights_digest(self._files)
        schedule = weights.read_config(self._files.scheduler_config)
        require_steps(schedule, config.sampler, config.steps, config.spacing)
        factor = weights.pixels_per_latent(self._files)
        if config.size is not None and config.size % factor:
            raise RequestError(f"method.size must be a multiple of {factor} for these weights, not {config.size}.")

    def settings(self) -> dict[str, Any]:
        """Everything that can change the output of a given seed."""
        config = self.config
        finishing = versions_of("palmbench.methods", *_FINISHING)
        versions = finishing | versions_of("palmbench.diffusion", *_PAINTING)
        return self._crop_settings() | {
            "name": self.name,
            "weights": self._digest,
            "fusion": config.fusion,
            "scales": {name: config.scales[name] for name in self._fusion},
            "alpha": config.alpha,
            "guidance": config.guidance,
            "sampler": config.sampler,
            "steps": config.steps,
            "spacing": config.spacing,
            "guided": [config.guidance_start, config.guidance_end],
            "precision": config.precision,
            "compile": config.compile,  # other roundings, so other bytes
            "posterior": config.posterior,
            "colour": config.colour,
            "wrinkles": config.wrinkles,
            "relief": config.relief,
            "grain": config.grain,
            "versions": self._encoding_versions() | versions,
        }

    def encode_settings(self) -> dict[str, Any]:
        """What encodings depend on: not fusion, alpha, guidance, sampler or seed, which a sweep varies."""
        return self._crop_settings() | {
            "weights": self._digest,
            "scales": dict(self.config.scales),
            "versions": self._encoding_versions(),
        }

    def _crop_settings(self) -> dict[str, Any]:
        config = self.config
        return {"crop": config.crop, "size": config.size, "region": self.region, "whole_palm": config.whole_palm}

    def _encoding_versions(self) -> dict[str, int]:
        cropping = versions_of("palmbench.methods", "crop") | versions_of("palmbench.hands", "roi_squares")
        own = cropping | versions_of("palmbench.diffusion", *_ENCODING)
        return super().versions() | own | region_versions()

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        """Encode photos.

        Returns
        -------
        list of dict
            For each photo `original` and `background`, moments of the autoencoder's posterior of the crop with and
            without its palm greyed, (2 * channels, h, w); and `embeddings` (3, dim) of the s, m and f squares.
        """
        from palmbench.diffusion.prior import background_image, signed_image
        from palmbench.methods.crop import by_size, exemplars_of

        crops = self._crops(images, hands)
        scales = [self.config.scales[name] for name in ROI_NAMES]
        encodings: list[dict[str, np.ndarray]] = [{} for _ in images]
        for group in by_size(crops):
            pictures = [signed_image(crops[i].image) for i in group]
            pictures += [background_image(crops[i].image, crops[i].mask) for i in group]
            exemplars = [exemplar for i in group for exemplar in exemplars_of(images[i], hands[i], scales)]
            with turn():
                moments = self._model.moments(pictures).numpy()
                embeddings = self._model.embed(exemplars).numpy().reshape(len(group), len(ROI_NAMES), -1)
            for row, i in enumerate(group):
                encodings[i] = {
                    "original": moments[row],
                    "background": moments[len(group) + row],
                    "embeddings": embeddings[row],
                }
        return encodings

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        """New photos; each seed, in [0, 2**63), names its photo's start noise."""
        from palmbench.diffusion.noise import noise_source
        from palmbench.methods.crop import by_size
        from palmbench.methods.paste_back import paste_back

        config, crops, sampling = self.config, self._crops(images, hands), self._sampling()
        missing = [i for i, encoding in enumerate(encodings) if encoding is None]
        computed = self.encode([images[i] for i in missing], [hands[i] for i in missing])
        known: dict[int, Encoding] = {i: encoding for i, encoding in enumerate(encodings) if encoding is not None}
        known |= dict(zip(missing, computed, strict=True))
        deidentified = [image.copy() for image in images]
        for group in by_size(crops):
            conditions = [self._conditions(crops[i], known[i]) for i in group]
            generators = [noise_source(seeds[i]) for i in group]
            with turn():
                paintings = self._model.paint(conditions, generators, sampling)
            for i, painted in zip(group, paintings, strict=True):
                generator = np.random.default_rng((seeds[i], _FINISH))
                finished = self._finished(painted, crops[i], hands[i], generator)
                paste_back(
                    deidentified[i],
                    finished,
                    crops[i].square,
                    hands[i],
                    self.region,
                    only_palm=config.crop == "palm",
                    grain=generator if config.grain == "match" else None,
                    rougher=_ROUGHER,
                )
        return deidentified

    def _sampling(self) -> Sampling:
        from palmbench.diffusion.sampler import Sampling

        config = self.config
        return Sampling(
            steps=config.steps,
            guidance=config.guidance,
            sampler=config.sampler,
            posterior=config.posterior,
            guidance_start=config.guidance_start,
            guidance_end=config.guidance_end,
            spacing=config.spacing,
        )

    def _finished(self, painted: np.ndarray, crop: Crop, hand: Hand, generator: np.random.Generator) -> np.ndarray:
        """A painted crop, float in [0, 1], with the lines, the light and the relief that were asked for."""
        from palmbench.methods.blotches import without_blotches
        from palmbench.methods.crop import hand_in
        from palmbench.methods.light import follow_light, in_usual_colour
        from palmbench.methods.palette import in_shades, shades_of
        from palmbench.methods.palm_lines import palm_lines
        from palmbench.methods.relief import with_relief
        from palmbench.methods.wrinkles import wrinkled

        if self.config.relief == "match":
            painted = without_blotches(painted, crop.image, crop.mask)
        if self.config.wrinkles == "match":
            lines = palm_lines(hand, crop.square, len(painted), generator)
            painted = wrinkled(painted, crop.image, crop.mask, lines, generator)
        seen = hand_in(crop.square, hand, len(painted)) | crop.mask
        if self.config.colour == "match":
            painted = follow_light(painted, crop.image, seen)
        if self.config.relief == "match":
            painted = with_relief(painted, crop.image, crop.mask, generator)
        if self.config.colour == "match":
            painted = in_usual_colour(painted, crop.image, crop.mask)
            shades = shades_of(crop.image, seen)
            painted = painted if shades is None else in_shades(painted, shades)
        return painted

    @cached_property
    def _model(self) -> PaintByExample:
        assert self.config.precision != "auto"
        # Only who has the turn asks for it, so that it is loaded once.
        return _painter(self._files, self._digest, self.device, self.config.precision, self.config.compile)

    def _crops(self, images: list[np.ndarray], hands: list[Hand]) -> list[Crop]:
        from palmbench.methods.crop import crop_of

        config = self.config
        step = 1
        if config.size is None:
            with turn():
                step = self._model.side_step
        return [
            crop_of(image, hand, self.region, config.crop, config.whole_palm, config.size, step)
            for image, hand in zip(images, hands, strict=True)
        ]

    def _conditions(self, crop: Crop, encoding: Encoding) -> Conditions:
        import torch

        from palmbench.diffusion.paint import Conditions

        chosen = [ROI_NAMES.index(name) for name in self._fusion]
        return Conditions(
            background=torch.tensor(encoding["background"]),
            original=torch.tensor(encoding["original"]),
            mask=crop.mask,
            embeddings=torch.tensor(encoding["embeddings"][chosen]),
            alpha=self.config.alpha,
        )


@lru_cache(maxsize=1)
def _painter(files: WeightFiles, digest: str, device: str, precision: Precision, compiled: bool) -> PaintByExample:
    """The model of some weights, loaded once for all points of a sweep; RequestError if they are not of the digest."""
    from palmbench.diffusion.components import load_components
    from palmbench.diffusion.paint import PaintByExample

    components = load_components(files)
    if components.digest != digest:
        raise changed(files.folder)
    return PaintByExample(components, device, precision, compiled)
