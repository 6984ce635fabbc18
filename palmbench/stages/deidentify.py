"""photo, Hand -> photo': a method gives the palm another look.

What a method can prepare once for every point of a sweep (the diffusion model's latents and embeddings) is a
stage of its own, before the one that paints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from palmbench import methods
from palmbench.base.device import turn
from palmbench.base.images import encode_png
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.hands import Hand
from palmbench.hands.palm import Region
from palmbench.methods import Method, MethodConfig, output_checks
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import Tools, hashed_once
from recognizers.common.cache_keys import digest, sample_seed

VERSION = 3


@dataclass(frozen=True)
class Encode:
    """Whatever of a method's work does not depend on fusion, alpha or seed."""

    prepare: Prepare
    method: MethodConfig
    region: Region
    settings: dict[str, Any]
    name: str = "encodings"
    title: str = "encode originals"
    suffix: str = ".npz"

    @property
    def on_device(self) -> bool:
        return self.method.on_device

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest("encoding", versions={"deidentify": VERSION}, hand=self.prepare.key(sample), method=self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        photos = [self.prepare.photos.load(sample, store) for sample in samples]
        hands = [self.prepare.load(sample, store) for sample in samples]
        method = _method(
            self.method, self.region, device, lambda method: output_checks.encode_settings(method) or {}, self.settings
        )
        with _turn_of(method):
            encodings = output_checks.encodings(method, photos, hands)
        return [pack_arrays(**encoding) for encoding in encodings]

    def load(self, sample: Sample, store: Store) -> dict[str, np.ndarray]:
        """The encoding of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)


@dataclass(frozen=True)
class Deidentify:
    """Gives each photo another palm.

    `encode` is None for a method that has nothing to encode, `palm_seeds` where each photo has a seed of its own.
    """

    prepare: Prepare
    encode: Encode | None
    method: MethodConfig
    region: Region
    settings: dict[str, Any]
    seed: int
    palm_seeds: Mapping[str, int] | None = None
    name: str = "deidentified"
    title: str = "de-identify"
    suffix: str = ".png"

    @classmethod
    def of(
        cls,
        prepare: Prepare,
        method: MethodConfig,
        seed: int,
        region: Region = "paper",
        samples: Sequence[Sample] = (),
    ) -> Deidentify:
        """The stage for one point, of all photos of a data set.

        Raises MissingWeights or RequestError when the method cannot be had.
        """
        loaded = methods.load(method, region=region)
        encoding = output_checks.encode_settings(loaded)
        encode = None if encoding is None else Encode(prepare, method, region, encoding)
        palms = dict.fromkeys(sample.identity for sample in samples)
        palm_seeds = method.palm_seeds(palms, seed) if method.by_palm else None
        return cls(prepare, encode, method, region, output_checks.settings(loaded), seed, palm_seeds)

    @property
    def on_device(self) -> bool:
        return self.method.on_device

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest(
            "deidentified",
            versions={"deidentify": VERSION},
            hand=self.prepare.key(sample),
            method=self.settings,
            seed=self._seed(sample) if self.method.seeded else None,
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        photos = [self.prepare.photos.load(sample, store) for sample in samples]
        hands = [self.prepare.load(sample, store) for sample in samples]
        encodings = [self.encode.load(sample, store) if self.encode else None for sample in samples]
        seeds = [self._seed(sample) for sample in samples]
        method = _method(self.method, self.region, device, output_checks.settings, self.settings)
        with _turn_of(method):
            painted = output_checks.photos(method, photos, hands, seeds, encodings)
        return [encode_png(photo) for photo in painted]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The de-identified photo of a sample that this stage has been through."""
        return store.picture(self.name, self.key(sample), self.suffix)

    def moved(self, sample: Sample, store: Store, device: str) -> Hand:
        """Where the hand of the original lies in the de-identified photo, as the method says."""
        method = _method(self.method, self.region, device, output_checks.settings, self.settings)
        return output_checks.moved(method, self.prepare.load(sample, store), self._seed(sample))

    def _seed(self, sample: Sample) -> int:
        if self.palm_seeds is not None:
            return self.palm_seeds[sample.identity]
        # The paper starts every image from the same noise, drawn from the run's seed itself.
        return self.seed if self.method.shared_noise else sample_seed(self.seed, sample.id)


@dataclass(frozen=True)
class Deidentified:
    """De-identified photos as the input of later stages."""

    stage: Deidentify
    title: str = "de-identified photos"
    after: str = "_after"

    def key(self, sample: Sample) -> str:
        return self.stage.key(sample)

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        return self.stage.load(sample, store)


_methods: Tools[Method] = Tools("The method's weights")


def _method(
    config: MethodConfig,
    region: Region,
    device: str,
    settings: Callable[[Method], dict[str, Any]],
    keyed: dict[str, Any],
) -> Method:
    with turn():
        return _methods.get(
            repr((config, region, device)), lambda: methods.load(config, device, region), settings, keyed
        )


def _turn_of(method: Method) -> AbstractContextManager[None]:
    return nullcontext() if method.takes_turns else turn()
