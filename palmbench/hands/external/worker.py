"""A hand detector in an environment of its own, asked photo by photo through a pipe.

    python -I worker.py mediapipe --describe          one line of JSON: what can change the findings, or what is missing
    python -I worker.py mediapipe '{"hands": 1, ...}' answers photos until its standard input ends

palmbench starts this file with the other environment's interpreter: it needs Python 3.9, numpy and the detector's
package, and nothing of palmbench. A frame is two big-endian 32-bit lengths, that many bytes of JSON, and that many of
payload. A request holds {"shape": [height, width, 3]} and the photo's uint8 RGB bytes; an answer holds no payload and
one of {"hands": [...]}, {"failed": "a sentence about this photo"}, and, before the first photo, {"ready": "version"} or
{"broken": "a sentence"}. A hand is {"keypoints": 21 x (x, y) in pixels with pixel centres at integers, "space": 21 x
(x, y, z) to the right, down and away from the camera in any unit, "score": 0 to 1}, and where the detector tells them
"side": "left" or "right" by the hand's looks, and "sure": 0 to 1.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import json
import os
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

Find = Callable[[np.ndarray], "list[dict[str, Any]]"]

MEDIAPIPE_MODELS = ("palm_detection/palm_detection_full.tflite", "hand_landmark/hand_landmark_full.tflite")
WILOR_WEIGHTS = ("mano_mean_params.npz", "MANO_RIGHT.pkl", "wilor_final.ckpt", "detector.pt")


_PR_SET_PDEATHSIG = 1
_GRACE = 10.0  # seconds for what was asked before


class Missing(Exception):
    """The package or its weights are not here; `what` says which, the message says where it was looked for."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


def main() -> int:
    """Describe the detector, or answer photos until there are no more."""
    _end_with_parent()
    name, words = sys.argv[1], sys.argv[2]
    answer: dict[str, Any]
    if words == "--describe":
        weights = sys.argv[3] if len(sys.argv) > 3 else None
        try:
            answer = {"described": _DESCRIBE[name](weights)}
        except Missing as missing:
            answer = {"missing": missing.what, "detail": str(missing)}
        print(json.dumps(answer))
        return 0
    requests, answers = _streams()
    threading.Thread(target=_end_with_pipe, args=(requests.fileno(),), daemon=True).start()
    try:
        version, find = _opened(name, json.loads(words))
    except (Exception, SystemExit) as error:
        _send(answers, {"broken": _sentence(error)})
        return 1
    _send(answers, {"ready": version})
    while True:
        photo = _receive(requests)
        if photo is None:
            return 0
        try:
            answer = {"hands": find(photo)}
        except (Exception, SystemExit) as error:
            answer = {"failed": _sentence(error)}
        _send(answers, answer)


def _opened(name: str, options: dict[str, Any]) -> tuple[str, Find]:
    """The detector, if its models are those that `options` describe, before they are loaded and after."""
    described = options.get("described")

    def require_same() -> None:
        if described is not None and _DESCRIBE[name](options["weights"]) != described:
            raise RuntimeError("its models changed while the run was under way; run the same command again")

    require_same()
    opened = _OPEN[name](options)
    require_same()
    return opened


def describe_mediapipe(weights: str | None) -> dict[str, Any]:
    """Version of the package, and digests of the models that it carries."""
    folder = _package_folder("mediapipe")
    version = metadata.version("mediapipe")
    models = {Path(model).name: folder / "modules" / model for model in MEDIAPIPE_MODELS}
    absent = [str(path) for path in models.values() if not path.is_file()]
    if absent:
        raise Missing("models", f"mediapipe {version} carries no {Path(absent[0]).name}")
    return {"version": version, "files": {name: _digest([path]) for name, path in models.items()}}


def open_mediapipe(options: dict[str, Any]) -> tuple[str, Find]:
    """MediaPipe's hand model, for photos that have nothing to do with each other."""
    import mediapipe

    # The landmark model's own doubt that it looks at a hand is held to the same threshold as the palm detector's.
    model = mediapipe.solutions.hands.Hands(
        static_image_mode=True,
        max_num_hands=options["hands"],
        model_complexity=1,
        min_detection_confidence=options["threshold"],
        min_tracking_confidence=options["threshold"],
    )

    def find(photo: np.ndarray) -> list[dict[str, Any]]:
        seen = model.process(photo)
        height, width = photo.shape[:2]
        hands = []
        for index, marks in enumerate(seen.multi_hand_landmarks or []):
            places = np.array([(mark.x, mark.y) for mark in marks.landmark])
            world = seen.multi_hand_world_landmarks[index].landmark
            left_or_right = seen.multi_handedness[index].classification[0]
            hands.append(
                {
                    # Shares of the photo's sides, which begin half a pixel before the first pixel's centre.
                    "keypoints": (places * (width, height) - 0.5).tolist(),
                    "space": [(mark.x, mark.y, mark.z) for mark in world],
                    # Its sureness of left or right: the only number that MediaPipe gives a hand.
                    "score": left_or_right.score,
                    # It takes photos to be mirrored, as those that one takes of oneself are shown.
                    "side": "left" if left_or_right.label == "Right" else "right",
                    "sure": left_or_right.score,
                }
            )
        return hands

    return metadata.version("mediapipe"), find


