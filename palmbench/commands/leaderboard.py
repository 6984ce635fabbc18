"""`palmbench leaderboard`: methods by utility within classes of leak, from bundles, as a page."""

from __future__ import annotations

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
        folders = [(place.stem, open_places.enter_context(results_of(place))) for place in map(Path, parsed.places)]
        found = boards([(name, points_of(kept_in(folder))) for name, folder in folders], parsed.palm)
        if not found:
            raise RequestError(f"No attack is in {', '.join(parsed.places)}; `palmbench attack` makes some.")
        pages = {"leaderboard.md": to_markdown(found), "leaderboard.html": to_html(found)}
    print(pages["leaderboard.md"])
    for name, page in pages.items():
        put_result(Path(parsed.out) / name, page.encode())
        print(Path(parsed.out) / name)
    return DONE
