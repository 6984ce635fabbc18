"""`palmbench leaderboard`: methods by utility within classes of leak, from bundles, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from palmbench.base.outputs import put_result
from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser
from recognizers.common.errors import RequestError


def leaderboard_command(words: list[str]) -> int:
    """Write the leaderboard of bundles as Markdown and HTML, and print it; the exit status.

    Raises
    ------
    RequestError
        If a word is not understood, a place is neither a bundle nor a folder of results, or no attack is in any.
    """
    parser = Parser(
        "leaderboard",
        "Methods of bundles or folders of results by utility, within classes of what the worst attack discloses, as "
        "leaderboard.md and leaderboard.html: which attackers every number is of, on whom, and which of them are void.",
    )
    parser.add_argument("places", nargs="*", metavar="BUNDLE", help="bundles or folders of results")
    parser.add_argument("--out", metavar="DIR", default=".", help="where the page is written (default: here)")
    parser.add_argument("--palm", action="store_true", help="count attacks that look at the palm alone, and no floor")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    if not parsed.places:
        raise RequestError("leaderboard needs bundles, as in `palmbench leaderboard a.zip b.zip --out page`.")
    from palmbench.engine.bundle import kept_in, results_of
    from palmbench.report.kept_points import points_of
    from palmbench.report.leaderboard import boards, to_html, to_markdown

    with ExitStack() as open_places:  # records are read as they are drawn
        places = list(map(Path, parsed.places))
        folders = [
            (name, open_places.enter_context(results_of(place)))
            for name, place in zip(names_of(places), places, strict=True)
        ]
        found = boards([(name, points_of(kept_in(folder))) for name, folder in folders], parsed.palm)
        if not found:
            raise RequestError(f"No attack is in {', '.join(parsed.places)}; `palmbench attack` makes some.")
        pages = {"leaderboard.md": to_markdown(found), "leaderboard.html": to_html(found)}
    print(pages["leaderboard.md"])
    for name, page in pages.items():
        put_result(Path(parsed.out) / name, page.encode())
        print(Path(parsed.out) / name)
    return DONE


def names_of(places: Sequence[Path]) -> list[str]:
    """What the page calls bundles: their names, numbered where several are called alike."""
    stems = [place.resolve().stem for place in places]
    return [
        f"{stem} ({stems[: number + 1].count(stem)})" if stems.count(stem) > 1 else stem
        for number, stem in enumerate(stems)
    ]
