"""The palm painted anew after a text, by published inpainters: Stable Diffusion 1.5 and SDXL."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from palmbench.fetching.hub_cache import SD_INPAINTING, SDXL_INPAINTING, Snapshot
from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.diffusion.text_inpainting import Checkpoint, TextPainter
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 1
PROMPT = "photograph of the palm of a hand, palm lines, natural skin texture"
NEGATIVE = "text, jewellery, extra fingers"


@dataclass(frozen=True)
class SdInpaintConfig(MethodConfig):
    """Stable Diffusion 1.5 inpainting after a text: a download, and a GPU to be quick."""

    name: Literal["sd_inpaint"] = "sd_inpaint"
    weights: str = SD_INPAINTING.repo
    prompt: str = PROMPT
    negative: str = NEGATIVE
    guidance: float = setting(7.5, low=0, high=100)
    steps: int = setting(50, low=1, high=1000)
    strength: float = setting(1.0, above=0, high=1)
    size: int = setting(512, low=64, high=4096, multiple_of=8)

    label = "Stable Diffusion"
    named = ("guidance", "strength", "weights")
    seeded = True

    published: ClassVar[Snapshot] = SD_INPAINTING
    pipeline: ClassVar[str] = "StableDiffusionInpaintPipeline"
    licence: ClassVar[str] = "CreativeML OpenRAIL-M"
    reference: ClassVar[str] = "Stable Diffusion, Rombach et al., CVPR 2022"

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region="hand",  # its rim fades into the skin around the palm
            sees=(),
            seeded=True,
            surrogate="photo",
            guarantee="",
            licence=self.licence if self.weights == self.published.repo else None,
            reference=self.reference,
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> TextInpaint:
        return TextInpaint(self, device, region)

    def describe(self) -> str:
        return f"{self.name}: {self.weights}, {self.steps} steps, guidance {self.guidance:g}, after “{self.prompt}”."

    def require_here(self) -> None:
        from palmbench.diffusion.text_inpainting import resolve

        resolve(self.weights, self.published, self.command, download=False)

    @property
    def command(self) -> str:
        """What fetches the published weights."""
        return f"palmbench weights fetch {self.name.replace('_', '-')}"


@dataclass(frozen=True)
class SdxlInpaintConfig(SdInpaintConfig):
    """SDXL inpainting after a text: a download, and a GPU."""

    name: Literal["sdxl_inpaint"] = "sdxl_inpaint"  # type: ignore[assignment]
    weights: str = SDXL_INPAINTING.repo
    guidance: float = setting(8.0, low=0, high=100)
    steps: int = setting(20, low=1, high=1000)
    strength: float = setting(0.99, above=0, high=1)
    size: int = setting(1024, low=64, high=4096, multiple_of=8)

    label = "SDXL"

    published: ClassVar[Snapshot] = SDXL_INPAINTING
    pipeline: ClassVar[str] = "StableDiffusionXLInpaintPipeline"
    licence: ClassVar[str] = "CreativeML OpenRAIL++-M"
    reference: ClassVar[str] = "SDXL, Podell et al., ICLR 2024"


class TextInpaint(Method):
    """Fill in a square about the palm after a text, and paste the palm back with a soft rim.

    Raises
    ------
    MissingWeights
        If the weights are not here and cannot be fetched.
    """

    config: SdInpaintConfig
    version = VERSION

    def __init__(self, config: SdInpaintConfig, device: str = "cpu", region: Region = "paper") -> None:
        from palmbench.diffusion.text_inpainting import checkpoint, resolve

        super().__init__(config, device, region)
        self._checkpoint = checkpoint(resolve(config.weights, config.published, config.command), config.pipeline)

    def settings(self) -> dict[str, Any]:
        return super().settings() | asdict(self.config) | {"weights": self._checkpoint.digest}

    def versions(self) -> dict[str, int]:
        from palmbench.methods.inpainted_crop import inpainted_versions

        return super().versions() | inpainted_versions()

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [self._filled(*each) for each in zip(images, hands, seeds, strict=True)]

    def _filled(self, photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.diffusion.text_inpainting import Asked
        from palmbench.methods.inpainted_crop import inpainted

        config, painter = self.config, _painter(self._checkpoint, self.device)
        asked = Asked(config.prompt, config.negative, config.guidance, config.steps, config.strength)
        paint = painter.paint
        return inpainted(photo, hand, self.region, config.size, lambda crop, mask: paint(crop, mask, asked, seed))


@lru_cache(maxsize=1)
def _painter(checkpoint: Checkpoint, device: str) -> TextPainter:
    """The model of some weights, loaded once for all points of a sweep."""
    from palmbench.diffusion.text_inpainting import TextPainter

    return TextPainter(checkpoint, device)
