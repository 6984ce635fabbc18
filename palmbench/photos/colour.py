"""Colour profiles: left out where they say sRGB, applied where they say anything else."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

VERSION = 1
# A profile that moves no colour by more than this many of 255 levels is sRGB under another name.
_SAME = 2
_STEPS = 17
CONVERTED = "colours converted"


def srgb(image: Image.Image) -> tuple[Image.Image, str | None]:
    """The image with the colours that its profile means, as sRGB, and a sentence if pixels were changed for it.

    A profile names a device, and is dropped like all that a file says beside its pixels. Without it a viewer takes the
    pixels for sRGB: so those of another space are converted, relative to white, and those of sRGB are left untouched.

    Parameters
    ----------
    image : PIL.Image.Image
        Of mode L, RGB or CMYK, or of L or RGB with alpha.

    Returns
    -------
    image : PIL.Image.Image
        `image` itself where nothing had to be done.
    note : str or None
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return image, None
    colours = {"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode)
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(meant).strip() or "unnamed"
        transform = ImageCms.buildTransform(
            meant, ImageCms.createProfile("sRGB"), colours, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except Exception:  # a profile is a stranger's bytes, and the pixels are whole without it
        return image, "its colour profile is broken or for other pixels, and was left out"
    if _leaves_alone(transform, colours):
        return image, None
    alpha = image.getchannel("A") if image.mode != colours else None
    opaque = Image.merge(colours, image.split()[: len(colours)]) if alpha else image
    converted = ImageCms.applyTransform(opaque, transform) or opaque
    if colours == "L":
        converted = converted.getchannel("G")
    if alpha:
        converted.putalpha(alpha)
    return converted, f"{CONVERTED} from {name} to sRGB"


def profile_note(image: Image.Image) -> str | None:
    """What `srgb` says of the image, whatever its pixels are."""
    bare = Image.new(image.mode, (1, 1))
    bare.info["icc_profile"] = image.info.get("icc_profile")
    return srgb(bare)[1]


def _leaves_alone(transform: ImageCms.ImageCmsTransform, colours: str) -> bool:
    if colours == "CMYK":
        return False
    levels = np.linspace(0, 255, 256 if colours == "L" else _STEPS).round().astype(np.uint8)
    if colours == "L":
        cube = levels[None]
        want = np.repeat(cube[..., None], 3, axis=2)
    else:
        cube = want = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_STEPS, -1, 3)
    got = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return int(np.abs(got.astype(int) - want).max()) <= _SAME
