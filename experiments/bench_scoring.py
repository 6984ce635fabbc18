"""How long the bootstrap over persons takes, beside replicates evaluated one by one.

    python -m experiments.bench_scoring [--palms N] [--photos N] [--replicates N] [--threads N]

Random distances of a data set of IITD's size: 460 palms, 2 601 photos, 3.4 million pairs, as fine as MTCC's. The
reference draws pairs with NumPy and gives them to `equal_error_rate`; the first replicates of both are the same draw,
and their error rates must agree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.engine.executor import available_cores
from palmbench.scoring import equal_error_rate
from palmbench.scoring.bootstrap import REPLICATES, Replicates, bootstrap
from palmbench.scoring.pairs import pair_kinds
from recognizers.common.errors import RequestError

PROMISED = 20  # seconds for a thousand replicates of IITD on two cores
_STEPS = 4608  # distinct distances that MTCC (yan) has
_REFERENCE = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Time the bootstrap and the reference, and print both.

    Raises
    ------
    RequestError
        If there are too few palms, photos or replicates.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments.bench_scoring", description=__doc__.splitlines()[0])
    parser.add_argument("--palms", type=int, default=460)
    parser.add_argument("--photos", type=int, default=2601, help="photos of all palms together (default 2601)")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--threads", type=int, default=available_cores())
    asked = parser.parse_args(arguments)
    if asked.palms < 2 or asked.photos < 2 * asked.palms or min(asked.replicates, asked.threads) < 1:
        raise RequestError("A benchmark needs 2 palms, 2 photos of each, 1 replicate and 1 thread at least.")
    identities, distances = data_set(asked.palms, asked.photos)
    bootstrap(distances[:1], identities[:2], np.random.default_rng(0), replicates=1)  # compiles
    began = time.perf_counter()
    found = bootstrap(
        distances, identities, np.random.default_rng(0), replicates=asked.replicates, threads=asked.threads
    )
    ours = (time.perf_counter() - began) / asked.replicates
    began = time.perf_counter()
    rates = one_by_one(distances, identities, found, min(_REFERENCE, asked.replicates))
    plain = (time.perf_counter() - began) / len(rates)
    print(f"{len(distances):,} pairs of {asked.palms} palms, {asked.replicates} replicates, {asked.threads} threads")
    print(f"{ours * REPLICATES:8.1f} s for {REPLICATES} replicates (of {PROMISED} promised on two cores)")
    print(f"{plain * REPLICATES:8.1f} s one by one with NumPy, {plain / ours:.0f} times as long")
    print(f"error rates of {len(rates)} replicates agree within {np.abs(rates - found.eer[: len(rates)]).max():.1e}")
    return DONE


def data_set(palms: int, photos: int) -> tuple[np.ndarray, np.ndarray]:
    """Identities, (photos,) int, and distances of all pairs, condensed, float32; genuine ones are less."""
    rng = np.random.default_rng(0)
    identities = np.sort(np.arange(photos) % palms)
    genuine = pair_kinds(identities).genuine
    distances = rng.normal(np.where(genuine, 0.34, 0.39), np.where(genuine, 0.04, 0.01))
    return identities, (np.round(distances * _STEPS) / _STEPS).astype(np.float32)


def one_by_one(distances: np.ndarray, identities: np.ndarray, found: Replicates, replicates: int) -> np.ndarray:
    """Equal error rates of the first replicates, each from the pairs that its draw repeats."""
    first, second = np.triu_indices(len(identities), 1)
    kinds = pair_kinds(identities)
    rates = []
    for weight in found.weights[:replicates].astype(int):
        genuine = np.repeat(distances[kinds.genuine], weight[first][kinds.genuine])
        impostor = np.repeat(distances[kinds.impostor], (weight[first] * weight[second])[kinds.impostor])
        rates.append(equal_error_rate(genuine, impostor).rate)
    return np.array(rates)


if __name__ == "__main__":
    sys.exit(guarded(main))
