"""The outside judge counts every photo, measures in hand boxes, and says what it lacks."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import judge as judging
from experiments.judge import Placed, Verdict, judge, line, main, verdict
from palmbench.base.status import CANNOT
from palmbench.commands.cli import guarded
from recognizers.common.errors import RequestError

# A stand-in for the judge's interpreter: it has mediapipe, and finds the same left hand in every second photo.
_STAND_IN = """#!{python}
import json, pathlib, sys
if sys.argv[2] != "-c":
    names = sorted(path.name for path in pathlib.Path(sys.argv[3]).glob("*.png"))
    hand = {{"keypoints": {keypoints}, "hand": "left", "score": 0.9}}
    answer = {{name: None if number % 2 else hand for number, name in enumerate(names)}}
    pathlib.Path(sys.argv[4]).write_text(json.dumps(answer))
"""


def a_hand(right: float = 0, down: float = 0) -> np.ndarray:
    """21 keypoints whose bounding box is 100 wide and 200 high, moved to the right and down."""
    keypoints = np.full((21, 2), 50.0)
    keypoints[0], keypoints[20] = (0, 0), (100, 200)
    return keypoints + np.array([right, down])


def a_stand_in(folder: Path, text: str) -> Path:
    path = folder / "python"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_distance_is_a_share_of_the_larger_side_of_the_box() -> None:
    truth = Placed(a_hand(), "left")
    assert verdict([truth], [Placed(a_hand(right=6, down=8), "left")]) == Verdict(1, 1.0, pytest.approx(10 / 200), 1.0)


def test_one_keypoint_astray_counts_a_twenty_first() -> None:
    seen = a_hand()
    seen[4] += (0, 42)
    assert verdict([Placed(a_hand(), "left")], [Placed(seen, "left")]).distance == pytest.approx(42 / 200 / 21)


def test_a_hand_that_is_not_found_counts_as_such_and_not_as_near() -> None:
    truths = [Placed(a_hand(), side) for side in ("left", "right", "left", "right")]
    shifted = Placed(a_hand(right=20), "left")
    assert verdict(truths, [shifted, None, None, shifted]) == Verdict(4, 0.5, pytest.approx(0.1), 0.5)


def test_no_hand_at_all_has_no_distance() -> None:
    opinion = verdict([Placed(a_hand(), "left")], [None])
    assert (opinion.n, opinion.found) == (1, 0)
    assert math.isnan(opinion.distance) and math.isnan(opinion.sides)


def test_the_promise_stands_beside_the_number() -> None:
    text = line("wild", Verdict(200, 0.91, 0.0345, 0.9))
    assert "91.0% (at least 85%)" in text and "3.45% of the box (at most 6%)" in text
    assert "at least" not in line("mobile", Verdict(200, 0.91, 0.0345, 0.9))


def test_every_rendered_photo_is_shown_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = a_hand(right=6, down=8).tolist()
    stand_in = a_stand_in(tmp_path, _STAND_IN.format(python=sys.executable, keypoints=seen))
    asked: list[tuple[int, int, str]] = []

    def render(identity: int, sample: int, profile: str) -> SimpleNamespace:
        asked.append((identity, sample, profile))
        return SimpleNamespace(image=np.zeros((8, 8, 3), np.uint8), keypoints_2d=a_hand(), hand="left")

    monkeypatch.setattr(judging, "render", render)
    opinion = judge(stand_in, "controlled", identities=2, samples=3)
    assert asked == [(identity, sample, "controlled") for identity in (0, 1) for sample in (0, 1, 2)]
    assert opinion == Verdict(6, 0.5, pytest.approx(10 / 200), 1.0)


def test_a_missing_interpreter_names_the_make_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: main(["--python", "/nowhere/python"])) == CANNOT
    assert capsys.readouterr().err == (
        "palmbench: The judge's interpreter /nowhere/python cannot be started (No such file or directory); "
        "`make mediapipe` makes the environment.\n"
    )


def test_an_interpreter_without_mediapipe_names_the_make_target(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no mediapipe; `make mediapipe`"):
        judge(a_stand_in(tmp_path, "#!/bin/sh\nexit 1\n"), "controlled")


def test_an_unknown_profile_is_named_with_what_there_is() -> None:
    with pytest.raises(RequestError, match="did you mean controlled"):
        judge(Path("/nowhere/python"), "controled")
