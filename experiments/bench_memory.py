"""How much memory a point of NTU-PI's size wants when it is measured: 7,881 photos, 31 million pairs.

    python -m experiments.bench_memory [--photos 7881] [--continuous]

Templates are drawn at random, one centre a palm; everything behind them is what a run does in its main process, the
store included, with few bootstrap replicates, of which memory does not depend. Distances take few values, as those of
bit codes do, or with --continuous as many as float32 has, as those of learned features do.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.engine.sweep import scores_file
from palmbench.scoring import ScoreSets, score_sets
from palmbench.stages import measure
from palmbench.stages.compare import Compare, DeidScores
from recognizers.protocol import Recognizer

BOUND = 2.0  # GiB
_PHOTOS_A_PALM = 4
_BITS = 512
_REPLICATES = 10
Result = TypeVar("Result")


class Templates:
    """A recognizer, and the stage whose templates it compares, without photos."""

    name, takes = "random", "roi"
    recognizer = None

    def __init__(self, continuous: bool, noise: int) -> None:
        self._continuous, self._noise = continuous, noise

    @property
    def settings(self) -> dict[str, Any]:
        return {"continuous": self._continuous}

    def key(self, sample: Sample) -> str:
        return f"{sample.id} {self._noise}"

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The palm's centre, and what of it is the photo's own."""
        palm = np.random.default_rng(int(sample.identity)).normal(size=_BITS)
        own = np.random.default_rng((int(sample.id), self._noise)).normal(size=_BITS)
        values = (palm + own).astype(np.float32)
        return values / np.linalg.norm(values) if self._continuous else np.sign(values)

    def distances(self, probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """Half of what the cosine lacks to one, float32."""
        scale = 1.0 if self._continuous else 1 / _BITS
        return np.clip((1 - scale * (probes @ gallery.T)) / 2, 0, 1).astype(np.float32)


class Random(Compare):
    """The comparison of a run, by this recognizer."""

    def _recognizer(self) -> Recognizer:
        return self.originals  # type: ignore[return-value]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 above the bound."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=int, default=7881)
    parser.add_argument("--continuous", action="store_true")
    wanted = parser.parse_args(arguments)
    import torch  # noqa: F401  # every run's main process has it

    palms = [number // _PHOTOS_A_PALM for number in range(wanted.photos)]
    samples = [Sample(f"{i}", f"{palm}", f"{palm // 2}", "left", f"{i:032d}") for i, palm in enumerate(palms)]
    everybody = frozenset(sample.id for sample in samples)
    before, after = (Templates(wanted.continuous, noise) for noise in (0, 1))
    comparison = Random(before, after, everybody, everybody)  # type: ignore[arg-type]
    print(f"{wanted.photos} photos, {wanted.photos * (wanted.photos - 1) // 2} pairs; GiB at most so far")
    _told("nothing yet", lambda: None)
    measure.REPLICATES = _REPLICATES
    with tempfile.TemporaryDirectory() as folder:
        recognition, scores, sets = _measured(comparison, samples, Store(Path(folder)))
        size = _told("the file of scores", lambda: len(scores_file(samples, recognition, scores, sets)))
    print(f"the file of scores has {size / 2**20:.0f} MiB")
    kept = _peak() <= BOUND
    print(f"at most {_peak():.2f} GiB, {'within' if kept else 'above'} {BOUND:g}")
    return 0 if kept else 1


def _measured(
    comparison: Compare, samples: Sequence[Sample], store: Store
) -> tuple[measure.Recognition, DeidScores, ScoreSets]:
    """What `Pipeline.measure` makes of templates."""
    identities, persons = [each.identity for each in samples], [each.person for each in samples]
    distances = _told("among originals", lambda: comparison.between_originals(samples, store))
    scores = _told("each against the originals", lambda: comparison.against_originals(samples, store))
    recognition = _told("recognition", lambda: measure.measure_recognition(samples, distances, scores))
    across = _told("across, from the store", lambda: comparison.across(samples, store))
    among = _told("among the de-identified", lambda: comparison.between_deidentified(samples, store))
    sets = _told("score sets", lambda: score_sets(across, among, identities, persons))
    _told("linkage", lambda: measure.measure_linkage(samples, recognition, across, among))
    return recognition, scores, sets


def _told(what: str, work: Callable[[], Result]) -> Result:
    began = time.process_time()
    found = work()
    print(f"{what:<28} {_peak():6.2f}  ({time.process_time() - began:.0f} s)", flush=True)
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
