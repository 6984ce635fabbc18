"""What a stage is: a step of the way of the data that makes one artefact for each sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.images import decode_png, encode_png
from palmbench.store import Store

_PHOTOS, _PNG = "photos", ".png"


class Stage(Protocol):
    """One arrow of the plan. Stages are small, frozen and can be pickled: worker processes run them.

    Attributes
    ----------
    name : str
        Folder in the store.
    title : str
        Name in progress and summaries.
    suffix : str
        File name suffix of its artefacts.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    def key(self, sample: Sample) -> str:
        """Key of a sample's artefact: a hash of everything that can change it."""
        ...

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        """The samples' artefacts, in their order.

        Raises
        ------
        SampleError
            If one of them cannot be made; the caller then tries each alone.
        """
        ...


class Photos(Protocol):
    """Where a stage takes its photos from: the data set, or the output of de-identification."""

    @property
    def title(self) -> str: ...

    def key(self, sample: Sample) -> str:
        """Key of the photo."""
        ...

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The photo, uint8 (height, width, 3), RGB."""
        ...


@dataclass(frozen=True)
class Originals:
    """The photos of a data set.

    Attributes
    ----------
    source : callable
        From a sample to its photo.
    keep : bool
        Whether to keep photos in the store: for those that take long to make, as rendered ones do.
    """

    source: Callable[[Sample], np.ndarray]
    keep: bool = False
    title: str = "originals"

    def key(self, sample: Sample) -> str:
        return sample.digest

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        if not self.keep:
            return self.source(sample)
        if store.has(_PHOTOS, sample.digest, _PNG):
            return store.load(_PHOTOS, sample.digest, _PNG, decode_png)
        photo = self.source(sample)
        store.write(_PHOTOS, sample.digest, _PNG, encode_png(photo))
        return photo
