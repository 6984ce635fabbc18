"""How much faster the image-quality instrument is than the packages whose numbers it gives, called one by one.

    python -m experiments.bench_quality [--pairs N] [--size HEIGHT WIDTH] [--threads N] [--device cpu|cuda] [--networks]

Pairs are rendered hands, the palm blurred. Each pair goes through the instrument and, right after it, through the
packages, so that whatever else the machine does weighs on both; the ratio is that of the medians. The instrument also
measures inside and outside the palm, which the packages do not. With --networks both sides also take LPIPS, with
random weights, which cost the same as the published ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import torch

from palmbench import synth
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.quality import image_quality
from palmbench.quality.networks import load_lpips, load_lpips_torchmetrics

Measured = dict[str, float]
Lpips = tuple[Callable[[np.ndarray, np.ndarray], float], Any]  # ours, and the package's
_SIGMA = 5.0


class Pair(NamedTuple):
    """A photo, the photo with its palm blurred, and the palm."""

    original: np.ndarray
    deidentified: np.ndarray
    palm: np.ndarray


Measure = Callable[[Pair], Measured]


class Contest(NamedTuple):
    """The two ways to one convention's numbers."""

    convention: str
    ours: Callable[[Pair], Measured]
    packages: Callable[[Pair], Measured]


def main(arguments: Sequence[str] | None = None) -> int:
    """Time both conventions and print a line each."""
    parser = argparse.ArgumentParser(prog="python -m experiments.bench_quality", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help="pairs of photos (default 5)")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--networks", action="store_true", help="LPIPS too, with random weights")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    pairs = [pair(identity, *asked.size) for identity in range(asked.pairs)]
    print(f"{asked.pairs} pairs of {asked.size[0]} x {asked.size[1]}, {asked.device}, {asked.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        for contest in contests(asked.device, Path(folder) if asked.networks else None):
            print(report(contest, pairs))
    return DONE


def pair(identity: int, height: int, width: int) -> Pair:
    """A rendered hand at a size, its palm blurred."""
    rendered = synth.render(identity, 0)
    photo = cv2.resize(rendered.image, (width, height), interpolation=cv2.INTER_CUBIC)
    scale = np.array([width, height]) / rendered.image.shape[1::-1]
    palm = fill_polygon(palm_polygon(rendered.keypoints_2d * scale), (height, width))
    blurred = photo.copy()
    blurred[palm] = cv2.GaussianBlur(photo, (0, 0), _SIGMA)[palm]
    return Pair(photo, blurred, palm)


def report(contest: Contest, pairs: Sequence[Pair]) -> str:
    """Milliseconds a pair either way, their ratio, and the largest difference of a number."""
    contest.ours(pairs[0]), contest.packages(pairs[0])
    times = np.empty((len(pairs), 2))
    apart = 0.0
    for index, photos in enumerate(pairs):
        began = time.perf_counter()
        ours = contest.ours(photos)
        between = time.perf_counter()
        theirs = contest.packages(photos)
        times[index] = between - began, time.perf_counter() - between
        apart = max(apart, *(abs(ours[name] - theirs[name]) for name in theirs))
    mine, packages = 1000 * np.median(times, axis=0)
    return (
        f"{contest.convention:>12}: {mine:8.1f} ms a pair, the packages {packages:8.1f} ms: "
        f"{packages / mine:5.1f} times as fast; numbers within {apart:.1e}"
    )


def contests(device: str, weights: Path | None) -> list[Contest]:
    """Both conventions against their packages on one device, with LPIPS where there is a folder for its weights."""
    found = []
    for convention, packages in (("paper", paper_packages), ("torchmetrics", torchmetrics_package)):
        lpips = None if weights is None else random_lpips(convention, weights, device)
        found.append(
            Contest(convention, ours(convention, device, lpips[0] if lpips else None), packages(device, lpips))
        )
    return found


def ours(convention: str, device: str, lpips: Callable[[np.ndarray, np.ndarray], float] | None) -> Measure:
    """The instrument: one pass over the pair, the palm included."""

    def measure(photos: Pair) -> Measured:
        values = image_quality(photos.original, photos.deidentified, convention, photos.palm, device)
        return values if lpips is None else values | {"lpips": lpips(photos.original, photos.deidentified)}

    return measure


def paper_packages(device: str, lpips: Lpips | None) -> Measure:
    """scikit-image, piq and lpips, one after the other."""
    import piq
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    @torch.inference_mode()
    def measure(photos: Pair) -> Measured:
        x, y = photos.original, photos.deidentified
        values = {
            "ssim": structural_similarity(x, y, channel_axis=2, data_range=255),
            "psnr": peak_signal_noise_ratio(x, y, data_range=255),
            "ms_ssim": float(piq.multi_scale_ssim(_tensor(x, device) / 255, _tensor(y, device) / 255, data_range=1.0)),
        }
        if lpips is not None:
            values["lpips"] = float(lpips[1](_tensor(x, device) / 127.5 - 1, _tensor(y, device) / 127.5 - 1))
        return values

    return measure


def torchmetrics_package(device: str, lpips: Lpips | None) -> Measure:
    """torchmetrics' functions, one after the other."""
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure,
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    @torch.inference_mode()
    def measure(photos: Pair) -> Measured:
        pair = _tensor(photos.deidentified, device), _tensor(photos.original, device)
        values = {
            "ssim": float(cast(torch.Tensor, structural_similarity_index_measure(*pair, data_range=255.0))),
            "psnr": float(peak_signal_noise_ratio(*pair, data_range=255.0)),
            "ms_ssim": float(multiscale_structural_similarity_index_measure(*pair, data_range=255.0)),
        }
        if lpips is not None:
            values["lpips"] = float(lpips[1](*(image / 127.5 - 1 for image in pair)))
        return values

    return measure


def random_lpips(convention: str, folder: Path, device: str) -> Lpips:
    """Our LPIPS and the package's, with the same random backbone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if convention == "paper":
            import lpips

            load: Callable[[Path, str], Any] = load_lpips
            stock = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
        else:
            from torchmetrics.functional.image.lpips import _NoTrainLpips

            stock, load = _NoTrainLpips(net="alex", pnet_rand=True), load_lpips_torchmetrics
    backbone = {
        f"features.{name.split('.')[-1]}.{key}": value
        for name, layer in stock.net.named_modules()
        if isinstance(layer, torch.nn.Conv2d)
        for key, value in layer.state_dict().items()
    }
    path = folder / f"{convention}.pth"
    torch.save(backbone, path)
    return load(path, device), stock.to(device)


def _tensor(image: np.ndarray, device: str) -> torch.Tensor:
    return torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float()


if __name__ == "__main__":
    sys.exit(guarded(main))
