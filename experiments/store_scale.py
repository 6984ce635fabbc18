"""What a run asks of a file system: files, bytes and calls of a photo and point, and what three campaigns come to.

    python -m experiments.store_scale [--photos 4] [--method diffusion] [SETTING ...]

The same run is made of some rendered photos and of twice as many, with one seed and then with another: the differences
are what one more photo costs, once and at each point. Calls are counted by strace, where it is installed: those that
change the file system (create, rename, remove, flush) and those that look something up. Parallel file systems send
each of them to a metadata server.

Bytes of photos and masks are scaled with the pixels of a campaign's photos; a photo with more noise than a rendered
one makes a larger PNG, up to three bytes a pixel. Hours of a GPU are of so many seconds a painting (--seconds), which
`make bench-gpu` measures. Methods without a seed make one result of both seeds and cannot be asked about.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.base.status import DONE
from palmbench.base.store import Store
from palmbench.commands.cli import guarded
from palmbench.datasets.settings import SynthConfig
from palmbench.synth import PROFILES
from recognizers.common.errors import RequestError

CHANGES = re.compile(r"mkdir(at)?|rename(at2?)?|unlink(at)?|f(data)?sync|creat")
_BY_PIXEL = ("deidentified", "hands", "hands_after")  # stages that keep pictures or masks
_SAMPLES = 2  # photos of a palm


class Campaign(NamedTuple):
    """A study, by photos, points (seeds among them) and megapixels of a photo."""

    title: str
    photos: int
    points: int
    megapixels: float


CAMPAIGNS = (
    Campaign("IITD x 13 points", 2601, 13, 1.92),
    Campaign("NTU-PI x 10 seeds", 7881, 10, 0.3),
    Campaign("1 million photos, one point", 1_000_000, 1, 12.0),
)


class Cost(NamedTuple):
    """What something costs: files and bytes by stage, calls that change the file system and calls that look up."""

    files: Mapping[str, float]
    bytes: Mapping[str, float]
    changes: float
    looks: float

    def __sub__(self, other: Cost) -> Cost:
        names = sorted({*self.files, *other.files})
        return Cost(
            {name: self.files.get(name, 0) - other.files.get(name, 0) for name in names},
            {name: self.bytes.get(name, 0) - other.bytes.get(name, 0) for name in names},
            self.changes - other.changes,
            self.looks - other.looks,
        )

    def of_one(self, photos: int) -> Cost:
        """The same, a photo."""
        return Cost(
            {name: each / photos for name, each in self.files.items() if each},
            {name: self.bytes[name] / photos for name, each in self.files.items() if each},
            self.changes / photos,
            self.looks / photos,
        )

    def sizes(self, scale: float) -> float:
        """Bytes where a photo has `scale` times the pixels, of a data set whose photos are there already."""
        kept = {name: each for name, each in self.bytes.items() if name != "photos"}
        return sum(each * (scale if name in _BY_PIXEL else 1) for name, each in kept.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, and print what it comes to."""
    parser = argparse.ArgumentParser(prog="python -m experiments.store_scale", description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=4, help="rendered photos of the smaller run (default 4)")
    parser.add_argument("--method", default="diffusion", help="de-identification method (default diffusion)")
    parser.add_argument("--seconds", type=float, default=0.25, help="seconds of a GPU a painting (default 0.25)")
    parser.add_argument("settings", nargs="*", help="further settings, such as executor.workers=2")
    asked = parser.parse_args(arguments)
    once, each = costs(asked.photos, [f"method={asked.method}", *asked.settings])
    for line in [*counted(once, each), "", *campaigns(once, each, asked.seconds)]:
        print(line)
    return DONE


def costs(photos: int, settings: Sequence[str]) -> tuple[Cost, Cost]:
    """What one more photo costs once for all points, and at each point."""
    with tempfile.TemporaryDirectory() as folder:
        few, more = (_two_points(Path(folder) / str(n), n, settings) for n in (photos, 2 * photos))
    first, second = (late - early for late, early in zip(more, few, strict=True))
    at_a_point = second - first
    return (first - at_a_point).of_one(photos), at_a_point.of_one(photos)


def counted(once: Cost, each: Cost) -> list[str]:
    """Lines of the counts, by stage."""
    lines = [f"{'':26} {'files':>7} {'bytes':>10}"]
    for title, cost in (("a photo, once", once), ("a photo and point", each)):
        calls = (
            f"{cost.changes:.0f} changes, {cost.looks:.0f} look-ups" if cost.looks else "calls not counted: no strace"
        )
        lines.append(f"{title:26} {sum(cost.files.values()):7.1f} {sum(cost.bytes.values()):10,.0f}   {calls}")
        lines += [f"  {name:24} {cost.files[name]:7.1f} {cost.bytes[name]:10,.0f}" for name in cost.files]
    return lines


def campaigns(once: Cost, each: Cost, seconds: float) -> list[str]:
    """Lines of what the campaigns come to."""
    lines = [f"{'':30} {'files':>12} {'GB':>9} {'hours a GPU':>12}"]
    profile = PROFILES[SynthConfig().profile]
    for study in CAMPAIGNS:
        files = study.photos * (sum(once.files.values()) + study.points * sum(each.files.values()))
        scale = study.megapixels * 1e6 / (profile.width * profile.height)
        size = study.photos * (once.sizes(scale) + study.points * each.sizes(scale))
        hours = study.photos * study.points * seconds / 3600
        lines.append(f"{study.title:30} {files:12,.0f} {size / 1e9:9,.0f} {hours:12,.1f}")
    return lines


def _two_points(results: Path, photos: int, settings: Sequence[str]) -> tuple[Cost, Cost]:
    """What is there and was asked for after one seed, and after another in the same folder, all together."""
    first = _run(results, photos, [*settings, "seed=0"])
    second = _run(results, photos, [*settings, "seed=1"])
    both = second._replace(changes=first.changes + second.changes, looks=first.looks + second.looks)
    return first, both


def _run(results: Path, photos: int, settings: Sequence[str]) -> Cost:
    summary = results.with_suffix(".calls")
    # Byte code is kept from run to run, and is nothing of theirs.
    traced = ["strace", "-f", "-c", "-e", "trace=%file,getdents64,fsync,fdatasync", "-o", str(summary)]
    command = [
        *(traced if shutil.which("strace") else []), sys.executable, "-B", "-m", "palmbench", f"results_dir={results}",
        f"dataset.identities={photos // _SAMPLES}", f"dataset.samples={_SAMPLES}", "executor.workers=1", *settings,
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise RequestError(f"{' '.join(command)} failed: {ended.stderr.strip()}")
    files: Counter[str] = Counter()
    size: Counter[str] = Counter()
    root = Store.of(results).root
    for path in (path for path in root.rglob("*") if path.is_file()):
        stage = path.relative_to(root).parts[0]
        if stage != "scores":  # one file of all photos
            files[stage] += 1
            size[stage] += path.stat().st_size
    calls = calls_in(summary.read_text()) if summary.is_file() else Counter()
    changes = sum(number for name, number in calls.items() if CHANGES.fullmatch(name))
    return Cost(files, size, changes, calls.total() - changes)


def calls_in(summary: str) -> Counter[str]:
    """How often each call was made, from a summary of strace."""
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$", summary, re.MULTILINE)
    return Counter({name: int(number) for number, name in rows if name != "total"})


if __name__ == "__main__":
    sys.exit(guarded(main))
