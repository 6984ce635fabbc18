"""Albums with damaged and hostile files: what can be hidden is, all else is told by name, and nothing is run."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image

from experiments.campaign.bench import Bench, Undisturbed
from experiments.campaign.mutants import mutants, photos, with_chunk
from experiments.campaign.verdicts import Trial, Verdict, told
from palmbench import synth
from palmbench.base.images import encode_png
from palmbench.base.status import CANNOT

_MUTANTS = 24  # to an album
WHOLE = "whole.png"


def images(bench: Bench, whole: Undisturbed, random: Random, rounds: int) -> Iterator[Trial]:
    """Each round is an album of mutated photos, some of them of hands, beside one undamaged hand."""
    png = hand()
    jpeg = io.BytesIO()
    Image.open(io.BytesIO(png)).save(jpeg, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\10\0\0")
    originals = [*photos(), *[("hand.png", png), ("hand.jpg", jpeg.getvalue())] * 8]
    for _ in range(rounds):
        seed = random.randrange(2**32)
        album = album_of_one(bench)
        for number, (name, data) in enumerate(islice(mutants(seed, originals), _MUTANTS)):
            (album / f"{number:02}-{name}").write_bytes(data)
        yield from _both(bench, f"album of mutants, seed {seed}")


def hostile(bench: Bench, whole: Undisturbed, random: Random, rounds: int) -> Iterator[Trial]:
    """Every hostile file once, beside an undamaged hand; weights with code in them. More rounds change nothing."""
    trace = bench.folder / "trace"
    for name, plant in _HOSTILE.items():
        trace.unlink(missing_ok=True)
        plant(album_of_one(bench))
        programs = _fake_ghostscript(bench.folder / "programs", trace)
        for trial in _both(bench, name, {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}):
            if trace.exists():
                trace.unlink()
                trial = trial._replace(verdict=Verdict.WRONG, why="a program was started for it")
            yield trial
    for name, data in _weights(trace).items():
        file = bench.folder / "evil.pth"
        file.write_bytes(data)
        end = bench.run(bench.folder / "hostile", "recognizer=ccnet", f"recognizer.weights={file}")
        verdict, why = told([end])
        if trace.exists() or (verdict is Verdict.RIGHT and end.status != CANNOT):
            verdict, why = Verdict.WRONG, "its code was run" if trace.exists() else f"status {end.status}"
        yield Trial(name, verdict, why)


def _both(bench: Bench, name: str, environment: dict[str, str] | None = None) -> Iterator[Trial]:
    """`deid` and `data check` of the album."""
    yield deid(bench, f"{name}: deid", environment=environment)
    end = bench("data", "check", "folder", "dataset.root=album", environment=environment)
    yield Trial(f"{name}: data check", *told([end]))


def deid(bench: Bench, name: str, **how: Any) -> Trial:
    """De-identify the bench's album, and judge what is written and what is told; `how` goes to the command."""
    out, report = bench.folder / "out", bench.folder / "report.json"
    shutil.rmtree(out, ignore_errors=True)
    report.unlink(missing_ok=True)
    # The terminal shows the first names of many; the report has them all.
    end = bench("deid", "album/palm", "out", "method=mask", "--report", report.name, **how)
    verdict, why = told([end])
    account = report.read_text(encoding="utf-8") if report.exists() else ""
    if verdict is Verdict.RIGHT and (wrong := unhidden(bench.folder / "album" / "palm", out, account)):
        verdict, why = Verdict.WRONG, wrong
    return Trial(name, verdict, why)


