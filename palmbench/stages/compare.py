"""templates -> scores: among originals, de-identified photos against originals, and among de-identified photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import recognizers
from palmbench.base.store import Store, if_there, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.scoring.rank_1 import Nearest, nearest
from palmbench.stages.enrol import Enrol, load_keyed
from palmbench.stages.stage import Stage, load_all
from recognizers import output_checks
from recognizers.common.cache_keys import digest, versions_of
from recognizers.output_checks import Matcher
from recognizers.protocol import Classifier, Recognizer

VERSION = 2
SCORES = "scores"
_ORIGINAL, _DEIDENTIFIED = "original scores", "scores among the de-identified"
_ACROSS, _OWN = "scores across", "de-identified scores"
ROWS = 256


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
        """Rank-1 identifications in a gallery of all originals, its own among them; see `Nearest.hits`.

        Where its own original has no template either, it failed, however near another photo of the palm is.
        """
        return Nearest(np.fmin(self.own, self.mate), self.stranger).hits & ~np.isnan(self.own)

    @property
    def hits_without_source(self) -> np.ndarray:
        """Rank-1 identifications when the original itself is not in the gallery."""
        return Nearest(self.mate, self.stranger).hits


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
    """Distances between the templates of originals and of de-identified photos.

    Attributes
    ----------
    originals, deidentified : Enrol
    enrolled, enrolled_again : frozenset of str
        Ids of the samples that passed them. What lies in the store says nothing about that: a template that has
        vanished is made again, and is not a failure.
    threads : int
    """

    originals: Enrol
    deidentified: Enrol
    enrolled: frozenset[str]
    enrolled_again: frozenset[str]
    threads: int = 1

    def between_originals(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """Distances of all unordered pairs of originals, condensed, float32; NaN where a template is missing."""
        return self._among(self.originals, self.enrolled, _ORIGINAL, samples, store)

    def between_deidentified(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """Distances of all unordered pairs of de-identified photos, as `between_originals` gives them."""
        return self._among(self.deidentified, self.enrolled_again, _DEIDENTIFIED, samples, store)

    def across(self, samples: Sequence[Sample], store: Store) -> np.ndarray:
        """De-identified photo i against original j, (n, n) float32; NaN where either has no template."""
        key = self._key_of_both(_ACROSS, samples)

        def compute() -> dict[str, np.ndarray]:
            gallery, in_gallery = load_templates(self.originals, samples, self.enrolled, store)
            probes, in_probes = load_templates(self.deidentified, samples, self.enrolled_again, store)
            recognizer = self._recognizer()
            return {"distances": distances_of(recognizer, probes, in_probes, gallery, in_gallery)}

        return stored(store, key, compute)["distances"]

    def against_originals(self, samples: Sequence[Sample], store: Store) -> DeidScores:
        """Each de-identified photo against its own original, the nearest mate and the nearest stranger."""
        key = self._key_of_both(_OWN, samples)

        def compute() -> dict[str, np.ndarray]:
            return _nearest(self.across(samples, store), [sample.identity for sample in samples])._asdict()

        return DeidScores(**stored(store, key, compute))

    def classify(self, samples: Sequence[Sample], store: Store) -> Classified:
        """Whom the recognizer's own classifier takes each de-identified photo for."""
        recognizer = load_keyed(self.originals.recognizer, self.originals.settings)
        if not isinstance(recognizer, Classifier):
            return Classified(None, "a classifier")
        if recognizer.identities is None:
            return Classified(None, "a classifier whose file names its palms")
        if not {sample.identity for sample in samples} <= set(recognizer.identities):
            return Classified(None, "a classifier that was trained on all palms of this data set")
        probes, present = load_templates(self.deidentified, samples, self.enrolled_again, store)
        found = np.full(len(samples), None, object)
        if present.any():
            found[present] = np.array(recognizer.identities, object)[output_checks.classes(recognizer, probes[present])]
        return Classified(found, None)

    def _among(
        self, stage: Enrol, enrolled: frozenset[str], what: str, samples: Sequence[Sample], store: Store
    ) -> np.ndarray:
        present = present_in(samples, enrolled)
        key = self._key_among(stage, enrolled, what, samples)

        def compute() -> dict[str, np.ndarray]:
            templates, _ = load_templates(stage, samples, enrolled, store)
            # Without any template nothing tells the shape of one.
            known = present.any()
            there = recognizers.pairwise(self._recognizer(), templates[present]) if known else np.empty(0, np.float32)
            return {"distances": _among_all(there, present)}

        return stored(store, key, compute)["distances"]

    def paths(self, samples: Sequence[Sample], store: Store) -> set[Path]:
        """Where the distances of these samples lie in a store, whether they are there or not."""
        keys = [
            self._key_among(self.originals, self.enrolled, _ORIGINAL, samples),
            self._key_among(self.deidentified, self.enrolled_again, _DEIDENTIFIED, samples),
            self._key_of_both(_ACROSS, samples),
            self._key_of_both(_OWN, samples),
        ]
        return {store.path(SCORES, key, ".npz") for key in keys}

    def _key_among(self, stage: Enrol, enrolled: frozenset[str], what: str, samples: Sequence[Sample]) -> str:
        keys = self._keys(stage, samples, present_in(samples, enrolled))
        return digest(what, versions={"compare": VERSION}, templates=keys, recognizer=stage.settings)

    def _key_of_both(self, what: str, samples: Sequence[Sample]) -> str:
        versions = {"compare": VERSION, **(versions_of("palmbench.scoring", "rank_1") if what == _OWN else {})}
        return digest(what, versions=versions, **self._both(samples))

    def _recognizer(self) -> Recognizer:
        recognizer = load_keyed(self.originals.recognizer, self.originals.settings)
        if hasattr(recognizer, "threads"):
            recognizer.threads = self.threads
        return recognizer

    def _both(self, samples: Sequence[Sample]) -> dict[str, Any]:
        return {
            "originals": self._keys(self.originals, samples, present_in(samples, self.enrolled)),
            "deidentified": self._keys(self.deidentified, samples, present_in(samples, self.enrolled_again)),
            "recognizer": self.originals.settings,
        }

    @staticmethod
    def _keys(stage: Enrol, samples: Sequence[Sample], present: np.ndarray) -> list[str | None]:
        # Identities are part of what is compared, and so is which templates could not be made.
        return [
            f"{sample.identity} {stage.key(sample)}" if there else None
            for sample, there in zip(samples, present, strict=True)
        ]


