"""Every figure that the embedded world must reach, measured again and printed beside its bound.

    python -m experiments.embedded_report [SECTION ...]
    python -m experiments.embedded_report --nuisance 0.8,1,1.2 [--profiles wild]

Sections: weights (cards and sizes), world (calibration of the rendered palms, ground truth), hands (the hand network),
attackers (the recognizers), painter (the small Paint by Example), judge (mediapipe, where --judge names its Python).
Without a section, all of them.
The figures also go to embedded_report.csv and embedded_report.md below the results; sections that are not measured
now stay there as long as they are about the same renderer, weights and options. Only figures marked "timed" depend on
the machine. With --nuisance nothing but the calibration is measured, at the strengths given, and nothing is kept.

Exit status: 0 every bound is kept; 2 the request cannot be met; 3 a bound is not kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path

from experiments.embedded.figures import HEADINGS, Figure, keep, line, summary
from experiments.embedded.options import Options
from palmbench.base import paths
from palmbench.base.status import DONE, FINDINGS
from palmbench.commands.cli import guarded
from palmbench.synth import PROFILES, RENDERER_VERSION
from recognizers.common.errors import RequestError
from recognizers.common.hints import not_found
from recognizers.common.keys import digest, file_digest
from recognizers.common.paths import weights_dir
from recognizers.common.writing import require_writable

_NAMES = ("weights", "world", "hands", "attackers", "painter", "judge")
SECTIONS = {name: f"experiments.embedded.{name}" for name in _NAMES}
# What may change while the figures stay the same.
_WITHOUT_EFFECT = ("workers", "results_dir", "judge")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; the exit status.

    Raises
    ------
    RequestError
        If a section or a profile is unknown, or weights are missing.
    """
    chosen = _parser().parse_args(arguments)
    for names, known, what in ((chosen.sections, SECTIONS, "section"), (chosen.profiles, PROFILES, "profile")):
        for name in names:
            if name not in known:
                raise RequestError(not_found(f"There is no {what} {name}", name, known))
    options = Options(**{each.name: getattr(chosen, each.name) for each in fields(Options)})
    if chosen.nuisance:
        from experiments.embedded.nuisance import sweep

        return _verdict(_shown(sweep(options, chosen.nuisance)))
    path = Path(options.results_dir) / "embedded_report.csv"
    require_writable(path.parent)
    world = world_digest(options)
    measured: list[Figure] = []
    for section in chosen.sections or SECTIONS:
        print(f"\n{section}")
        figures = _shown(import_module(SECTIONS[section]).figures(options))
        keep(path, section, figures, world, list(SECTIONS))
        measured += figures
    print(f"\n{path}\n{path.with_suffix('.md')}")
    return _verdict(measured)


def world_digest(options: Options) -> str:
    """Digest of what the figures depend on beside the code: renderer, weights and options."""
    folders = paths.weights_dir(), weights_dir()
    kinds = ("*.safetensors", "*.json")
    files = sorted(path for folder in folders for kind in kinds for path in folder.rglob(kind))
    return digest(
        "embedded report",
        renderer=RENDERER_VERSION,
        profiles={name: asdict(profile) for name, profile in PROFILES.items()},
        weights={"/".join(path.parts[-3:]): file_digest(path) for path in files},
        options={name: value for name, value in asdict(options).items() if name not in _WITHOUT_EFFECT},
    )


def _shown(figures: Iterable[Figure]) -> list[Figure]:
    """The figures, each printed as it comes."""
    print(line(HEADINGS), flush=True)
    kept = []
    for figure in figures:
        print(line(figure.texts), flush=True)
        kept.append(figure)
    return kept


def _verdict(figures: Sequence[Figure]) -> int:
    print(f"\n{summary(figures)}")
    return FINDINGS if any(figure.holds is False for figure in figures) else DONE


def _parser() -> argparse.ArgumentParser:
    own = Options()
    parser = argparse.ArgumentParser(
        prog="python -m experiments.embedded_report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    for name, help_text in (
        ("identities", "palms by which profiles and the hand network are measured"),
        ("samples", "photos of each"),
        ("painted-identities", "palms that are de-identified"),
        ("painted-samples", "photos of each"),
        ("training-palms", "training identities that the weights have seen"),
        ("seeds", "start noises of the ten palms of a photo"),
    ):
        default = getattr(own, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=_count, default=default, metavar="N", help=f"{help_text} ({default})")
    parser.add_argument("--profiles", type=_words, default=own.profiles, metavar="A,B", help="default: all")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes; default: one a core")
    parser.add_argument("--results-dir", default=own.results_dir, metavar="FOLDER", help="default: results")
    parser.add_argument("--judge", type=Path, metavar="PYTHON", help="interpreter of mediapipe's environment")
    parser.add_argument("--nuisance", type=_strengths, default=(), metavar="X,Y", help="strengths to calibrate at")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _strengths(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


if __name__ == "__main__":
    sys.exit(guarded(main))
