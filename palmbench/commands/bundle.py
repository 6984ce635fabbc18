"""`palmbench bundle`: results that travel as one file; listed, drawn, or put into a folder of results elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from palmbench.base.outputs import put, stamp
from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.engine.bundle import Kept
    from palmbench.report.kept_points import KeptPoint

FILTERS = ("dataset", "method", "recognizer", "attack")
_KEY_SHOWN = 8


def bundle_command(words: list[str]) -> int:
    """Write, list, draw or unpack a bundle; the exit status.

    Raises
    ------
    RequestError
        If a word is not understood, nothing is there to be put together, or a bundle is none or was changed.
    """
    parser = Parser(
        "bundle",
        "Write the records of runs and attacks of a folder of results into one file (default: palmbench.zip): numbers, "
        "scores, bootstrap draws, settings and versions, each with its digest; no image and no folder's name. Another "
        "machine lists it, draws its tables and figures, or takes it into its own results.",
    )
    parser.usage = "palmbench bundle [OUT.zip] [key=value ...] | --list FILE | --draw FOLDER FILE | --into FOLDER FILE"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="FILE, key=value",
        help="results_dir=FOLDER, and dataset=, method=, recognizer=, attack= with names: only records of those",
    )
    parser.add_argument("--list", action="store_true", help="what a bundle or a folder of results holds")
    parser.add_argument("--draw", metavar="FOLDER", help="draw its tables and figures into a folder")
    parser.add_argument("--into", metavar="FOLDER", help="put its records into a folder of results")
    parser.add_argument("--measure", default="rank_1", help="what the attack matrix shows (default: rank_1)")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    places = [word for word in parsed.words if "=" not in word]
    filters = _filters([word for word in parsed.words if "=" in word])
    if len(places) > 1:
        raise RequestError(f"One file is enough, and {' and '.join(places)} are {len(places)}.")
    if parsed.list + (parsed.draw is not None) + (parsed.into is not None) > 1:
        raise RequestError("--list, --draw and --into are different things: take one.")
    if not (parsed.list or parsed.draw or parsed.into):
        return _write(Path(places[0] if places else "palmbench.zip"), filters)
    if not places:
        raise RequestError("Name the bundle, as in `palmbench bundle --list results.zip`.")
    if parsed.into:
        if filters:
            raise RequestError(f"--into takes a bundle whole; leave {next(iter(filters))}= out.")
        return _unpack(Path(places[0]), Path(parsed.into))
    if parsed.list:
        return _list(Path(places[0]), filters)
    return _draw(Path(places[0]), Path(parsed.draw), parsed.measure, filters)


def chosen(kept: Sequence[Kept], filters: Mapping[str, set[str]]) -> list[Kept]:
    """Records of the data sets, methods, recognizers and attacks that are named; runs are of every attack."""

    def names(each: Kept) -> dict[str, set[str]]:
        point = each.point
        said = {
            "dataset": {str(point["dataset"])},
            "method": {str(point["method"]), str(each.settings["method"]["name"])},
            "recognizer": {str(point["recognizer"])},
        }
        for kind in ("attack", "disclosure"):
            if kind in each.record.content:
                said["attack"] = {str(each.record.content[kind]["name"]), str(point[kind])}
        return said

    return [each for each in kept if all(found & filters.get(key, found) for key, found in names(each).items())]


def _filters(words: Sequence[str]) -> dict[str, set[str]]:
    found = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in (*FILTERS, "results_dir"):
            raise RequestError(not_found(f"{word}: {key} chooses no records", key, (*FILTERS, "results_dir")))
        found[key] = {value} if key == "results_dir" else set(value.split(","))
    return found


def _write(path: Path, filters: Mapping[str, set[str]]) -> int:
    from palmbench.commands.runs import size_text
    from palmbench.engine.bundle import CHOICE, is_bundle, kept_in, packed

    (results,) = filters.get("results_dir", {"results"})
    if not Path(results).is_dir():
        raise RequestError(f"There is no folder {results}; name the folder of results with results_dir=FOLDER.")
    kept = _of(chosen(kept_in(Path(results)), filters), results, filters)
    if path.suffix != ".zip":
        raise RequestError(f"{path}: a bundle is a zip file; call it {path.name}.zip.")
    seen = stamp(path)
    if seen is not None and not is_bundle(path):
        raise RequestError(f"{path} is there and is no bundle; move it, or {CHOICE}.")
    data = packed(kept)
    put(path, data, CHOICE, seen)
    count = Counter(each.kind for each in kept)
    print(f"{path}: runs {count['runs']}, attacks {count['attacks']}, {size_text(len(data))}")
    return DONE


def _unpack(path: Path, results: Path) -> int:
    from palmbench.engine.bundle import unpack

    done = unpack(path, results)
    print(f"{len(done.written)} records into {results}", end="")
    print(f"; {len(done.there)} lay there already and stay" if done.there else "")
    print(f"What draws finished work draws them, with results_dir={results}, where data sets and version are the same.")
    return DONE


def _list(path: Path, filters: Mapping[str, set[str]]) -> int:
    from palmbench.engine.bundle import kept_in, results_of
    from palmbench.report.suites import suites_of

    with results_of(path) as folder:
        kept = _of(chosen(kept_in(folder), filters), path, filters)
        for each in kept:
            print(_line(each))
        for suite in suites_of(kept):
            print(suite.words)
    return DONE


def _line(kept: Kept) -> str:
    from palmbench.engine.run import setting_text
    from palmbench.report.kept_points import recognizer_text

    content, point = kept.record.content, kept.point
    when = str(content["written"]).replace("T", " ").rstrip("Z")[:16]
    numbers = kept.record.metrics["metrics"]
    label = {"rank_1": "rank 1", "rr": "RR"}
    measure = next((name for name in label if name in numbers), min(numbers))
    said = label.get(measure, measure)
    value = numbers[measure].value
    number = f"no {said}" if value is None else f"{said} {value:.1f} %"
    what = f"{setting_text(point)} on {point['dataset']}, {recognizer_text(point)}"
    code = content["checkout"]
    made = f"  code {code['commit'][:_KEY_SHOWN]}{'+' if code['dirty'] else ''}" if code else ""
    attack = "".join(f", {point[kind]}" for kind in ("attack", "disclosure") if kind in point)
    return f"{kept.kind.rstrip('s'):<6} {kept.key[:_KEY_SHOWN]}  {when}  {number:>14}  {what}{attack}{made}"


def _draw(path: Path, out: Path, measure: str, filters: Mapping[str, set[str]]) -> int:
    from palmbench.commands.attack_files import write_attacks
    from palmbench.commands.table import write_table
    from palmbench.engine.bundle import kept_in, results_of
    from palmbench.report.comparison import of_records
    from palmbench.report.disclosure_table import disclosure_matrix
    from palmbench.report.figures.style import write_figure
    from palmbench.report.figures.tradeoff import draw_tradeoff
    from palmbench.report.kept_points import points_of
    from palmbench.report.markdown import to_markdown
    from palmbench.report.names import by_name
    from palmbench.scoring.leak_table import LEAKS

    if measure not in LEAKS:
        raise RequestError(not_found(f"--measure: there is no measure {measure}", measure, LEAKS))
    paths: list[Path] = []
    with results_of(path) as folder:
        points = points_of(_of(chosen(kept_in(folder), filters), path, filters))
        for dataset, comparison in of_records(points):
            table = comparison.table()
            print(to_markdown(table))
            paths += write_table(table, out, f"methods-{dataset}")
            paths += write_figure(draw_tradeoff(comparison), f"methods-{dataset}", out)
        for name, group in groups_of(points).items():
            dataset = group[0].dataset
            if resisted := [each.resisted for each in group if each.resisted is not None]:
                measured = by_name((each.name, each.numbers) for each in group if each.run is not None)
                written = write_attacks(resisted, measured, out, dataset, measure, name)
                print("\n".join(written.notes), file=sys.stderr)
                paths += written.paths
            if disclosed := by_name((each.name, found) for each in group if (found := each.disclosed)):
                table = disclosure_matrix(disclosed, dataset)
                print(to_markdown(table))
                paths += write_table(table, out, f"disclosures-{name}")
    print("\n" + "\n".join(map(str, paths)))
    return DONE


def groups_of(points: Sequence[KeptPoint]) -> dict[str, list[KeptPoint]]:
    """Points on which anything was tried on the same persons of the same photos, by a name for files.

    Where they are of several recognizers, points bear that in their names.
    """
    groups: dict[tuple[str, str, str], list[KeptPoint]] = {}
    for each in points:
        if each.people:
            groups.setdefault((each.dataset, each.photos, each.people), []).append(each)
    of_set = Counter(dataset for dataset, _, _ in groups)
    several = {dataset for dataset, count in of_set.items() if count > 1}
    return {
        f"{dataset}-{people[:6]}{photos[:6]}" if dataset in several else dataset: _told_apart(group)
        for (dataset, photos, people), group in groups.items()
    }


def _told_apart(group: list[KeptPoint]) -> list[KeptPoint]:
    if len({each.recognizer for each in group}) == 1:
        return group
    return [replace(each, name=f"{each.name}, {each.recognizer}") for each in group]


def _of(kept: list[Kept], where: object, filters: Mapping[str, set[str]]) -> list[Kept]:
    if kept:
        return kept
    named = " ".join(f"{key}={','.join(sorted(of))}" for key, of in filters.items() if key != "results_dir")
    raise RequestError(
        f"{where} holds no finished record{f' of {named}' if named else ''}; `palmbench --help` says how runs and "
        "attacks are made, and `palmbench bundle --list` what a place holds."
    )
