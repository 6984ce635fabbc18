"""What a stage is: a step of the way of the data that makes one artefact for each sample."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from palmbench.base.images import encode_png
from palmbench.base.store import Store, if_there
from palmbench.datasets.sample import Sample
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import Lost, RequestError

PHOTOS = "photos"  # kept originals, in the store
_PNG = ".png"

REMEMBERED = 1 << 13  # samples of a stage, some 150 bytes each

Tool = TypeVar("Tool")
Keyed = TypeVar("Keyed")


class Stage(Protocol):
    """One arrow of the plan. Stages are small, frozen and can be pickled: worker processes run them.

    Attributes
    ----------
    name : str
        What it is: no other stage of a run has it. Its artefacts lie in the folder of that name in the store.
    title : str
        What people read in progress and summaries.
    suffix : str
        File name suffix of its artefacts.
    settings : mapping
        What of its tools is part of keys.
    on_device : bool
        Whether it is given to an accelerator where there is one: its work is a network's. What it does to photos
        before and after is then outside of `palmbench.base.device.turn`, so that the device is free meanwhile.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def on_device(self) -> bool: ...

    def key(self, sample: Sample) -> str:
        """Key of a sample's artefact: a hash of everything that can change it."""
        ...

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        """The samples' artefacts, in their order.

        Raises
        ------
        SampleError
            If one of them cannot be made; the caller then tries each alone.
        Lost
            If an artefact that it is made from is not there any more.
        """
        ...

    def load(self, sample: Sample, store: Store) -> Any:
        """What the artefact of a sample holds that this stage has been through.

        Raises
        ------
        Lost
            If it has vanished or is damaged.
        """
        ...


class Photos(Protocol):
    """Where a stage takes its photos from: the data set, or the output of de-identification.

    Attributes
    ----------
    title : str
    after : str
        What the name of a stage ends in that works on them: nothing for originals, "_after" after de-identification.
    """

    @property
    def title(self) -> str: ...

    @property
    def after(self) -> str: ...

    def key(self, sample: Sample) -> str:
        """Key of the photo."""
        ...

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The photo, uint8 (height, width, 3), RGB."""
        ...


def hashed_once(key: Callable[[Keyed, Sample], str]) -> Callable[[Keyed, Sample], str]:
    """Wrap the `key` of a stage or of photos so that it is worked out once for each sample.

    The key of each stage holds those of all before it, and a run asks for them again and again. What is remembered
    ends with the stage, stays in the process, and is forgotten where there are very many samples.
    """
    known: dict[int, dict[Sample, str]] = {}

    @wraps(key)
    def once(stage: Keyed, sample: Sample) -> str:
        if (own := known.get(id(stage))) is None:
            own = known.setdefault(id(stage), {})  # threads may ask at the same time
            weakref.finalize(stage, known.pop, id(stage), None).atexit = False
        if (found := own.get(sample)) is None:
            if len(own) == REMEMBERED:
                own.clear()
            found = own[sample] = key(stage, sample)
        return found

    return once


class Tools(Generic[Tool]):
    """Detectors, methods, instruments of this process, each loaded once and only while it is what keys were made of.

    A worker process loads them itself, and maybe late: weights that were replaced meanwhile have other digests, which
    are part of a tool's settings.

    Parameters
    ----------
    what : str
        What they are, as the beginning of a sentence.
    most : int
        How many are kept; the one that was loaded first goes first.
    """

    def __init__(self, what: str, most: int = 1) -> None:
        self._what, self._most = what, most
        self._kept: dict[str, Tool] = {}

    def get(
        self,
        config: str,
        load: Callable[[], Tool],
        settings: Callable[[Tool], Mapping[str, Any]],
        keyed: Mapping[str, Any],
    ) -> Tool:
        """The tool of a configuration.

        Parameters
        ----------
        config : str
            Tells tools apart.
        load : callable
        settings : callable
            From a tool to what of it is part of keys.
        keyed : mapping
            What stands in the keys.

        Raises
        ------
        RequestError
            If the tool is another one by now.
        """
        tool = self._kept.get(config)
        if tool is None or not _same(settings(tool), keyed):
            self._kept.pop(config, None)
            while len(self._kept) >= self._most:  # networks are large
                del self._kept[next(iter(self._kept))]
            tool = load()
            require_same(self._what, settings(tool), keyed)
            self._kept[config] = tool
        return tool


def require_same(what: str, found: Mapping[str, Any], keyed: Mapping[str, Any]) -> None:
    """Make sure that a tool is what keys were made of.

    Parameters
    ----------
    what : str
        The tool, as the beginning of a sentence.
    found, keyed : mapping
        Its settings, digests of its weights among them, and what stands in the keys.

    Raises
    ------
    RequestError
        If they differ.
    """
    if not _same(found, keyed):
        raise RequestError(f"{what} changed while the run was under way; run the same command again.")


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return digest("settings", **one) == digest("settings", **other)


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
    after: str = ""

    @hashed_once
    def key(self, sample: Sample) -> str:
        # A rendered photo's digest already holds all that can change its pixels; a file still has to be decoded.
        decoding = {} if self.keep else versions_of("palmbench.base", "images", "photo_files")
        return digest("original", contents=sample.digest, versions=decoding)

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        if not self.keep:
            return self.source(sample)
        photo = if_there(lambda: store.picture(PHOTOS, sample.digest, _PNG))
        if photo is None:
            photo = self.source(sample)
            store.write(PHOTOS, sample.digest, _PNG, encode_png(photo))
        return photo


def load_all(stage: Stage, samples: Iterable[Sample], store: Store) -> dict[str, Any]:
    """Artefacts of samples that passed a stage, by sample id.

    Raises
    ------
    Lost
        If some have vanished or are damaged: all of them, so that they are made again at once.
    """
    found: dict[str, Any] = {}
    lost: list[str] = []
    for sample in samples:
        try:
            found[sample.id] = stage.load(sample, store)
        except Lost as error:
            lost += error.places
    if lost:
        raise Lost(*lost)
    return found
