"""What becomes of real photographs: every palm repainted, wholly, and nothing else.

    python -m experiments.photographs FOLDER [--detector mediapipe] [any other word of `palmbench deid`]

FOLDER holds photos, and `palms.json`: the name of each photo that shows palms, and for each palm the corners of the
paper's polygon, (x, y) in pixels of the upright photo. The photos go through `palmbench deid --format png
--keep-unchanged`; of each palm at least 90 % of the polygon must have changed, and of a photo that is not listed no
pixel, and each that is not listed must have been said. Exit status 1 if anything is otherwise.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.base.images import read_image
from palmbench.commands.cli import main as palmbench
from palmbench.hands.palm import fill_polygon
from palmbench.photos.painter import picture_of
from palmbench.photos.reading import decode, read_bytes

LEAST_CHANGED = 0.9
PALMS = "palms.json"


class Outcome(NamedTuple):
    """What became of one photo.

    Attributes
    ----------
    photo : str
    right : bool
    found : str
        What the run says of its hands.
    changed : list of float
        Share of each palm's polygon whose pixels changed.
    elsewhere : int
        Changed pixels of a photo without palms.
    """

    photo: str
    right: bool
    found: str
    changed: list[float]
    elsewhere: int


def outcome(photo: Path, palms: Sequence[Any], account: Mapping[str, Any], out: Path) -> Outcome:
    """Compare a photo with its result; one that was not written has not changed."""
    before = picture_of(decode(read_bytes(photo, photo.name), photo).pixels)
    result = account["results"][0] if account["results"] else {"state": "not written", "file": ""}
    written = result["state"] in ("written", "kept")
    changed = (
        (before != read_image(out / result["file"])).any(axis=2) if written else np.zeros_like(before[..., 0], bool)
    )
    shares = [float(changed[fill_polygon(np.array(palm), changed.shape)].mean()) for palm in palms]
    said = account["failure"] or result.get("reason") or "palms repainted"
    if palms:
        right = result["state"] == "written" and min(shares) >= LEAST_CHANGED
        return Outcome(photo.name, right, said, shares, 0)
    count = int(changed.sum())
    return Outcome(photo.name, count == 0 and result.get("reason") is not None, said, [], count)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `palmbench deid` on a folder and print what became of each photo."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0].startswith("-"):
        print(__doc__)
        return 2
    folder = Path(words[0])
    palms = json.loads((folder / PALMS).read_text())
    with tempfile.TemporaryDirectory() as scratch:
        out, report = Path(scratch, "out"), Path(scratch, "report.json")
        flags = ["--format", "png", "--keep-unchanged", "--report", str(report)]
        begin = time.perf_counter()
        palmbench(["deid", str(folder), str(out), *flags, *words[1:]])
        seconds = time.perf_counter() - begin
        accounts = json.loads(report.read_text())["photos"]
        rows = [
            outcome(folder / account["photo"], palms.get(Path(account["photo"]).stem, []), account, out)
            for account in accounts
        ]
    for row in rows:
        shares = ", ".join(f"{share:.1%}" for share in row.changed)
        what = f"changed {shares}" if row.changed else f"{row.elsewhere} pixels changed"
        print(f"{'right' if row.right else 'WRONG'}  {row.photo:28} {what:24} {row.found}")
    print(f"{sum(row.right for row in rows)} of {len(rows)} right; {seconds / len(rows):.2f} s a photo")
    return 0 if all(row.right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
