"""Equal error rates of the recognizers of ROIs on ROIs of one's own, such as real ones.

    python -m experiments.bench_rois FILE [RECOGNIZER ...] [--weights FILE]

FILE is an npz with `rois`, uint8 (n, 128, 128), and `identity`, (n,): each ROI's palm. All pairs are compared; those of
one palm are genuine. Without names every recognizer that takes ROIs and needs no download is tried; --weights is a
weight file of the recognizer that is named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import recognizers
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.scoring import equal_error_rate, pair_kinds
from recognizers.common.errors import RequestError
from recognizers.protocol import ROI_SIDE


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each recognizer; the exit status of `palmbench`."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench_rois",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("recognizers", nargs="*", metavar="RECOGNIZER")
    parser.add_argument("--weights", metavar="FILE")
    options = parser.parse_args(arguments)
    rois, palms = read_rois(options.file)
    kinds = pair_kinds(palms, palms)
    pairs = f"{int(kinds.genuine.sum())} genuine and {int(kinds.impostor.sum())} impostor pairs"
    print(f"{len(rois)} ROIs of {len(set(palms))} palms: {pairs}")
    of_rois = [name for name in recognizers.RECOGNIZERS if recognizers.load(name).takes == "roi"]
    for name in options.recognizers or of_rois:
        rate = error_rate(rois, palms, name, options.weights)
        print(f"{name:<12} EER {100 * rate:5.2f} %", flush=True)
    return DONE


def read_rois(path: Path) -> tuple[np.ndarray, list[str]]:
    """ROIs, uint8 (n, 128, 128), and the palm of each.

    Raises
    ------
    RequestError
        If the file does not hold them.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            rois, palms = file["rois"], [str(palm) for palm in file["identity"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is no npz with `rois` and `identity`: {str(error).rstrip('.')}.") from error
    if rois.dtype != np.uint8 or rois.shape != (len(palms), ROI_SIDE, ROI_SIDE) or len(set(palms)) < 2:
        wanted = f"uint8 (n, {ROI_SIDE}, {ROI_SIDE}) of two palms or more"
        raise RequestError(f"{path}: `rois` are {rois.dtype} {rois.shape} of {len(set(palms))} palms, not {wanted}.")
    return rois, palms


def error_rate(rois: np.ndarray, palms: Sequence[str], name: str, weights: str | None = None) -> float:
    """Equal error rate of a recognizer, as a fraction; see `equal_error_rate`."""
    recognizer = recognizers.load(name) if weights is None else recognizers.load(name, weights=weights)
    distances = recognizers.pairwise(recognizer, recognizer.extract(rois))
    kinds = pair_kinds(palms, palms)
    return equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate


if __name__ == "__main__":
    sys.exit(guarded(main))
