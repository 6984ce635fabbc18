"""How fast palmprint codes are extracted and matched, beside what the machine can do.

    python -m experiments.bench_matching [--codes mtcc:original ...] [--palms N] [--threads N] [--full]

Times extraction of random ROIs and matching of random templates, a plain NumPy reference in the same run, and the rate
at which the processor counts differing bits in vectors it holds in its first cache. Projects the time for all pairs of
IITD and NTU-PI, or, with --full, takes it.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

import recognizers
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from recognizers.codes import PalmprintCode, unpacked
from recognizers.common.errors import RequestError
from recognizers.common.jit import compiled, run_all
from recognizers.matching.popcount import LANES
from recognizers.matching.shifts import ROWS, Job, prepare

# Pairs of a data set, and the seconds promised for them on two cores.
PAIRS = {"IITD": (3_400_000, 15), "NTU-PI": (31_000_000, 150)}
CODES = ("mtcc:yan", "mtcc:original", "palmcode", "compcode", "bocv", "ordinalcode", "rloc")
_VECTORS, _CHAINS = 64, 8
REPEATS = 5


class Measure(NamedTuple):
    """What was measured of one code.

    Attributes
    ----------
    code : str
        Name, and variant after a colon.
    extraction : float
        Milliseconds a ROI, all threads at work.
    rate, reference : float
        Pairs a second of the engine (all threads), and of plain NumPy (one).
    words : int
        Words of 32 bits that are compared for one pair.
    popcount : float
        Words a second that the machine counts differing bits of, as many threads: the faster of two measurements, just
        before and just after the engine.
    seconds : dict of str to float
        For all pairs of each data set.
    counted : bool
        Whether the seconds were taken (distances of random templates), or projected.
    """

    code: str
    extraction: float
    rate: float
    reference: float
    words: int
    popcount: float
    seconds: dict[str, float]
    counted: bool

    @property
    def share(self) -> float:
        """Words a second of the engine, as a share of the machine's rate."""
        return self.rate * self.words / self.popcount


def measure(code: str, palms: int, threads: int, full: bool = False) -> Measure:
    """Time one code.

    Parameters
    ----------
    code : str
        Name of a palmprint code, with its variant after a colon where it has some.
    palms : int
        Templates that are matched with one another, and ROIs that are extracted (64 at most).
    threads : int
        Threads of the engine.
    full : bool
        Match as many templates as the data sets have, instead of projecting.
    """
    recognizer = _load(code, threads)
    rng = np.random.default_rng(0)
    rois = rng.integers(0, 256, (min(palms, 64), 128, 128)).astype(np.uint8)
    # Noise is as good as palms here: the engine takes the same time for all templates.
    pool = recognizer.extract(rois)
    templates = np.resize(pool, (palms, *pool.shape[1:]))
    planes = recognizer.planes(templates)
    job = prepare(planes[:1], planes, recognizer.search)
    extraction = _best(lambda: recognizer.extract(rois)) / len(rois)
    before = popcount_rate(threads)
    rate = palms * palms / _best(lambda: recognizer.distances(templates, templates))
    # On a machine that others use, a share of one measurement alone may be above 1.
    popcount = max(before, popcount_rate(threads))
    some = planes[:16]
    plain = len(some) / _best(lambda: reference(prepare(some[:1], some, recognizer.search)))
    if full:
        seconds = {name: _all_pairs(recognizer, pool, pairs) for name, (pairs, _) in PAIRS.items()}
    else:
        seconds = {name: pairs / rate for name, (pairs, _) in PAIRS.items()}
    return Measure(code, 1e3 * extraction, rate, plain, words_a_pair(job), popcount, seconds, full)


