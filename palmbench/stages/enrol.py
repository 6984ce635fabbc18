"""photo, Hand -> template: the recognition ROI or the crop of the hand, then a recognizer's features of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

import recognizers
from palmbench.base.device import turn
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.hands import Hand
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.stages.stage import Photos, hashed_once, require_same
from recognizers import output_checks
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError, SampleError, no_exit
from recognizers.common.options import takes
from recognizers.protocol import HAND_SIDE, ROI_SIDE, Classifier, Recognizer

VERSION = 2
_PARTS = ("name", "takes", "settings", "extract", "distances")
_IMAGES = {"roi": recognition_roi, "hand": recognition_hand}
_SHAPES = {"roi": (ROI_SIDE, ROI_SIDE), "hand": (HAND_SIDE, HAND_SIDE, 3)}


class Hands(Protocol):
    """Hands and the photos that they are read in: `Prepare`, or `Seen`."""

    @property
    def photos(self) -> Photos: ...

    def key(self, sample: Sample) -> str:
        """Key of the hand in its photo."""
        ...

    def load(self, sample: Sample, store: Store) -> Hand:
        """The hand of a sample."""
        ...


@dataclass(frozen=True)
class Enrol:
    """Templates of the hands found by `prepare`, in its photos."""

    prepare: Hands
    recognizer: RecognizerConfig
    settings: dict[str, Any]
    classifies: bool = False
    suffix: str = ".npz"

    @classmethod
    def of(cls, prepare: Hands, recognizer: RecognizerConfig) -> Enrol:
        """The stage for some photos and one recognizer; whether that knows palms by name decides on `acc_cls`."""
        loaded = load_recognizer(recognizer)
        settings = output_checks.settings(loaded)
        try:
            digest("settings", **settings)
        except TypeError as error:
            raise RequestError(
                f"recognizer={recognizer.name}: its settings are part of result keys, and must be plain JSON values by "
                f"name: {error}. Mend the recognizer."
            ) from error
        named = isinstance(loaded, Classifier) and loaded.identities is not None
        return cls(prepare, recognizer, settings, classifies=named)

    @property
    def name(self) -> str:
        return f"templates{self.prepare.photos.after}"

    @property
    def title(self) -> str:
        return f"enrol {self.prepare.photos.title}"

    @property
    def on_device(self) -> bool:
        return takes(recognizers.find(self.recognizer.name), "device")

    @hashed_once
    def key(self, sample: Sample) -> str:
        versions = {"enrol": VERSION, **versions_of("palmbench.hands", "recognition_roi", "recognition_hand")}
        return digest("template", versions=versions, hand=self.prepare.key(sample), recognizer=self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        with turn():
            recognizer = load_keyed(self.recognizer, self.settings, device)
        image_of = _IMAGES[recognizer.takes]
        images = [
            image_of(self.prepare.photos.load(sample, store), self.prepare.load(sample, store)) for sample in samples
        ]
        with turn():
            templates = output_checks.templates(recognizer, np.stack(images))
        if templates.dtype.kind == "f" and not np.isfinite(templates).all():
            raise SampleError(f"the template of recognizer {recognizer.name} holds values that are NaN or infinite")
        return [pack_arrays(template=template) for template in templates]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The template of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)["template"]


def load_recognizer(config: RecognizerConfig, device: str = "cpu") -> Recognizer:
    """The recognizer that a configuration names.

    Parameters
    ----------
    config : RecognizerConfig
    device : str
        Where it computes, if it can do so elsewhere than on a CPU.

    Raises
    ------
    RequestError
        If an option has a value that the recognizer does not know, its weights are missing, or it is not a recognizer.
    """
    constructor = recognizers.find(config.name)
    place = {"device": device} if takes(constructor, "device") else {}
    try:
        with no_exit(f"recognizer={config.name}"):
            recognizer = constructor(**config.options, **place)
    except ValueError as error:
        raise RequestError(f"recognizer={config.name}: {error}") from error
    if lacking := [name for name in _PARTS if not hasattr(recognizer, name)]:
        raise RequestError(f"recognizer={config.name} is not a recognizer: it has no {', '.join(lacking)}. Mend it.")
    if recognizer.takes not in _IMAGES:
        raise RequestError(
            f"recognizer={config.name} takes {recognizer.takes!r}, and palmbench has {' and '.join(_IMAGES)} to give."
        )
    return recognizer


def load_keyed(config: RecognizerConfig, settings: dict[str, Any], device: str = "cpu") -> Recognizer:
    """The recognizer whose settings stand in keys; RequestError if it, or its weights, are others by now."""
    recognizer = load_recognizer(config, device)
    require_same(f"recognizer={config.name}", output_checks.settings(recognizer), settings)
    return recognizer


def require_weights(config: RecognizerConfig) -> None:
    """Read the weights that a configuration names: better before the work than in the middle of it.

    Raises
    ------
    RequestError
        If they are missing, broken, or not of this recognizer.
    """
    if config.options.get("weights"):
        recognizer = load_recognizer(config)
        # Every recognizer takes a batch of none, and a network has to be read for it.
        output_checks.templates(recognizer, np.empty((0, *_SHAPES[recognizer.takes]), np.uint8))
