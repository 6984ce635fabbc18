"""`palmbench.find_hands`: the hands in one photo, each with what a recognizer and a method see of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from palmbench.base.device import torch_device
from palmbench.base.images import read_image
from palmbench.hands import Detector, Hand, Segmenter, load_detector, load_segmenter
from palmbench.hands.hand import require_photo
from palmbench.hands.palm import Region, palm_mask
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.registry import named
from palmbench.hands.settings import AnySegmenterConfig, DetectorConfig
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError

MOST_HANDS = 10


@dataclass(frozen=True)
class FoundHand(Hand):
    """A hand with the photo that it was found in; all else is as of `palmbench.hands.Hand`.

    Attributes
    ----------
    photo : ndarray of shape (height, width, 3), uint8
        RGB.
    """

    photo: np.ndarray = field(kw_only=True, repr=False)

    def roi(self) -> np.ndarray:
        """The ROI that a palmprint recognizer reads, uint8 (128, 128), grey.

        Raises
        ------
        NoROIError
            If the finger valleys lie too close together to see a palm between them.
        """
        return recognition_roi(self.photo, self)

    def whole(self) -> np.ndarray:
        """The crop that a whole-hand recognizer reads, uint8 (224, 224, 3), RGB; left hands are mirrored."""
        return recognition_hand(self.photo, self)

    def palm(self, region: Region = "palm") -> np.ndarray:
        """Its palm, bool (height, width).

        Parameters
        ----------
        region : {"palm", "paper"}
            All its skin from the wrist line to the finger bases, or the paper's polygon of six keypoints.
        """
        if region not in get_args(Region):
            raise RequestError(f"region must be one of {', '.join(get_args(Region))}, not {region!r}.")
        return palm_mask(self, region)


class _Finders(NamedTuple):
    detector: Detector
    segmenter: Segmenter


def find_hands(
    photo: np.ndarray | str | os.PathLike[str],
    *,
    detector: str | DetectorConfig = "embedded",
    segmenter: str | AnySegmenterConfig = "embedded",
    device: str = "cpu",
) -> list[FoundHand]:
    """Every hand in a photo.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), uint8, or path
        RGB, upright; or a photo's file, which is turned upright as it says.
    detector : str or DetectorConfig
        Its name, for up to ten hands of a photo, or settings such as
        ``palmbench.hands.settings.MediaPipeConfig(hands=2)``.
    segmenter : str or AnySegmenterConfig
        What draws the masks: its name, or settings.
    device : str
        A torch device.

    Returns
    -------
    list of FoundHand
        The most confident first; empty if there is none. Each has `keypoints_2d`, `keypoints_3d`, `valleys`, `mask`,
        `box`, `side`, `view` and `score`, and gives its `roi()`, its `whole()` crop and the mask of its `palm()`.

    Raises
    ------
    TypeError
        If `photo` is neither an array nor a path.
    ValueError
        If it is another array.
    SampleError
        If the file is not a photo that can be read.
    RequestError
        If there is no such detector or segmenter, or its package or weights are not here.

    Notes
    -----
    Networks are loaded at the first call and kept.

    Examples
    --------
    >>> import palmbench
    >>> from palmbench.synth import render
    >>> (hand,) = palmbench.find_hands(render(identity=0, sample=0).image)
    >>> hand.side, hand.view, hand.roi().shape, hand.keypoints_2d.shape
    ('left', 'palm', (128, 128), (21, 2))
    >>> bool(hand.palm()[hand.palm("paper")].mean() > 0.95)
    True
    """
    pixels = _pixels(photo)
    finders = _finders(
        detector_config(detector),
        _segmenter_config(segmenter),
        torch_device(device),
    )
    hands = [finders.segmenter.segment(pixels, hand) for hand in finders.detector.detect([pixels])[0]]
    return [FoundHand(**vars(hand), photo=pixels) for hand in hands]


@lru_cache(maxsize=1)  # networks are large: the last ones used are enough
def _finders(detector: DetectorConfig, segmenter: AnySegmenterConfig, device: str) -> _Finders:
    return _Finders(load_detector(detector, device), load_segmenter(segmenter, device))


def detector_config(asked: Any) -> DetectorConfig:
    """Settings as they are, or those of a name."""
    if isinstance(asked, DetectorConfig):
        return asked
    if not isinstance(asked, str):
        raise RequestError(f"detector is a name or settings of a detector, not {type(asked).__name__}.")
    return named(asked, hands=MOST_HANDS)


def _segmenter_config(asked: Any) -> AnySegmenterConfig:
    if isinstance(asked, AnySegmenterConfig):
        return asked
    if not isinstance(asked, str):
        raise RequestError(f"segmenter is a name or settings of a segmenter, not {type(asked).__name__}.")
    kinds = {kind().name: kind for kind in get_args(AnySegmenterConfig)}
    if asked not in kinds:
        raise RequestError(not_found(f"there is no segmenter called {asked}", asked, kinds))
    return kinds[asked]()


def _pixels(photo: Any) -> np.ndarray:
    if isinstance(photo, (str, os.PathLike)):
        return read_image(Path(photo))
    require_photo(photo, "find_hands takes one photo, RGB, or the path of its file")
    return photo
