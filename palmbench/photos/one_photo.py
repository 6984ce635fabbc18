"""One photo: read, repaint, check, write. What cannot be hidden is not written unless that was asked for."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.base.memory import is_want_of_memory
from palmbench.base.outputs import InTheWay, Stamp, put
from palmbench.photos.account import HandAccount, PhotoAccount, ResultAccount
from palmbench.photos.evidence import MOST, share_that_shows
from palmbench.photos.files import Job, shown
from palmbench.photos.judge import Judge, Verdict
from palmbench.photos.ledger import Entry, Ledger
from palmbench.photos.painter import Painter, picture_of
from palmbench.photos.reading import Photo, decode, read_bytes
from palmbench.photos.stripped import unchanged_jpeg
from palmbench.photos.treatment import Treatment, load_judge, load_tools, result_key
from palmbench.photos.writing import encode, fitted
from palmbench.stages.stage import require_same
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.keys import bytes_digest

CHOICE = "choose another OUT"
_OF_ONE_RESULT = (
    *(errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ELOOP),
    *(errno.EACCES, errno.EPERM),
)
_SHOWS = "a palm in it is not hidden, as the run said that wrote it"


class Task(NamedTuple):
    """A photo to be treated, as worker processes are given it.

    Attributes
    ----------
    job : Job
    there : dict of Path to Entry
        Results that a run before has made, and what it noted on each.
    replaces : dict of Path to Stamp
        Files that results may replace.
    treatment : Treatment
    settings : dict
        The treatment's, for the results' keys.
    folder : Path or None
        Where the list of results is kept, if it is.
    device : str
        A torch device.
    """

    job: Job
    there: dict[Path, Entry]
    replaces: dict[Path, Stamp]
    treatment: Treatment
    settings: dict
    folder: Path | None
    device: str


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
    """

    data: bytes
    problem: str | None
    kept: bool
    seeds: list[int | None]
    distances: list[float | None] | None = None
    templates: list[np.ndarray | None] | None = None
    tries: int = 1
    bare: bool = False


def treat(task: Task) -> PhotoAccount:
    """Make the results of one photo that are not there yet.

    Raises
    ------
    RequestError
        If no result can be written any more, as on a full disk; nothing of this one is left behind. Also if weights are
        others by now than the results' keys tell.
    """
    try:
        return _treat(task)
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        return PhotoAccount(task.job.name, failure=_failure(task.job.name, error))


def _failure(name: str, error: BaseException) -> str:
    """One photo that palmbench, or a recognizer from elsewhere, stumbles over does not take an album with it."""
    if isinstance(error, SampleError):
        return str(error)
    if is_want_of_memory(error):
        return f"{name}: there is not enough memory for it"
    text = " ".join(str(error).split())
    return f"{name}: palmbench failed on it ({type(error).__name__}: {text})"


def _treat(task: Task) -> PhotoAccount:
    job, treatment = task.job, task.treatment
    there = {
        path: ResultAccount(_name(task, path), "there", None if entry.hidden else _SHOWS)
        for path, entry in task.there.items()
    }
    if len(there) == len(job.outputs):
        return PhotoAccount(job.name, results=tuple(there[path] for path in job.outputs))
    source = read_bytes(job.source, job.name)
    photo = decode(source, Path(job.name))
    _require_keyed(task)
    sitting = Sitting(photo, source, job.format, treatment, task.device)
    results: list[ResultAccount] = []
    templates: list[list[np.ndarray | None] | None] = []
    for number, path in enumerate(job.outputs, 1):
        if path in there:
            results.append(there[path])
            continue
        try:
            draft = sitting.draft(number)
        except RequestError:
            raise
        except (Exception, SystemExit) as error:  # the results before it are there all the same
            results.append(ResultAccount(_name(task, path), "not written", _failure(_name(task, path), error)))
            templates.append(None)
            continue
        key = result_key(task.settings, bytes_digest(source), number, job.format)
        results.append(_settle(task, path, key, draft))
        templates.append(draft.templates)
    judge = sitting.judge
    nearest = None
    if judge and len(templates) > 1:
        nearest = tuple(judge.nearest_pair([drawn[place] for drawn in templates if drawn]) for place in sitting.places)
    return PhotoAccount(job.name, sitting.hands(), tuple(results), sitting.notes, None, nearest)


def _require_keyed(task: Task) -> None:
    tools, judge = load_tools(task.treatment, task.device), load_judge(task.treatment, task.device)
    for name, tool in (("method", tools.method), ("detector", tools.detector), ("segmenter", tools.segmenter)):
        require_same(f"The {name}", tool.settings(), task.settings[name])
    if judge:
        require_same("The recognizer of the check", judge.recognizer.settings(), task.settings["check"]["recognizer"])


