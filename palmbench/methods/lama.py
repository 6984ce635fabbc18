"""The palm filled in by LaMa, a published inpainter that takes no text, as ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.fetching.torch_files import LAMA, copies, fits
from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from recognizers.common.errors import MissingWeights, SampleError
from recognizers.common.pinned import Pinned

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 1
_SIDE = 512  # what the published graph takes
_INPUTS = {"image", "mask"}
_FETCH = "palmbench weights fetch lama"


@dataclass(frozen=True)
class LamaConfig(MethodConfig):
    """LaMa, which fills in large holes from what lies around: a download, and the package onnxruntime."""

    name: Literal["lama"] = "lama"
    weights: str | None = None

    label = "LaMa"
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region="hand",  # its rim fades into the skin around the palm
            sees=(),
            seeded=False,
            surrogate="none",
            guarantee="",
            licence="Apache-2.0" if self.weights is None else None,
            reference="LaMa, Suvorov et al., WACV 2022",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Lama:
        return Lama(self, device, region)

    def require_here(self) -> None:
        self.file()

    def file(self) -> Path:
        """The ONNX file.

        Raises
        ------
        MissingWeights
            If there is none at `weights`, or, without that, none in the usual caches whose contents are published.
        """
        if self.weights is not None:
            path = Path(self.weights).expanduser()
            if not path.is_file():
                raise MissingWeights(f"method.weights={self.weights} is not a file; name one, or run `{_FETCH}`.")
            return path
        for path in copies(LAMA):
            if path.is_file() and fits(path, LAMA.sha256):
                return path
        raise MissingWeights(f"{LAMA.name} is not here. Run `{_FETCH}`, or name a copy with method.weights=FILE.")


class Lama(Method):
    """Fill in a square about the palm, and paste the palm back with a soft rim.

    Raises
    ------
    MissingWeights
        If there is no file of weights, or onnxruntime is not installed.
    """

    config: LamaConfig
    version = VERSION

    def __init__(self, config: LamaConfig, device: str = "cpu", region: Region = "paper") -> None:
        super().__init__(config, device, region)
        self._pinned = Pinned.now(config.file())

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"weights": self._pinned.digest}

    def versions(self) -> dict[str, int]:
        from palmbench.methods.inpainted_crop import inpainted_versions

        return super().versions() | inpainted_versions()

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        from palmbench.methods.inpainted_crop import inpainted

        session = _session(self._pinned, self.device)

        def paint(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
            return filled(session, image, mask)

        return [inpainted(image, hand, self.region, _SIDE, paint) for image, hand in zip(images, hands, strict=True)]


def filled(session: Any, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A square, uint8 (512, 512, 3), with what a mask, bool (512, 512), covers filled in; float32 in [0, 1].

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Takes `image`, (1, 3, 512, 512) in [0, 1], and `mask`, (1, 1, 512, 512), 1 where to fill in; answers with grey
        levels (1, 3, 512, 512).
    image, mask : ndarray

    Raises
    ------
    SampleError
        If it gives NaN.
    """
    (answer,) = session.run(
        None,
        {
            "image": image.transpose(2, 0, 1)[None].astype(np.float32) / 255,
            "mask": mask[None, None].astype(np.float32),
        },
    )
    if not np.isfinite(answer).all():
        raise SampleError("LaMa gave NaN or infinite values: its weights are damaged")
    return np.asarray(answer[0].transpose(1, 2, 0) / 255, np.float32)


@lru_cache(maxsize=1)
def _session(pinned: Pinned, device: str) -> Any:
    """The graph of a file, loaded once for all points of a sweep."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingWeights(
            "method=lama runs with the package onnxruntime, which is not installed: pip install 'palmbench[lama]'."
        ) from error
    gpu = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    here = [name for name in (*gpu, "CPUExecutionProvider") if name in onnxruntime.get_available_providers()]
    try:
        session = onnxruntime.InferenceSession(pinned.read(), providers=here)
    except Exception as error:  # its errors share no base but this
        raise MissingWeights(f"{pinned.path} cannot be loaded as ONNX ({error}). Run `{_FETCH}`.") from error
    if {each.name for each in session.get_inputs()} != _INPUTS or len(session.get_outputs()) != 1:
        raise MissingWeights(f"{pinned.path} is not LaMa as published by OpenCV: it has other inputs or outputs.")
    return session
