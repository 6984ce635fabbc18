"""The outside judge: does a hand model that learned from real photos find our rendered hands, where we say they are?

    python -m experiments.judge --python .venv-mediapipe/bin/python [--profiles controlled ...]

Renders benchmark identities of each profile, has MediaPipe's hand model look at the photos in an environment of its
own (mediapipe-requirements.txt), and compares its keypoints with the ground truth.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.base.images import write_png
from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, render
from recognizers.common.errors import RequestError
from recognizers.common.hints import not_found

SCRIPT = Path(__file__).with_name("judge_mediapipe.py")
PYTHON = Path(".venv-mediapipe/bin/python")
_MEND = "`make mediapipe` makes the environment."

# What we promise: the least share of photos in which the hand is found, and the largest mean distance.
LEAST_FOUND = {"controlled": 0.97, "wild": 0.85}
LARGEST_DISTANCE = 0.06


class Placed(NamedTuple):
    """A hand in a photo, true or found: keypoints (21, 2) in pixels, pixel centres at integers; "left" or "right"."""

    keypoints: np.ndarray
    hand: str


class Verdict(NamedTuple):
    """The judge's opinion of one profile.

    Attributes
    ----------
    n : int
        Photos.
    found : float
        Share of the photos in which a hand is found, 0 to 1.
    distance : float
        Mean distance between a keypoint of the judge and ours in the picture, over all 21 keypoints, hidden ones
        included, and the photos with a hand; as a share of the hand box, which is the larger side of the bounding
        box of our 21 keypoints. NaN when no hand is found.
    sides : float
        Share of the hands found that are called left or right as they are; NaN when no hand is found.
    """

    n: int
    found: float
    distance: float
    sides: float


def judge(python: Path, profile: str, identities: int = 100, samples: int = 2) -> Verdict:
    """Render photos of benchmark identities and compare the judge's keypoints with the ground truth.

    Parameters
    ----------
    python : Path
        Interpreter of the judge's environment.
    profile : str
        Capture conditions, a key of `palmbench.synth.PROFILES`.
    identities, samples : int
        Palms, from identity 0 on, and photos of each.

    Returns
    -------
    Verdict

    Raises
    ------
    RequestError
        If the profile is unknown, there is nothing to render, or the interpreter is missing, lacks mediapipe or fails.
    """
    if profile not in PROFILES:
        raise RequestError(not_found(f"There is no profile {profile}", profile, PROFILES))
    if identities < 1 or samples < 1:
        raise RequestError(f"The judge needs at least one identity and one sample, not {identities} and {samples}.")
    _check(python)
    truths: list[Placed] = []
    with tempfile.TemporaryDirectory(prefix="palmbench-") as folder:
        photos, answer = Path(folder) / "photos", Path(folder) / "answer.json"
        for identity in BENCHMARK_IDENTITIES[:identities]:
            for sample in range(samples):
                photo = render(identity, sample, profile)
                write_png(photos / f"{len(truths):06d}.png", photo.image)
                truths.append(Placed(photo.keypoints_2d, photo.hand))
        _ask(python, photos, answer)
        found = json.loads(answer.read_text())
    entries = (found[f"{position:06d}.png"] for position in range(len(truths)))
    findings = [None if entry is None else Placed(np.array(entry["keypoints"]), entry["hand"]) for entry in entries]
    return verdict(truths, findings)


def verdict(truths: Sequence[Placed], findings: Sequence[Placed | None]) -> Verdict:
    """Compare findings with the truth, photo by photo; None stands for a photo in which no hand was found."""
    both = [(truth, finding) for truth, finding in zip(truths, findings, strict=True) if finding is not None]
    if not both:
        return Verdict(len(truths), 0.0, float("nan"), float("nan"))
    distances = [
        np.linalg.norm(finding.keypoints - truth.keypoints, axis=1).mean() / np.ptp(truth.keypoints, axis=0).max()
        for truth, finding in both
    ]
    sides = [finding.hand == truth.hand for truth, finding in both]
    return Verdict(len(truths), len(both) / len(truths), float(np.mean(distances)), float(np.mean(sides)))


def line(profile: str, opinion: Verdict) -> str:
    """One printed row: the verdict in percent, with what we promise beside it."""
    least = LEAST_FOUND.get(profile)
    promise = f"(at least {least:.0%})" if least is not None else ""
    return (
        f"{profile:<12}{opinion.n:>6}   found {opinion.found:6.1%} {promise:<15}   "
        f"distance {opinion.distance:6.2%} of the box (at most {LARGEST_DISTANCE:.0%})   sides {opinion.sides:6.1%}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge some profiles and print a line for each; the exit status of `palmbench`."""
    options = argparse.ArgumentParser(
        prog="python -m experiments.judge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--python", type=Path, default=PYTHON, help=f"the judge's interpreter (default {PYTHON})")
    options.add_argument("--profiles", nargs="+", default=list(PROFILES), metavar="PROFILE", help="default: all")
    options.add_argument("--identities", type=int, default=100, metavar="N", help="palms of a profile (default 100)")
    options.add_argument("--samples", type=int, default=2, metavar="N", help="photos of a palm (default 2)")
    chosen = options.parse_args(arguments)
    for profile in chosen.profiles:
        print(line(profile, judge(chosen.python, profile, chosen.identities, chosen.samples)), flush=True)
    return DONE


def _check(python: Path) -> None:
    # Isolated, here and below: the project's own path must not leak into the judge's environment.
    look = "import sys; from importlib.util import find_spec; sys.exit(find_spec('mediapipe') is None)"
    if _run(python, "-c", look).returncode:
        raise RequestError(f"{python} has no mediapipe; {_MEND}")


def _ask(python: Path, photos: Path, answer: Path) -> None:
    done = _run(python, str(SCRIPT), str(photos), str(answer))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RequestError(f"The judge failed: {last}")


def _run(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run([str(python), "-I", *words], capture_output=True, text=True)
    except OSError as error:
        raise RequestError(f"The judge's interpreter {python} cannot be started ({error.strerror}); {_MEND}") from error


if __name__ == "__main__":
    sys.exit(guarded(main))
