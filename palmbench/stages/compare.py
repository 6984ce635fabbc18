"""templates -> scores: among originals, de-identified photos against originals, and among de-identified photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import recognizers
from palmbench.datasets.sample import Sample
from palmbench.keys import digest
from palmbench.stages.enrol import Enrol, load_keyed
from palmbench.store import Store, pack_arrays, unpack_arrays
from recognizers import answers
from recognizers.protocol import Classifier, Recognizer

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
        return self._among(self.originals, "original scores", samples, store)

    def between_deidentified(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """Distances of all unordered pairs of de-identified photos, as `between_originals` gives them."""
        return self._among(self.deidentified, "scores among the de-identified", samples, store)

    def across(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """De-identified photo i against original j, (n, n) float32; NaN where either has no template."""
        key = digest("scores across", version=VERSION, **self._both(samples, store))

        def compute() -> dict[str, np.ndarray]:
            gallery, in_gallery = _load(self.originals, samples, store)
            probes, in_probes = _load(self.deidentified, samples, store)
            recognizer = self._recognizer()
            distances = np.full((len(samples), len(samples)), np.nan, np.float32)
            columns, rows = np.flatnonzero(in_gallery), np.flatnonzero(in_probes)
            for start in range(0, len(rows) if len(columns) else 0, _ROWS):
                block = rows[start : start + _ROWS]
                distances[block[:, None], columns] = answers.distances(recognizer, probes[block], gallery[columns])
            return {"distances": distances}

        return _stored(store, key, compute)["distances"]

    def against_originals(self, samples: Sequence[Sample], store: Store) -> DeidScores:
        """Each de-identified photo against its own original, the nearest mate and the nearest stranger."""
        key = digest("de-identified scores", version=VERSION, **self._both(samples, store))

        def compute() -> dict[str, np.ndarray]:
            return _nearest(self.across(samples, store), [sample.identity for sample in samples])._asdict()

        return DeidScores(**_stored(store, key, compute))

    def classify(self, samples: Sequence[Sample], store: Store) -> Classified:
        """Whom the recognizer's own classifier takes each de-identified photo for."""
        recognizer = load_keyed(self.originals.recognizer, self.originals.settings)
        if not isinstance(recognizer, Classifier):
            return Classified(None, "a classifier")
        if recognizer.identities is None:
            return Classified(None, "a classifier whose file names its palms")
        if not {sample.identity for sample in samples} <= set(recognizer.identities):
            return Classified(None, "a classifier that was trained on all palms of this data set")
        probes, present = _load(self.deidentified, samples, store)
        found = np.full(len(samples), None, object)
        if present.any():
            found[present] = np.array(recognizer.identities, object)[answers.classes(recognizer, probes[present])]
        return Classified(found, None)

    def _among(self, stage: Enrol, what: str, samples: Sequence[Sample], store: Store) -> np.ndarray:
        present = _present(stage, samples, store)
        keys = self._keys(stage, samples, present)
        key = digest(what, version=VERSION, templates=keys, recognizer=stage.settings)

        def compute() -> dict[str, np.ndarray]:
            templates, _ = _load(stage, samples, store)
            # Without a template there is none to tell the recognizer its shape.
            known = present.any()
            there = recognizers.pairwise(self._recognizer(), templates[present]) if known else np.empty(0, np.float32)
            return {"distances": _among_all(there, present)}

        return _stored(store, key, compute)["distances"]

    def _recognizer(self) -> Recognizer:
        recognizer = load_keyed(self.originals.recognizer, self.originals.settings)
        if hasattr(recognizer, "threads"):
            recognizer.threads = self.threads
        return recognizer

    def _both(self, samples: Sequence[Sample], store: Store) -> dict[str, Any]:
        stages = {"originals": self.originals, "deidentified": self.deidentified}
        keys = {name: self._keys(stage, samples, _present(stage, samples, store)) for name, stage in stages.items()}
        return {**keys, "recognizer": self.originals.settings}

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


def _nearest(across: np.ndarray, identities: Sequence[str]) -> DeidScores:
    palms = np.array(identities)
    own = np.diagonal(across).copy()
    mate, stranger = np.full(len(palms), np.inf, np.float32), np.full(len(palms), np.inf, np.float32)
    for i, distances in enumerate(across):
        known, same = ~np.isnan(distances), palms == palms[i]
        stranger[i] = distances[known & ~same].min(initial=np.inf)
        known[i] = False
        mate[i] = distances[known & same].min(initial=np.inf)
    return DeidScores(own, mate, stranger)


def _present(stage: Enrol, samples: Sequence[Sample], store: Store) -> np.ndarray:
    return np.array([store.has(stage.name, stage.key(sample), stage.suffix) for sample in samples])


def _load(stage: Enrol, samples: Sequence[Sample], store: Store) -> tuple[np.ndarray, np.ndarray]:
    """Templates of the samples, zeros where there is none, and where there is one."""
    present = _present(stage, samples, store)
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
    return store.load(_STAGE, key, ".npz", unpack_arrays)
