"""What MediaPipe's hand model, which learned from photographs, makes of the rendered hands."""

from __future__ import annotations

import os

import numpy as np
import pytest

from palmbench.hands import load_detector
from palmbench.hands.settings import MediaPipeConfig
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, render
from recognizers.common.errors import RequestError
from tests.gates import sizes
from tests.gates.figures import Figure, Keep

PHOTOS = 2
LEAST_FOUND = {"controlled": 97.0, "wild": 85.0}
LARGEST_DISTANCE = 6.0


@pytest.mark.gate
@pytest.mark.parametrize("profile", PROFILES)
def test_mediapipe_finds_rendered_hands_where_they_are(profile: str, keep: Keep) -> None:
    python = os.environ.get("GATE_JUDGE")
    try:
        detector = load_detector(MediaPipeConfig(python=python))
    except RequestError as error:
        if python is not None:  # a judge that was asked for, and cannot judge, is no pass
            raise
        pytest.skip(str(error))
    off, palms, photos = [], [], PHOTOS * len(BENCHMARK_IDENTITIES[: sizes.IDENTITIES])
    for identity in BENCHMARK_IDENTITIES[: sizes.IDENTITIES]:
        truths = [render(identity, sample, profile) for sample in range(PHOTOS)]
        for truth, hands in zip(truths, detector.detect([truth.image for truth in truths]), strict=True):
            for hand in hands[:1]:
                distance = np.linalg.norm(hand.keypoints_2d - truth.keypoints_2d, axis=1).mean()
                off.append(100 * distance / np.ptp(truth.keypoints_2d, axis=0).max())
                palms.append(hand.view == "palm")
    n = len(off)
    keep(
        [
            Figure(f"{profile}: hands found", 100 * n / photos, "%", LEAST_FOUND.get(profile), None, photos),
            Figure(f"{profile}: keypoints off, mean", float(np.mean(off)), "% of box", None, LARGEST_DISTANCE, n),
            Figure(f"{profile}: taken for a palm", 100 * float(np.mean(palms)), "%", n=n),
        ]
    )
