"""Rendered palms as a recognizer sees them: templates from the true ROI and from the detector's, and ground truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.hands import load_detector
from palmbench.hands.palm import fill_polygon
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.settings import EmbeddedConfig
from palmbench.synth import BENCHMARK_IDENTITIES, Render, render
from tests.gates import sizes
from tests.gates.gather import gather
from tests.gates.handshape import shape_features
from tests.gates.scores import attacker


class Palm(NamedTuple):
    """Photos of one palm that are wanted."""

    identity: int
    samples: int
    profile: str


class Capture(NamedTuple):
    """What one photo gives.

    Attributes
    ----------
    identity : int
    roi : ndarray of shape (128, 128), uint8
        The recognition ROI of the ground truth.
    template : ndarray of shape (12, 32), uint32
        From that ROI.
    detected : ndarray of shape (12, 32), uint32, or None
        From that of the embedded detector; None where it found no hand.
    shape : ndarray of shape (10,)
        See `shape_features`.
    inside : float
        Share of the true recognition ROI that lies in the palm polygon.
    """

    identity: int
    roi: np.ndarray
    template: np.ndarray
    detected: np.ndarray | None
    shape: np.ndarray
    inside: float


def captures(palms: list[Palm], title: str) -> list[Capture]:
    """Render the palms' photos and enrol each, in their order."""
    return [capture for photos in gather(title, _capture, palms) for capture in photos]


def benchmark_palms(profile: str) -> list[Palm]:
    """The first palms of the benchmark."""
    return [Palm(identity, sizes.SAMPLES, profile) for identity in BENCHMARK_IDENTITIES[: sizes.IDENTITIES]]


def inside_share(photo: Render) -> float:
    """Share of the recognition ROI that lies in the palm polygon."""
    shape = photo.mask.shape
    roi = fill_polygon(photo.recognition_roi, shape)
    return float((roi & fill_polygon(photo.palm, shape)).sum() / roi.sum())


def _capture(palm: Palm) -> list[Capture]:
    photos = [render(palm.identity, sample, palm.profile) for sample in range(palm.samples)]
    rois = np.stack([recognition_roi(photo.image, photo.as_hand()) for photo in photos])
    templates = attacker().extract(rois)
    return [
        Capture(palm.identity, roi, template, found, shape_features(photo), inside_share(photo))
        for photo, roi, template, found in zip(photos, rois, templates, _detected(photos), strict=True)
    ]


def _detected(photos: list[Render]) -> list[np.ndarray | None]:
    images = [photo.image for photo in photos]
    found = load_detector(EmbeddedConfig()).detect(images)
    rois = [recognition_roi(image, hands[0]) if hands else None for image, hands in zip(images, found, strict=True)]
    return [None if roi is None else attacker().extract(roi[None])[0] for roi in rois]
