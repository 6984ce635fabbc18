"""MediaPipe's hand model on a folder of photos; runs in an environment of its own (mediapipe-requirements.txt).

    python judge_mediapipe.py PHOTOS RESULT.json

Writes a JSON object: for each file name the keypoints (21 pairs, pixels, pixel centres at integers), the hand ("left"
or "right", as it is and not as a mirror shows it) and the score, or null where no hand was found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import mediapipe
import numpy as np

# MediaPipe names hands as they look in a mirror; our photos are not mirrored.
_SEEN_IN_A_MIRROR = {"Left": "right", "Right": "left"}


def main() -> None:
    """Read the photos, ask the model, write what it found."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("photos", type=Path, help="folder of PNG files")
    options.add_argument("result", type=Path, help="JSON file to write")
    chosen = options.parse_args()
    model = mediapipe.solutions.hands.Hands(
        static_image_mode=True, max_num_hands=1, model_complexity=1, min_detection_confidence=0.5
    )
    with model:
        found = {path.name: _find(model, path) for path in sorted(chosen.photos.glob("*.png"))}
    chosen.result.write_text(json.dumps(found))


def _find(model: mediapipe.solutions.hands.Hands, path: Path) -> dict[str, Any] | None:
    photo = cv2.imread(str(path))
    if photo is None:
        raise SystemExit(f"{path}: cannot be read")
    answer = model.process(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB))
    if not answer.multi_hand_landmarks:
        return None
    height, width = photo.shape[:2]
    shares = np.array([(mark.x, mark.y) for mark in answer.multi_hand_landmarks[0].landmark])
    side = answer.multi_handedness[0].classification[0]
    return {
        "keypoints": (shares * (width, height) - 0.5).tolist(),
        "hand": _SEEN_IN_A_MIRROR[side.label],
        "score": side.score,
    }


if __name__ == "__main__":
    main()
