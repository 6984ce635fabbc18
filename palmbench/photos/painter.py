"""One photo with every palm in it repainted; nothing but the hands, and what they move over, changes, at any depth."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import cv2
import numpy as np

from palmbench.hands import Detector, Segmenter
from palmbench.hands.palm import Region, palm_mask
from palmbench.hands.spotting import Spotter
from palmbench.methods import Method, output_checks
from palmbench.methods.palette import in_shades, shades_of
from palmbench.photos.evidence import MOST, share_that_stayed
from palmbench.photos.overlooked import Box, lies_in, overlooked
from palmbench.photos.window import WindowedHand, find_hands, may_show_palm, unpaintable
from palmbench.photos.writing import eight_bits
from recognizers.common.cache_keys import digest, sample_seed
from recognizers.common.errors import SampleError

VERSION = 4
_NO_PALM = {"back": "it shows its back", "closed": "its fingers are closed over its palm"}


class Tools(NamedTuple):
    """What finds hands, repaints them, how much of each, and what looks for palms that were not found.

    See `palmbench.hands.palm.palm_mask` for how much. Without a spotter nothing is said of palms that were not found.
    """

    detector: Detector
    segmenter: Segmenter
    method: Method
    region: Region = "paper"
    spotter: Spotter | None = None

    def settings(self) -> dict[str, dict[str, Any]]:
        """What of each tool is part of results' keys, by what it is called."""
        return {
            "method": self.method.settings(),
            "detector": self.detector.settings(),
            "segmenter": self.segmenter.settings(),
            "spotter": self.spotter.settings() if self.spotter else {},
        }


class Drawn(NamedTuple):
    """A photo with its palms repainted.

    Attributes
    ----------
    pixels : ndarray
        Of the photo's shape and type.
    seeds : list of int or None
        Of each hand; None where the hand was skipped, or where nothing is drawn at random.
    evened : bool
        Whether transparency that varied within a palm was made even.
    """

    pixels: np.ndarray
    seeds: list[int | None]
    evened: bool


class Painter:
    """Gives the palms of one photo other looks, as many as are asked for.

    Hands are repainted one after another on the evolving photo. Each has a seed of its own, from the run's seed, the
    photo's pixels, the hand's place among the hands and the number of the drawing; so the same request gives the same
    bytes, and somebody who has only the result cannot tell the seed.

    Parameters
    ----------
    pixels : ndarray of shape (height, width) or (height, width, 2, 3 or 4), uint8 or uint16
        Grey or RGB, with or without alpha. Not changed. Alpha is not looked at; where a palm is repainted it becomes
        one value, its median there, and elsewhere it stays.
    tools : Tools
    seed : int
    shared : bool
        Leave the photo out of the seeds: the start noise of all photos is the same.
    every_hand : bool
        Repaint hands too that do not show their palm.

    Attributes
    ----------
    hands : list of WindowedHand
    skipped : dict of int to str
        Hands that could not be repainted, by their place in `hands`, and why.
    left_alone : dict of int to str
        Hands that are as they were because no palm shows, and what shows instead.
    overlooked : list of (int, int, int, int)
        Left, top, right and bottom of what looks like a palm and is none of the hands.
    """

    def __init__(
        self, pixels: np.ndarray, tools: Tools, seed: int = 0, shared: bool = False, every_hand: bool = False
    ) -> None:
        self._pixels, self._tools, self._seed = pixels, tools, seed
        self.picture = picture_of(pixels)
        most = tools.detector.settings().get("hands") or math.inf  # a detector of another package need not tell
        self.hands: list[WindowedHand] = find_hands(self.picture, tools.detector, tools.segmenter)
        views = {} if every_hand else {index: one.hand.view for index, one in enumerate(self.hands)}
        no_palm = {index: _NO_PALM[view] for index, view in views.items() if view in _NO_PALM}
        doubtful = {index for index in no_palm if may_show_palm(self.hands[index].hand)}
        self.overlooked: list[Box] = []
        if tools.spotter:
            doubtful |= self._look_again(tools.spotter, no_palm.keys() - doubtful)
        self.left_alone = {index: what for index, what in no_palm.items() if index not in doubtful}
        reasons = {index: unpaintable(one.hand) for index, one in enumerate(self.hands) if index not in no_palm}
        reasons |= {index: f"{no_palm[index]}, or its palm after all" for index in doubtful}
        beyond = [index for index in reasons if index >= most and self.hands[index].hand.view == "unsure"]
        reasons |= dict.fromkeys(beyond, f"there are more than {most} hands; look for more with detector.hands")
        self.skipped = {index: reason for index, reason in reasons.items() if reason}
        self._photo = "" if shared else pixels_digest(pixels)

    @property
    def painted(self) -> list[int]:
        """Places of the hands that are neither left alone nor skipped."""
        return [index for index in range(len(self.hands)) if index not in {**self.skipped, **self.left_alone}]

    def palm(self, index: int) -> np.ndarray:
        """What is to be repainted of a hand, bool of its window's height and width."""
        return palm_mask(self.hands[index].hand, self._tools.region)

    def draw(self, number: int = 1, tries: Sequence[int] | None = None) -> Drawn:
        """One photo.

        Parameters
        ----------
        number : int
            Which of several results.
        tries : sequence of int, optional
            For each hand, how many drawings of it were discarded.
        """
        pixels = self._pixels.copy()
        picture = pixels if self.picture is self._pixels else self.picture.copy()
        seeds: list[int | None] = [None] * len(self.hands)
        evened = False
        for index in self.painted:
            attempt = tries[index] if tries else 0
            seed = sample_seed(self._seed, f"photo {self._photo} result {number} hand {index} try {attempt}")
            try:
                evened |= repaint(pixels, picture, self.hands[index], self._tools, seed, self._others(index))
            except SampleError as error:
                self.skipped[index] = str(error)
                continue
            seeds[index] = seed if self._tools.method.seeded else None
        return Drawn(pixels, seeds, evened)

    def _look_again(self, spotter: Spotter, clear: AbstractSet[int]) -> set[int]:
        """Look for palms in all that would stay in the clear; which hands there, of places `clear`, look like one."""
        hidden = [hand for index, hand in enumerate(self.hands) if index not in clear]
        doubtful = set()
        for box in overlooked(self.picture, hidden, spotter):
            inside = {index for index in clear if lies_in(box, self.hands[index])}
            doubtful |= inside
            if not inside:
                self.overlooked.append(box)
        return doubtful

    def _others(self, index: int) -> np.ndarray:
        """Where other hands are in the window of a hand, bool of its height and width."""
        everywhere = np.zeros(self.picture.shape[:2], bool)
        for place, (window, hand) in enumerate(self.hands):
            if place != index:
                window.of(everywhere)[...] |= hand.mask
        return self.hands[index].window.of(everywhere)


