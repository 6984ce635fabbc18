"""What published weights there are, what each is for, whose they are and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from palmbench.fetching.hub_cache import PAINT_BY_EXAMPLE, SAM2_FILES, SD_INPAINTING, SDXL_INPAINTING, Snapshot
from palmbench.fetching.torch_files import ALEXNET, INCEPTION, LAMA, VGG16, WeightFile


@dataclass(frozen=True)
class WebFile:
    """One file at an address; its name, digest and usual places are those of `file`."""

    file: WeightFile
    url: str


@dataclass(frozen=True)
class ByHand:
    """Not fetched by palmbench: `how` says what to do instead."""

    how: str


@dataclass(frozen=True)
class Weights:
    """One entry.

    Attributes
    ----------
    name : str
        For `palmbench weights fetch`.
    use : str
        What it is for.
    without : str
        What is missing from a run or a table without it.
    publisher, licence : str
    size : int or None
        Bytes, about; from parameter counts where the publisher gives none.
    source : Snapshot, WebFile or ByHand
    setting : str or None
        The setting that takes a copy elsewhere, to be followed by its path.
    then : str or None
        What to do once it is here; `{}` stands for its path.
    """

    name: str
    use: str
    without: str
    publisher: str
    licence: str
    size: int | None
    source: Snapshot | WebFile | ByHand
    setting: str | None = None
    then: str | None = None


_MIB = 2**20


def _sam2(name: str, size: str, parameters: float) -> Weights:
    return Weights(
        name=name,
        use=f"SAM 2.1 ({size}): segments the hand, segmenter=sam2",
        without="hand masks, and hand segmentation in Table IV, are the embedded segmenter's, not SAM 2's",
        publisher="Meta, facebook/sam2.1-hiera-*",
        licence="Apache-2.0",
        size=int(4 * parameters),
        source=Snapshot(f"facebook/sam2.1-hiera-{size}", None, SAM2_FILES),
    )


CATALOGUE: tuple[Weights, ...] = (
    Weights(
        name="pbe",
        use="Paint by Example, the paper's diffusion model: method=diffusion_paper",
        without="no rows of method=diffusion_paper in any table; method=diffusion has embedded weights",
        publisher="Fantasy-Studio (Yang et al., CVPR 2023)",
        licence="CreativeML OpenRAIL-M",
        size=5_240_000_000,
        source=PAINT_BY_EXAMPLE,
        setting="method.weights=",
    ),
    Weights(
        name="pbe-ckpt",
        use="the same as its authors' model.ckpt, for `palmbench weights convert`; not needed beside pbe",
        without="nothing, where pbe is here",
        publisher="Fantasy-Studio (Yang et al., CVPR 2023)",
        licence="CreativeML OpenRAIL-M",
        size=12_600_000_000,
        source=Snapshot(PAINT_BY_EXAMPLE.repo, None, ("model.ckpt",)),
        then="palmbench weights convert {}/model.ckpt FOLDER",
    ),
    Weights(
        name="sd-inpaint",
        use="Stable Diffusion 1.5 inpainting after a text: method=sd_inpaint",
        without="no rows of method=sd_inpaint in any table",
        publisher="stable-diffusion-v1-5 (Rombach et al., CVPR 2022)",
        licence="CreativeML OpenRAIL-M",
        size=int(4 * (859.5e6 + 83.7e6 + 123.1e6)),
        source=SD_INPAINTING,
        setting="method.weights=",
    ),
    Weights(
        name="sdxl-inpaint",
        use="SDXL inpainting after a text: method=sdxl_inpaint",
        without="no rows of method=sdxl_inpaint in any table",
        publisher="diffusers (Podell et al., ICLR 2024)",
        licence="CreativeML OpenRAIL++-M",
        size=int(2 * (2567e6 + 83.7e6 + 123.1e6 + 694.7e6)),
        source=SDXL_INPAINTING,
        setting="method.weights=",
    ),
    Weights(
        name="lama",
        use="LaMa, which fills in holes without a text: method=lama (with the package onnxruntime)",
        without="no rows of method=lama in any table",
        publisher="OpenCV's model zoo (Suvorov et al., WACV 2022)",
        licence="Apache-2.0",
        size=92_591_623,
        source=WebFile(
            LAMA,
            f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/inpainting_lama/{LAMA.name}",
        ),
        setting="method.weights=",
    ),
    _sam2("sam2", "large", 224.4e6),
    _sam2("sam2-base-plus", "base-plus", 80.8e6),
    _sam2("sam2-small", "small", 46e6),
    _sam2("sam2-tiny", "tiny", 38.9e6),
    Weights(
        name="wilor",
        use="WiLoR, the paper's hand detector: detector=wilor",
        without="hands, and Table IV, are the embedded detector's, not WiLoR's",
        publisher="Potamias et al., CVPR 2025",
        licence="CC-BY-NC-ND-4.0; MANO's own; its detector AGPL-3.0",
        size=None,
        source=ByHand(
            "its terms are yours to accept: install wilor-mini from its repository in an environment of its own (it "
            "wants torch <= 2.5); it fetches its weights itself"
        ),
    ),
    Weights(
        name="lpips",
        use="VGG-16 of ImageNet: LPIPS in Table III; also a start for EEHNet's training (training.backbone_weights)",
        without="no column LPIPS in Table III",
        publisher="torchvision",
        licence="BSD-3-Clause; trained on ImageNet, whose terms are non-commercial",
        size=int(527.796 * _MIB),
        source=WebFile(VGG16, f"https://download.pytorch.org/models/{VGG16.name}"),
        setting=f"quality.{VGG16.setting}=",
    ),
    Weights(
        name="lpips-alexnet",
        use="AlexNet of ImageNet: LPIPS under quality=torchmetrics",
        without="no column LPIPS in Table III under quality=torchmetrics",
        publisher="torchvision",
        licence="BSD-3-Clause; trained on ImageNet, whose terms are non-commercial",
        size=int(233.087 * _MIB),
        source=WebFile(ALEXNET, f"https://download.pytorch.org/models/{ALEXNET.name}"),
        setting=f"quality.{ALEXNET.setting}=",
    ),
    Weights(
        name="inception",
        use="FID's Inception: FID and KID in Table III",
        without="no columns FID and KID in Table III",
        publisher="pytorch-fid (from TensorFlow's Inception of 2015)",
        licence="Apache-2.0",
        size=96_000_000,
        source=WebFile(
            INCEPTION, f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{INCEPTION.name}"
        ),
        setting=f"quality.{INCEPTION.setting}=",
    ),
)


def entry(name: str) -> Weights:
    """The entry of a name; KeyError if there is none."""
    return {weights.name: weights for weights in CATALOGUE}[name]