def unhidden(album: Path, out: Path, account: str) -> str:
    """What is wrong with a folder of de-identified photos: empty, or a sentence.

    A photo of the album is written, with other pixels and no metadata, or named in the account.
    """
    for path in sorted(entry for entry in album.iterdir() if entry.is_file()):
        result = out / path.name
        if not result.exists():
            if ascii(path.name)[1:-1] == path.name and path.name not in account:
                return f"{path.name} was neither written nor named"
            if path.name == WHOLE:
                return f"{path.name}, an undamaged hand, was not repainted"
            continue
        with Image.open(result) as image:
            if len(image.getexif()) or image.info.keys() & {"exif", "xmp", "icc_profile", "comment"}:
                return f"{path.name} was written with metadata"
            pixels = np.asarray(image.convert("RGB"))
        if path.name == WHOLE and np.array_equal(pixels, synth.render(identity=0, sample=0).image):
            return f"{path.name} was written unchanged"
    return ""


def album_of_one(bench: Bench) -> Path:
    """The bench's album, with nothing but an undamaged hand in it."""
    shutil.rmtree(bench.folder / "album", ignore_errors=True)
    album = bench.folder / "album" / "palm"
    album.mkdir(parents=True)
    (album / WHOLE).write_bytes(hand())
    return album


def hand() -> bytes:
    """An undamaged photo of a rendered hand, as PNG."""
    return encode_png(synth.render(identity=0, sample=0).image)


def _fake_ghostscript(folder: Path, trace: Path) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "gs"
    program.write_text(f"#!/bin/sh\necho started >> '{trace}'\n")
    program.chmod(0o755)
    return folder


class _Code:
    """What, unpickled, writes a file."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.trace), "w")


def _weights(trace: Path) -> dict[str, bytes]:
    archive, old = io.BytesIO(), io.BytesIO()
    torch.save({"state": _Code(trace)}, archive)
    torch.save({"state": _Code(trace)}, old, _use_new_zipfile_serialization=False)
    return {
        "weights: a pickle with code": pickle.dumps(_Code(trace)),
        "weights: an archive of PyTorch's with code": archive.getvalue(),
        "weights: PyTorch's old format with code": old.getvalue(),
        "weights: a cut archive": archive.getvalue()[:-100],
    }


def _postscript(album: Path) -> None:
    lines = ("%!PS-Adobe-3.0 EPSF-3.0", "%%BoundingBox: 0 0 100 100", "%%EndComments", "showpage", "%%EOF", "")
    (album / "postscript.jpg").write_text("\n".join(lines))


def _claiming_webp(album: Path) -> None:
    side = 16383 - 1
    body = b"\x2f" + struct.pack("<I", side | side << 14) + bytes(9)
    chunk = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    (album / "claims.webp").write_bytes(b"RIFF" + struct.pack("<I", len(chunk)) + chunk)


def _inflating(kind: bytes) -> Callable[[Path], None]:
    def plant(album: Path) -> None:
        body = b"profile\0\0" + zlib.compress(bytes(2**30), 9)
        (album / "inflates.png").write_bytes(with_chunk(hand(), kind, body))

    return plant


def _undecodable(album: Path) -> None:
    for name in (b"\xff\xfe.png", b"hand-\xe4.png"):
        Path(os.fsdecode(os.path.join(os.fsencode(album), name))).write_bytes(hand())


def _folder(album: Path) -> None:
    (album / "photo.jpg").mkdir()


def _loop(album: Path) -> None:
    (album / "loop").symlink_to("..", target_is_directory=True)
    (album / "itself.jpg").symlink_to("itself.jpg")


def _pipe(album: Path) -> None:
    os.mkfifo(album / "pipe.jpg")


_HOSTILE: dict[str, Callable[[Path], None]] = {
    "PostScript called photo.jpg": _postscript,
    "a WebP of 34 bytes that claims 16383 x 16383": _claiming_webp,
    "a PNG whose iCCP inflates to 1 GiB": _inflating(b"iCCP"),
    "a PNG whose zTXt inflates to 1 GiB": _inflating(b"zTXt"),
    "names that are not UTF-8": _undecodable,
    "a folder named photo.jpg": _folder,
    "links that loop": _loop,
    "a pipe": _pipe,
}
