"""The small Paint by Example on palms that it has not seen: what it hides, what it keeps, what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest

from palmbench.diffusion.weights import EMBEDDED, resolve, weight_files
from palmbench.report.paper import Cell, paper_values
from tests.gates import diversity, likeness, linkage, memory, pace, reconstruction, sizes
from tests.gates.figures import Figure, Keep
from tests.gates.painted import Painted, compute

ALPHAS = (0.0, 0.1, 0.2, 0.3)
OURS = "alpha 0.1"
SHARED_NOISE = "alpha 0.1, shared noise"
BASELINES = ("mask", "pixelate", "blur")
LEAKY = 15
SLOWEST, HEAVIEST = 1.0, 25
PIXEL_METRICS = ("ssim", "ms_ssim", "psnr")
_PAPERS_DATASET = "iitd"


class Bounds(NamedTuple):
    """Least and greatest value of each number; None where there is no such bound."""

    rr: tuple[float | None, float | None]
    dir: tuple[float | None, float | None]
    ssim: tuple[float | None, float | None]
    rank1: tuple[float | None, float | None]


BOUNDS = Bounds(rr=(linkage.LEAST_RR, None), dir=linkage.DIR, ssim=(0.93, None), rank1=(None, 10))
UNBOUND = Bounds(*((None, None),) * 4)


@pytest.fixture(scope="module")
def points() -> dict[str, Painted]:
    """The de-identified photos of `make demo`, where the sizes are the defaults."""
    diffusion = ["method=diffusion", "method.fusion=s+m"]
    methods = {f"alpha {alpha:g}": [*diffusion, f"method.alpha={alpha}"] for alpha in ALPHAS}
    methods |= {name: [f"method={name}"] for name in BASELINES}
    methods[SHARED_NOISE] = [*diffusion, "method.alpha=0.1", "method.noise=shared"]
    return compute(methods, sizes.PAINTED_SAMPLES, sizes.PAINTED_IDENTITIES)


@pytest.mark.gate
def test_palms_are_hidden_and_rows_stand_in_the_papers_order(points: dict[str, Painted], keep: Keep) -> None:
    keep([*_hiding(points), *_order(points), *_quality_order(points)])


@pytest.mark.gate
def test_painted_palms_of_different_people_are_not_linked(points: dict[str, Painted], keep: Keep) -> None:
    keep(linkage.figures(points[OURS], points[SHARED_NOISE]))


@pytest.mark.gate
def test_painted_palms_look_like_palms(points: dict[str, Painted], keep: Keep) -> None:
    keep(likeness.figures(points[OURS]))


@pytest.mark.gate
def test_ten_seeds_make_ten_palms(points: dict[str, Painted], keep: Keep) -> None:
    keep(diversity.figures(linkage.operating_point(points[OURS])))


@pytest.mark.gate
def test_identity_survives_the_autoencoder(points: dict[str, Painted], keep: Keep) -> None:
    keep(reconstruction.figures(points[OURS], linkage.operating_point(points[OURS]).threshold))


@pytest.mark.gate
def test_no_training_palm_is_painted(points: dict[str, Painted], keep: Keep) -> None:
    keep(memory.figures(points[OURS], points["alpha 0"]))


@pytest.mark.gate
def test_the_painter_is_fast_and_small(keep: Keep) -> None:
    files = weight_files(resolve(EMBEDDED))
    size = sum(path.stat().st_size for path in (files.unet, files.vae, files.image_encoder)) / 1e6
    keep(
        [
            Figure("repaint, embedded preset", pace.painting(), "s", None, SLOWEST, 16, "two processes", timed=True),
            Figure("weights of UNet, autoencoder and encoder", size, "MB", None, HEAVIEST, 3),
        ]
    )


def _hiding(points: Mapping[str, Painted]) -> Iterator[Figure]:
    for name, painted in points.items():
        n, failed = painted.metrics["rr"].n, f"{painted.metrics['rr'].failed} failed"
        bounds = BOUNDS if name == OURS else UNBOUND
        yield Figure(f"{name}: RR", painted.value("rr"), "%", *bounds.rr, n=n, note=failed)
        yield Figure(f"{name}: DIR", painted.value("dir"), "%", *bounds.dir, n=n)
        yield Figure(f"{name}: SSIM", painted.value("ssim"), "", *bounds.ssim, n=n)
        yield Figure(f"{name}: rank-1", painted.value("acc_nn"), "%", *bounds.rank1, n=n)
    rank = points[OURS].value("acc_nn_without_source")
    note = "gallery without the photo's own original"
    yield Figure(f"{OURS}: rank-1, other photos", rank, "%", *BOUNDS.rank1, n=len(points[OURS].samples), note=note)


def _order(points: Mapping[str, Painted]) -> Iterator[Figure]:
    """Table V's order, and the trade that alpha makes. A step of RR is at least one photo."""
    sweep = [points[f"alpha {alpha:g}"] for alpha in ALPHAS]
    rates, likeness = ([painted.value(metric) for painted in sweep] for metric in ("rr", "ssim"))
    n = len(sweep[0].samples)
    photo = 100 / n
    falls = min(before - after for before, after in pairwise(rates))
    yield Figure("RR falls from alpha 0 to 0.3, least step", falls, "points", photo, None, n)
    rises = min(after - before for before, after in pairwise(likeness))
    yield Figure("SSIM rises from alpha 0 to 0.3, least step", rises, "", 0, None, n)
    mask, pixelate, blur = (points[name].value("rr") for name in BASELINES)
    yield Figure("RR of mask above alpha 0.1", mask - rates[1], "points", 0, None, n)
    yield Figure("RR of alpha 0.3 above pixelate and blur", rates[3] - max(pixelate, blur), "points", photo, None, n)
    yield Figure("RR of pixelate and blur, the larger", max(pixelate, blur), "%", None, LEAKY, n)


def _quality_order(points: Mapping[str, Painted]) -> Iterator[Figure]:
    """Which share of the pairs of rows stands in the order of the paper's Table VI (IITD)."""
    rows = {f"alpha {alpha:g}": ("diffusion", "s+m", alpha) for alpha in ALPHAS[1:]}
    cells = {**rows, **{name: (name, "", None) for name in BASELINES}}
    for metric in PIXEL_METRICS:
        paper = {
            name: paper_values()[Cell(_PAPERS_DATASET, method, fusion, alpha, "", metric)].value
            for name, (method, fusion, alpha) in cells.items()
        }
        found = {name: points[name].value(metric) for name in cells}
        pairs = list(combinations(cells, 2))
        wrong = [pair for pair in pairs if not _same_order(paper, found, pair)]
        note = "; ".join(f"{a} and {b} change places" for a, b in wrong)
        share = 100 * (1 - len(wrong) / len(pairs))
        yield Figure(f"{metric}: rows in the paper's order", share, "%", 100, None, len(pairs), note)


def _same_order(paper: Mapping[str, float], found: Mapping[str, float], pair: tuple[str, str]) -> bool:
    theirs, ours = (values[pair[0]] - values[pair[1]] for values in (paper, found))
    return math.isfinite(ours) and theirs * ours > 0