def describe_wilor(weights: str | None) -> dict[str, Any]:
    """Digests of the package's code, which is installed from a repository and keeps its version, and of its weights."""
    folder = _package_folder("wilor_mini")
    models = Path(weights or folder) / "pretrained_models"
    files = {name: models / name for name in WILOR_WEIGHTS}
    absent = [name for name, path in files.items() if not path.is_file()]
    if absent:
        raise Missing("weights", f"{models} has no {', '.join(absent)}")
    described = {name: _digest([path]) for name, path in files.items()}
    return {"version": _wilor_version(), "code": _digest(sorted(folder.rglob("*.py"))), "files": described}


def open_wilor(options: dict[str, Any]) -> tuple[str, Find]:
    """WiLoR through wilor-mini: a hand detector, then a mesh of each hand."""
    import torch

    module = importlib.import_module("wilor_mini.pipelines.wilor_hand_pose3d_estimation_pipeline")
    folder = options["weights"] or str(_package_folder("wilor_mini"))
    pipeline = module.WiLorHandPose3dEstimationPipeline(
        device=torch.device(options["device"]), dtype=torch.float32, verbose=False, wilor_pretrained_dir=folder
    )
    boxes: list[Any] = []
    detector = pipeline.hand_detector

    # The pipeline keeps the detector's confidence to itself: it is read where the detector answers.
    def detect(*words: Any, **named: Any) -> Any:
        seen = detector(*words, **named)
        boxes[:] = [seen[0].boxes]
        return seen

    pipeline.hand_detector = detect

    def find(photo: np.ndarray) -> list[dict[str, Any]]:
        # Both of its networks expect OpenCV's order of the channels, whatever its examples show.
        seen = pipeline.predict(np.ascontiguousarray(photo[..., ::-1]), hand_conf=options["threshold"])
        scores = np.asarray(boxes[0].conf.cpu(), np.float64).reshape(-1)
        if len(scores) != len(seen):
            raise RuntimeError(f"its detector told of {len(scores)} hands and the pipeline of {len(seen)}")
        hands = []
        for hand, score in zip(seen, scores):  # noqa: B905 - Python 3.9 has no strict
            mesh = hand["wilor_preds"]
            hands.append(
                {
                    # Its camera looks at (width / 2, height / 2), half a pixel past the middle between the centres.
                    "keypoints": (np.asarray(mesh["pred_keypoints_2d"], np.float64)[0] - 0.5).tolist(),
                    "space": np.asarray(mesh["pred_keypoints_3d"], np.float64)[0].tolist(),
                    "score": float(score),
                    "side": "right" if hand["is_right"] else "left",
                    "sure": float(score),
                }
            )
        hands.sort(key=lambda hand: -hand["score"])
        return hands[: options["hands"]]

    return _wilor_version(), find


_DESCRIBE = {"mediapipe": describe_mediapipe, "wilor": describe_wilor}
_OPEN = {"mediapipe": open_mediapipe, "wilor": open_wilor}


def _package_folder(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise Missing("package", f"{sys.executable} has no {module}")
    return Path(next(iter(spec.submodule_search_locations)))


def _wilor_version() -> str:
    try:
        return metadata.version("wilor_mini")
    except metadata.PackageNotFoundError:
        return "unknown"


def _digest(paths: list[Path]) -> str:
    sha = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                sha.update(block)
    return sha.hexdigest()[:32]


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipe, taken away from the libraries: what they print goes to standard error and cannot spoil an answer."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _end_with_parent() -> None:
    """Linux kills this process when palmbench ends, even if palmbench is killed or a library is busy here."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_pipe(requests: int) -> None:
    """On other systems, and where palmbench ended before it could be watched: nobody asks any more, so end soon."""
    pipe = select.poll()
    pipe.register(requests, 0)  # its other end being closed is told unasked
    pipe.poll()
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _receive(stream: BinaryIO) -> np.ndarray | None:
    lengths = stream.read(8)
    if len(lengths) < 8:
        return None
    words, payload = struct.unpack(">II", lengths)
    shape = json.loads(stream.read(words))["shape"]
    data = stream.read(payload)
    return None if len(data) < payload else np.frombuffer(data, np.uint8).reshape(shape)


def _send(stream: BinaryIO, answer: dict[str, Any]) -> None:
    words = json.dumps(answer).encode()
    stream.write(struct.pack(">II", len(words), 0) + words)
    stream.flush()


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
