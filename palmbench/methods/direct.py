"""What methods share that work on pixels directly: no randomness, and nothing to prepare for a sweep."""

from __future__ import annotations

import numpy as np

from palmbench.hands import Hand


class DirectMethod:
    """A deterministic method without an encoding."""

    seeded = False

    def encode_settings(self) -> None:
        return None

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        return [{} for _ in images]
