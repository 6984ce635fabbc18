"""`palmbench.deidentify`: one photo in memory."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import get_args

import numpy as np

from palmbench import methods
from palmbench.base.device import torch_device
from palmbench.config.schema import RunConfig
from palmbench.hands.find import detector_config
from palmbench.hands.palm import Region
from palmbench.hands.settings import DetectorConfig
from palmbench.methods import MethodConfig
from palmbench.photos.deidentification import deidentification_of, load_tools
from palmbench.photos.overlooked import told
from palmbench.photos.painter import Painter
from recognizers.common.errors import NoHandError, RequestError, SampleError


def deidentify(
    image: np.ndarray,
    *,
    seed: int = 0,
    method: str | MethodConfig = "diffusion",
    detector: str | DetectorConfig = "embedded",
    region: Region = "palm",
    every_hand: bool = False,
    device: str = "cpu",
) -> np.ndarray:
    """Give every palm in a photo another look; nothing outside the hands changes.

    A hand that shows its back, or fingers closed over its palm, stays as it is.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 1 to 4), uint8 or uint16
        Grey, grey with alpha, RGB, or RGB with alpha; upright. Not changed. Alpha is not looked at; where a palm is
        repainted it becomes one value, its median there, and elsewhere it stays.
    seed : int
        In [0, 2**63). Another seed draws other palms, the same one those of `palmbench deid`: bit for bit with
        ``torch.set_num_threads(1)``, as the command sets it on a CPU, else but for a level in few pixels.
    method : str or MethodConfig
        Its name, with default settings, or a configuration such as
        ``palmbench.methods.diffusion.DiffusionConfig(alpha=0.2, steps=30)``.
    detector : str or DetectorConfig
        What finds the hands: its name, for up to ten hands of a photo, or settings of one.
    region : {"palm", "paper"}
        How much of a palm is repainted: all its skin from the wrist line to the finger bases, or the paper's polygon.
    every_hand : bool
        Repaint hands too that do not show their palm.
    device : str
        A torch device.

    Returns
    -------
    ndarray
        Of the shape and type of `image`.

    Raises
    ------
    ValueError
        If `image` is not such an array.
    NoHandError
        If no hand is found, or none that shows its palm.
    SampleError
        If a hand cannot be repainted, or something beside the hands looks like a palm: the photo must not pass as
        de-identified.
    RequestError
        If a setting is unknown or out of range, or weights are missing.

    Notes
    -----
    Networks are loaded at the first call and kept. Whether a recognizer still matches the result, as MTCC does with
    nearly all of ``method="blur"``, is not checked here; ``palmbench deid --verify`` does it.

    Examples
    --------
    >>> import palmbench
    >>> from palmbench.synth import render
    >>> photo = render(identity=0, sample=0).image
    >>> hidden = palmbench.deidentify(photo, method="mask")
    >>> hidden.shape == photo.shape, bool((hidden != photo).any())
    (True, True)
    """
    pixels = _checked(image)
    if region not in get_args(Region):
        raise RequestError(f"region must be one of {', '.join(get_args(Region))}, not {region!r}.")
    device = torch_device(device)
    usual = RunConfig(method=_method(method).on(device), seed=_seed(seed), region=region)
    deid = deidentification_of(replace(usual, detector=detector_config(detector)), every_hand=bool(every_hand))
    tools = load_tools(deid, device)
    painter = Painter(pixels, tools, deid.seed, deid.shared, deid.every_hand)
    if not painter.hands:
        raise NoHandError("no hand was found")
    if len(painter.left_alone) == len(painter.hands):
        raise NoHandError(f"no palm shows: of hand 1, {painter.left_alone[0]}")
    drawn = painter.draw()
    if painter.skipped:
        place, reason = next(iter(painter.skipped.items()))
        raise SampleError(f"hand {place + 1} of {len(painter.hands)} cannot be repainted: {reason}")
    if painter.overlooked:
        raise SampleError(told(painter.overlooked[0]))
    return drawn.pixels.reshape(image.shape)


def _checked(image: np.ndarray) -> np.ndarray:
    known = isinstance(image, np.ndarray) and image.dtype in (np.uint8, np.uint16) and image.size
    if not known or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 2, 3, 4))):
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(
            f"a photo is uint8 or uint16, (height, width) or (height, width, 1 to 4 channels), not {found}"
        )
    return image[..., 0] if image.shape[2:] == (1,) else image


def _seed(seed: int) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**63:
        raise RequestError(f"seed must be a whole number in [0, 2**63), not {seed!r}.")
    return number


def _method(method: str | MethodConfig) -> MethodConfig:
    if isinstance(method, MethodConfig):
        return method
    if not isinstance(method, str):
        raise RequestError(f"method is a name or a configuration of a method, not {type(method).__name__}.")
    return methods.named(method)
