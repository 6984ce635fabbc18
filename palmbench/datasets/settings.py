"""Settings of data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recognizers.common.strict import setting


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


DatasetConfig = SynthConfig | FolderDatasetConfig
