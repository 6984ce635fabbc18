"""The photo unchanged: what an attack reaches when nothing is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.hands import Hand
from palmbench.methods.direct import DirectMethod

VERSION = 1


class IdentityMethod(DirectMethod):
    """Return each photo as it is; it needs no palm region."""

    name = "identity"

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "versions": {"identity": VERSION}}

    def deidentify(
        self,
        images: list[np.ndarray],
        hands: list[Hand],
        seeds: list[int],
        encodings: list[dict[str, np.ndarray] | None],
    ) -> list[np.ndarray]:
        return [image.copy() for image in images]
