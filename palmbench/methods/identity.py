"""The photo unchanged: what an attack reaches when nothing is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 1


@dataclass(frozen=True)
class IdentityConfig(MethodConfig):
    """The photo unchanged."""

    name: Literal["identity"] = "identity"

    hides = False
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name, region="none", sees=(), seeded=False, surrogate="none", guarantee="", licence="", reference=""
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Identity:
        return Identity(self, device, region)


class Identity(Method):
    """Return each photo as it is; it needs no palm region."""

    version = VERSION

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "versions": self.versions()}

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [image.copy() for image in images]