def distances_of(
    recognizer: Matcher, probes: np.ndarray, in_probes: np.ndarray, gallery: np.ndarray, in_gallery: np.ndarray
) -> np.ndarray:
    """Distances of templates, (n_probes, n_gallery) float32; NaN where either is not there, (n,) bool each."""
    distances = np.full((len(probes), len(gallery)), np.nan, np.float32)
    columns, rows = np.flatnonzero(in_gallery), np.flatnonzero(in_probes)
    for start in range(0, len(rows) if len(columns) else 0, ROWS):
        block = rows[start : start + ROWS]
        distances[block[:, None], columns] = output_checks.distances(recognizer, probes[block], gallery[columns])
    return distances


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
    sources = np.arange(len(identities))
    return DeidScores(np.diagonal(across).copy(), *nearest(across, identities, identities, left_out=sources))


def present_in(samples: Sequence[Sample], enrolled: frozenset[str]) -> np.ndarray:
    """Which samples passed a stage, (n,) bool."""
    return np.array([sample.id in enrolled for sample in samples], bool)


def load_templates(
    stage: Stage, samples: Sequence[Sample], enrolled: frozenset[str], store: Store
) -> tuple[np.ndarray, np.ndarray]:
    """Templates of the samples, zeros where there is none, and where there is one."""
    present = present_in(samples, enrolled)
    found = load_all(stage, (sample for sample in samples if sample.id in enrolled), store)
    if not found:
        return np.zeros((len(samples), 0)), present
    example = next(iter(found.values()))
    templates = np.zeros((len(samples), *example.shape), example.dtype)
    for i in np.flatnonzero(present).tolist():
        templates[i] = found[samples[i].id]
    return templates, present


def stored(store: Store, key: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of scores that lie under a key; computed and kept where they are not there."""
    found = if_there(lambda: store.load(SCORES, key, ".npz", unpack_arrays))
    if found is None:
        found = compute()
        store.write(SCORES, key, ".npz", pack_arrays(**found))
    return found