def reference(job: Job) -> np.ndarray:
    """The distances of a job, one shift after another on unpacked bits, in plain NumPy; (n, m) float64."""
    probes, gallery = unpacked(job.probes), unpacked(job.gallery)
    out = np.empty((len(probes), len(gallery)))
    for row, probe in zip(out, probes, strict=True):
        best = np.full((len(probe) // job.planes, len(gallery)), np.inf)
        for i in range(-job.reach, job.reach + 1):
            for j in range(-job.reach, job.reach + 1):
                left = probe[:, max(0, i) : ROWS + min(0, i), max(0, j) : ROWS + min(0, j)]
                right = gallery[:, :, max(0, -i) : ROWS + min(0, -i), max(0, -j) : ROWS + min(0, -j)]
                bits = (left & right) if job.area else (left ^ right)
                counts = bits.reshape(len(gallery), len(best), -1).sum(axis=2)
                overlap = left[0].size * (1 if job.area else job.planes)
                best = np.minimum(best, counts.T / overlap)
        row[:] = best.min(axis=0) if job.area else best.mean(axis=0)
    return out


def words_a_pair(job: Job) -> int:
    """Words of 32 bits that a search compares for one pair."""
    rows = sum(ROWS - abs(down) for down in range(-job.reach, job.reach + 1))
    return job.probes.shape[1] * rows * (2 * job.reach + 1)


def popcount_rate(threads: int, rounds: int = 100_000) -> float:
    """Words of 32 bits a second that so many threads XOR with another and count the bits of, from their caches."""
    vectors = np.random.default_rng(0).integers(0, 2**32, (threads, _VECTORS, LANES), dtype=np.uint32)
    counts = np.empty((threads, LANES), np.uint32)
    count_rounds(vectors[0], 1, counts[0])
    tasks = [(vectors[thread], rounds, counts[thread]) for thread in range(threads)]
    seconds = _best(lambda: run_all(count_rounds, tasks, threads))
    return threads * rounds * _VECTORS * LANES / seconds


def table(measures: Sequence[Measure]) -> str:
    """The measures as printed, a row each."""
    counted = any(measure.counted for measure in measures)
    heads = [f"{name} s (of {limit})" for name, (_, limit) in PAIRS.items()]
    lines = [
        f"{'code':<14}{'ms/ROI':>8}{'M pairs/s':>11}{'x NumPy':>9}{'popcount G words/s':>20}{'share':>7}"
        + "".join(f"{head:>20}" for head in heads)
    ]
    for each in measures:
        lines.append(
            f"{each.code:<14}{each.extraction:>8.2f}{each.rate / 1e6:>11.2f}{each.rate / each.reference:>9.0f}"
            f"{each.popcount / 1e9:>20.1f}{each.share:>7.0%}"
            + "".join(f"{each.seconds[name]:>20.1f}" for name in PAIRS)
        )
    lines.append(f"Seconds are {'measured on random templates' if counted else 'projected from the rate'}.")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status of `palmbench`."""
    options = argparse.ArgumentParser(
        prog="python -m experiments.bench_matching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--codes", nargs="+", default=list(CODES), metavar="CODE", help=f"default: {' '.join(CODES)}")
    options.add_argument("--palms", type=int, default=1024, metavar="N", help="templates to match (default 1024)")
    options.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="default: all processors"
    )
    options.add_argument("--full", action="store_true", help="match as many templates as the data sets have")
    chosen = options.parse_args(arguments)
    if chosen.palms < 1 or chosen.threads < 1:
        raise RequestError("--palms and --threads must be at least 1.")
    print(table([measure(code, chosen.palms, chosen.threads, chosen.full) for code in chosen.codes]))
    print(f"{chosen.threads} threads, peak memory {_peak_memory() / 2**20:.0f} MiB.")
    return DONE


def _load(code: str, threads: int) -> PalmprintCode:
    name, _, variant = code.partition(":")
    try:
        recognizer = recognizers.load(name, threads=threads, **({"variant": variant} if variant else {}))
    except (ValueError, TypeError) as error:
        raise RequestError(f"--codes {code}: {error}") from error
    if not isinstance(recognizer, PalmprintCode):
        raise RequestError(f"--codes {code}: {name} is not matched by the bit engine; choose from {', '.join(CODES)}.")
    return recognizer


def _all_pairs(recognizer: PalmprintCode, pool: np.ndarray, pairs: int) -> float:
    n = math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)
    start = time.perf_counter()
    recognizers.pairwise(recognizer, np.resize(pool, (n, *pool.shape[1:])))
    return time.perf_counter() - start


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs, after one that compiles."""
    work()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@intrinsic  # type: ignore[untyped-decorator]
def _count_round(typingctx: Any, vectors: Any, word: Any, counts: Any) -> Any:
    """Add the bits of every vector XOR `word` to the sixteen counts; numba's own loops do not use the whole unit."""
    return types.void(vectors, types.uint32, counts), _generate


def _generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    word = ir.IntType(32)
    words = ir.VectorType(word, LANES)
    popcount = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(words, [words]), f"llvm.ctpop.v{LANES}i32"
    )
    source, target = (
        builder.bitcast(context.make_array(signature.args[i])(context, builder, args[i]).data, words.as_pointer())
        for i in (0, 2)
    )
    one = builder.insert_element(ir.Constant(words, ir.Undefined), args[1], ir.Constant(word, 0))
    other = builder.shuffle_vector(one, ir.Constant(words, ir.Undefined), ir.Constant(words, [0] * LANES))
    # Sums that do not wait for one another.
    sums = [ir.Constant(words, [0] * LANES) for _ in range(_CHAINS)]
    for i in range(_VECTORS):
        vector = builder.load(builder.gep(source, [ir.Constant(ir.IntType(64), i)]), align=4)
        sums[i % _CHAINS] = builder.add(sums[i % _CHAINS], builder.call(popcount, [builder.xor(vector, other)]))
    total = builder.load(target, align=4)
    for each in sums:
        total = builder.add(total, each)
    builder.store(total, target, align=4)
    return context.get_dummy_value()


@compiled
def count_rounds(
    vectors: Any,
    rounds: Any,
    counts: np.ndarray,
) -> None:
    """Count, in each of 16 lanes, the bits of vectors (_VECTORS, 16) XOR the number of a round, over all rounds."""
    counts[:] = 0
    for number in range(rounds):
        _count_round(vectors, np.uint32(number), counts)


if __name__ == "__main__":
    sys.exit(guarded(main))
