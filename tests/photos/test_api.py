"""`palmbench.deidentify`, as a program uses it."""

from __future__ import annotations

import doctest
import subprocess
import sys

import numpy as np
import pytest

import palmbench
from palmbench.config.schema import RunConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.photos import api
from palmbench.photos.deidentification import deidentification_of
from recognizers.common.errors import NoHandError, RequestError


def test_the_example_in_its_documentation_is_true() -> None:
    assert doctest.testmod(api).attempted == 5
    assert doctest.testmod(api).failed == 0


def test_importing_palmbench_imports_nothing_heavy() -> None:
    code = "import sys, palmbench; print('deidentify' in dir(palmbench), {'torch', 'cv2', 'numpy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True set()"


def test_shape_and_depth_are_kept(photo: np.ndarray) -> None:
    deep = photo[..., :1].astype(np.uint16) * 257
    hidden = palmbench.deidentify(deep, method="mask")
    assert hidden.shape == deep.shape and hidden.dtype == np.uint16
    assert 0 < (hidden != deep).mean() < 0.3


def test_a_seed_may_be_of_numpy(photo: np.ndarray) -> None:
    hidden = palmbench.deidentify(photo, method="mask", seed=np.int64(3))  # type: ignore[arg-type]
    np.testing.assert_array_equal(hidden, palmbench.deidentify(photo, method="mask", seed=3))


def test_a_device_that_is_not_there_is_told(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(RequestError, match="device=cuda:1, but torch finds no CUDA device here; use device='cpu'"):
        palmbench.deidentify(photo, method="mask", device="cuda:1")


def test_a_detector_goes_by_its_name(photo: np.ndarray) -> None:
    usual, named = (palmbench.deidentify(photo, method="mask", **given) for given in ({}, {"detector": "embedded"}))
    np.testing.assert_array_equal(named, usual)


def test_all_of_a_palm_is_to_be_hidden_even_by_the_papers_settings() -> None:
    papers = RunConfig(method=DiffusionConfig(crop="hand", whole_palm=False))
    assert deidentification_of(papers).method == DiffusionConfig(crop="hand", whole_palm=True)


def test_what_cannot_be_done_is_an_error_of_its_own_kind(photo: np.ndarray) -> None:
    with pytest.raises(NoHandError, match="no hand was found"):
        palmbench.deidentify(np.full((80, 90, 3), 120, np.uint8))
    with pytest.raises(RequestError, match="blurr"):
        palmbench.deidentify(photo, method="blurr")
    with pytest.raises(RequestError, match="method=identity hides nothing"):
        palmbench.deidentify(photo, method="identity")
    for settings, problem in (
        ({"seed": -1}, r"seed must be"),
        ({"seed": 2**63}, "not 9223372036854775808"),
        ({"seed": 1.5}, "not 1.5"),
        ({"detector": "mediapip"}, "did you mean mediapipe"),
        ({"detector": 5}, "detector is a name or settings of a detector, not int"),
        ({"device": "gpu"}, "device must be one of torch's, such as cpu or cuda, not 'gpu'"),
    ):
        with pytest.raises(RequestError, match=problem):
            palmbench.deidentify(photo, method="mask", **settings)
    for wrong in (photo.astype(float), photo[None], photo[:0], photo[..., [0, 0, 0, 0, 0]], "a.jpg"):
        with pytest.raises(ValueError, match="a photo is uint8 or uint16"):
            palmbench.deidentify(wrong)
    with pytest.raises(AttributeError, match="no attribute 'deidentifie'"):
        _ = palmbench.deidentifie
