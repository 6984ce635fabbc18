"""A detector in an environment of its own: what it finds, and what becomes of its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from external_packages import (
    CHATTER,
    DIE,
    DIE_ONCE,
    HANG,
    NOT_NUMBERS,
    NOTHING,
    ONE,
    RAISE,
    SHARES,
    SPACE,
    TWO,
    environment_with,
    photo,
    processes,
    wilor_weights,
)

from palmbench.hands import load_detector
from palmbench.hands.external import ExternalDetector
from palmbench.hands.external.client import Finding, Worker
from palmbench.hands.external.detector import in_hand_lengths
from palmbench.hands.external.environment import described, interpreter_of
from palmbench.hands.hand import Hand
from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.settings import MediaPipeConfig, WiLoRConfig
from palmbench.hands.skeleton import hand_shape, valley_points
from palmbench.synth import render
from recognizers.common.errors import MissingWeights, RequestError, SampleError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment_with(tmp_path_factory.mktemp("outside") / "venv", "mediapipe", "wilor_mini", "weights")


@pytest.fixture
def worker(python: Path) -> Any:
    worker = a_worker(python)
    yield worker
    worker.close()


def a_worker(python: Path, hands: int = 2, version: str = "0.10.21", photo_limit: float = 20.0) -> Worker:
    options = {"weights": None, "threshold": 0.5, "hands": hands, "device": "cpu"}
    return Worker("mediapipe", python, options, version, photo_limit=photo_limit)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def test_hands_come_in_pixels_the_most_confident_first(worker: Worker) -> None:
    assert worker.ask(photo(NOTHING)) == []
    surer, other = worker.ask(photo(TWO))
    assert (surer.score, other.score) == (0.9, 0.6)
    np.testing.assert_allclose(other.keypoints, SHARES * (640, 480) - 0.5)
    np.testing.assert_allclose(surer.keypoints, (SHARES + np.array([0.5, 0])) * (640, 480) - 0.5)
    np.testing.assert_allclose(other.space, SPACE)


def test_one_process_answers_photo_after_photo_of_any_shape(worker: Worker, python: Path) -> None:
    worker.ask(photo(ONE))
    begun = processes(python)
    for height, width in ((1, 1), (33, 700), (1200, 1600)):
        (hand,) = worker.ask(photo(ONE, height, width))
        np.testing.assert_allclose(hand.keypoints, SHARES * (width, height) - 0.5)
    assert processes(python) == begun


def test_what_a_library_prints_spoils_no_answer(worker: Worker) -> None:
    assert len(worker.ask(photo(CHATTER))) == 1
    assert len(worker.ask(photo(TWO))) == 2


def test_a_photo_at_which_the_package_fails_is_told_in_a_sentence_and_the_next_goes_on(worker: Worker) -> None:
    with pytest.raises(SampleError, match="MediaPipe failed at this photo: ValueError: the graph is broken"):
        worker.ask(photo(RAISE))
    with pytest.raises(SampleError, match="keypoints are not numbers"):
        worker.ask(photo(NOT_NUMBERS))
    assert len(worker.ask(photo(ONE))) == 1


def test_a_process_that_dies_is_started_again_and_asked_once_more(worker: Worker, python: Path) -> None:
    worker.ask(photo(ONE))
    begun = processes(python)
    assert len(worker.ask(photo(DIE_ONCE))) == 1
    assert len(processes(python)) == len(begun) + 1
    assert gone(begun[-1])


def test_a_process_killed_from_outside_costs_nothing(worker: Worker, python: Path) -> None:
    worker.ask(photo(ONE))
    os.kill(processes(python)[-1], 9)
    assert len(worker.ask(photo(ONE))) == 1


def test_a_photo_that_ends_the_process_twice_fails_alone(worker: Worker) -> None:
    with pytest.raises(
        SampleError, match="MediaPipe was lost twice at this photo: exit status 7; it said: out of luck"
    ):
        worker.ask(photo(DIE))
    assert len(worker.ask(photo(ONE))) == 1


def test_photos_that_end_it_one_after_the_other_end_the_run(worker: Worker) -> None:
    for _ in range(2):
        with pytest.raises(SampleError):
            worker.ask(photo(DIE))
    with pytest.raises(RequestError, match="lost at 3 photos in a row, each tried twice: exit status 7"):
        worker.ask(photo(DIE))


def test_a_process_that_does_not_answer_is_ended(python: Path) -> None:
    worker = a_worker(python, photo_limit=0.5)
    began = time.monotonic()
    with pytest.raises(SampleError, match=r"no answer within 0\.5 s"):
        worker.ask(photo(HANG))
    assert time.monotonic() - began < 20
    worker.close()


def test_an_interpreter_that_cannot_open_the_detector_says_why(tmp_path: Path, python: Path) -> None:
    broken = environment_with(tmp_path / "venv", "mediapipe")
    (package,) = tmp_path.glob("venv/lib/python*/site-packages/mediapipe/__init__.py")
    package.write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    with pytest.raises(RequestError, match=r"MediaPipe cannot be started with .*: ImportError: libGL\.so\.1"):
        a_worker(broken).ask(photo(ONE))
    with pytest.raises(RequestError, match=r"changed from 0\.10\.20 to 0\.10\.21 while it was in use"):
        a_worker(python, version="0.10.20").ask(photo(ONE))
    with pytest.raises(RequestError, match="/bin/false: exit status 1"):
        a_worker(Path("/bin/false")).ask(photo(ONE))


def test_a_package_that_leaves_the_program_fails_at_this_photo(python: Path, worker: Worker) -> None:
    (package,) = python.parents[1].glob("lib/python*/site-packages/mediapipe/__init__.py")
    text = package.read_text()
    package.write_text(text.replace('raise ValueError("the graph is\\n broken")', "raise SystemExit(0)"))
    try:
        with pytest.raises(SampleError, match="SystemExit: 0"):
            worker.ask(photo(RAISE))
    finally:
        package.write_text(text)


def test_closing_ends_the_process_and_a_killed_palmbench_leaves_none_behind(worker: Worker, python: Path) -> None:
    worker.ask(photo(ONE))
    worker.close()
    assert gone(processes(python)[-1])
    script = (
        "import os, sys; from pathlib import Path; import numpy as np\n"
        "from palmbench.hands.external.client import Worker\n"
        "options = {'weights': None, 'threshold': 0.5, 'hands': 1, 'device': 'cpu'}\n"
        "worker = Worker('mediapipe', Path(sys.argv[1]), options, '0.10.21')\n"
        "worker.ask(np.tile(np.uint8([1, 20, 30]), (9, 9, 1))); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", script, str(python)], cwd=ROOT)
    orphan = processes(python)[-1]
    deadline = time.monotonic() + 10
    while not gone(orphan) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(orphan)


@pytest.mark.parametrize("leaving", [signal.SIGKILL, signal.SIGTERM])
def test_a_hung_process_dies_with_palmbench_however_that_ends(leaving: signal.Signals, python: Path) -> None:
    script = (
        "import sys, threading, time; from pathlib import Path; import numpy as np\n"
        "from palmbench.hands.external.client import Worker\n"
        "options = {'weights': None, 'threshold': 0.5, 'hands': 1, 'device': 'cpu'}\n"
        "worker = Worker('mediapipe', Path(sys.argv[1]), options, '0.10.21')\n"
        "def tell(): time.sleep(0.5); print(flush=True)\n"
        "worker.ask(np.tile(np.uint8([1, 20, 30]), (9, 9, 1))); threading.Thread(target=tell).start()\n"
        f"worker.ask(np.tile(np.uint8([{HANG}, 20, 30]), (9, 9, 1)))"
    )
    asking = subprocess.Popen([sys.executable, "-c", script, str(python)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert asking.stdout is not None
    with asking:
        asking.stdout.readline()
        asking.send_signal(leaving)
    hung = processes(python)[-1]
    deadline = time.monotonic() + 5
    while not gone(hung) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(hung)


def test_a_process_that_nobody_can_ask_any_more_ends_whatever_it_is_busy_with() -> None:
    script = (
        "import threading, time; from palmbench.hands.external import worker; worker._GRACE = 0.1\n"
        "requests, _ = worker._streams()\n"
        "threading.Thread(target=worker._end_with_pipe, args=(requests.fileno(),), daemon=True).start()\n"
        "time.sleep(60)"
    )
    busy = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE)
    assert busy.stdin is not None
    busy.stdin.write(b"a request that is not read")
    busy.stdin.close()
    assert busy.wait(timeout=20) == -signal.SIGKILL


def test_settings_name_the_package_by_what_it_is_and_not_by_where_it_lies(tmp_path: Path, python: Path) -> None:
    settings = load_detector(MediaPipeConfig(python=str(python))).settings()
    assert settings["package"]["version"] == "0.10.21"
    assert settings["package"]["files"].keys() == {"palm_detection_full.tflite", "hand_landmark_full.tflite"}
    assert str(python.parent) not in str(settings)
    other = environment_with(tmp_path / "venv", "mediapipe")
    assert load_detector(MediaPipeConfig(python=str(other.parents[1]))).settings() == settings
    (model,) = tmp_path.glob("venv/lib/python*/site-packages/mediapipe/modules/hand_landmark/*.tflite")
    model.write_text("another model")
    described_anew = environment_with(tmp_path / "third", "mediapipe")
    (site,) = (tmp_path / "third").glob("lib/python*/site-packages/mediapipe/modules/hand_landmark")
    (site / "hand_landmark_full.tflite").write_text("another model")
    assert load_detector(MediaPipeConfig(python=str(described_anew))).settings() != settings
    assert load_detector(MediaPipeConfig(python=str(python), hands=2)).settings() != settings


def test_a_detector_that_is_not_installed_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = environment_with(tmp_path / "venv")
    with pytest.raises(RequestError, match=r"MediaPipe is not installed.*has no mediapipe.*make mediapipe"):
        load_detector(MediaPipeConfig(python=str(bare))).settings()
    with pytest.raises(RequestError, match=r"WiLoR is not installed.*has no wilor_mini.*git\+https"):
        load_detector(WiLoRConfig(python=str(bare))).settings()
    with pytest.raises(RequestError, match=r"detector\.python=nowhere: there is no interpreter at nowhere"):
        load_detector(MediaPipeConfig(python="nowhere"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("palmbench.hands.external.environment.PROJECT", tmp_path)
    monkeypatch.setattr("palmbench.hands.external.environment.find_spec", lambda name: None)
    with pytest.raises(
        RequestError, match=r"detector=wilor needs the package wilor_mini.*\.venv-wilor.*detector\.python="
    ):
        load_detector(WiLoRConfig())


def test_the_default_environment_is_looked_for_where_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("palmbench.hands.external.environment.find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    python = environment_with(tmp_path / ".venv-mediapipe", "mediapipe")
    assert interpreter_of("mediapipe", None) == python
    monkeypatch.setattr("palmbench.hands.external.environment.find_spec", lambda name: object())
    assert interpreter_of("mediapipe", None) == Path(sys.executable)


def test_wilor_is_shown_bgr_and_its_hands_are_ranked_by_its_detectors_confidence(python: Path) -> None:
    options = {"weights": None, "threshold": 0.3, "hands": 3, "device": "cpu"}
    worker = Worker("wilor", python, {**options, "described": described("wilor", python, None)}, "1.0")
    first, second, _ = worker.ask(photo(1))
    assert (first.score, second.score) == (0.8, 0.6)
    np.testing.assert_allclose(first.keypoints, (SHARES + np.array([0.5, 0])) * (640, 480) - 0.5, atol=1e-3)
    np.testing.assert_allclose(first.space, SPACE, atol=1e-6)
    worker.close()


def test_weights_of_wilor_are_part_of_the_key_and_missed_with_the_command_that_fetches_them(
    tmp_path: Path, python: Path
) -> None:
    inside = load_detector(WiLoRConfig(python=str(python))).settings()
    folder = wilor_weights(tmp_path / "weights")
    assert load_detector(WiLoRConfig(python=str(python), weights=str(folder))).settings() == inside
    other = wilor_weights(tmp_path / "others")
    (other / "pretrained_models" / "wilor_final.ckpt").write_text("other weights")
    assert load_detector(WiLoRConfig(python=str(python), weights=str(other))).settings() != inside
    (other / "pretrained_models" / "detector.pt").unlink()
    empty = tmp_path / "empty"
    with pytest.raises(MissingWeights, match=r"has no mano_mean_params\.npz, .*hf download warmshao/WiLoR-mini"):
        load_detector(WiLoRConfig(python=str(python), weights=str(empty))).settings()


@pytest.fixture
def told(python: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray, np.ndarray], Hand]:
    """The hand in a photo, where MediaPipe says that its keypoints lie."""

    def hand(image: np.ndarray, keypoints: np.ndarray) -> Hand:
        saying = SimpleNamespace(ask=lambda view: [Finding(keypoints, SPACE, 0.9)])
        monkeypatch.setattr("palmbench.hands.external.detector.Worker", lambda *_: saying)
        (found,) = ExternalDetector("mediapipe", str(python), None, 0.5, hands=1).detect([image])[0]
        return found

    return hand


def test_a_found_hand_gets_the_embedded_networks_mask_of_it(told: Callable[[np.ndarray, np.ndarray], Hand]) -> None:
    palm = render(31, 1)
    hand = told(palm.image, palm.keypoints_2d)
    assert (hand.mask & palm.mask).sum() / (hand.mask | palm.mask).sum() > 0.9
    size = float(np.ptp(palm.keypoints_2d, axis=0).max())
    assert np.linalg.norm(hand.valleys - palm.valleys, axis=1).max() < 0.03 * size


def test_the_palm_is_in_the_mask_whatever_the_embedded_network_makes_of_it(
    told: Callable[[np.ndarray, np.ndarray], Hand],
) -> None:
    palm = render(31, 1)
    inside = fill_polygon(palm_polygon(palm.keypoints_2d), palm.mask.shape)
    covered = np.where(inside[..., None], 128, palm.image).astype(np.uint8)
    mask = told(covered, palm.keypoints_2d).mask
    assert (mask & inside).sum() > 0.99 * inside.sum()
    # Keypoints that lie elsewhere than the hand which the network sees are believed, and its mask is not.
    turned = palm.keypoints_2d.mean(axis=0) * 2 - palm.keypoints_2d
    hand = told(palm.image, turned)
    np.testing.assert_array_equal(hand.mask, hand_shape(turned, palm.mask.shape))
    np.testing.assert_allclose(hand.valleys, valley_points(turned), atol=1e-3)


def test_where_the_embedded_network_sees_no_hand_the_keypoints_draw_it(python: Path) -> None:
    image = photo(TWO)
    detector = ExternalDetector("mediapipe", str(python), None, 0.5, hands=2)
    surer, other, *beyond = detector.detect([image])[0]
    assert beyond and all(hand.view == "unsure" for hand in beyond)
    np.testing.assert_array_equal(
        surer.mask | other.mask, hand_shape(surer.keypoints_2d, (480, 640)) | hand_shape(other.keypoints_2d, (480, 640))
    )
    np.testing.assert_allclose(other.valleys, valley_points(other.keypoints_2d))
    assert surer.side == other.side == "right"
    assert (surer.keypoints_3d[0] == 0).all()


def test_joints_in_space_are_in_lengths_of_the_straightened_middle_finger() -> None:
    space = np.zeros((21, 3))
    space[9:13] = [(0, -4, 0), (0, -7, 0), (0, -7, 2), (0, -7, 3)]
    lifted = in_hand_lengths(space + 5)
    np.testing.assert_allclose(lifted[[0, 9, 12]], [(0, 0, 0), (0, -0.4, 0), (0, -0.7, 0.3)], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["controlled", "mobile", "wild"])
def test_mediapipe_itself_finds_rendered_hands_where_they_are(profile: str) -> None:
    try:
        interpreter_of("mediapipe", None)
    except RequestError as error:
        pytest.skip(str(error))
    detector = load_detector(MediaPipeConfig())
    found = 0
    for identity in range(60, 80):
        palm = render(identity, 0, profile)
        for hand in detector.detect([palm.image])[0]:
            size = float(np.ptp(palm.keypoints_2d, axis=0).max())
            error = np.linalg.norm(hand.keypoints_2d - palm.keypoints_2d, axis=1).mean() / size
            found += error < 0.06 and hand.side == palm.hand
    assert found >= 18


def test_models_that_change_before_the_process_starts_are_refused(python: Path, tmp_path: Path) -> None:
    weights = wilor_weights(tmp_path)
    config = WiLoRConfig(python=str(python), weights=str(weights))
    detector = load_detector(config)
    detector.settings()  # for the keys
    (weights / "pretrained_models" / "detector.pt").write_bytes(b"of another training")
    with pytest.raises(RequestError, match=r"its models changed while the run was under way; run the same command"):
        detector.detect([photo(ONE)])
