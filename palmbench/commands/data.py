"""`palmbench data`: data sets as files, checked or made."""

from __future__ import annotations

import sys

from palmbench.base.status import DONE, INTERRUPTED
from palmbench.commands.arguments import Command, Parser, command_of
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text


def data_command(words: list[str]) -> int:
    """Run `palmbench data WORK ...`.

    Returns
    -------
    int
        Exit status of the work.

    Raises
    ------
    RequestError
        If there is no such work, or it cannot be done.
    """
    if command := command_of("data", words, _WORKS):
        return command(words[1:])
    parser = Parser("data", "Data sets as files; what can be done with them, see `palmbench data WORK --help`.")
    parser.add_argument("work", nargs="?", metavar="WORK", help=" or ".join(_WORKS))
    if parser.parse(words) is None:
        return DONE
    works = ", ".join(f"`palmbench data {work} --help`" for work in _WORKS)
    raise RequestError(f"data needs to know what to do; see {works}.")


def _export(words: list[str]) -> int:
    parser = Parser(
        "data export",
        "Write rendered palms as files in the layout of a real set, with ground truth beside the photos, and with "
        "defects on purpose if asked for: something for loaders to be tested with.",
    )
    parser.add_argument("source", choices=["synth"], metavar="synth", help="the rendered palms")
    parser.add_argument(
        "--layout",
        required=True,
        help="iitd, polyu, rest, zhou, ntupi, tongji, casia, mpdv2, 11k, nnnn_ssss, or manifest (a CSV file)",
    )
    parser.add_argument("--out", type=path_text, metavar="FOLDER", help="made, or empty; default: data/synth-LAYOUT")
    parser.add_argument("--identities", type=int, default=40, metavar="N", help="palms; default: 40")
    parser.add_argument("--samples", type=int, default=6, metavar="M", help="photos of each palm; default: 6")
    parser.add_argument("--profile", default="controlled", help="capture conditions; default: controlled")
    parser.add_argument("--size", metavar="WxH", help="of a photo in pixels; default: as in the real set")
    parser.add_argument(
        "--defects",
        default="",
        metavar="KIND[,KIND]",
        help="missing, uppercase, side, duplicate, empty, truncated, copy, stray, small, turned, deep, thumbs, one of "
        "each; or all that the layout has a place for",
    )
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.datasets.export import Export, export_synth

    export = Export(
        layout=parsed.layout,
        out=parsed.out,
        identities=parsed.identities,
        samples=parsed.samples,
        profile=parsed.profile,
        size=parsed.size,
        defects=parsed.defects,
    )
    try:
        print(export_synth(export))
    except KeyboardInterrupt:
        print("palmbench: interrupted; nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _check(words: list[str]) -> int:
    parser = Parser(
        "data check",
        "What is in a data set's folder, what is missing, what was not understood, what is suspicious. Exit status: 0, "
        "there is nothing to look at; 3, there is; 2, the set is not there.",
    )
    parser.add_argument("name", metavar="NAME", help="a data set, as in dataset=NAME")
    # The default keeps argparse from calling them required, as it does where a name comes before them.
    parser.add_argument(
        "settings",
        nargs="*",
        default=[],
        metavar="key=value",
        help="of dataset.root, data_dir, detector, executor",
    )
    parser.add_argument("--fast", action="store_true", help="decode no photo: truncated files stay unseen")
    parser.add_argument("--no-hands", action="store_true", help="do not look for the hand in each photo")
    parser.add_argument(
        "--json",
        type=path_text,
        metavar="FILE",
        help="write the report for machines, with every finding; in place of such a report, and of no other file",
    )
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.commands.data_check import check_command

    return check_command(
        parsed.name.removeprefix("dataset="), parsed.settings, parsed.fast, not parsed.no_hands, parsed.json
    )


_WORKS: dict[str, Command] = {"check": _check, "export": _export}
