"""Drafts of one photo: its palms repainted, and drawn again until the check is content or no try is left."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.photos.deidentification import Deidentification, load_tools, load_verifier
from palmbench.photos.evidence import MOST, share_that_shows
from palmbench.photos.overlooked import Box, told
from palmbench.photos.painter import Painter, picture_of
from palmbench.photos.reading import Photo, decode
from palmbench.photos.report import HandAccount
from palmbench.photos.stripped import unchanged_jpeg
from palmbench.photos.verification import Verdict, Verifier
from palmbench.photos.writing import encode, fitted


class Draft(NamedTuple):
    """A result in memory: the file's bytes, or why there shall be none.

    Attributes
    ----------
    data : bytes
    problem : str or None
        Why a palm in it is not hidden.
    kept : bool
        Whether it is to be written all the same.
    seeds, distances, templates
        Of each hand; see `Drawn` and `Verdict`.
    tries : int
    bare : bool
        Whether no palm shows in the photo, which then is as it was.
    evened : bool
        See `Drawn`.
    """

    data: bytes
    problem: str | None
    kept: bool
    seeds: list[int | None]
    distances: list[float | None] | None = None
    templates: list[np.ndarray | None] | None = None
    tries: int = 1
    bare: bool = False
    evened: bool = False


class PreparedPhoto:
    """A photo with its hands found and, if results are checked, its palms enrolled."""

    def __init__(self, photo: Photo, source: bytes, format_name: str, deid: Deidentification, device: str) -> None:
        pixels, notes = fitted(photo.pixels, format_name)
        self.notes = (*photo.notes, *notes)
        self._source, self._format, self._deid = source, format_name, deid
        tools = load_tools(deid, device)
        self._painter = Painter(pixels, tools, deid.seed, deid.shared, deid.every_hand)
        self._pixels = pixels
        self.verifier: Verifier | None = load_verifier(deid, device)
        self._enrolled = self.verifier.templates(self._painter.picture, self._painter.hands) if self.verifier else []

    @property
    def indices(self) -> range:
        """Of the hands."""
        return range(len(self._painter.hands))

    @property
    def overlooked(self) -> tuple[Box, ...]:
        """Boxes of what looks like a palm and is none of the hands."""
        return tuple(self._painter.overlooked)

    def hands(self) -> tuple[HandAccount, ...]:
        """The hands that were found."""
        return tuple(
            HandAccount(
                found.box,
                found.hand.side,
                round(float(found.hand.score), 4),
                self._painter.skipped.get(index),
                self._painter.left_alone.get(index),
                None if found.hand.palm_confidence is None else round(found.hand.palm_confidence, 4),
            )
            for index, found in enumerate(self._painter.hands)
        )

    def draft(self, number: int) -> Draft:
        """The result of that number; drawn again, hand by hand, until the check is content or no try is left."""
        painter, keep = self._painter, self._deid.keep_unchanged
        if len(painter.left_alone) == len(painter.hands):
            why = "; ".join(filter(None, [self._no_palm(), self._skipped()]))
            return Draft(self._unchanged(), why, keep, [None] * len(painter.hands), bare=not painter.overlooked)
        tries = [0] * len(painter.hands)
        while True:
            drawn = painter.draw(number, tries)
            data = self._encoded(drawn.pixels)
            skipped = self._skipped()
            if self.verifier is None or skipped:
                return Draft(data, skipped, keep, drawn.seeds, evened=drawn.evened)
            # What is checked is what will be written, after compression.
            written = picture_of(decode(data, Path(f"result.{self._format}")).pixels)
            verdict = self.verifier.compare(self._enrolled, painter.hands, written)
            distances = verdict.distances
            matching = [index for index in painter.painted if not self.verifier.hidden(distances[index])]
            showing = self._showing(written)
            # Without a template no other drawing would help, and without chance there is no other drawing.
            again = [
                index
                for index in painter.painted
                if drawn.seeds[index] is not None
                and (index in showing or (index in matching and distances[index] is not None))
            ]
            made = max(tries) + 1
            if verdict.overlooked or not again or made >= self._limit:
                problem = self._problem(matching, showing, verdict, made)
                keep = self._deid.keep_matching
                return Draft(data, problem, keep, drawn.seeds, distances, verdict.templates, made, evened=drawn.evened)
            for index in again:
                tries[index] += 1

    @property
    def _limit(self) -> int:
        check = self._deid.check
        return check.tries if check else 1

    def _unchanged(self) -> bytes:
        """The photo as it was: a JPEG's own coding of it where that can be kept, for coding it again changes it."""
        if self._format == "jpeg" and not self.notes:
            stripped = unchanged_jpeg(self._source, self._pixels)
            if stripped is not None:
                return stripped
        return self._encoded(self._pixels)

    def _showing(self, written: np.ndarray) -> dict[int, float]:
        """Hands in whose result the lines of the palm that was there are still seen, and in how much of it."""
        shares = {}
        for index in self._painter.painted:
            window = self._painter.hands[index].window
            before, after = window.of(self._painter.picture), window.of(written)
            shares[index] = share_that_shows(before, after, self._painter.palm(index))
        return {index: share for index, share in shares.items() if share > MOST}

    def _no_palm(self) -> str:
        alone = self._painter.left_alone
        if not alone:
            return "no hand was found"
        return "no palm shows: " + "; ".join(f"of hand {index + 1}, {what}" for index, what in sorted(alone.items()))

    def _encoded(self, pixels: np.ndarray) -> bytes:
        return encode(pixels, self._format)

    def _skipped(self) -> str | None:
        reasons = [f"hand {index + 1} was skipped, {reason}" for index, reason in sorted(self._painter.skipped.items())]
        reasons += [told(box) for box in self.overlooked]
        return "; ".join(reasons) or None

    def _problem(self, matching: list[int], showing: dict[int, float], verdict: Verdict, made: int) -> str | None:
        reasons = [f"a second look found another hand, at {box}" for box in verdict.overlooked]
        for index, share in showing.items():
            reasons.append(f"the old lines show in {share:.0%} of the palm of hand {index + 1}")
        for index in matching:
            distance = verdict.distances[index]
            if distance is None:
                reasons.append(f"hand {index + 1} has no ROI to be checked with")
            else:
                often = f"after {made} drawings" if made > 1 else "and one drawing is all there is"
                limit = self.verifier.threshold if self.verifier else 0
                reasons.append(f"hand {index + 1} still matches at {distance:.3f} (threshold {limit:g}) {often}")
        return "; ".join(reasons) or None
