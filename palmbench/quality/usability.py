"""What the hand detectors lost by de-identification: Table IV's five differences; what was kept: PCK, IoU, gesture.

The paper takes the mean absolute error between what is predicted on the original and on the de-identified photo,
"normalized to a [0-100]% scale" (section IV-C), and leaves the normaliser open. The photo's width and height are the
default: masking costs the paper 10.49 % of the hand segmentation, which is what a palm takes up of a whole photo in
IITD and a third of what it takes up of a hand. The normaliser "hand" gives numbers that do not depend on how much of
the photo the hand fills, so that they compare across data sets.
"""

from __future__ import annotations

import numpy as np

from palmbench.hands.hand import MIDDLE, WRIST, Hand
from palmbench.hands.recognition_roi import recognition_corners
from palmbench.quality.gesture import gesture

VERSION = 2
NORMALISERS = ("image", "hand")
# What each is called, and which way is better, is in palmbench/scoring/metric_table.py.
DIFFERENCES = ("hand_detection", "keypoints_2d", "keypoints_3d", "roi_localization", "hand_segmentation")
KEPT = ("pck", "mask_iou", "gesture")
PLACES = tuple(name for name in DIFFERENCES + KEPT if name != "gesture")  # what depends on where the hand is
USABILITY_METRICS = DIFFERENCES + KEPT

# A keypoint counts as kept within this share of the larger side of the hand's box: about a finger's half width.
PCK_THRESHOLD = 0.05


def usability(
    original: Hand,
    deidentified: Hand,
    shape: tuple[int, ...],
    normaliser: str = "image",
    moved: Hand | None = None,
) -> dict[str, float]:
    """The hand found on a photo against the hand found on its de-identified version.

    Parameters
    ----------
    original, deidentified : Hand
        Found in two photos of one size. A hand that is not found again has no numbers: the caller counts it as
        a failure.
    shape : (int, int, ...)
        Height and width of the photo, in pixels.
    normaliser : {"image", "hand"}
        What counts as 100 %. "image": the photo's width for x, its height for y, its area for the mask. "hand": the
        larger side of the original hand's box, and the square of it for the mask. PCK and IoU have their own.
    moved : Hand, optional
        Where the original's hand lies in the de-identified photo, by a method that moves it. It stands in the place of
        the original in all that follows but the gesture.

    Returns
    -------
    dict of str to float
        Percentages in [0, 100], 0 being best, larger differences being cut at 100:

        - "hand_detection": mean absolute error of the four box coordinates;
        - "keypoints_2d": mean absolute error of the 42 coordinates;
        - "keypoints_3d": mean absolute error of the 63 coordinates relative to the wrist, in lengths of the
          original hand (wrist to tip of the middle finger, in space) whatever the normaliser;
        - "roi_localization": mean absolute error of the eight coordinates of the recognition ROI's corners;
        - "hand_segmentation": share of the pixels that are hand in one mask and not in the other.

        Percentages in [0, 100], 100 being best:

        - "pck": share of the 21 keypoints found again within 5 % of the larger side of the original hand's box
          (PCK@0.05);
        - "mask_iou": intersection of the two masks over their union; NaN when both are empty;
        - "gesture": 100 where the same fingers are bent in both, else 0; see `palmbench.quality.gesture`.

    Raises
    ------
    ValueError
        If the normaliser is unknown, or the masks are not of the photo's size.
    """
    same = gesture(original.keypoints_3d) == gesture(deidentified.keypoints_3d)
    original = moved or original
    height, width = shape[:2]
    side = float(np.ptp(original.box.reshape(2, 2), axis=0).max())
    if original.mask.shape != (height, width) or deidentified.mask.shape != (height, width):
        masks = f"{original.mask.shape} and {deidentified.mask.shape}"
        raise ValueError(f"masks of {masks} in a photo of {height} x {width} pixels")
    if normaliser == "image":
        scale, area = np.array([width, height], np.float64), float(width * height)
    elif normaliser == "hand":
        scale, area = np.array([side, side]), side**2
    else:
        raise ValueError(f"unknown normaliser {normaliser!r}; there are: {', '.join(NORMALISERS)}")
    shares = {
        "hand_detection": _error(original.box.reshape(2, 2), deidentified.box.reshape(2, 2), scale),
        "keypoints_2d": _error(original.keypoints_2d, deidentified.keypoints_2d, scale),
        "keypoints_3d": _error(_from_wrist(original), _from_wrist(deidentified), _length(original)),
        "roi_localization": _error(_corners(original), _corners(deidentified), scale),
        "hand_segmentation": float((original.mask != deidentified.mask).sum()) / area,
    }
    kept = {
        "pck": _pck(original, deidentified, PCK_THRESHOLD * side),
        "mask_iou": _iou(original, deidentified),
        "gesture": float(same),
    }
    return {name: 100 * min(1.0, share) for name, share in shares.items()} | {
        name: 100 * share for name, share in kept.items()
    }


def _pck(original: Hand, deidentified: Hand, reach: float) -> float:
    apart = np.linalg.norm(original.keypoints_2d.astype(np.float64) - deidentified.keypoints_2d, axis=1)
    return float((apart <= reach).mean())


def _iou(original: Hand, deidentified: Hand) -> float:
    union = int((original.mask | deidentified.mask).sum())
    return int((original.mask & deidentified.mask).sum()) / union if union else float("nan")


def _error(before: np.ndarray, after: np.ndarray, scale: np.ndarray | float) -> float:
    return float((np.abs(before.astype(np.float64) - after) / scale).mean())


def _corners(hand: Hand) -> np.ndarray:
    return recognition_corners(hand.valleys, hand.side)


def _from_wrist(hand: Hand) -> np.ndarray:
    points = hand.keypoints_3d.astype(np.float64)
    return points - points[WRIST]


def _length(hand: Hand) -> float:
    return float(np.linalg.norm(_from_wrist(hand)[MIDDLE[-1]]))
