"""What methods declare is typed, read strictly from a file, and true of the pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from palmbench import methods
from palmbench.config.listing import listing
from palmbench.hands import Hand
from palmbench.hands.palm import palm_mask
from palmbench.hands.skeleton import FINGER_RADIUS, hand_shape
from palmbench.methods import Declaration, MethodConfig
from palmbench.methods.adversarial import AdversarialConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.declaration import declared
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.dp_pix import DpPixConfig
from palmbench.methods.folder import FolderConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.inpaint import InpaintConfig
from palmbench.methods.ksame import KSameConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.pixelate import PixelateConfig
from palmbench.methods.scramble import ScrambleConfig
from palmbench.methods.sdedit import SdeditConfig
from palmbench.methods.smooth import SmoothConfig
from palmbench.methods.swap import SwapConfig
from palmbench.methods.whole_hand import WholeHandConfig
from recognizers.common.errors import RequestError

TINY = str(Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline")
OURS = [
    BlurConfig(),
    MaskConfig(),
    PixelateConfig(),
    IdentityConfig(),
    InpaintConfig(),
    SmoothConfig(),
    DpPixConfig(),
    ScrambleConfig(),
    AdversarialConfig(steps=2),
    DiffusionConfig(weights=TINY, size=64, steps=1),
    DiffusionConfig(weights=TINY, size=64, steps=1, crop="hand"),
    SwapConfig(),
    KSameConfig(way="proxy"),
    KSameConfig(way="average"),
    SdeditConfig(weights=TINY, size=64, steps=2),
    WholeHandConfig(spread=0.1),
]


@pytest.mark.parametrize("region", ["paper", "palm"])
@pytest.mark.parametrize(
    "config", OURS, ids=lambda config: f"{config.name}-{config.setting()}-{getattr(config, 'crop', '')}"
)
def test_no_pixel_changes_outside_the_region_that_is_declared(
    config: MethodConfig, region: str, photo: np.ndarray, hand: Hand
) -> None:
    touched = {
        "none": np.zeros(photo.shape[:2], bool),
        "polygon": palm_mask(hand, "paper"),
        "palm": palm_mask(hand, "palm"),
        "hand": hand.mask,
        "around": hand.mask | hand_shape(hand.keypoints_2d, hand.mask.shape, widen=0.4 / FINGER_RADIUS),
    }[config.declaration(region).region]  # type: ignore[arg-type]
    (made,) = methods.load(config, region=region).deidentify([photo], [hand], [0], [None])  # type: ignore[arg-type]
    assert not (made != photo).any(axis=2)[~touched].any()


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.name)
def test_ours_tell_everything(config: MethodConfig) -> None:
    declaration = config.declaration()
    assert declaration.seeded == config.seeded
    told = {name for name, value in declaration.plain().items() if value is not None}
    assert set(declaration.plain()) - told <= ({"licence"} if config.name in ("diffusion", "sdedit") else set())


def test_a_method_of_others_that_declares_nothing_is_taken_to_touch_the_whole_photo() -> None:
    class Bare(BlurConfig):
        declaration = MethodConfig.declaration

    assert Bare().declaration() == Declaration("blur", region="full", seeded=False)
    assert set(Bare().declaration().words().values()) == {"the whole photo", "deterministic", "not told"}


def test_a_file_beside_the_photos_declares_what_it_knows(tmp_path: Path) -> None:
    folder = tmp_path / "hidden"
    folder.mkdir()
    assert FolderConfig(path=str(folder)).declaration() == Declaration("hidden")
    (folder / "palmbench.yaml").write_text(
        "name: swapped\nregion: palm\nsees: [pool, key]\nseeded: true\nsurrogate: person\nguarantee: none is given\n"
        "reference: 2024\n"
    )
    assert FolderConfig(path=str(folder)).declaration() == Declaration(
        "swapped", "palm", ("pool", "key"), True, "person", "none is given", None, "2024"
    )
    assert FolderConfig(path=str(folder)).called == "folder:swapped"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "must hold a declaration"),
        ({"regoin": "palm"}, "did you mean region?"),
        ({"region": "palms"}, "did you mean palm?"),
        ({"sees": ["pools"]}, "did you mean pool?"),
        ({"seeded": "maybe"}, "seeded must be true or false"),
        ({"surrogate": "two"}, "surrogate must be"),
        ({"name": [1]}, "name must be text"),
        ({"name": ""}, "name must be text"),
    ],
)
def test_a_declaration_that_means_nothing_is_told(values: object, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        declared(values, "palmbench.yaml", "hidden")


def test_they_are_listed() -> None:
    lines = listing("methods").splitlines()
    at = lines.index("mask")
    assert "the paper's polygon of the palm" in lines[at + 1]
    assert set(methods.names()) <= set(lines)
