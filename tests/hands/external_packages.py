"""Stand-ins for the packages of external detectors, in an environment of their own, with the interfaces of the real."""

from __future__ import annotations

import venv
from pathlib import Path

import numpy as np

# What MediaPipe's stand-in does is told by the first channel of the photo's first pixel; in a part of one, which begins
# with grey, it sees nothing.
NOTHING, ONE, TWO, RAISE, DIE, HANG, CHATTER, DIE_ONCE, NOT_NUMBERS = range(9)

# Where the stand-ins see a hand, as shares of the photo; the second hand lies to the right of it.
SHARES = np.array(
    [(0.20, 0.80), (0.29, 0.70), (0.35, 0.62), (0.39, 0.55), (0.43, 0.49)]
    + [(0.15 + 0.04 * finger, 0.55 - 0.10 * joint) for finger in range(4)[::-1] for joint in range(4)]
)
SPACE = np.column_stack([SHARES * 0.2, np.linspace(0, 0.02, 21)])

_MEDIAPIPE = """
import os, pathlib, time
from types import SimpleNamespace as N
import numpy as np

SHARES = np.array({shares})
SPACE = np.array({space})

class Hands:
    def __init__(self, static_image_mode=False, max_num_hands=2, model_complexity=1, min_detection_confidence=0.5,
                 min_tracking_confidence=0.5):
        assert static_image_mode, "photos are not film"
        with pathlib.Path(__file__).with_name("processes").open("a") as file:
            print(os.getpid(), file=file)
        self.most = max_num_hands

    def process(self, image):
        part = (image[0, 0] == 128).all()
        assert image.dtype == np.uint8 and (part or tuple(image[0, 0, 1:]) == (20, 30)), "not RGB"
        action = {nothing} if part else int(image[0, 0, 0])
        once = pathlib.Path(__file__).with_name("died")
        if action == {die_once} and not once.exists():
            once.touch()
            action = {die}
        if action == {nothing}:
            return N(multi_hand_landmarks=None, multi_hand_world_landmarks=None, multi_handedness=None)
        if action == {raising}:
            raise ValueError("the graph is\\n broken")
        if action == {die}:
            print("out of luck", flush=True)
            os._exit(7)
        if action == {hang}:
            time.sleep(60)
        if action == {chatter}:
            print("chatter " * 1000, flush=True)
            os.write(1, b"more of it")
        shares = SHARES * np.nan if action == {not_numbers} else SHARES
        shifts, scores = ((0.0, 0.5), (0.6, 0.9)) if action == {two} else ((0.0,), (0.7,))
        marks = lambda points: N(landmark=[N(x=p[0], y=p[1], z=p[-1]) for p in points])
        return N(
            multi_hand_landmarks=[marks(shares + (shift, 0)) for shift in shifts][: self.most],
            multi_hand_world_landmarks=[marks(SPACE) for _ in shifts][: self.most],
            multi_handedness=[N(classification=[N(label="Left", score=score)]) for score in scores][: self.most],
        )

solutions = N(hands=N(Hands=Hands))
"""

_TORCH = "float32 = 'float32'\ndevice = str\n"

_WILOR = """
from types import SimpleNamespace as N
import numpy as np, os

SHARES = np.array({shares})
SPACE = np.array({space})

class Tensor(np.ndarray):
    def cpu(self):
        return self

class WiLorHandPose3dEstimationPipeline:
    def __init__(self, **kwargs):
        print("loading", kwargs["device"], kwargs["dtype"])
        assert os.path.isfile(os.path.join(kwargs["wilor_pretrained_dir"], "pretrained_models", "wilor_final.ckpt"))
        self.hand_detector = lambda image, conf, verbose: [N(boxes=N(conf=np.array([0.4, 0.8, 0.6]).view(Tensor)))]

    def predict(self, image, **kwargs):
        assert tuple(image[0, 0]) == (30, 20, 1), "not BGR"
        assert image.flags["C_CONTIGUOUS"]
        self.hand_detector(image, conf=kwargs.get("hand_conf", 0.3), verbose=False)
        height, width = image.shape[:2]
        found = []
        for shift, right in ((0.0, 1.0), (0.5, 0.0), (0.3, 0.0)):
            places = (SHARES + np.array([shift, 0])) * (width, height)
            found.append({{
                "hand_bbox": [0.0, 0.0, 1.0, 1.0],
                "is_right": right,
                "wilor_preds": {{
                    "pred_keypoints_2d": places[None].astype(np.float32),
                    "pred_keypoints_3d": SPACE[None].astype(np.float32),
                    "pred_vertices": np.zeros((1, 778, 3), np.float32),
                }},
            }})
        return found
"""


def environment_with(folder: Path, *packages: str) -> Path:
    """The interpreter of an environment with numpy and some of "mediapipe", "wilor_mini" and its "weights"."""
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    numpy = Path(np.__file__).parent
    for part in (numpy, *numpy.parent.glob("numpy.libs")):
        (site / part.name).symlink_to(part)
    points = {"shares": SHARES.tolist(), "space": SPACE.tolist()}
    if "mediapipe" in packages:
        actions = {
            "nothing": NOTHING, "two": TWO, "raising": RAISE, "die": DIE, "hang": HANG, "chatter": CHATTER,
            "die_once": DIE_ONCE, "not_numbers": NOT_NUMBERS,
        }  # fmt: skip
        write(site / "mediapipe" / "__init__.py", _MEDIAPIPE.format(**points, **actions))
        for name in ("palm_detection/palm_detection_full", "hand_landmark/hand_landmark_full"):
            write(site / "mediapipe" / "modules" / f"{name}.tflite", name)
        write(site / "mediapipe-0.10.21.dist-info" / "METADATA", "Name: mediapipe\nVersion: 0.10.21\n")
    if "wilor_mini" in packages:
        write(site / "torch.py", _TORCH)
        write(site / "wilor_mini" / "__init__.py", "")
        write(site / "wilor_mini" / "pipelines" / "__init__.py", "")
        module = site / "wilor_mini" / "pipelines" / "wilor_hand_pose3d_estimation_pipeline.py"
        write(module, _WILOR.format(**points))
        write(site / "wilor_mini-1.0.dist-info" / "METADATA", "Name: wilor_mini\nVersion: 1.0\n")
    if "weights" in packages:
        wilor_weights(site / "wilor_mini")
    return folder / "bin" / "python"


def processes(python: Path) -> list[int]:
    """Ids of the processes in which MediaPipe's stand-in of an environment was opened, the latest last."""
    (file,) = python.parents[1].glob("lib/python*/site-packages/mediapipe/processes")
    return [int(line) for line in file.read_text().splitlines()]


def wilor_weights(folder: Path) -> Path:
    """WiLoR's four files, by name, below a folder."""
    for name in ("mano_mean_params.npz", "MANO_RIGHT.pkl", "wilor_final.ckpt", "detector.pt"):
        write(folder / "pretrained_models" / name, name)
    return folder


def write(path: Path, text: str) -> None:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def photo(action: int, height: int = 480, width: int = 640) -> np.ndarray:
    """A grey photo whose first pixel tells MediaPipe's stand-in what to do, and a stand-in whether it sees RGB."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[0, 0] = (action, 20, 30)
    return image
