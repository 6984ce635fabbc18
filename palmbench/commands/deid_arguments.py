"""The words of `palmbench deid`: flags that are short for settings, settings, photos and where results go."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from palmbench.config.schema import require_read
from palmbench.photos.formats import FORMATS
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text

DESCRIPTION = "Photos in, de-identified photos out: every palm in a photo is repainted, and nothing else changes."
EPILOG = """\
IN is a photo, several, or a folder, searched wholly; OUT is a folder, or a file for one photo (its suffix is
the format). Settings are those of a run: method.steps=30, detector.threshold=0.3, executor.workers=1.

In what is written every palm that was found is another: a photo in which no palm is found, with a palm that cannot
be repainted, or with one that still matches or shows (--verify), is reported and not written. Hands that show their
back or a fist are left alone. Results hold pixels alone: no GPS, no thumbnail, no colour profile. An original is
never replaced.

The same command goes on where it stopped: results that it made of the same photos with the same settings stay and
count as "already there" (OUT/.palmbench-deid lists them). Any other file in the way is an error; --force replaces
images, and a report by a report, and nothing else. Words after -- are paths, whatever they begin with.

exit status: 0 every photo is de-identified (and verified, if asked); 2 the request cannot be met; 3 some photos are
unreadable, not hidden, or no palm was found in them.
"""

_SHORT = {
    "method": "method",
    "fusion": "method.fusion",
    "alpha": "method.alpha",
    "seed": "seed",
    "region": "region",
    "detector": "detector",
    "device": "executor.devices",
}
_READ = ("method", "detector", "segmenter", "recognizer", "executor", "seed", "region")


@dataclass(frozen=True)
class Words:
    """What a command line asks for.

    Attributes
    ----------
    inputs : tuple of Path
    out : Path
    settings : list of str
        Overrides, those that flags stand for among them.
    format : str or None
    count : int
    verify : bool
    threshold : float or None
    tries : int
    keep_unchanged, keep_matching, every_hand, force : bool
    report : Path or None
    """

    inputs: tuple[Path, ...]
    out: Path
    settings: list[str]
    format: str | None
    count: int
    verify: bool
    threshold: float | None
    tries: int | None
    keep_unchanged: bool
    keep_matching: bool
    every_hand: bool
    force: bool
    report: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the flags of `deid`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = f"{parser.prog} IN [IN ...] OUT [flags] [key=value ...]"
    parser.epilog = EPILOG
    parser.add_argument("words", nargs="+", metavar="IN OUT", help="photos or folders, then where results go; settings")
    add = parser.add_argument
    add(
        "--method",
        metavar="NAME",
        help="method=NAME: diffusion (the default), mask, inpaint, swap, whole_hand; blur and pixelate with --verify",
    )
    add("--fusion", metavar="SET", help="method.fusion=SET: s, m, f joined by +")
    add(
        "--alpha",
        metavar="SHARE",
        help="method.alpha=SHARE, 0 to 1: share of the original palm in the new one; above 0.2 with --verify",
    )
    add("--seed", metavar="N", help="seed=N: another number, other palms; the same number, the same bytes")
    add(
        "--region", metavar="NAME", help="region=NAME: palm (all palm skin, the default) or paper (the paper's polygon)"
    )
    add("--detector", metavar="NAME", help="detector=NAME")
    add("--device", metavar="NAME", help="executor.devices=NAME: auto, cpu, cuda, or one by name as cuda:1")
    add("--count", type=int, default=1, metavar="K", help="K different results for each photo, NAME-1 to NAME-K")
    add("--format", choices=sorted(FORMATS), help="of all results; default: each photo's own (HEIC and AVIF: jpeg)")
    add("--verify", action="store_true", help="match each result with its original, draw again while it matches")
    add(
        "--threshold",
        type=float,
        metavar="D",
        help="distance up to which two palms match; default: 0.375, of MTCC",
    )
    add("--tries", type=int, metavar="N", help="drawings of a palm that still matches; default: 5")
    add(
        "--keep-unchanged",
        action="store_true",
        help="also write photos with a palm that could not be repainted, or in which none was found",
    )
    add(
        "--every-hand",
        action="store_true",
        help="also repaint backs, fists and other hands that do not show their palm",
    )
    add("--keep-matching", action="store_true", help="also write what --verify is not content with after all tries")
    add("--force", action="store_true", help="make results again that are there, and replace images in the way")
    add("--report", metavar="FILE", help="write a JSON account: hands, seeds, distances, digests; keep it private")


def require_known_flags(words: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Refuse a flag that does not exist with the one that was likely meant."""
    known = [option for action in parser._actions for option in action.option_strings]
    for word in words[: words.index("--")] if "--" in words else words:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in known:
            raise RequestError(not_found(f"deid has no flag {flag}", flag, [name for name in known if len(name) > 2]))


def read_words(parsed: argparse.Namespace) -> Words:
    """What parsed arguments ask for.

    Raises
    ------
    RequestError
        If a word is missing or out of range, or a setting is one that `deid` does not read.
    """
    if "" in parsed.words:
        # As a path it would be the folder that the shell stands in.
        raise RequestError("one of the words IN and OUT is empty, as an unset variable leaves it; name a path.")
    if parsed.report == "":
        raise RequestError("--report names no file, as an unset variable leaves it; name one, or leave --report out.")
    paths = [word for word in parsed.words if not _is_setting(word)]
    settings = [word for word in parsed.words if _is_setting(word)]
    require_read(settings, "deid takes photos, and", _READ)
    for word in settings:
        if word.lstrip("+~").partition("=")[0].partition(".")[0] == "recognizer" and not parsed.verify:
            raise RequestError(f"{word}: a recognizer is asked by --verify only; add it, or leave the setting out.")
    settings += [f"{key}={value}" for flag, key in _SHORT.items() if (value := getattr(parsed, flag)) is not None]
    if len(paths) < 2:
        raise RequestError("deid needs photos and where results go, as in `palmbench deid IN OUT`.")
    for flag in ("threshold", "tries"):
        if getattr(parsed, flag) is not None and not parsed.verify:
            raise RequestError(f"--{flag} is for --verify; add it, or leave --{flag} out.")
    if parsed.keep_matching and not parsed.verify:
        raise RequestError("--keep-matching is for --verify; add it, or leave --keep-matching out.")
    _require_range("--count", parsed.count, 1, 10_000)
    _require_range("--tries", parsed.tries, 1, 1000)
    if parsed.threshold is not None and not 0 <= parsed.threshold < float("inf"):
        raise RequestError(f"--threshold must be a distance, at least 0, not {parsed.threshold}.")
    return Words(
        inputs=tuple(Path(path_text(path)) for path in paths[:-1]),
        out=Path(path_text(paths[-1])),
        settings=settings,
        format=parsed.format,
        count=parsed.count,
        verify=parsed.verify,
        threshold=parsed.threshold,
        tries=parsed.tries,
        keep_unchanged=parsed.keep_unchanged,
        keep_matching=parsed.keep_matching,
        every_hand=parsed.every_hand,
        force=parsed.force,
        report=Path(path_text(parsed.report)) if parsed.report else None,
    )


def _is_setting(word: str) -> bool:
    if word.startswith("~"):
        return "/" not in word and word != "~"
    # A photo may be called a=b.jpg: what is there is a path.
    looks = word.startswith("+") or ("=" in word and "/" not in word.partition("=")[0])
    return looks and not os.path.lexists(word)


def _require_range(flag: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise RequestError(f"{flag} must be a whole number from {low} to {high}, not {value}.")
