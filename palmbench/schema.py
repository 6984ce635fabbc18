"""The configuration of one run as plain frozen dataclasses.

Values come from `conf/` (each documented there, with its unit); these classes say which keys exist and
what they may hold. Nothing here, and nothing that reads these objects, knows Hydra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args, get_type_hints

import recognizers
from palmbench.errors import RequestError
from palmbench.hints import not_found
from palmbench.names import encodable
from palmbench.strict import build, check, check_plain, setting
from palmbench.tracking import names as tracker_names
from recognizers.options import REQUIRED, options_of

MISSING = "???"  # how OmegaConf writes a value that has to be given
ROI_NAMES = ("s", "m", "f")  # small, medium and full-scale exemplar square, in the paper's order


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
class SynthConfig:
    """Procedural hands."""

    name: Literal["synth"] = "synth"
    profile: Literal["controlled", "mobile", "wild"] = "controlled"
    identities: int = setting(40, low=1, high=100_000)
    samples: int = setting(4, low=1, high=10_000)


@dataclass(frozen=True)
class FolderDatasetConfig:
    """Photos in a folder; `root` None means `<data_dir>/<name>`, a limit or a split None means all."""

    name: Literal[
        "iitd", "polyu", "rest", "zhou", "ntupi", "tongji", "casia", "mpdv2", "11k", "nnnn_ssss", "folder", "manifest"
    ]
    root: str | None = None
    identities: int | None = setting(None, low=1)
    samples: int | None = setting(None, low=1)
    split: str | None = None


@dataclass(frozen=True)
class DiffusionConfig:
    """Exemplar-guided inpainting of the palm (Section III of the paper)."""

    name: Literal["diffusion"] = "diffusion"
    weights: str = "embedded"
    fusion: str = "s+m"
    alpha: float = setting(0.1, low=0, high=1)
    guidance: float = setting(3.0, low=0, high=100)
    sampler: Literal["dpmsolver++", "plms"] = "dpmsolver++"
    steps: int = setting(20, low=1, high=1000)
    noise: Literal["sample", "shared"] = "sample"
    crop: Literal["palm", "hand"] = "palm"
    whole_palm: bool = True
    size: int | None = setting(256, low=32, high=4096, multiple_of=8)
    posterior: Literal["mode", "sample"] = "mode"
    colour: Literal["match", "raw"] = "match"
    contrast: Literal["match", "raw"] = "match"
    grain: Literal["match", "none"] = "match"
    scales: dict[str, float] = field(
        default_factory=lambda: {"s": 0.1, "m": 0.5, "f": 1.0}, metadata={"above": 0, "high": 1}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "fusion", canonical_fusion(self.fusion))


@dataclass(frozen=True)
class MaskConfig:
    """The palm painted over with one grey level."""

    name: Literal["mask"] = "mask"
    fill: int = setting(0, low=0, high=255)


@dataclass(frozen=True)
class BlurConfig:
    """Gaussian blur inside the palm; sigma in pixels."""

    name: Literal["blur"] = "blur"
    sigma: float = setting(4.0, above=0, high=1000)


@dataclass(frozen=True)
class PixelateConfig:
    """Mosaic inside the palm; block side in pixels."""

    name: Literal["pixelate"] = "pixelate"
    block: int = setting(9, low=1, high=4096)


@dataclass(frozen=True)
class IdentityConfig:
    """The photo unchanged."""

    name: Literal["identity"] = "identity"


def _check_valleys(valleys: str, weights: str | None, hands: int) -> None:
    if valleys == "pklnet" and weights is None:
        raise RequestError(
            "detector.valleys=pklnet needs PKLNet's weights, which do not come with palmbench: "
            "name their file with detector.valley_weights=."
        )
    if valleys != "pklnet" and weights is not None:
        raise RequestError("detector.valley_weights is for PKLNet: set detector.valleys=pklnet, or leave it out.")
    if valleys == "pklnet" and hands > 1:
        raise RequestError("PKLNet knows of one hand a photo: with detector.valleys=pklnet leave detector.hands at 1.")


@dataclass(frozen=True)
class DetectorConfig:
    """Hand detector and its 21 keypoints; who finds the valley points that the recognition ROI hangs from."""

    name: Literal["embedded"] = "embedded"
    weights: str = "embedded"
    threshold: float = setting(0.5, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


@dataclass(frozen=True)
class MediaPipeConfig:
    """MediaPipe's hand model in the environment of an interpreter; None means the default ones."""

    name: Literal["mediapipe"] = "mediapipe"
    python: str | None = None
    threshold: float = setting(0.5, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


@dataclass(frozen=True)
class WiLoRConfig:
    """WiLoR in the environment of an interpreter; `weights` None means those inside its package."""

    name: Literal["wilor"] = "wilor"
    python: str | None = None
    weights: str | None = None
    threshold: float = setting(0.3, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


@dataclass(frozen=True)
class SegmenterConfig:
    """Hand mask; closing is the side of the structuring square in pixels, 0 = off."""

    name: Literal["embedded"] = "embedded"
    closing: int = setting(5, low=0, high=255)


@dataclass(frozen=True)
class SAM2Config:
    """SAM 2 prompted with the 21 keypoints; `weights` is a hub id or a folder in the hub's layout."""

    name: Literal["sam2"] = "sam2"
    weights: str = "facebook/sam2.1-hiera-large"
    package: Literal["auto", "transformers", "sam2"] = "auto"
    closing: int = setting(5, low=0, high=255)


@dataclass(frozen=True)
class RecognizerConfig:
    """Recognizer that attacks the photos.

    Attributes
    ----------
    name : str
        One of `recognizers.names()`.
    options : mapping of str to plain value
        Arguments of its constructor, without where and how wide to compute; what is not here has its default.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


def MTCCConfig(variant: str = "yan") -> RecognizerConfig:
    """The recognizer of the default run."""
    return RecognizerConfig("mtcc", {"variant": variant})


@dataclass(frozen=True)
class QualityConfig:
    """How losses are scored; a weight file None means: look in the usual caches, else leave the metric out."""

    name: Literal["paper", "torchmetrics"] = "paper"
    lpips_weights: str | None = None
    inception_weights: str | None = None
    usability_scale: Literal["image", "hand"] = "image"


@dataclass(frozen=True)
class ExecutorConfig:
    """Where and how wide to compute; never changes a result."""

    name: Literal["local"] = "local"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: int | None = setting(None, low=1, high=1024)
    batch_size: int = setting(8, low=1, high=4096)


@dataclass(frozen=True)
class TrackerConfig:
    """Observer of finished results."""

    name: str = "none"  # one of palmbench.tracking.names()
    project: str = "palmbench"
    mode: Literal["offline", "online"] = "offline"


DatasetConfig = SynthConfig | FolderDatasetConfig
AnyDetectorConfig = DetectorConfig | MediaPipeConfig | WiLoRConfig
AnySegmenterConfig = SegmenterConfig | SAM2Config
MethodConfig = DiffusionConfig | MaskConfig | BlurConfig | PixelateConfig | IdentityConfig


@dataclass(frozen=True)
class RunConfig:
    """Everything that one point of a sweep is; compare with `==`, serialise with `plain_values`."""

    dataset: DatasetConfig = field(default_factory=SynthConfig)
    method: MethodConfig = field(default_factory=DiffusionConfig)
    detector: AnyDetectorConfig = field(default_factory=DetectorConfig)
    segmenter: AnySegmenterConfig = field(default_factory=SegmenterConfig)
    recognizer: RecognizerConfig = field(default_factory=MTCCConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    seed: int = setting(0, low=0, high=2**63 - 1)
    region: Literal["paper", "palm"] = "paper"
    eer: Literal["exact", "grid", "roc"] = "exact"
    results_dir: str = "results"
    data_dir: str = "data"


# Which class the `name` of a group's option stands for; a recognizer's options are its constructor's.
KINDS: Mapping[str, Mapping[str, type]] = {
    "dataset": {
        "synth": SynthConfig,
        **{name: FolderDatasetConfig for name in get_args(get_type_hints(FolderDatasetConfig)["name"])},
    },
    "method": {
        "diffusion": DiffusionConfig,
        "mask": MaskConfig,
        "blur": BlurConfig,
        "pixelate": PixelateConfig,
        "identity": IdentityConfig,
    },
    "detector": {"embedded": DetectorConfig, "mediapipe": MediaPipeConfig, "wilor": WiLoRConfig},
    "segmenter": {"embedded": SegmenterConfig, "sam2": SAM2Config},
    "quality": {"paper": QualityConfig, "torchmetrics": QualityConfig},
    "executor": {"local": ExecutorConfig},
    "tracker": {name: TrackerConfig for name in tracker_names()},
}


def run_config(values: Mapping[str, Any]) -> RunConfig:
    """One run's configuration from a plain mapping, strictly.

    Parameters
    ----------
    values : mapping
        Resolved composition of `conf/`: one mapping per group, and seed, results_dir, data_dir.

    Raises
    ------
    RequestError
        If a key is unknown or missing, or a value is of the wrong type, not a choice, or out of range.
        Keys that were added with Hydra's `+key=` are caught here too.
    """
    known = {item.name: item for item in fields(RunConfig)}
    for key in values:
        if key not in known:
            raise RequestError(not_found(f"{key} is not a setting of palmbench", str(key), known))
    checked: dict[str, Any] = {}
    kinds = get_type_hints(RunConfig)
    for key, item in known.items():
        if values.get(key) is None:
            raise RequestError(f"{key} is missing; every run needs it.")
        if key == "recognizer":
            checked[key] = recognizer_config(values[key])
        elif key in KINDS:
            checked[key] = _option(key, values[key])
        else:
            checked[key] = check(values[key], kinds[key], key, item.metadata)
    return RunConfig(**checked)


def require_read(words: Sequence[str], who: str, read: Sequence[str]) -> None:
    """Refuse settings of a run that a command does not read; misspelt ones are left to whoever composes them.

    Parameters
    ----------
    words : sequence of str
        Settings, as on the command line.
    who : str
        The command, as the beginning of a sentence: "deid takes photos, and".
    read : sequence of str
        Names of groups, and of settings that are in none.

    Raises
    ------
    RequestError
        If a word sets anything else of a run.
    """
    unread = {item.name for item in fields(RunConfig)} - set(read) | {"ablation", "hydra"}
    for word in words:
        if word.lstrip("+~").partition("=")[0].partition(".")[0] in unread:
            raise RequestError(f"{word}: {who} reads {', '.join(read[:-1])} and {read[-1]} only.")


def plain_values(config: RunConfig) -> dict[str, Any]:
    """The plain mapping that `run_config` makes a configuration of; names in it that are no UTF-8 are made text."""
    values = _as_text(asdict(config))
    recognizer = values["recognizer"]
    return {**values, "recognizer": {"name": recognizer["name"], **recognizer["options"]}}


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    return encodable(value) if isinstance(value, str) else value


def recognizer_config(values: Any) -> RecognizerConfig:
    """A recognizer's configuration from a plain mapping: its name, and options that its constructor takes.

    Raises
    ------
    RequestError
        If there is no such recognizer, it cannot be imported, or an option is unknown, missing or of the wrong type.
    """
    _require_group("recognizer", values)
    name = str(values.get("name"))
    if name not in recognizers.names():
        raise RequestError(
            not_found(f"recognizer.name: there is no recognizer called {name}", name, recognizers.names())
        )
    try:
        known = options_of(recognizers.find(name))
    except ImportError as error:
        raise RequestError(f"{error}. Mend or remove its package.") from error
    for key in values:
        if key != "name" and key not in known:
            problem = f"recognizer.{key} is not a setting of recognizer={name}"
            raise RequestError(not_found(problem, str(key), known, "recognizer."))
    options = {}
    for key, option in known.items():
        value = values.get(key, option.default)
        if value is REQUIRED or value == MISSING:
            raise RequestError(f"recognizer.{key} is missing; recognizer={name} needs it.")
        options[key] = check_plain(value, option.kind, f"recognizer.{key}")
    return RecognizerConfig(name, options)


def _require_group(group: str, values: Any) -> None:
    if not isinstance(values, Mapping):
        raise RequestError(f"{group} must be a group of settings, not {values}.")


def _option(group: str, values: Any) -> Any:
    """Settings of a group, by the class that their `name` stands for."""
    _require_group(group, values)
    kind = KINDS[group].get(str(values.get("name")))
    if kind is None:
        name = values.get("name")
        raise RequestError(not_found(f"{group}.name: there is no {group} called {name}", str(name), KINDS[group]))
    return build(kind, values, group)
