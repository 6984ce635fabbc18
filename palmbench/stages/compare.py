"""templates -> scores: genuine, impostor, and originals against de-identified photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import recognizers
from palmbench.datasets.sample import Sample
from palmbench.keys import digest
from palmbench.stages.enrol import Enrol, load_recognizer
from palmbench.store import Store, pack_arrays, unpack_arrays
from recognizers.protocol import Classifier

VERSION = 1
_STAGE = "scores"
_ROWS = 256


class DeidScores(NamedTuple):
    """How each de-identified photo compares with the originals.

    Attributes
    ----------
    own : ndarray of shape (n,), float32
        Distance to its own original; NaN where either has no template.
    mate : ndarray of shape (n,), float32
        Distance to the nearest other photo of the same palm; infinite where there is none.
    stranger : ndarray of shape (n,), float32
        Distance to the nearest photo of another palm.
    """

    own: np.ndarray
    mate: np.ndarray
    stranger: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Rank-1 identifications in a gallery of all originals, its own among them; a tie is an error."""
        own = np.where(np.isnan(self.own), np.inf, self.own)
        return np.minimum(own, self.mate) < self.stranger

    @property
    def hits_without_source(self) -> np.ndarray:
        """Rank-1 identifications when the original itself is not in the gallery."""
        return self.mate < self.stranger


class Classified(NamedTuple):
    """What a closed-set classifier makes of the de-identified photos.

    Attributes
    ----------
    identities : ndarray of shape (n,), object, or None
        Identity given to each photo, None where it has no template; None as a whole where nothing was classified.
    missing : str or None
        What it would need.
    """

    identities: np.ndarray | None
    missing: str | None


@dataclass(frozen=True)
class Compare:
    """Distances between the templates of originals and of de-identified photos."""

    originals: Enrol
    deidentified: Enrol
    threads: int = 1

    def between_originals(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """Distances of all unordered pairs of originals, condensed, float32; NaN where a template is missing."""
        templates, present = _load(self.originals, samples, store)
        keys = self._keys(self.originals, samples, present)
        key = digest("original scores", version=VERSION, templates=keys, recognizer=self.originals.settings)

        def compute() -> dict[str, np.ndarray]:
            recognizer = load_recognizer(self.originals.recognizer)
            if hasattr(recognizer, "threads"):
                recognizer.threads = self.threads
            # Without a template there is none to tell the recognizer its shape.
            there = recognizers.pairwise(recognizer, templates[present]) if present.any() else np.empty(0, np.float32)
            return {"distances": _among_all(there, present)}

        return _stored(store, key, compute)["distances"]

    def against_originals(self, samples: Sequence[Sample], store: Store) -> DeidScores:
        """Each de-identified photo against every original."""
        gallery, in_gallery = _load(self.originals, samples, store)
        probes, in_probes = _load(self.deidentified, samples, store)
        keys = {
            "originals": self._keys(self.originals, samples, in_gallery),
            "deidentified": self._keys(self.deidentified, samples, in_probes),
        }
        key = digest("de-identified scores", version=VERSION, **keys, recognizer=self.originals.settings)

        def compute() -> dict[str, np.ndarray]:
            recognizer = load_recognizer(self.originals.recognizer)
            identities = np.array([sample.identity for sample in samples])
            scores = DeidScores(*(np.full(len(samples), fill, np.float32) for fill in (np.nan, np.inf, np.inf)))
            columns = np.flatnonzero(in_gallery)
            rows = np.flatnonzero(in_probes)
            for start in range(0, len(rows) if len(columns) else 0, _ROWS):
                block = rows[start : start + _ROWS]
                distances = recognizer.distances(probes[block], gallery[columns])
                same = identities[block, None] == identities[None, columns]
                itself = block[:, None] == columns[None]
                has_own = itself.any(axis=1)
                scores.own[block[has_own]] = distances[itself]
                scores.mate[block] = np.where(same & ~itself, distances, np.inf).min(axis=1, initial=np.inf)
                scores.stranger[block] = np.where(same, np.inf, distances).min(axis=1, initial=np.inf)
            return scores._asdict()

        return DeidScores(**_stored(store, key, compute))

    def classify(self, samples: Sequence[Sample], store: Store) -> Classified:
        """Whom the recognizer's own classifier takes each de-identified photo for."""
        recognizer = load_recognizer(self.originals.recognizer)
        if not isinstance(recognizer, Classifier):
            return Classified(None, "a classifier")
        if recognizer.identities is None:
            return Classified(None, "a classifier whose file names its palms")
        if not {sample.identity for sample in samples} <= set(recognizer.identities):
            return Classified(None, "a classifier that was trained on all palms of this data set")
        probes, present = _load(self.deidentified, samples, store)
        found = np.full(len(samples), None, object)
        if present.any():
            found[present] = np.array(recognizer.identities, object)[recognizer.classify(probes[present])]
        return Classified(found, None)

    @staticmethod
    def _keys(stage: Enrol, samples: Sequence[Sample], present: np.ndarray) -> list[str | None]:
        # Identities are part of what is compared, and so is which templates could not be made.
        return [
            f"{sample.identity} {stage.key(sample)}" if there else None
            for sample, there in zip(samples, present, strict=True)
        ]


def _among_all(distances: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Condensed distances of the templates that are there, NaN put in for the pairs of the others."""
    if present.all():
        return distances
    n = len(present)
    condensed = np.full(n * (n - 1) // 2, np.nan, np.float32)
    # Row by row: the indices of all pairs would take several times the memory of their distances.
    read = 0
    for i in np.flatnonzero(present).tolist():
        others = np.flatnonzero(present[i + 1 :])
        start = i * n - i * (i + 1) // 2
        condensed[start + others] = distances[read : read + len(others)]
        read += len(others)
    return condensed


def _load(stage: Enrol, samples: Sequence[Sample], store: Store) -> tuple[np.ndarray, np.ndarray]:
    """Templates of the samples, zeros where there is none, and where there is one."""
    present = np.array([store.has(stage.name, stage.key(sample), stage.suffix) for sample in samples])
    found = {i: stage.load(samples[i], store) for i in np.flatnonzero(present).tolist()}
    if not found:
        return np.zeros((len(samples), 0)), present
    example = next(iter(found.values()))
    templates = np.zeros((len(samples), *example.shape), example.dtype)
    for i, template in found.items():
        templates[i] = template
    return templates, present


def _stored(store: Store, key: str, compute) -> dict[str, np.ndarray]:  # type: ignore[no-untyped-def]
    if not store.has(_STAGE, key, ".npz"):
        store.write(_STAGE, key, ".npz", pack_arrays(**compute()))
    return unpack_arrays(store.read(_STAGE, key, ".npz"))