class Sitting:
    """A photo with its hands found and, if results are checked, its palms enrolled."""

    def __init__(self, photo: Photo, source: bytes, format_name: str, treatment: Treatment, device: str) -> None:
        pixels, notes = fitted(photo.pixels, format_name)
        self.notes = (*photo.notes, *notes)
        self._source, self._format, self._treatment = source, format_name, treatment
        tools = load_tools(treatment, device)
        self._painter = Painter(pixels, tools, treatment.seed, treatment.shared, treatment.every_hand)
        self._pixels = pixels
        self.judge: Judge | None = load_judge(treatment, device)
        self._enrolled = self.judge.templates(self._painter.picture, self._painter.hands) if self.judge else []

    @property
    def places(self) -> range:
        """Of the hands."""
        return range(len(self._painter.hands))

    def hands(self) -> tuple[HandAccount, ...]:
        """The hands that were found."""
        return tuple(
            HandAccount(
                found.box,
                found.hand.side,
                round(float(found.hand.score), 4),
                self._painter.skipped.get(place),
                self._painter.left_alone.get(place),
            )
            for place, found in enumerate(self._painter.hands)
        )

    def draft(self, number: int) -> Draft:
        """The result of that number; drawn again, hand by hand, until the check is content or patience is at an end."""
        painter, keep = self._painter, self._treatment.keep_unchanged
        if len(painter.left_alone) == len(painter.hands):
            return Draft(self._unchanged(), self._no_palm(), keep, [None] * len(painter.hands), bare=True)
        tries = [0] * len(painter.hands)
        while True:
            drawn = painter.draw(number, tries)
            data = self._encoded(drawn.pixels)
            skipped = self._skipped()
            if self.judge is None or skipped:
                return Draft(data, skipped, keep, drawn.seeds)
            # What is checked is what will be written, after compression.
            written = picture_of(decode(data, Path(f"result.{self._format}")).pixels)
            verdict = self.judge.compare(self._enrolled, painter.hands, written)
            distances = verdict.distances
            matching = [place for place in painter.painted if not self.judge.hidden(distances[place])]
            showing = self._showing(written)
            # Without a template no other drawing would help, and without chance there is no other drawing.
            again = [
                place
                for place in painter.painted
                if drawn.seeds[place] is not None
                and (place in showing or (place in matching and distances[place] is not None))
            ]
            made = max(tries) + 1
            if verdict.overlooked or not again or made >= self._limit:
                problem = self._problem(matching, showing, verdict, made)
                keep = self._treatment.keep_matching
                return Draft(data, problem, keep, drawn.seeds, distances, verdict.templates, made)
            for place in again:
                tries[place] += 1

    @property
    def _limit(self) -> int:
        check = self._treatment.check
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
        for place in self._painter.painted:
            window = self._painter.hands[place].window
            before, after = window.of(self._painter.picture), window.of(written)
            shares[place] = share_that_shows(before, after, self._painter.palm(place))
        return {place: share for place, share in shares.items() if share > MOST}

    def _no_palm(self) -> str:
        alone = self._painter.left_alone
        if not alone:
            return "no hand was found"
        return "no palm shows: " + "; ".join(f"of hand {place + 1}, {what}" for place, what in sorted(alone.items()))

    def _encoded(self, pixels: np.ndarray) -> bytes:
        return encode(pixels, self._format)

    def _skipped(self) -> str | None:
        reasons = [f"hand {place + 1} was skipped, {reason}" for place, reason in sorted(self._painter.skipped.items())]
        return "; ".join(reasons) or None

    def _problem(self, matching: list[int], showing: dict[int, float], verdict: Verdict, made: int) -> str | None:
        reasons = [f"a second look found another hand, at {box}" for box in verdict.overlooked]
        for place, share in showing.items():
            reasons.append(f"the old lines show in {share:.0%} of the palm of hand {place + 1}")
        for place in matching:
            distance = verdict.distances[place]
            if distance is None:
                reasons.append(f"hand {place + 1} has no ROI to be checked with")
            else:
                often = f"after {made} drawings" if made > 1 else "and one drawing is all there is"
                limit = self.judge.threshold if self.judge else 0
                reasons.append(f"hand {place + 1} still matches at {distance:.3f} (threshold {limit:g}) {often}")
        return "; ".join(reasons) or None


def _settle(task: Task, path: Path, key: str, draft: Draft) -> ResultAccount:
    """Write a result, or not."""
    state, reason, sha256 = "not written", draft.problem, None
    if draft.problem is None or draft.kept:
        try:
            _write(task, path, key, draft)
            state = "kept" if draft.problem else "written"
            sha256 = hashlib.sha256(draft.data).hexdigest()
        except InTheWay:
            reason = f"{_name(task, path)} has appeared in OUT since the run began, and is not replaced"
        except RequestError as error:
            # What stops one result only: a name, a folder that is a file or may not be written.
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno not in _OF_ONE_RESULT:
                raise
            reason = f"{_name(task, path)} cannot be written ({cause.strerror})"
    return ResultAccount(
        _name(task, path),
        state,  # type: ignore[arg-type]
        reason,
        tuple(draft.seeds),
        draft.tries,
        tuple(draft.distances) if draft.distances is not None else None,
        sha256,
    )


def _write(task: Task, path: Path, key: str, draft: Draft) -> None:
    if task.folder is not None:
        # A photo without a hand shows no palm that was to be hidden.
        Ledger(task.folder).add(path, key, draft.data, hidden=draft.problem is None or draft.bare)
    put(path, draft.data, CHOICE, task.replaces.get(path))


def _name(task: Task, path: Path) -> str:
    return shown(path.relative_to(task.folder) if task.folder else path.name)