def repaint(
    pixels: np.ndarray, picture: np.ndarray, found: WindowedHand, tools: Tools, seed: int, others: np.ndarray
) -> bool:
    """Repaint the palm of one hand, in place.

    Parameters
    ----------
    pixels : ndarray
        The photo at its own depth.
    picture : ndarray of shape (height, width, 3), uint8
        The same photo as `picture_of` shows it; it may be `pixels` itself.
    found : WindowedHand
    tools : Tools
    seed : int
    others : ndarray of shape (height, width), bool
        Where other hands are, of the window's height and width; they stay, whatever moves beside them.

    Returns
    -------
    bool
        Whether transparency that varied within the palm was made even.

    Raises
    ------
    SampleError
        If the hand has no palm region, or more than a tenth of it stays as it was: nothing is repainted then.
    """
    window, hand = found
    before = np.ascontiguousarray(window.of(picture))
    (after,) = output_checks.photos(tools.method, [before], [hand], [seed])
    changed = (before != after).any(axis=2)
    shades = shades_of(before, hand.mask)
    if shades is not None:
        after = after.copy()
        after[changed] = np.round(255 * in_shades(after[changed] / np.float32(255), shades))
    palm = palm_mask(hand, tools.region)
    if (stayed := share_that_stayed(before, after, palm)) > MOST:
        raise SampleError(f"{stayed:.0%} of its palm stayed as it was")
    # Of the palm itself no pixel stays, not even in the bits that a painter does not see.
    where = (changed | palm) & hand.mask
    if tools.method.config.declaration(tools.region).region == "around":
        where = (changed & (hand.mask | ~others)) | palm
    target = window.of(pixels)
    evened = False
    colours = _as_in(after[where], pixels)
    if pixels.ndim == 2:
        target[where] = colours[..., 0]
    else:
        target[where, : colours.shape[1]] = colours
        if colours.shape[1] < pixels.shape[2]:
            evened = _even_alpha(target, where & hand.mask)
    if picture is not pixels:
        window.of(picture)[where] = _seen(target[where], pixels)
    return evened


def _even_alpha(pixels: np.ndarray, where: np.ndarray) -> bool:
    """One transparency for what was repainted of a hand: one that follows its light is a picture of it.

    True where it had more than one.
    """
    alpha = pixels[where, -1]
    if not alpha.size or np.ptp(alpha) == 0:
        return False
    pixels[where, -1] = np.partition(alpha, alpha.size // 2)[alpha.size // 2]
    return True


def picture_of(pixels: np.ndarray) -> np.ndarray:
    """A photo as detectors, methods and recognizers see it: uint8 (height, width, 3), RGB, alpha left out.

    What transparency hides is still in the file: so a hand below it is found, and repainted.
    """
    if pixels.dtype == np.uint8 and pixels.shape[2:] == (3,):
        return pixels
    return _eight_bit_rgb(pixels if pixels.ndim == 3 else pixels[..., None])


def pixels_digest(pixels: np.ndarray) -> str:
    """Digest of a photo's pixels: of what is seen, not of the file that it came in."""
    sha = hashlib.sha256(np.ascontiguousarray(pixels).data)
    return digest("photo", shape=list(pixels.shape), dtype=str(pixels.dtype), pixels=sha.hexdigest())


def _seen(pixels: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Pixels of a photo, (n,) or (n, channels), as `picture_of` shows them."""
    return _eight_bit_rgb(pixels if photo.ndim == 3 else pixels[..., None])


def _eight_bit_rgb(pixels: np.ndarray) -> np.ndarray:
    """Pixels (..., 1 to 4 channels) without alpha, at 8 bits, in three channels."""
    if pixels.shape[-1] in (1, 2):
        return np.repeat(eight_bits(pixels[..., :1]), 3, axis=-1)
    return np.ascontiguousarray(eight_bits(pixels[..., :3]))


def _as_in(colours: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """RGB colours, uint8 (n, 3), at the depth and in the channels of a photo, (n, 1 or 3)."""
    if pixels.ndim == 2 or pixels.shape[2] == 2:
        colours = cv2.cvtColor(colours[None], cv2.COLOR_RGB2GRAY)[0][:, None] if len(colours) else colours[:, :1]
    return colours.astype(np.uint16) * 257 if pixels.dtype == np.uint16 else colours
