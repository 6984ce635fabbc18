"""The photo unchanged: what an attack reaches when nothing is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.hands import Hand


class IdentityMethod:
    """Return each photo as it is; it needs no palm region."""

    name = "identity"
    seeded = False

    def settings(self) -> dict[str, Any]:
        return {"name": self.name}

    def encode_settings(self) -> None:
        return None

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        return [{} for _ in images]

    def deidentify(
        self,
        images: list[np.ndarray],
        hands: list[Hand],
        seeds: list[int],
        encodings: list[dict[str, np.ndarray] | None],
    ) -> list[np.ndarray]:
        return [image.copy() for image in images]
