"""`palmbench weights`: what published weights are here, and fetching, checking and converting them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from palmbench.commands.arguments import Command, Parser, command_of
from palmbench.fetching import catalogue
from palmbench.fetching.catalogue import ByHand, Weights
from palmbench.fetching.download import PATIENCE
from palmbench.fetching.local import ABSENT, BY_HAND, PARTIAL, READY, check, find, get
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text, typed

_ALL = "all"
_LARGE = 10e9
_WIDTH = 100


def weights_command(words: list[str]) -> int:
    """Run `palmbench weights [WORK ...]`.

    Returns
    -------
    int
        Exit status 0: all is as asked for.

    Raises
    ------
    RequestError
        If something was not to be had, or is not what it should be.
    """
    if command := command_of("weights", words, _WORKS):
        return command(words[1:])
    parser = Parser(
        "weights",
        "Published weights: which are here, what each is for, and under which terms. To get or check them see "
        + ", ".join(f"`palmbench weights {work} --help`" for work in _WORKS)
        + ".",
    )
    parser.add_argument("work", nargs="?", metavar="WORK", help=", ".join(_WORKS))
    return 0 if parser.parse(words) is None else _list()


def _list() -> int:
    for weights in catalogue.CATALOGUE:
        found = find(weights)
        print(f"{found.state:<8} {weights.name:<14} {_size(weights.size):>8}  {weights.use}")
        details = [f"{weights.publisher}; {weights.licence}"]
        if found.state in (READY, BY_HAND):
            details.append(f"{'in ' if found.state == READY else ''}{found.where}")
        else:
            details.append(f"without it: {weights.without}")
            details.append(f"`palmbench weights fetch {weights.name}`, into {found.where}")
        for detail in details:
            print(
                textwrap.indent(textwrap.fill(detail, _WIDTH, break_long_words=False, break_on_hyphens=False), " " * 9)
            )
    return 0


def _fetch(words: list[str]) -> int:
    parser = Parser(
        "weights fetch",
        "Fetch published weights into the usual caches: torch's, and the hub client's (HF_HOME, HF_TOKEN, HF_ENDPOINT "
        "and HF_HUB_OFFLINE count). The same command goes on where it stopped. Files are checked by their digests.",
    )
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help=f"{', '.join(_names())}; or {_ALL}: every one but the largest"
    )
    parser.add_argument(
        "--to", type=path_text, metavar="FOLDER", help="put them there; the settings that name them are then printed"
    )
    parsed = parser.parse(words)
    if parsed is None:
        return 0
    folder = Path(parsed.to) if parsed.to else None
    failed = []
    for weights in _chosen(parsed.names):
        here = folder is None and find(weights).state == READY
        if not here and not isinstance(weights.source, ByHand):
            print(f"fetch    {weights.name:<14} {_size(weights.size)}; {weights.licence}", flush=True)
        try:
            path = get(weights, folder, PATIENCE)
        except RequestError as error:
            failed.append(weights.name)
            print(f"failed   {weights.name:<14} {error}")
            continue
        print(f"ready    {weights.name:<14} {path}{' already' * here}")
        if folder is not None and weights.setting:
            print(f"         {'':<14} name it: {typed(weights.setting.rstrip('='), path)}")
        if weights.then:
            print(f"         {'':<14} then: {weights.then.format(path)}")
    if failed:
        raise RequestError(f"{', '.join(failed)} could not be fetched; the reason is above.")
    return 0


def _check(words: list[str]) -> int:
    parser = Parser("weights check", "Read the weights that are here and compare them with the published digests.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that are here")
    parsed = parser.parse(words)
    if parsed is None:
        return 0
    wrong: list[str] = []
    ready = 0
    for weights in _chosen(parsed.names or [_ALL], large=True):
        found = find(weights)
        bad = check(weights)
        for file in bad:
            print(f"wrong    {weights.name:<14} {file.path}: {file.why}")
        if bad:
            wrong.append(weights.name)
        elif found.state == READY:
            ready += 1
            print(f"ok       {weights.name:<14} {found.where}")
        elif parsed.names:
            print(f"{found.state:<8} {weights.name:<14} {found.where}")
            wrong += [weights.name] if found.state in (ABSENT, PARTIAL) else []
    if wrong:
        raise RequestError(
            f"{', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not as published. "
            f"Fetch again: `palmbench weights fetch {' '.join(wrong)}`."
        )
    if not (ready or parsed.names):
        print("no published weights are here; `palmbench weights` lists what there is")
    return 0


def _convert(words: list[str]) -> int:
    parser = Parser(
        "weights convert",
        "Rewrite the authors' model.ckpt of Paint by Example as a folder in the hub's layout. Nothing that the file "
        "holds is run, and one tensor at a time is in memory.",
    )
    parser.add_argument(
        "checkpoint", type=path_text, metavar="CHECKPOINT", help="model.ckpt, see `palmbench weights fetch pbe-ckpt`"
    )
    parser.add_argument("out", type=path_text, metavar="OUT", help="a folder, to be made; then method.weights=OUT")
    parser.add_argument("--dtype", choices=["float32", "float16"], default="float32", help="default: float32, 5.2 GB")
    parser.add_argument("--ema", action="store_true", help="the UNet's running means, where the file has them")
    parsed = parser.parse(words)
    if parsed is None:
        return 0
    import torch

    from palmbench.diffusion.published.convert import convert

    written = convert(Path(parsed.checkpoint), Path(parsed.out), getattr(torch, parsed.dtype), parsed.ema)
    setting = typed("method.weights", parsed.out)
    print(f"{written / 1e9:.2f} GB in {parsed.out}; use it with method=diffusion_paper {setting}")
    return 0


def _chosen(names: list[str], large: bool = False) -> list[Weights]:
    for name in names:
        if name not in (*_names(), _ALL):
            raise RequestError(not_found(f"there are no weights {name}", name, [*_names(), _ALL]))
    if _ALL not in names:
        return [catalogue.entry(name) for name in dict.fromkeys(names)]
    everything = [weights for weights in catalogue.CATALOGUE if not isinstance(weights.source, ByHand)]
    return [weights for weights in everything if large or weights.name in names or (weights.size or 0) < _LARGE]


def _names() -> list[str]:
    return [weights.name for weights in catalogue.CATALOGUE]


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


_WORKS: dict[str, Command] = {"fetch": _fetch, "check": _check, "convert": _convert}
