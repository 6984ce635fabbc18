"""How long one photo takes: rendering, finding the hand, repainting. The only figures that depend on the machine."""

from __future__ import annotations

import time
from typing import NamedTuple

import cv2
import numpy as np

from palmbench import methods
from palmbench.hands import load_detector, load_segmenter
from palmbench.hands.settings import EmbeddedConfig, SegmenterConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.synth import render
from tests.gates.gather import gather

_PALMS, _PHOTOS = 8, 6
_BATCH = 8
_SIZE = (640, 480)


def rendering(profile: str) -> float:
    """Milliseconds of one core for a photo of 640 x 480, palms being rendered six photos each as in a data set."""
    cv2.setNumThreads(1)
    render(_PALMS, 0, profile, _SIZE)
    began = time.process_time()
    for identity in range(_PALMS):
        for sample in range(_PHOTOS):
            render(identity, sample, profile, _SIZE)
    return 1000 * (time.process_time() - began) / (_PALMS * _PHOTOS)


def finding(profile: str) -> float:
    """Milliseconds of one core for detector and segmenter on a photo, in a batch."""
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    detector, segmenter = load_detector(EmbeddedConfig()), load_segmenter(SegmenterConfig())
    photos = [render(identity, 0, profile).image for identity in range(4 * _BATCH)]
    detector.detect(photos[:2])
    began = time.process_time()
    for photo, found in zip(photos, detector.detect(photos), strict=True):
        for hand in found[:1]:
            segmenter.segment(photo, hand)
    return 1000 * (time.process_time() - began) / len(photos)


def painting() -> float:
    """Seconds a photo for the embedded preset on two cores: two processes, each with a batch."""
    seconds = gather("time the painter", _paint, [_Batch(0), _Batch(_BATCH)], 2)
    return float(np.mean(seconds)) / 2


class _Batch(NamedTuple):
    first: int


def _paint(batch: _Batch) -> float:
    """Wall-clock seconds a photo, the networks being loaded."""
    photos = [render(batch.first + number, 0) for number in range(_BATCH)]
    images, hands = [photo.image for photo in photos], [photo.as_hand() for photo in photos]
    method = methods.load(DiffusionConfig())
    method.deidentify(images[:1], hands[:1], [0], [None])
    began = time.monotonic()
    method.deidentify(images, hands, list(range(_BATCH)), [None] * _BATCH)
    return (time.monotonic() - began) / _BATCH
