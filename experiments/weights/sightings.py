"""Where looks of the hand network at pictures lead to: what the view network is shown of hands, and of what is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from experiments.weights.kept_arrays import kept_arrays
from palmbench.hands.embedded import approach
from palmbench.hands.observer import Observation, Observer, wanted_square
from palmbench.hands.several_hands import WHOLE, whole_square

LEAST = 0.2  # presence from which a look counts: less than a detector reports, for there is more to learn from


class Sightings(NamedTuple):
    """Where looks at n pictures led to, each picture looked at with more and more room around it; memory-mapped.

    Attributes
    ----------
    points : ndarray of shape (n, 3, 23, 2), float32
        Keypoints and valley points that were seen, in pixels of the picture.
    presence : ndarray of shape (n, 3), float32
        How sure the network was of a hand there, from 0.2 to 1; 0 where the look led to nothing.
    """

    points: np.ndarray
    presence: np.ndarray

    def ends(self) -> np.ndarray:
        """Picture and look of each that led to something, shape (k, 2)."""
        return np.argwhere(np.asarray(self.presence) > 0)


class _Picture(NamedTuple):
    array: Path
    place: int


def load_sightings(array: Path, count: int, workers: int = 2) -> Sightings:
    """What the embedded hand network sees in the first pictures of an array file, kept beside it for these weights."""
    version = {"network": Observer().digest, "count": count}
    shapes = {"points": ((len(WHOLE), 23, 2), np.float32), "presence": ((len(WHOLE),), np.float32)}
    note = array.parent / f"seen_{array.stem}" / "seen.json"
    pictures = (_Picture(array, index) for index in range(count))
    return Sightings(**kept_arrays(note, version, shapes, sighting_entry, pictures, count, workers))


def sighting_entry(picture: _Picture) -> Mapping[str, Any]:
    """What `Sightings` holds of one picture."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    image = np.array(np.load(picture.array, mmap_mode="r")[picture.place])
    points, presence = np.zeros((len(WHOLE), 23, 2), np.float32), np.zeros(len(WHOLE), np.float32)
    for number, look in enumerate(_ends(_observer(), image)):
        if look is not None:
            points[number], presence[number] = look.points, look.presence
    return {"points": points, "presence": presence}


@lru_cache(maxsize=1)
def _observer() -> Observer:
    return Observer()


def _ends(observer: Observer, image: np.ndarray) -> Iterator[Observation | None]:
    whole = observer.whole(image)
    starts = [(whole, wanted_square(whole.points))]
    for share in WHOLE[1:]:
        square = whole_square(image, share)
        starts.append((observer.close(image, square), square))
    for look, square in starts:
        end = approach(observer, image, look, square, LEAST)
        yield None if end is None else end[0]
