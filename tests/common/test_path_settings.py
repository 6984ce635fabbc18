"""Paths on the command line mean the same everywhere: `~` is the home folder, and no character has a meaning."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from palmbench.commands import cli
from palmbench.commands.arguments import Parser
from palmbench.commands.deid_arguments import add_arguments, read_words
from palmbench.config.compose import compose_points
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import is_path, path_text, require_temporary_folder, typed

NAMES = [
    "two words", " blanks ", "a=b", "[1]", "{c}", "(d)", "it's", 'say "x"', "tick`", "back\\", "a\\'b", "ümlaut", "手",
    "-dash", "~", "x~", "50%", "#1", "a;b", "a&b", "a!b", "<x>", "2024", "1e5", "true", "null-", "$HOME", "a:b",
    "a|b", "*?",
]  # fmt: skip
SETTINGS = [
    ["data_dir"], ["dataset=iitd", "dataset.root"], ["method.weights"], ["detector.weights"],
    ["detector.valleys=pklnet", "detector.valley_weights"], ["detector=mediapipe", "detector.python"],
    ["detector=wilor", "detector.weights"], ["segmenter=sam2", "segmenter.weights"], ["quality.lpips_weights"],
    ["quality.inception_weights"], ["recognizer=ccnet", "recognizer.weights"], ["results_dir"],
]  # fmt: skip


def composed(*words: str) -> object:
    *_, key = words[-1].partition("=")[0].split(".")
    (point,) = compose_points(list(words))
    group = getattr(point, words[-1].partition(".")[0], None) if "." in words[-1].partition("=")[0] else point
    return group.options[key] if hasattr(group, "options") else getattr(group, key)


@pytest.mark.parametrize("name", NAMES)
def test_a_path_stands_for_itself_whatever_is_in_it(name: str, tmp_path: Path) -> None:
    assert composed(f"results_dir={tmp_path}/{name}") == f"{tmp_path}/{name}"


@pytest.mark.parametrize("name", [*NAMES, "a,b"])
def test_what_palmbench_tells_to_type_is_understood_as_it_was_meant(name: str) -> None:
    (word,) = shlex.split(typed("dataset.root", name))
    (point,) = compose_points(["dataset=iitd", word])
    assert point.dataset.root in (name, str(Path.cwd() / name), str(Path.home()))


@pytest.mark.parametrize("words", SETTINGS, ids=lambda words: words[-1])
def test_every_path_takes_any_name_and_the_home_folder(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert is_path(words[-1])
    assert composed(*words[:-1], f"{words[-1]}=~/ü [1] = 'x'") == f"{tmp_path}/ü [1] = 'x'"


@pytest.mark.parametrize("words", SETTINGS, ids=lambda words: words[-1])
@pytest.mark.parametrize("value", ["/tmp/a,b", "a,b.pth", "'a','b'", "choice(a,b)", "[a,b]"])
def test_a_comma_never_makes_two_places_of_one(words: list[str], value: str) -> None:
    with pytest.raises(RequestError, match="a path cannot be swept"):
        compose_points([*words[:-1], f"{words[-1]}={value}"])


def test_a_path_with_a_comma_is_taken_in_quotes(tmp_path: Path) -> None:
    assert composed(f'results_dir="{tmp_path}/a,b"') == f"{tmp_path}/a,b"
    assert composed(f"results_dir='{tmp_path}/a,b'") == f"{tmp_path}/a,b"
    assert composed("results_dir=${oc.env:NOWHERE,else}/x") == "else/x"


def test_a_tilde_is_the_home_folder_and_never_a_folder_of_that_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)
    assert [path_text(text) for text in ("~", "~/x", "x/~", "./x")] == ["/home/me", "/home/me/x", "x/~", "./x"]
    assert path_text("./~") == f"{tmp_path}/~"
    with pytest.raises(RequestError, match="no user nobody-of-this-name"):
        path_text("~nobody-of-this-name/x")


def test_folders_on_the_command_line_are_understood_alike(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    words = [
        "data",
        "export",
        "synth",
        "--layout",
        "nnnn_ssss",
        "--identities",
        "1",
        "--samples",
        "1",
        "--size",
        "64x64",
    ]
    assert cli.main([*words, "--out=~/a, 'b' = [c]"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a, 'b' = [c]"]


def test_photos_and_places_of_deid_may_be_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    parser = Parser("deid", "")
    add_arguments(parser)
    parsed = parser.parse(["~/in", "seed=1", "~/out", "--report=~/report.json"])
    assert parsed is not None
    words = read_words(parsed)
    assert (words.inputs, words.out) == ((Path("/home/me/in"),), Path("/home/me/out"))
    assert (words.settings, words.report) == (["seed=1"], Path("/home/me/report.json"))


def test_only_folders_of_photos_may_have_names_that_are_not_utf_8() -> None:
    assert composed("dataset=iitd", "dataset.root=/a/\udce9") == "/a/\udce9"
    with pytest.raises(RequestError, match=r"results_dir=/a/\\xe9: this name is not UTF-8"):
        compose_points(["results_dir=/a/\udce9"])


@pytest.mark.parametrize(("value", "special"), [("a!b", "!"), ("a(b)", "( )"), ("ü", "ü"), ("it's", "'")])
def test_a_value_that_needs_quotes_is_told_why_and_how(value: str, special: str) -> None:
    with pytest.raises(RequestError) as refused:
        compose_points([f"tracker.project={value}"])
    assert f"a value with {special} in it needs quotes" in str(refused.value)
    (word,) = shlex.split(str(refused.value).partition("as in ")[2].removesuffix("."))
    (point,) = compose_points([word])
    assert point.tracker.project == value


@pytest.mark.parametrize("words", SETTINGS, ids=lambda words: words[-1])
def test_a_path_that_can_be_none_is_a_sentence(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for path, reason in (("x" * 300, "File name too long"), (tmp_path / "a", "Too many levels of symbolic links")):
        with pytest.raises(RequestError, match=f"can be no path: {reason}"):
            compose_points([*words[:-1], f"{words[-1]}={path}"])


def test_where_no_temporary_file_can_be_written_a_sentence_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("tempfile.gettempdir", none)
    with pytest.raises(RequestError, match="TMPDIR="):
        require_temporary_folder()
