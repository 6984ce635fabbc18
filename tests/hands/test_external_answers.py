"""A detector's process that does not keep to the words agreed on is lost, and never taken at its word."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from external_packages import ONE, SHARES, SPACE, photo

from palmbench.hands.external import client
from palmbench.hands.external.client import Worker
from palmbench.hands.external.environment import described
from recognizers.common.errors import RequestError, SampleError

# A worker that greets, reads a photo's eight bytes and says one thing; {greeting} and {answer} are bytes.
_SAYS = """
import struct, sys, time
def message(words): return struct.pack(">II", len(words), 0) + words
def say(words): sys.stdout.buffer.write(words); sys.stdout.buffer.flush()
say({greeting})
sys.stdin.buffer.read(8)
say({answer})
time.sleep(30)
"""
_GREETING = """message(b'{"ready": "1"}')"""
_HAND = {"keypoints": SHARES.tolist(), "space": SPACE.tolist(), "score": 0.5}


def says(script: Path, monkeypatch: pytest.MonkeyPatch, answer: str, greeting: str = _GREETING) -> Worker:
    script.write_text(_SAYS.format(greeting=greeting, answer=answer))
    monkeypatch.setattr(client, "SCRIPT", script)
    return Worker("mediapipe", Path(sys.executable), {}, "1", start_limit=60, photo_limit=30)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("b'W0000 a warning of a library'", "something else than a message"),
        ("struct.pack('>II', 2, 4) + b'{}text'", "something else than a message"),
        ("""message(b'{"hands": ')""", "something else than JSON$"),
        ("message(bytes([255, 254]))", "something else than JSON$"),
        ("message(b'[1, 2]')", "something else than a JSON object"),
        ("message(b'[' * 100_000)", "something else than JSON$"),
    ],
)
def test_a_process_that_answers_in_other_words_is_lost_and_not_waited_for(
    answer: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = says(tmp_path / "says.py", monkeypatch, answer)
    with pytest.raises(SampleError, match=told):
        worker.ask(photo(ONE, 1, 1))
    with pytest.raises(RequestError, match=told.rstrip("$")):
        says(tmp_path / "says.py", monkeypatch, "b''", greeting=answer).ask(photo(ONE, 1, 1))


@pytest.mark.parametrize(
    ("hand", "told"),
    [
        ({**_HAND, "score": float("nan")}, "confidence is not from 0 to 1, but nan"),
        ({**_HAND, "score": 7}, "confidence is not from 0 to 1, but 7"),
        ({"keypoints": _HAND["keypoints"], "space": _HAND["space"]}, "KeyError: 'score'"),
        ({**_HAND, "keypoints": [[1, 2], [3]]}, "that cannot be read"),
        ({**_HAND, "keypoints": SHARES[:20].tolist()}, "without 21 keypoints"),
        ("no hand", "that cannot be read"),
        ({**_HAND, "score": 10**400}, "that cannot be read"),
        ({**_HAND, "keypoints": {"x": 1}}, "that cannot be read"),
        ({**_HAND, "keypoints": [[10**400, 1]] * 21}, "that cannot be read"),
        ({**_HAND, "keypoints": [[1e9, 0.5]] * 21}, "keypoints lie far outside the photo"),
        ({**_HAND, "keypoints": [*_HAND["keypoints"][1:], [0, -1.5]]}, "keypoints lie far outside the photo"),
        ({**_HAND, "space": [[1e200, 0, 0]] * 21}, "joints in space lie beyond all measure"),
    ],
)
def test_a_hand_that_cannot_be_one_is_told_in_a_sentence(
    hand: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = json.dumps({"hands": [hand]}).encode()
    worker = says(tmp_path / "says.py", monkeypatch, f"message({words!r})")
    with pytest.raises(SampleError, match=f"^MediaPipe gave a hand .*{told}"):
        worker.ask(photo(ONE, 1, 1))
    worker.close()


@pytest.mark.parametrize("hands", [None, 5, "none", {}, True])
def test_an_answer_without_a_list_of_hands_is_no_photo_without_hands(
    hands: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = json.dumps({"hands": hands}).encode()
    worker = says(tmp_path / "says.py", monkeypatch, f"message({words!r})")
    with pytest.raises(SampleError, match=r"^MediaPipe answered without a list of hands$"):
        worker.ask(photo(ONE, 1, 1))
    worker.close()


def test_a_hand_may_reach_out_of_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = json.dumps({"hands": [{**_HAND, "keypoints": [*_HAND["keypoints"][1:], [-8.5, 26.0]]}]}).encode()
    worker = says(tmp_path / "says.py", monkeypatch, f"message({words!r})")
    (found,) = worker.ask(photo(ONE, 18, 9))
    assert found.keypoints[-1].tolist() == [-8.5, 26.0]
    worker.close()


def test_what_a_process_says_is_passed_on_in_one_short_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = json.dumps({"failed": ["line\n" * 1000]}).encode()
    worker = says(tmp_path / "says.py", monkeypatch, f"message({words!r})")
    with pytest.raises(SampleError) as failed:
        worker.ask(photo(ONE, 1, 1))
    assert len(str(failed.value)) < 400 and "\n" not in str(failed.value)
    worker.close()


@pytest.mark.parametrize("said", ["5", "[]", "{}", '{"described": 1}', '{"missing": "package"}', "[" * 100_000])
def test_a_description_of_another_shape_is_told_in_a_sentence(said: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nprintf 'no \\351 model\n' >&2\n")
    python.chmod(0o755)
    with pytest.raises(RequestError, match=r"^The interpreter .* cannot run MediaPipe: no � model$"):
        described("mediapipe", python, None)


def test_a_first_answer_that_is_no_greeting_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = says(tmp_path / "says.py", monkeypatch, "b''", greeting="message(b'{}')")
    with pytest.raises(RequestError, match="its first answer is not a greeting"):
        worker.ask(photo(ONE, 1, 1))


def test_a_process_that_falls_silent_without_ending_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LAST_BREATH", 0.2)
    worker = says(tmp_path / "says.py", monkeypatch, "__import__('os').close(1) or b''")
    began = time.monotonic()
    with pytest.raises(SampleError, match="it closed its end of the pipe"):
        worker.ask(photo(ONE, 1, 1))
    assert time.monotonic() - began < 20
