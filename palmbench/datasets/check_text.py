"""The report of a check, for readers."""

from __future__ import annotations

import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from palmbench.datasets.check import Report
from palmbench.datasets.findings import Finding

_SHOWN, _SIZES = 10, 4
_TITLES = {
    "missing": "missing photos",
    "empty": "empty files",
    "unreadable": "files that cannot be decoded",
    "side": "photos on the wrong side",
    "mirrored": "photos on the wrong side",
    "handless": "photos without a hand",
    "view": "photos of a hand whose palm does not show",
    "person": "names and folders of two persons",
    "clash": "several files that would be one photo",
    "duplicate": "the same photo under two palms",
    "copy": "the same photo twice under one palm",
    "size": "photos much smaller than the others",
    "orientation": "photos that lie otherwise than the others",
    "stray": "images that are not understood",
    "unlisted": "images that the table does not name; left out",
    "extension": "extensions written otherwise; read all the same",
    "depth": "other bits a channel; read all the same",
    "clutter": "files of an operating system; ignored",
    "other": "other files; ignored",
    "table": "the table",
}


_TOGETHER = ("clutter", "mirrored", "handless")  # kinds of which one finding can stand for many files


def report_text(report: Report) -> str:
    """A report in lines: what is there, what it lacks, and every kind of finding with its files."""
    lines = [f"{report.title}: {report.root}", ""]
    lines += _counts(report)
    lines += ["", *textwrap.wrap(report.about_pairs, 100)]
    for title, found in (("to look at", report.wrong), ("remarks", report.remarks)):
        if found:
            lines += ["", title, *_listed(found)]
    return "\n".join([*lines, "", _conclusion(report)])


def _counts(report: Report) -> Iterator[str]:
    full = report.expected
    people, palms = (full.people, full.identities) if full else (None, None)
    photos = " or ".join(str(n) for n in ((full.samples, full.samples_elsewhere) if full else ()) if n)
    if report.people:
        yield _row("people", report.people, people)
    yield _row("palms", report.palms, palms)
    yield _row("photos", report.photos, photos)
    least, middle, most = report.photos_of_a_palm
    yield _row("photos of a palm", f"{least} to {most}, median {middle:g}")
    for name, counts in (("sides", report.sides), ("sessions", report.sessions), ("pixels", report.pixels)):
        if counts:
            yield _row(name, ", ".join(f"{value} {count}" for value, count in counts.items()))
    rest = len(report.sizes) - _SIZES
    sizes = ", ".join(f"{size} ({count})" for size, count in list(report.sizes.items())[:_SIZES])
    yield _row("sizes", f"{sizes}{f' and {rest} others' if rest > 0 else ''}")
    if report.one_handed:
        yield _row("one hand only", f"{report.one_handed} people")
    if report.people_not_there:
        yield _row("people not there", textwrap.shorten(report.people_not_there, 80, placeholder=" ..."))
    for what, count in report.companions.items():
        yield _row("not read", f"{count} files: {what}")
    for name, text in report.splits.items():
        yield _row("split", f"{name}: {text}")
    pairs = report.pairs
    yield _row(
        "pairs", f"{pairs.genuine} genuine, {pairs.impostor} impostor, {pairs.one_person} of a person's two hands"
    )


def _row(name: str, value: object, full: object = None) -> str:
    return f"{name:<18} {value}{f' of {full} in the full set' if full else ''}"


def _listed(found: Sequence[Finding]) -> Iterator[str]:
    kinds: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        kinds[finding.kind].append(finding)
    for kind, same in kinds.items():
        yield f"  {_TITLES[kind]}: {sum(len(finding.paths) for finding in same) if kind in _TOGETHER else len(same)}"
        if kind in ("stray", "unlisted", "other") and len(same) > _SHOWN:
            yield from _by_shape([finding.paths[0] for finding in same])
            continue
        for finding in same[:_SHOWN]:
            paths = ", ".join(finding.paths[:_SHOWN]) + (" ..." if len(finding.paths) > _SHOWN else "")
            yield f"    {f'{paths}: ' if paths else ''}{finding.text}"
        if len(same) > _SHOWN:
            yield f"    ... and {len(same) - _SHOWN} more; --json FILE writes all"


def _by_shape(paths: Sequence[str]) -> Iterator[str]:
    """Files whose names differ in digits alone, in a line."""
    shapes = Counter(re.sub(r"\d+", "N", path) for path in paths)
    for shape, count in shapes.most_common(_SHOWN):
        example = next(path for path in paths if re.sub(r"\d+", "N", path) == shape)
        yield f"    {shape}: {count} files, such as {example}"
    if len(shapes) > _SHOWN:
        yield f"    ... and {len(shapes) - _SHOWN} more such patterns; --json FILE writes all"


def _conclusion(report: Report) -> str:
    wrong = len(report.wrong)
    text = f"{wrong} finding{'s' if wrong > 1 else ''} to look at." if wrong else "Nothing to look at."
    if not report.decoded:
        text += " Photos were not decoded (--fast): truncated files and hands on the wrong side stay unseen."
    elif report.hands:
        text += f" Each hand was looked at; in {report.handless} photos none was found."
    else:
        text += " Nobody looked whether there are hands, and on their side (--no-hands)."
    return text
