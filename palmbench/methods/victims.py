"""What recognizers read of a photo whose palm is changed, differentiable in the change.

Reading a photo is linear: what a network sees of a changed photo is what it sees of the photo, cut out as it always is,
and what it sees of the change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from palmbench.hands import Hand
from palmbench.hands.recognition_hand import recognition_hand, recognition_square
from palmbench.hands.recognition_roi import recognition_corners, recognition_roi
from recognizers.ccnet import CCNetRecognizer
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.ccnet import normalised
from recognizers.protocol import HAND_SIDE, ROI_SIDE

VERSION = 1
# How far another's crop of the same hand may lie beside ours.
_SHIFT, _TURN, _SCALE = 0.02, 2.0, 0.03
_WIDER, _HOW_OFTEN = 0.1, 0.4
WIDEST = (1 + _SCALE) * (1 + _WIDER)
_FINER = 2  # readings a pixel of a hand's crop and side: its pixels are larger than the photo's


class Jitter(NamedTuple):
    """How a crop lies beside the one that is usual: shares of its side, degrees, and how much larger it is."""

    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0
    scale: float = 1.0

    @property
    def matrix(self) -> np.ndarray:
        """Turn and scale, (2, 2) float64, of offsets (x, y)."""
        angle = np.deg2rad(self.turn)
        cosine, sine = np.cos(angle), np.sin(angle)
        return self.scale * np.array([[cosine, -sine], [sine, cosine]])


def jitter(generator: np.random.Generator) -> Jitter:
    """A crop as another may cut it: moved by up to 2 % and turned by up to 2 degrees, up to 3 % larger or smaller.

    Two in five are up to a tenth larger besides: the input diversity of Xie et al. (CVPR 2019), who shrink the picture
    at random, with what lies around the crop in the place of black.
    """
    x, y = generator.uniform(-_SHIFT, _SHIFT, 2)
    turn, scale = generator.uniform(-_TURN, _TURN), 1 + generator.uniform(-_SCALE, _SCALE)
    wider = generator.uniform(0, _WIDER) if generator.random() < _HOW_OFTEN else 0.0
    return Jitter(float(x), float(y), float(turn), float(scale * (1 + wider)))


class Reading(NamedTuple):
    """What a network reads of a photo.

    Attributes
    ----------
    pixels : ndarray of shape (channels, side, side), float32
        Grey levels of the photo as it is.
    places : ndarray of shape (n * side, n * side, 2), float64
        Where in the photo each pixel is read, (x, y); the mean of n x n places.
    """

    pixels: np.ndarray
    places: np.ndarray


class Frame(NamedTuple):
    """Where a change lies in its photo: left and top pixel, width and height in pixels."""

    left: int
    top: int
    width: int
    height: int


def read(readings: list[Reading], change: Tensor, frame: Frame) -> Tensor:
    """What is read of a changed photo, (n, channels, side, side) float32 grey levels.

    Parameters
    ----------
    readings : list of Reading
        n of one kind.
    change : Tensor of shape (1, 1, rows, columns)
        Grey levels added to all channels, evenly over the frame; 0 around it.
    frame : Frame
    """
    pixels = torch.from_numpy(np.stack([reading.pixels for reading in readings])).to(change.device)
    size, corner = np.array([frame.width, frame.height]), np.array([frame.left, frame.top])
    places = np.stack([(reading.places - corner + 0.5) * (2 / size) - 1 for reading in readings]).astype(np.float32)
    grid = torch.from_numpy(places).to(change.device)
    seen = functional.grid_sample(change.expand(len(grid), -1, -1, -1), grid, align_corners=False)
    return pixels + functional.avg_pool2d(seen, seen.shape[-1] // pixels.shape[-1])


class Victim(ABC):
    """A recognizer that a change is made against, with its embedded weights."""

    recognizer: Any

    @abstractmethod
    def __init__(self, device: str = "cpu") -> None: ...

    def embed(self, readings: list[Reading], change: Tensor, frame: Frame) -> Tensor:
        """Embeddings (n, size) of unit length of a changed photo; parameters as of `read`."""
        return self._describe(read(readings, change, frame))

    @torch.no_grad()
    def template(self, photo: np.ndarray, hand: Hand) -> Tensor:
        """What is enrolled of a photo, (size,)."""
        reading = self.reading(photo, hand, Jitter())
        device = next(self.recognizer.network.parameters()).device
        return self._describe(torch.from_numpy(reading.pixels.copy())[None].to(device))[0]

    @abstractmethod
    def reading(self, photo: np.ndarray, hand: Hand, beside: Jitter) -> Reading:
        """What it reads of a photo, uint8 (H, W, 3), if its crop lies a little beside the usual one."""

    @abstractmethod
    def _describe(self, crops: Tensor) -> Tensor:
        """Embeddings of crops (n, channels, side, side), grey levels."""


class OfRois(Victim):
    """CCNet."""

    def __init__(self, device: str = "cpu") -> None:
        self.recognizer = CCNetRecognizer(device=device)

    def reading(self, photo: np.ndarray, hand: Hand, beside: Jitter) -> Reading:
        return roi_reading(photo, hand, beside)

    def _describe(self, crops: Tensor) -> Tensor:
        return self.recognizer.network.embed(normalised(crops[:, 0]))


class OfHands(Victim):
    """EEHNet."""

    def __init__(self, device: str = "cpu") -> None:
        self.recognizer = EEHNetRecognizer(device=device)

    def reading(self, photo: np.ndarray, hand: Hand, beside: Jitter) -> Reading:
        crop, square = recognition_hand(photo, hand), recognition_square(hand)
        middle = (HAND_SIDE - 1) / 2
        moved = _grid(HAND_SIDE, _FINER) - middle
        moved = moved @ beside.matrix.T + middle + HAND_SIDE * np.array([beside.x, beside.y])
        inverse = np.column_stack([beside.matrix, _about(middle, beside)])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        pixels = cv2.warpAffine(crop, inverse, (HAND_SIDE, HAND_SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)
        if hand.side == "left":
            moved[..., 0] = HAND_SIDE - 1 - moved[..., 0]
        places = (moved + 0.5) * (square.side / HAND_SIDE) - 0.5 + (square.x, square.y)
        return Reading(np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32), places)

    def _describe(self, crops: Tensor) -> Tensor:
        network = self.recognizer.network
        return network.embed(network.normalised(crops.permute(0, 2, 3, 1)))


VICTIMS: dict[str, type[Victim]] = {"ccnet": OfRois, "eehnet": OfHands}


def roi_reading(photo: np.ndarray, hand: Hand, beside: Jitter) -> Reading:
    """The recognition ROI, grey (1, 128, 128), of a hand whose valley points lie a little beside the ones found.

    Raises
    ------
    NoROIError
        As of `palmbench.hands.recognition_roi.recognition_roi`.
    """
    corners = np.asarray(recognition_corners(hand.valleys, hand.side), np.float64)
    middle, side = corners.mean(axis=0), float(np.hypot(*(corners[1] - corners[0])))
    valleys = (np.asarray(hand.valleys, np.float64) - middle) @ beside.matrix.T + middle
    valleys += side * np.array([beside.x, beside.y])
    # Only what lies about the ROI: all of a large photo would be turned grey for each.
    first = np.maximum(np.floor(middle - side), 0).astype(int)
    last = np.ceil(middle + side + 1).astype(int)
    part = photo[first[1] : last[1], first[0] : last[0]]
    roi = recognition_roi(part, replace(hand, valleys=valleys - first))
    top_left, top_right, _, bottom_left = np.asarray(recognition_corners(valleys, hand.side), np.float64)
    shares = _grid(ROI_SIDE, 1) / ROI_SIDE
    places = top_left + shares[..., :1] * (top_right - top_left) + shares[..., 1:] * (bottom_left - top_left)
    return Reading(roi[None].astype(np.float32), places)


def _grid(side: int, finer: int) -> np.ndarray:
    """Places (x, y) in a square of pixels, (n * side, n * side, 2): n x n a pixel, evenly about its centre."""
    along = (np.arange(finer * side) + 0.5) / finer - 0.5
    return np.stack(np.meshgrid(along, along), axis=-1)


def _about(middle: float, beside: Jitter) -> np.ndarray:
    """The shift that turns and scales a crop about its middle, and then moves it."""
    return middle - beside.matrix @ np.array([middle, middle]) + HAND_SIDE * np.array([beside.x, beside.y])
